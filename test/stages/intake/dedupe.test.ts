// Repeats are distinguished from new events, over the vendors' step fixtures: each step is a request to accept.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type ConfiguredSource, parseConfig } from '../../../src/config.ts'
import type { EventId } from '../../../src/core/id.ts'
import { accept } from '../../../src/stages/intake/accept.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aQueue, aSpill, NOW, stored, take, toolsAt } from '../../builders.ts'
import { aMeteredDatabase } from '../../database.ts'
import { bodyOf, STEPS_FIXTURES } from '../../fixtures.ts'

it('has step fixtures of both vendors', () => {
  expect(new Set(STEPS_FIXTURES.map(({ vendor }) => vendor))).toEqual(new Set(['hapana', 'hype']))
})

it.each(STEPS_FIXTURES)('$name: $about', async ({ vendor, name, source, steps }) => {
  // A source of its own for each fixture: they share one log.
  const sourceName = name.replace('/', '-')
  const config = parseConfig(
    { SOURCES: [{ name: sourceName, vendor, secret: 'S', ...source }] },
    () => 'secret',
  )
  const known = config.sources.get(sourceName) as ConfiguredSource
  expect(known.credentials.secrets).toEqual(['secret'])

  let now = NOW
  const ids: EventId[] = []
  for (const [i, { after_seconds, request, expected }] of steps.entries()) {
    now += after_seconds * 1000
    const query = new URLSearchParams({ key: 'secret', ...request.query })
    const result = await accept(
      { DB: env.DB, DELIVERIES: aQueue().queue, SPILL: aSpill().queue },
      config,
      sourceName,
      new Request(`https://relay.example/in/x?${query}`, {
        method: 'POST',
        headers: request.headers ?? {},
        body: new TextEncoder().encode(bodyOf(request)),
      }),
      toolsAt(now),
    )
    const event = result.ok ? result.value.receipts[0] : undefined
    if (event === undefined) throw new Error(`step ${i} was refused: ${JSON.stringify(result)}`)
    ids.push(event.id)
    expect({ step: i, status: event.status }).toEqual({ step: i, status: expected.status })
    if (expected.type) expect(event.record.type).toBe(expected.type)
    if (expected.of !== undefined) expect(event.id).toBe(ids[expected.of])
    if (expected.status === 'accepted') {
      const detail = await getEvent(env, event.id)
      expect({ step: i, isMarked: detail?.matched?.by === 'possible_duplicate' }).toEqual({
        step: i,
        isMarked: expected.possibleduplicate === true,
      })
    }
  }
})

it('returns the first id for a duplicate, and logs which rule matched', async () => {
  const { results } = await env.DB.prepare(
    `SELECT rung, count(*) AS n FROM events WHERE status = 'duplicate' GROUP BY rung ORDER BY rung`,
  ).all<{ rung: string; n: number }>()

  expect(results.map(({ rung }) => rung)).toEqual(['content', 'identity'])
})

describe('headers that are not covered by a signature', () => {
  const status = (word: string) => ({
    eventType: 'clientStatusChange',
    clientID: 'signed',
    siteID: 's',
    status: word,
  })
  const headers = (t: number, delivery: string) => ({
    'x-hapana-signature': `t=${t},v1=00`,
    'x-hapana-delivery': delivery,
  })
  const statusOf = async (word: string, t: number, delivery: string, now: number) => {
    const result = await take(aConfig(), 'hapana', status(word), {
      headers: headers(t, delivery),
      now,
    })
    return result.ok ? result.value.events[0]?.status : result.error
  }

  it('do not decide: a request that is sent again with another delivery id is a repeat', async () => {
    expect(await statusOf('activePackage', 1, 'del_1', NOW)).toBe('accepted')
    expect(await statusOf('inactive', 2, 'del_2', NOW + 1000)).toBe('accepted')
    expect(await statusOf('activePackage', 1, 'del_9', NOW + 2000)).toBe('duplicate')
    expect(await statusOf('inactive', 2, 'del_8', NOW + 3000)).toBe('duplicate')
  })

  it('and a later timestamp do not hide a change back to an earlier status', async () => {
    const word = (text: string, t: number) => statusOf(text, t, `del_${t}`, NOW + 10_000 + t)
    await word('introOffer', 11)
    await word('suspendedMembership', 12)

    expect(await word('introOffer', 13)).toBe('accepted')
  })

  it('do not make two different bodies one event', async () => {
    expect(await statusOf('a', 21, 'del_same', NOW + 20_000)).toBe('accepted')
    expect(await statusOf('b', 22, 'del_same', NOW + 20_001)).toBe('accepted')
  })
})

it('recognises a repeated account message although its client was updated since', async () => {
  const account = {
    eventType: 'accountCreated',
    clientID: 'again',
    siteID: 's',
    email: 'old@example.com',
  }
  const update = {
    eventType: 'clientUpdated',
    clientID: 'again',
    siteID: 's',
    email: 'new@example.com',
  }
  const id = await stored(aConfig(), 'hapana', account, { now: NOW })
  await stored(aConfig(), 'hapana', update, { now: NOW + 500 })

  const again = await take(aConfig(), 'hapana', account, { now: NOW + 1000 })

  expect(again).toMatchObject({ ok: true, value: { events: [{ id, status: 'duplicate' }] } })
})

it('reads no more rows for the fortieth repeat of a message than for the tenth', async () => {
  const profile = { eventType: 'clientUpdated', clientID: 'often', siteID: 's' }
  const { db, rows } = aMeteredDatabase('rows_read')
  for (let i = 0; i < 40; i++) {
    await take(aConfig(), 'hapana', profile, { db, now: NOW + i * 400_000 })
  }

  expect(rows[39]).toBeLessThanOrEqual(rows[9] ?? 0)
})

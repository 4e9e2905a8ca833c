// Repeats told from second events, over the vendors' step fixtures: each step goes in through the front door.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { type ConfiguredSource, parseConfig } from '../../src/config.ts'
import type { EventId } from '../../src/core/id.ts'
import { accept } from '../../src/stages/accept.ts'
import { getEvent } from '../../src/store/events.ts'
import { aQueue, aSpill, NOW } from '../builders.ts'
import { bodyOf, STEPS_FIXTURES } from '../fixtures.ts'

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
    const result = await accept(
      { DB: env.DB, DELIVERIES: aQueue().queue, SPILL: aSpill().queue },
      config,
      sourceName,
      {
        headers: new Headers(request.headers ?? {}),
        query: new URLSearchParams({ key: 'secret', ...request.query }),
        body: async () => ({ ok: true, value: new TextEncoder().encode(bodyOf(request)) }),
      },
      {
        now,
        random: (below) => Math.floor(Math.random() * below),
        origin: 'https://relay.example',
        log: () => undefined,
      },
    )
    const event = result.ok ? result.value.events[0] : undefined
    if (event === undefined) throw new Error(`step ${i} was refused: ${JSON.stringify(result)}`)
    ids.push(event.id)
    expect({ step: i, status: event.status }).toEqual({ step: i, status: expected.status })
    if (expected.type) expect(event.type).toBe(expected.type)
    if (expected.of !== undefined) expect(event.id).toBe(ids[expected.of])
    if (expected.status === 'accepted') {
      const detail = await getEvent(env.DB, event.id)
      expect({ step: i, twin: detail?.matched?.rung === 'twin' }).toEqual({
        step: i,
        twin: expected.possibleduplicate === true,
      })
    }
  }
})

it('answers a duplicate with the first id, and logs which rung matched', async () => {
  const { results } = await env.DB.prepare(
    `SELECT rung, count(*) AS n FROM events WHERE status = 'duplicate' GROUP BY rung ORDER BY rung`,
  ).all<{ rung: string; n: number }>()

  expect(results.map(({ rung }) => rung)).toEqual(['content', 'identity'])
})

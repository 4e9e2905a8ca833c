// Normalizing again: a dry run forecasts exactly what the run then does, over a log that an earlier mapping wrote.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import type { EventId } from '../../../src/core/id.ts'
import { keyOfId } from '../../../src/core/id.ts'
import { renormalize } from '../../../src/stages/operate/renormalize.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aQueue, NOW, stored } from '../../builders.ts'

const CRM = { name: 'crm', url: 'https://crm.example/' }
const config = aConfig(CRM)
const T0 = 1_795_000_000
let now = NOW

beforeEach(async () => {
  now = NOW
  await env.DB.batch(
    ['targets', 'deliveries', 'events', 'segments', 'ledger', 'contacts'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})

const hype = (type: string, at: number, source: string, data: object, id = 'ana') => {
  now += 1000
  const plan = { tier: 'Gold', billing_interval: 'Monthly', recurring: 10, ...data }
  const body = { id, publisher_id: 'p', type: `payment.${type}`, source, data: plan }
  return stored(config, 'hype', { ...body, timestamp: T0 + at }, { now })
}

/** Changes an event in the log to what an earlier mapping made of it, under another key of its contact. */
async function asMappedBefore(
  event: EventId,
  change: (data: Record<string, unknown>) => void,
  contact = 'both',
) {
  const { personid: _, ...json } = ((await getEvent(env, event))?.event ?? {}) as {
    personid?: string
    data: Record<string, unknown>
  }
  change(json.data)
  await env.DB.prepare('UPDATE events SET event = ?2, contact = ?3 WHERE key = CAST(?1 AS INTEGER)')
    .bind(keyOfId(event), JSON.stringify(json), contact)
    .run()
}

const run = async (isDryRun: boolean, limit = 50) => {
  const changed = []
  let after: EventId | undefined
  do {
    const page = await renormalize(
      { DB: env.DB, RETRIES: aQueue().queue },
      config,
      {
        ...{ period: { since: NOW - 1, until: now + 1 }, source: undefined, after, limit },
        ...{ isDryRun, deliver: false, origin: 'https://relay.example' },
      },
      {
        now: () => now,
        random: () => Math.random(),
        log: () => undefined,
        fetch: () => Promise.reject(new Error('nothing is sent here')),
        waitUntil: () => undefined,
      },
    )
    changed.push(...page.changed)
    after = page.next
  } while (after !== undefined)
  return changed
}

it.each([1, 2, 50])('forecasts what the run does, in pages of %d', async (limit) => {
  const bought = await hype('created', 0, 'user', { total: 10 })
  const failed = await hype('updated', 100, 'system', { total: 10 })
  const refunded = await hype('updated', 200, 'dashboard', { total: 4 })
  const ended = await hype('deleted', 40 * 86_400, 'system', { total: 4 })
  const others = await hype('created', 0, 'user', { total: 99 }, 'ben')
  const noTotal = (data: Record<string, unknown>) => {
    data.subscription = { tier: 'Gold' }
  }
  // Earlier, the two had one key, and no total was read.
  for (const id of [bought, failed, refunded]) await asMappedBefore(id, noTotal)
  await asMappedBefore(others, () => undefined)
  await asMappedBefore(ended, (data) => {
    data.reason = 'plan_switch'
  })

  const forecast = await run(true, limit)
  const done = await run(false, limit)

  expect(forecast).toEqual(done)
  expect(done.map(({ id, is }) => [id, is])).toEqual([
    [bought, 'payment.created'],
    [failed, 'payment.failed'],
    [refunded, 'payment.refunded'],
    [ended, 'subscription.ended'],
  ])
  const [end, kept] = [await getEvent(env, ended), await getEvent(env, others)]
  expect(end?.event).toMatchObject({ data: { reason: 'dunning' } })
  expect(kept?.event).toMatchObject({ data: { payment: { kind: 'unknown' } } })
  expect(await run(true, limit)).toEqual([])
})

it('keeps a failure as one when a currency was configured since', async () => {
  await hype('created', 0, 'user', { total: 10 })
  const failed = await hype('updated', 100, 'system', { total: 10 })
  const inDollars = aConfig(CRM)
  for (const source of inDollars.sources.values()) {
    if ('settings' in source) source.settings = { ...source.settings, currency: 'USD' }
  }
  const period = { since: now, until: now + 1 }
  const tools = { now: () => now, random: Math.random, log: () => undefined }
  const result = await renormalize(
    { DB: env.DB, RETRIES: aQueue().queue },
    inDollars,
    {
      ...{ period, source: 'hype', after: undefined, limit: 50, isDryRun: false, deliver: false },
      origin: 'https://relay.example',
    },
    { ...tools, fetch: () => Promise.reject(new Error()), waitUntil: () => undefined },
  )

  expect(result.changed).toMatchObject([{ id: failed, is: 'payment.failed' }])
})

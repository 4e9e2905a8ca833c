// What cannot be read removes nothing, and what is removed is held for a day.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Config, parseConfig } from '../../../src/config.ts'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import type { EventId } from '../../../src/core/id.ts'
import { HOUR_MS } from '../../../src/core/period.ts'
import { updateKnownTargets } from '../../../src/stages/deliveries/known-targets.ts'
import { continueReplays, startReplay } from '../../../src/stages/deliveries/replay.ts'
import { sweep } from '../../../src/stages/deliveries/sweep.ts'
import { spill } from '../../../src/stages/intake/spill.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { listDeliveries } from '../../../src/store/deliveries/lists/delivery-lists.ts'
import { listReplays } from '../../../src/store/deliveries/replays/replays.ts'
import { getEvent, listEvents } from '../../../src/store/events/events.ts'
import {
  aConfig,
  aMessageFor,
  aPayment,
  aQueue,
  aSpill,
  aStatusChange,
  deliverBatch,
  NOW,
  SIGNING_SECRET,
  stored,
  take,
  toolsAt,
} from '../../builders.ts'
import { linesOfLedger, linesOfLog } from '../../ledger-lines.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * HOUR_MS
/** A day, and the hour by which the memory may be early. */
const HOLD_MS = DAY_MS + HOUR_MS

/** The configuration with an own text for TARGETS. */
function unreadable(TARGETS: unknown = '[{"name":"crm"},]'): Config {
  const secrets: Record<string, string> = { HYPE: 'hype secret', SIGNING: SIGNING_SECRET }
  const SOURCES = [
    { name: 'hapana', vendor: 'hapana', secret: 'HAPANA', header: 'x-relay-key' },
    { name: 'hype', vendor: 'hype', secret: 'HYPE' },
  ]
  const vars = { SOURCES, TARGETS }
  return parseConfig(vars, (name) => secrets[name] ?? 'hapana secret')
}

/** A minute of the cron by an isolate with a configuration. Returns the messages that it sent. */
async function minute(config: Config, now: number): Promise<DeliveryMessage[]> {
  const [deliveries, retries] = [aQueue(), aQueue()]
  const bindings = { ...env, DELIVERIES: deliveries.queue, RETRIES: retries.queue }
  await sweep(bindings, config, toolsAt(now))
  await updateKnownTargets(bindings, config, toolsAt(now))
  return [...deliveries.messages, ...retries.messages]
}

/** Handles the message of a delivery. Returns the ids that targets got. */
async function handle(config: Config, event: EventId, target: string, now: number) {
  const got: string[] = []
  const body = await aMessageFor(event, target)
  const message = { id: body.event, timestamp: new Date(), attempts: 1, body }
  const settled = { ack: () => undefined, retry: () => undefined }
  const bindings = { DB: env.DB, RETRIES: aQueue().queue }
  await deliverBatch(bindings, config, 'retries', [{ ...message, ...settled }], {
    now: () => now,
    fetch: async (_url, init) => {
      got.push(new Headers(init.headers).get('webhook-id') ?? '')
      return new Response('ok')
    },
  })
  return got
}

const deliveriesOf = async (event: EventId) => (await getEvent(env, event))?.deliveries
const reportsOf = async (type: string) =>
  (await listEvents(env, { types: [type], sources: ['relay'] }, { limit: 20 })).items

beforeEach(async () => {
  await env.DB.batch(
    ['known_targets', 'deliveries', 'events', 'targets', 'segments', 'ledger', 'totals'].map(
      (table) => env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})

describe('TARGETS that cannot be read', () => {
  it('cancels nothing: what is due is held, and sent when it can be read again', async () => {
    const config = aConfig({ name: 'crm' })
    const event = await stored(config, 'hype', aPayment())
    await minute(config, NOW)

    const got = await handle(unreadable(), event, 'crm', NOW)
    for (const days of [1, 3, 9]) await minute(unreadable(), NOW + days * DAY_MS)
    expect(got).toEqual([])
    expect(await deliveriesOf(event)).toMatchObject([{ state: 'held', reason: 'unknown' }])

    const messages = await minute(config, NOW + 10 * DAY_MS)

    expect(messages).toMatchObject([{ event, target: 'crm' }])
    expect(await handle(config, event, 'crm', NOW + 10 * DAY_MS)).toEqual([event])
  })

  it('holds new events for the targets of before, which are asked afterwards whether they want them', async () => {
    const config = aConfig(
      { name: 'crm', events: ['payment.*'], where: 'data.subscription.tier = "Gold"' },
      { name: 'erp', events: ['contact.*'] },
    )
    await minute(config, NOW)

    const gold = await stored(unreadable(), 'hype', aPayment(), { now: NOW + 1 })
    const other = aPayment({ data: { tier: 'Silver', total: 1 } })
    const silver = await stored(unreadable(), 'hype', other, { now: NOW + 2 })
    expect(await deliveriesOf(gold)).toMatchObject([
      { target: 'crm', state: 'held', reason: 'broken' },
    ])

    await minute(config, NOW + MINUTE_MS)

    expect(await handle(config, gold, 'crm', NOW + MINUTE_MS)).toEqual([gold])
    expect(await handle(config, silver, 'crm', NOW + MINUTE_MS)).toEqual([])
    expect(await deliveriesOf(silver)).toMatchObject([
      { state: 'cancelled', reason: 'its target does not want it' },
    ])
  })

  it('delivers to the targets that can be read, and holds for the others alone', async () => {
    await minute(aConfig({ name: 'crm' }, { name: 'erp' }), NOW)
    const half = unreadable([
      { name: 'erp', url: 'https://erp.example/', secret: 'SIGNING' },
      { url: 'https://crm.example/', secret: 'SIGNING' },
    ])

    const event = await stored(half, 'hype', aPayment(), { now: NOW + 1 })

    expect(await deliveriesOf(event)).toMatchObject([
      { target: 'crm', state: 'held', reason: 'broken' },
      { target: 'erp', state: 'pending' },
    ])
    expect(await handle(half, event, 'erp', NOW + 1)).toEqual([event])
  })

  it('holds for them also what went through the spill queue', async () => {
    await minute(aConfig({ name: 'crm' }), NOW)
    const { kept, queue } = aSpill()
    const down = {
      prepare: () => down,
      bind: () => down,
      batch: () => Promise.reject(new Error('D1_ERROR')),
    }
    const spilled = await take(unreadable(), 'hype', aPayment(), {
      db: down as unknown as D1Database,
      spill: queue,
    })
    expect(spilled).toMatchObject({ value: { events: [{ status: 'queued', deliveries: 0 }] } })

    const body = (kept[0] as Uint8Array).slice().buffer
    const message = { id: '1', timestamp: new Date(), attempts: 1, body }
    const settled = { ack: () => undefined, retry: () => undefined }
    await spill(
      { ...env, DELIVERIES: aQueue().queue },
      unreadable(),
      [{ ...message, ...settled }],
      toolsAt(NOW + MINUTE_MS),
    )

    const { items } = await listDeliveries(env, {}, { limit: 20 })
    expect(items).toMatchObject([{ target: 'crm', state: 'held', reason: 'broken' }])
  })

  it('lets a replay wait, instead of passing over their deliveries', async () => {
    const config = aConfig({ name: 'crm' })
    const event = await stored(config, 'hype', aPayment())
    await handle(config, event, 'crm', NOW)
    const { queue, messages } = aQueue()
    const bindings = { DB: env.DB, RETRIES: queue }

    await startReplay(bindings, unreadable(), {}, 10, toolsAt(NOW + HOUR_MS))
    await continueReplays(bindings, unreadable(), toolsAt(NOW + HOUR_MS))
    expect(messages).toEqual([])
    await continueReplays(bindings, config, toolsAt(NOW + 2 * HOUR_MS))

    expect(messages).toMatchObject([{ event, target: 'crm' }])
    expect(await listReplays(env.DB, 1)).toMatchObject([{ state: 'done', total: 1, replayed: 1 }])
  })
})

describe('a target that is not configured', () => {
  it('of a newer version gets what an isolate of the old version has handled', async () => {
    const young = aConfig({ name: 'crm' }, { name: 'new' })
    const old = aConfig({ name: 'crm' })
    const event = await stored(young, 'hype', aPayment())

    expect(await handle(old, event, 'new', NOW)).toEqual([])
    await minute(old, NOW + MINUTE_MS)
    const messages = await minute(young, NOW + 2 * MINUTE_MS)

    expect(messages).toContainEqual(expect.objectContaining({ event, target: 'new' }))
    expect(await handle(young, event, 'new', NOW + 2 * MINUTE_MS)).toEqual([event])
  })

  it('has its deliveries cancelled after a day, reported by one event to the others', async () => {
    const before = aConfig({ name: 'old' }, { name: 'ops', events: ['relay.*'] })
    const renamed = aConfig({ name: 'renamed' }, { name: 'ops', events: ['relay.*'] })
    await minute(before, NOW)
    const events = [
      await stored(before, 'hype', aPayment()),
      await stored(before, 'hype', aPayment(), { now: NOW + 1 }),
      await stored(before, 'hype', aPayment(), { now: NOW + 2 }),
    ]
    const [held, retrying, paused] = events as [EventId, EventId, EventId]
    await env.DB.batch([
      env.DB.prepare(
        `UPDATE deliveries SET state = 'retrying', attempt = 2, due = due + ${9 * DAY_MS} WHERE target = 'old' AND due = ${NOW + 1}`,
      ),
      env.DB.prepare(
        `UPDATE deliveries SET state = 'held', reason = 'paused' WHERE target = 'old' AND due = ${NOW + 2}`,
      ),
    ])
    await handle(renamed, held, 'old', NOW + 3)

    await minute(renamed, NOW + MINUTE_MS)
    await minute(renamed, NOW + MINUTE_MS + HOLD_MS - 1)
    expect(await deliveriesOf(held)).toMatchObject([{ state: 'held', reason: 'unknown' }])
    expect(await deliveriesOf(retrying)).toMatchObject([{ state: 'retrying' }])
    expect(await deliveriesOf(paused)).toMatchObject([{ state: 'held', reason: 'paused' }])
    expect(await reportsOf('relay.deliveries_cancelled')).toEqual([])

    const end = NOW + MINUTE_MS + HOLD_MS
    for (let i = 0; i < 5; i++) await minute(renamed, end + i * MINUTE_MS)

    const reason = 'its target has not been configured for a day'
    for (const event of events) {
      expect(await deliveriesOf(event)).toMatchObject([{ state: 'cancelled', reason }])
    }
    const [report, ...more] = await reportsOf('relay.deliveries_cancelled')
    expect(more).toEqual([])
    const detail = report && (await getEvent(env, report.id))
    expect(detail?.event).toMatchObject({ data: { target: 'old', deliveries: 3, reason } })
    expect(detail?.deliveries.map(({ target }) => target).sort()).toEqual(['ops', 'renamed'])
    const { results } = await env.DB.prepare('SELECT name FROM known_targets').all()
    expect(results).toEqual([{ name: 'ops' }, { name: 'renamed' }])
    await rollUp(env, toolsAt(end + HOUR_MS))
    expect(await linesOfLedger({ since: 0, until: end + HOUR_MS })).toEqual(await linesOfLog())
  })

  it('reports its end once, although the isolate was cut off after the report', async () => {
    const before = aConfig({ name: 'old' }, { name: 'ops' })
    const after = aConfig({ name: 'ops' })
    await minute(before, NOW)
    const event = await stored(before, 'hype', aPayment())
    await handle(after, event, 'old', NOW)
    await minute(after, NOW)
    const { queue, messages } = aQueue()
    const cut = {
      batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
      prepare: (sql: string) => {
        if (sql.startsWith('INSERT INTO known_targets')) throw new Error('the isolate ends here')
        return env.DB.prepare(sql)
      },
    } as unknown as D1Database

    const end = toolsAt(NOW + HOLD_MS)
    const run = updateKnownTargets({ DB: cut, RETRIES: queue }, after, end)
    await expect(run).rejects.toThrow('the isolate ends here')
    expect(await deliveriesOf(event)).toMatchObject([{ state: 'held' }, {}])
    await updateKnownTargets({ DB: env.DB, RETRIES: queue }, after, end)

    expect(messages).toHaveLength(1)
    const reports = await reportsOf('relay.deliveries_cancelled')
    expect(reports.map(({ status }) => status).sort()).toEqual(['accepted', 'duplicate'])
    expect(await deliveriesOf(event)).toMatchObject([{ state: 'cancelled' }, {}])
  })

  it('gets what is held, in order, if it is put back within the day', async () => {
    const config = aConfig({ name: 'crm' })
    const without = aConfig()
    await minute(config, NOW)
    const events: EventId[] = []
    for (let i = 0; i < 3; i++) {
      const event = await stored(config, 'hapana', aStatusChange(), { now: NOW + i })
      events.push(event)
      await handle(without, event, 'crm', NOW + i)
    }
    for (let hour = 0; hour < 24; hour++) await minute(without, NOW + hour * HOUR_MS)

    const messages = await minute(config, NOW + DAY_MS)

    expect(messages.map(({ event }) => event)).toEqual(events)
    for (let day = 2; day < 5; day++) await minute(config, NOW + day * DAY_MS)
    expect(await reportsOf('relay.deliveries_cancelled')).toEqual([])
  })

  it('costs nothing in the minutes in which nothing changes', async () => {
    const config = aConfig({ name: 'crm' }, { name: 'erp' })
    await minute(config, NOW)
    const written: number[] = []
    const statement = (inner: D1PreparedStatement): D1PreparedStatement =>
      ({
        bind: (...values: unknown[]) => statement(inner.bind(...values)),
        run: async () => {
          const result = await inner.run()
          written.push(result.meta.rows_written)
          return result
        },
        inner,
      }) as unknown as D1PreparedStatement
    const DB = {
      prepare: (sql: string) => statement(env.DB.prepare(sql)),
      batch: async (statements: { inner: D1PreparedStatement }[]) => {
        const results = await env.DB.batch(statements.map(({ inner }) => inner))
        written.push(...results.map(({ meta }) => meta.rows_written))
        return results
      },
    } as unknown as D1Database

    await updateKnownTargets({ DB, RETRIES: aQueue().queue }, config, toolsAt(NOW + HOUR_MS))

    expect(written).toEqual([0, 0])
  })

  it('is not ended by one of two versions whose crons run in turn', async () => {
    const young = aConfig({ name: 'crm' }, { name: 'new' })
    const old = aConfig({ name: 'crm' })
    const event = await stored(young, 'hype', aPayment())
    await handle(old, event, 'new', NOW)
    await handle(old, event, 'crm', NOW)
    await env.DB.prepare(
      `INSERT INTO targets (name, state, failures, rest_seconds) VALUES ('new', 'paused', 0, 0)`,
    ).run()

    for (let i = 0; i < 72; i++) {
      await minute(i % 2 === 0 ? old : young, NOW + i * HOUR_MS)
    }

    const deliveries = await deliveriesOf(event)
    expect(deliveries?.find(({ target }) => target === 'new')).toMatchObject({
      state: 'held',
      reason: 'unknown',
    })
    expect(await reportsOf('relay.deliveries_cancelled')).toEqual([])
  })
})

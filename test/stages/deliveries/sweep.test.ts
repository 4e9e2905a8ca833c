// The sweep sends the wake-up messages of overdue deliveries again, and releases held ones.

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type Config, parseConfig } from '../../../src/config.ts'
import { overdueMarginMs } from '../../../src/core/deliveries/lease.ts'
import { sweep } from '../../../src/stages/deliveries/sweep.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import {
  aConfig,
  aMessageFor,
  aQueue,
  aSpill,
  aStatusChange,
  deliverBatch,
  NOW,
  stored,
  toolsAt,
} from '../../builders.ts'

async function run(config: Config, now: number) {
  const [deliveries, retries] = [aQueue(), aQueue()]
  const env_ = {
    DB: env.DB,
    DELIVERIES: deliveries.queue,
    RETRIES: retries.queue,
    SPILL: aSpill().queue,
  }
  await sweep(env_, config, toolsAt(now))
  return { deliveries: deliveries.sent, retries: retries.sent }
}

const MARGIN = overdueMarginMs([15]) // of targets with the default timeout

describe('the sweep', () => {
  it('sends the message of a delivery again when it was lost, once the delivery is overdue by the margin', async () => {
    const config = aConfig({ name: 'lost' })
    const event = await stored(config, 'hapana', aStatusChange())

    const early = await run(config, NOW + MARGIN)
    const late = await run(config, NOW + MARGIN + 1)

    const mine = { event, target: 'lost', attempt: 1, delaySeconds: 0 }
    expect(early.deliveries).not.toContainEqual(mine)
    expect(late.deliveries).toContainEqual(mine)
  })

  it('sends the message of a later attempt through the queue retries', async () => {
    const config = aConfig({ name: 'again' })
    const event = await stored(config, 'hapana', aStatusChange())
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'retrying', attempt = 3 WHERE target = 'again'`,
    ).run()

    const { deliveries, retries } = await run(config, NOW + MARGIN + 1)

    expect(retries).toContainEqual({ event, target: 'again', attempt: 3, delaySeconds: 0 })
    expect(deliveries.filter(({ target }) => target === 'again')).toEqual([])
  })

  it('releases the deliveries of a disabled target when it is enabled', async () => {
    const off = aConfig({ name: 'off', enabled: false })
    const event = await stored(off, 'hapana', aStatusChange())
    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([
      { state: 'held', reason: 'disabled' },
    ])
    await run(off, NOW)
    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([{ state: 'held' }])

    const { retries } = await run(aConfig({ name: 'off' }), NOW)

    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([
      { state: 'pending', reason: null },
    ])
    expect(retries).toContainEqual({ event, target: 'off', attempt: 1, delaySeconds: 0 })
  })

  it('takes one held delivery of any reason as the probe, once the cooldown of a target is over', async () => {
    const config = aConfig({ name: 'cooling' })
    const events = [
      await stored(config, 'hapana', aStatusChange()),
      await stored(config, 'hapana', aStatusChange(), { now: NOW + 1 }),
    ]
    await env.DB.batch([
      env.DB.prepare(
        `UPDATE deliveries SET state = 'held', reason = 'disabled' WHERE target = 'cooling'`,
      ),
      env.DB.prepare(
        `INSERT INTO targets (name, state, failures, rest_seconds, probe_at) VALUES ('cooling', 'open', 5, 30, ${NOW})`,
      ),
    ])

    const early = await run(config, NOW - 1)
    const { retries } = await run(config, NOW)

    const mine = (messages: typeof retries) => messages.filter(({ target }) => target === 'cooling')
    expect(mine(early.retries)).toEqual([])
    expect(mine(retries)).toEqual([
      { event: events[0], target: 'cooling', attempt: 1, delaySeconds: 0 },
    ])
  })

  it('releases the deliveries of an ordered target only while it can be sent to', async () => {
    const config = aConfig({ name: 'ranked', ordered: true })
    const event = await stored(config, 'hapana', aStatusChange())
    await env.DB.batch([
      env.DB.prepare(
        `UPDATE deliveries SET state = 'held', reason = 'order' WHERE target = 'ranked'`,
      ),
      env.DB.prepare(
        `INSERT INTO targets (name, state, failures, rest_seconds) VALUES ('ranked', 'paused', 0, 0)`,
      ),
    ])

    await run(config, NOW)
    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([
      { state: 'held', reason: 'order' },
    ])
    await env.DB.prepare(`DELETE FROM targets WHERE name = 'ranked'`).run()
    const { retries } = await run(config, NOW)

    expect(retries).toContainEqual({ event, target: 'ranked', attempt: 1, delaySeconds: 0 })
  })

  it('releases all deliveries that wait for an earlier one when their target is no longer ordered', async () => {
    const config = aConfig({ name: 'loose' })
    const events = [
      await stored(config, 'hapana', aStatusChange({ clientID: 'one' })),
      await stored(config, 'hapana', aStatusChange({ clientID: 'one', status: 'suspended' }), {
        now: NOW + 1,
      }),
    ]
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'held', reason = 'order' WHERE target = 'loose'`,
    ).run()

    const { retries } = await run(config, NOW + 1)

    const mine = retries.filter(({ target }) => target === 'loose')
    expect(mine.map(({ event }) => event)).toEqual(events)
  })

  it('sends the messages of overdue deliveries although held ones cannot be released', async () => {
    const config = aConfig({ name: 'late' }, { name: 'shut' })
    const event = await stored(config, 'hapana', aStatusChange())
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'held', reason = 'disabled' WHERE target = 'shut'`,
    ).run()
    const DB = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: () => Promise.reject(new Error('D1_ERROR: storage operation exceeded timeout')),
    } as unknown as D1Database
    const { queue, messages } = aQueue()
    const lines: Record<string, unknown>[] = []

    const bindings = { DB, DELIVERIES: queue, RETRIES: aQueue().queue, SPILL: aSpill().queue }
    await sweep(bindings, config, toolsAt(NOW + MARGIN + 1, { log: (line) => lines.push(line) }))

    expect(messages).toContainEqual({ event, target: 'late', attempt: 1, due: NOW })
    expect(lines).toContainEqual(
      expect.objectContaining({ target: 'shut', fault: expect.any(String) }),
    )
  })

  it('evaluates the filter of a target that was broken for the deliveries that were held for it', async () => {
    const broken = parseConfig(
      {
        SOURCES: [{ name: 'hapana', vendor: 'hapana', secret: 'S', header: 'x-relay-key' }],
        TARGETS: [{ name: 'corrected', url: 'https://corrected.example/', events: 'payment.*' }],
      },
      () => 'hapana secret',
    )
    const event = await stored(broken, 'hapana', aStatusChange())
    const held = (await getEvent(env.DB, event))?.deliveries
    const corrected = aConfig({ name: 'corrected', events: ['payment.*'] })

    const { retries: messages } = await run(corrected, NOW + 1)
    const got: string[] = []
    const [message] = messages.filter(({ target }) => target === 'corrected')
    await deliverBatch(
      { DB: env.DB, RETRIES: aQueue().queue },
      corrected,
      'retries',
      [
        {
          id: '1',
          timestamp: new Date(),
          attempts: 1,
          body: await aMessageFor(event, 'corrected'),
          ack: () => undefined,
          retry: () => undefined,
        },
      ],
      {
        fetch: async (url) => {
          got.push(url)
          return new Response('ok')
        },
        now: () => NOW + 1,
        random: () => 0,
        log: () => undefined,
      },
    )

    expect(held).toMatchObject([{ state: 'held', reason: 'broken' }])
    expect(message).toBeDefined()
    expect(got).toEqual([])
    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([
      { state: 'cancelled', reason: 'its target does not want it' },
    ])
  })

  it('sends 1,000 messages at most in a run', async () => {
    const config = aConfig({ name: 'many' })
    const event = await stored(config, 'hapana', aStatusChange())
    await env.DB.prepare(
      `INSERT INTO deliveries (event, target, state, attempt, due, attempts)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
       SELECT i, 'many', 'pending', 1, 1000, '[]' FROM n`,
    ).run()

    const { deliveries } = await run(config, NOW + MARGIN + 1)

    expect(deliveries).toHaveLength(1000)
    expect(deliveries.some((message) => message.event === event)).toBe(false)
  })
})

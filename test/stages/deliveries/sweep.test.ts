// The sweep sends the wake-up messages of overdue deliveries again, and releases held ones.

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type Config, parseConfig } from '../../../src/config.ts'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
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
import { counting, empty } from '../../database.ts'
import { untilSettled } from '../../time.ts'

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

/** Deliveries to a target that have been overdue for long. */
async function insertOverdue(target: string, count: number) {
  await env.DB.prepare(
    `INSERT INTO deliveries (event, target, state, attempt, due, swept, attempts)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
     SELECT i, ?1, 'pending', 1, 1000, 0, '[]' FROM n`,
  )
    .bind(target, count)
    .run()
}

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
    expect((await getEvent(env, event))?.deliveries).toMatchObject([
      { state: 'held', reason: 'disabled' },
    ])
    await run(off, NOW)
    expect((await getEvent(env, event))?.deliveries).toMatchObject([{ state: 'held' }])

    const { retries } = await run(aConfig({ name: 'off' }), NOW)

    expect((await getEvent(env, event))?.deliveries).toMatchObject([
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
    expect((await getEvent(env, event))?.deliveries).toMatchObject([
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
    const held = (await getEvent(env, event))?.deliveries
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
    expect((await getEvent(env, event))?.deliveries).toMatchObject([
      { state: 'cancelled', reason: 'its target does not want it' },
    ])
  })

  it('sends 20,000 messages at most in a run, the longest overdue first, and the others in the next', async () => {
    await empty('deliveries')
    const config = aConfig({ name: 'many' })
    const event = await stored(config, 'hapana', aStatusChange())
    await insertOverdue('many', 20_050)

    const { deliveries } = await run(config, NOW + MARGIN + 1)
    const next = await run(config, NOW + MARGIN + 1)

    expect(deliveries).toHaveLength(20_000)
    expect(deliveries.some((message) => message.event === event)).toBe(false)
    expect(next.deliveries).toHaveLength(51)
    expect(next.deliveries.some((message) => message.event === event)).toBe(true)
  })

  it('sends another message for a delivery that is still overdue, after a pause that doubles', async () => {
    await empty('deliveries')
    const config = aConfig({ name: 'slow' })
    const event = await stored(config, 'hapana', aStatusChange())

    const minutes: number[] = []
    for (let minute = 1; minute <= 70; minute++) {
      const { deliveries } = await run(config, NOW + MARGIN + minute * 60_000)
      if (deliveries.some((message) => message.event === event)) minutes.push(minute)
    }

    expect(minutes).toEqual([1, 3, 7, 15, 31, 63])
  })

  it('releases the deliveries of each target in turn, so that a long backlog does not stop the others', async () => {
    await empty('deliveries')
    const config = aConfig({ name: 'first' }, { name: 'second' })
    await insertOverdue('first', 2500)
    await insertOverdue('second', 10)
    await env.DB.prepare(`UPDATE deliveries SET state = 'held', reason = 'paused'`).run()

    const { retries } = await run(config, NOW)

    expect(retries).toHaveLength(2510)
    expect(retries.findIndex(({ target }) => target === 'second')).toBe(1000)
  })
})

describe('a queue that does not take messages', () => {
  const AT = NOW + MARGIN + 60_000
  const config = aConfig({ name: 'many' }, { name: 'later' })
  const backlog = async () => {
    await empty('deliveries')
    await insertOverdue('many', 1000)
    await insertOverdue('later', 30)
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'retrying', attempt = 2 WHERE target = 'later'`,
    ).run()
  }
  /** Sweeps with a queue of first attempts that fails. */
  async function sweepWith(sendBatch: () => Promise<void>) {
    const { db, written } = counting()
    const retries = aQueue()
    const DELIVERIES = { sendBatch } as unknown as Queue<DeliveryMessage>
    const lines: Record<string, unknown>[] = []
    const tools = toolsAt(AT, { log: (line) => lines.push(line) })
    const bindings = { DB: db, DELIVERIES, RETRIES: retries.queue, SPILL: aSpill().queue }
    await untilSettled(() => sweep(bindings, config, tools))
    return { retries: retries.sent, lines, written: written() }
  }

  it.each([
    ['refuses them', () => Promise.reject(new Error('Too Many Requests'))],
    ['is silent', () => new Promise<void>(() => undefined)],
  ])(
    'and %s costs few rows, and does not stop the messages of the other one',
    async (_how, send) => {
      await backlog()

      const { retries, lines, written } = await sweepWith(send)

      expect(retries).toHaveLength(30)
      expect(written).toBeLessThanOrEqual(4 * 50 + 2 * 30)
      expect(lines).toContainEqual(
        expect.objectContaining({ fault: expect.stringContaining('queue') }),
      )
    },
  )

  it('gets all of them in the first run after it is back', async () => {
    await backlog()
    await sweepWith(() => Promise.reject(new Error('Too Many Requests')))

    const { deliveries } = await run(config, AT + 60_000)

    expect(deliveries).toHaveLength(1000)
  })
})

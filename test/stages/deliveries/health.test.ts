// The health of a target over several attempts: backing off, probe, recovery, giving up, and the system events.

import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Config } from '../../../src/config.ts'
import { HEALTHY, WELL_AFTER_MS } from '../../../src/core/deliveries/breaker.ts'
import type { DeliveryMessage, Lane } from '../../../src/core/deliveries/delivery.ts'
import { type EventId, idOfKey } from '../../../src/core/id.ts'
import { reportRecoveries } from '../../../src/stages/deliveries/health.ts'
import { sweep } from '../../../src/stages/deliveries/sweep.ts'
import { listHealth, updateHealth } from '../../../src/store/deliveries/targets.ts'
import { getEvent, listEvents } from '../../../src/store/events/events.ts'
import {
  aConfig,
  aMessageFor,
  aPayment,
  aQueue,
  aSpill,
  deliverBatch,
  NOW,
  stored,
  toolsAt,
} from '../../builders.ts'

const config = aConfig({ name: 'crm', events: ['payment.*'] }, { name: 'ops', events: ['relay.*'] })

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

/** Accepts a payment; returns the wake-up message of its delivery to the CRM. */
async function aDelivery(now = NOW): Promise<DeliveryMessage> {
  return aMessageFor(await stored(config, 'hype', aPayment(), { now }), 'crm')
}

async function run(
  messages: DeliveryMessage[],
  options: {
    status?: number
    now?: number
    lane?: Lane
    config?: Config
    retryAfter?: number
    /** What happens while a request is in flight. */
    meanwhile?: () => Promise<unknown>
  } = {},
) {
  const { queue, messages: sent } = aQueue()
  const got: string[] = []
  await deliverBatch(
    { DB: env.DB, RETRIES: queue },
    options.config ?? config,
    options.lane ?? 'retries',
    messages.map((body) => ({
      id: crypto.randomUUID(),
      timestamp: new Date(),
      attempts: 1,
      body,
      ack: vi.fn(),
      retry: vi.fn(),
    })),
    {
      fetch: async (_url, init) => {
        got.push(new Headers(init.headers).get('webhook-id') ?? '')
        await options.meanwhile?.()
        const { status = 200, retryAfter } = options
        const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
        return new Response('', { status, headers })
      },
      now: () => options.now ?? NOW,
      random: () => Math.random(),
      log: () => undefined,
    },
  )
  return { sent, got }
}

async function stateOf({ event, target }: DeliveryMessage) {
  const delivery = (await getEvent(env, event))?.deliveries.find((one) => one.target === target)
  return { state: delivery?.state, reason: delivery?.reason, attempt: delivery?.attempt }
}

async function systemEvents() {
  const { items: events } = await listEvents(env.DB, {}, { limit: 200 })
  return Promise.all(
    events
      .filter(({ source }) => source === 'relay')
      .map(async ({ id, type }) => ({ type, detail: await getEvent(env, id) })),
  )
}

/** Fails the CRM until its breaker opens. */
async function openTheBreaker(): Promise<void> {
  for (let i = 0; i < 5; i++) await run([await aDelivery()], { status: 500 })
}

describe('a target that fails five times in a row', () => {
  it('backs off: later deliveries are held, and no attempt is made', async () => {
    await openTheBreaker()
    const next = await aDelivery()

    const { got } = await run([next], { now: NOW + 29_000 })

    expect(got).toEqual([])
    expect(await stateOf(next)).toEqual({ state: 'held', reason: 'backing_off', attempt: 1 })
  })

  it('gets no held delivery through a stray message, even when it has recovered', async () => {
    await openTheBreaker()
    const held = await aDelivery()
    await run([held], { now: NOW + 1000 })
    await env.DB.prepare('DELETE FROM targets').run()

    const { got } = await run([held], { now: NOW + 60_000 })

    expect(got).toEqual([])
    expect(await stateOf(held)).toMatchObject({ state: 'held', reason: 'backing_off' })
  })

  it('is reported once, to the targets that want such events, and not to itself', async () => {
    const all = aConfig({ name: 'crm' }, { name: 'ops', events: ['relay.*'] })
    for (let i = 0; i < 7; i++) await run([await aDelivery()], { status: 500, config: all })

    const events = await systemEvents()

    expect(events.map(({ type }) => type)).toEqual(['relay.target_backing_off'])
    expect(events[0]?.detail).toMatchObject({
      subject: null,
      event: {
        type: 'relay.target_backing_off',
        source: '/relay',
        data: { target: 'crm', state: 'backing_off', failures: 5 },
      },
      deliveries: [{ target: 'ops', state: 'pending' }],
    })
  })

  it('gets one probe when the cooldown is over, although two messages are due', async () => {
    await openTheBreaker()
    const [first, second] = [await aDelivery(), await aDelivery()]

    const { got } = await run([first, second], { status: 500, now: NOW + 30_000 })

    expect(got).toHaveLength(1)
    expect((await listHealth(env.DB)).get('crm')).toMatchObject({
      state: 'backing_off',
      cooldownSeconds: 60,
    })
  })

  it('recovers with one delivered probe, and its held deliveries are sent at once', async () => {
    await openTheBreaker()
    const held = await aDelivery()
    await run([held], { now: NOW + 1000 })
    const probe = await aDelivery()

    const { sent } = await run([probe], { now: NOW + 30_000 })

    expect((await listHealth(env.DB)).get('crm')).toMatchObject({ state: 'active', failures: 0 })
    expect(await stateOf(held)).toMatchObject({ state: 'pending', reason: null })
    expect(sent).toContainEqual({ ...held, due: NOW + 30_000 })
  })

  it('is reported as recovered when it has been well for 15 minutes, with the times that it backed off', async () => {
    await openTheBreaker()
    await run([await aDelivery()], { now: NOW + 30_000 })
    for (let i = 0; i < 5; i++) await run([await aDelivery()], { status: 500, now: NOW + 31_000 })
    await run([await aDelivery()], { now: NOW + 61_000 })
    const report = (now: number) =>
      reportRecoveries({ DB: env.DB, RETRIES: aQueue().queue }, config, toolsAt(now))

    await report(NOW + 61_000 + WELL_AFTER_MS - 1)
    const early = await systemEvents()
    await report(NOW + 61_000 + WELL_AFTER_MS)
    await report(NOW + 61_000 + 2 * WELL_AFTER_MS)

    expect(early.map(({ type }) => type)).toEqual(['relay.target_backing_off'])
    const [recovered, ...before] = await systemEvents()
    expect(before.map(({ type }) => type)).toEqual(['relay.target_backing_off'])
    expect(recovered?.detail?.event).toMatchObject({
      type: 'relay.target_recovered',
      data: { target: 'crm', state: 'active', failures: 0, times_backed_off: 2 },
    })
  })

  it('is probed by the sweep when no other delivery is due', async () => {
    await openTheBreaker()
    const held = [await aDelivery(), await aDelivery()]
    await run(held, { now: NOW + 1000 })
    const [deliveries, retries] = [aQueue(), aQueue()]
    const bindings = {
      DB: env.DB,
      DELIVERIES: deliveries.queue,
      RETRIES: retries.queue,
      SPILL: aSpill().queue,
    }

    await sweep(bindings, config, toolsAt(NOW + 29_000))
    const early = [...retries.messages]
    await sweep(bindings, config, toolsAt(NOW + 30_000))

    expect(early).toEqual([])
    expect(retries.messages).toHaveLength(1)
    expect(await run(retries.messages, { now: NOW + 30_000 })).toMatchObject({
      got: [retries.messages[0]?.event],
    })
  })
})

describe('between two isolates', () => {
  it('no success is dropped: five failures with five successes between them do not open the breaker', async () => {
    for (let i = 0; i < 5; i++) {
      const [own, other] = [await aDelivery(), await aDelivery()]
      // The other one fails after this one has read the health of the target.
      await run([own], { meanwhile: () => run([other], { status: 500 }) })
    }

    expect((await listHealth(env.DB)).get('crm')).toEqual(HEALTHY)
  })

  it('every change counts, however many are made at once', async () => {
    const fail = () =>
      updateHealth(
        env.DB,
        'crm',
        (health) => ({ ...health, failures: health.failures + 1 }),
        HEALTHY,
      )

    await Promise.all(Array.from({ length: 20 }, fail))

    expect((await listHealth(env.DB)).get('crm')?.failures).toBe(20)
  })
})

describe('a target that asks for a pause with Retry-After', () => {
  const refused = { status: 429, retryAfter: 3600 }
  const END = NOW + 3_600_000

  it('gets no other delivery until it has passed, then one, and all others when that is delivered', async () => {
    const [first, second, third] = [await aDelivery(), await aDelivery(), await aDelivery()]
    await run([first], refused)

    const during = await run([second, third], { now: END - 1 })
    const probe = await run([{ ...first, attempt: 2, due: END }], { now: END })
    const waiting = await stateOf(first)
    const released = await run(probe.sent, { now: END })

    expect(during.got).toEqual([])
    expect(waiting).toMatchObject({ state: 'held', reason: 'backing_off' })
    expect(probe.got).toEqual([])
    const [chosen = ''] = released.got
    expect(released.got).toHaveLength(1)
    expect([second.event, third.event]).toContain(chosen)
    expect((await listHealth(env.DB)).get('crm')).toEqual(HEALTHY)
    const others = [first, second, third].map(({ event }) => event).filter((id) => id !== chosen)
    expect(released.sent.map(({ event }) => event).sort()).toEqual(others.sort())
  })

  it('rests for the longest that any answer asks for, whatever was in flight', async () => {
    const [first, second] = [await aDelivery(), await aDelivery()]
    // Two requests are in flight; the second is answered with 200 after the first with 429.
    await run([first], { meanwhile: () => run([second], refused) })

    const { got } = await run([await aDelivery()], { now: END - 1 })

    expect(got).toEqual([])
  })

  it('is not reported, and the API tells when it is tried next', async () => {
    await run([await aDelivery()], refused)

    expect(await systemEvents()).toEqual([])
    const health = (await listHealth(env.DB)).get('crm') ?? HEALTHY
    expect(health).toMatchObject({ state: 'active', failures: 1, restUntil: END })
  })

  it('rests also when a replay is refused, which counts as no failure', async () => {
    const replayed = await aDelivery()
    await env.DB.prepare('UPDATE deliveries SET replayed = 1').run()

    await run([replayed], refused)

    expect((await listHealth(env.DB)).get('crm')).toMatchObject({ failures: 0, restUntil: END })
  })
})

it('counts the success of a replay', async () => {
  await run([await aDelivery()], { status: 500 })
  const replayed = await aDelivery()
  await env.DB.prepare('UPDATE deliveries SET replayed = 1 WHERE attempt = 1').run()

  await run([replayed])

  expect((await listHealth(env.DB)).get('crm')).toEqual(HEALTHY)
})

it('counts no refusal of a message, and takes it for a sign that the target is up', async () => {
  for (let i = 0; i < 6; i++) await run([await aDelivery()], { status: 422 })
  const untroubled = (await listHealth(env.DB)).get('crm')
  await openTheBreaker()

  await run([await aDelivery()], { status: 422, now: NOW + 30_000 })

  expect(untroubled).toBeUndefined()
  expect((await listHealth(env.DB)).get('crm')).toMatchObject({ state: 'active', failures: 0 })
})

describe('the probe of a target', () => {
  async function sweptAt(now: number, of = config) {
    const retries = aQueue()
    const bindings = { ...env, DELIVERIES: aQueue().queue, RETRIES: retries.queue }
    await sweep(bindings, of, toolsAt(now))
    return retries.messages
  }

  it('is a delivery that was never tried, then the one with the fewest attempts', async () => {
    await openTheBreaker()
    const untried = [await aDelivery(), await aDelivery()]
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'held', reason = 'open' WHERE target = 'crm'`,
    ).run()
    const probed: string[] = []
    let now = NOW
    for (let i = 0; i < 3; i++) {
      now += 600_000
      const probes = await sweptAt(now)
      probed.push(...probes.map(({ event }) => event))
      await run(probes, { status: 500, now })
      await env.DB.prepare(
        `UPDATE deliveries SET state = 'held', reason = 'open' WHERE target = 'crm'`,
      ).run()
    }

    expect(probed.slice(0, 2).sort()).toEqual(untried.map(({ event }) => event).sort())
    expect(new Set(probed).size).toBe(3)
  })

  it('is a held delivery that was never tried, and not a retry that happens to be due', async () => {
    await openTheBreaker()
    const untried = await aDelivery()
    await run([untried], { now: NOW + 1000 })
    const retry = await env.DB.prepare(
      `SELECT CAST(event AS TEXT) AS key, due FROM deliveries WHERE state = 'retrying' LIMIT 1`,
    ).first<{ key: string; due: number }>()
    const message = {
      event: idOfKey(retry?.key ?? ''),
      target: 'crm',
      attempt: 2,
      due: retry?.due ?? 0,
    }

    const { got, sent } = await run([message], { now: NOW + 40_000 })

    expect(got).toEqual([])
    expect(await stateOf(message)).toMatchObject({ state: 'held', reason: 'backing_off' })
    expect(sent).toEqual([{ ...untried, due: NOW + 40_000 }])
    expect((await run(sent, { now: NOW + 40_000 })).got).toEqual([untried.event])
  })

  it('of an ordered target is a delivery that no earlier one blocks', async () => {
    const ordered = aConfig({ name: 'crm', events: ['payment.*'], ordered: true })
    const pay = async (contact: string, total: number) =>
      aMessageFor(
        await stored(
          ordered,
          'hype',
          aPayment({ id: contact, email: `${contact}@x.example`, data: { total } }),
          {
            now: NOW + total,
          },
        ),
        'crm',
      )
    const [, , , other] = [
      await pay('ana', 1),
      await pay('ana', 2),
      await pay('ana', 3),
      await pay('ben', 4),
    ]
    await env.DB.batch([
      env.DB.prepare(`UPDATE deliveries SET state = 'held', reason = 'open'`),
      env.DB.prepare(
        `UPDATE deliveries SET attempt = 2 WHERE event = (SELECT min(event) FROM deliveries)`,
      ),
      env.DB.prepare(
        `INSERT INTO targets (name, state, failures, rest_seconds, probe_at) VALUES ('crm', 'open', 5, 30, ${NOW})`,
      ),
    ])

    const probes = await sweptAt(NOW + 1000, ordered)

    expect(probes).toMatchObject([{ event: other?.event }])
  })

  it('waits for its slot, and is not spent meanwhile', async () => {
    const rated = aConfig({ name: 'crm', events: ['payment.*'], rate_per_second: 0.1 })
    await openTheBreaker()
    await env.DB.prepare(`UPDATE targets SET next_slot = ${NOW + 38_000}`).run()
    const [probe, other] = [await aDelivery(), await aDelivery()]

    const first = await run([probe], { config: rated, now: NOW + 30_000 })
    const beside = await run([other], { config: rated, now: NOW + 38_000 })
    const then = await run(first.sent, { config: rated, now: NOW + 38_000 })

    expect(first).toMatchObject({ got: [], sent: [{ ...probe, due: NOW + 38_000 }] })
    expect(beside.got).toEqual([])
    expect(then.got).toEqual([probe.event])
    expect((await listHealth(env.DB)).get('crm')).toMatchObject({ state: 'active', failures: 0 })
  })
})

describe('the queue of first attempts', () => {
  it('moves the deliveries of a failing target to the queue retries, so that no other target waits', async () => {
    await run([await aDelivery()], { status: 500 })
    const next = await aDelivery()

    const { got, sent } = await run([next], { lane: 'deliveries' })

    expect(got).toEqual([])
    // With a wake-up message of its own, so that a copy of the first message does nothing.
    expect(sent).toEqual([{ ...next, due: next.due + 1 }])
    expect((await run([next], { lane: 'deliveries' })).sent).toEqual([])
  })

  it('delivers to a target again when it has recovered', async () => {
    await run([await aDelivery()], { status: 500 })
    await run([await aDelivery()])

    const { got } = await run([await aDelivery()], { lane: 'deliveries' })

    expect(got).toHaveLength(1)
  })
})

describe('a target that answers 410', () => {
  it('is gone: all of its deliveries are held, and nothing is lost', async () => {
    const [first, second] = [await aDelivery(), await aDelivery()]
    await run([first], { status: 410 })

    const { got } = await run([second], { now: NOW + 1e9 })

    expect(got).toEqual([])
    expect(await stateOf(first)).toMatchObject({ state: 'held', reason: 'gone' })
    expect(await stateOf(second)).toMatchObject({ state: 'held', reason: 'gone' })
    expect((await systemEvents()).map(({ type }) => type)).toEqual(['relay.target_gone'])
  })
})

describe('a delivery that dies', () => {
  const short = aConfig(
    { name: 'crm', events: ['payment.*'], retry: [] },
    { name: 'ops', events: ['relay.*'], retry: [] },
  )

  it('is reported with its event, attempts and reason', async () => {
    const delivery = await aDelivery()

    await run([delivery], { status: 500, config: short })

    const [report] = await systemEvents()
    expect(report?.detail?.event).toMatchObject({
      type: 'relay.delivery_dead',
      data: {
        target: 'crm',
        event: delivery.event,
        type: 'payment.created',
        attempts: 1,
        reason: 'status',
      },
    })
  })

  it('is not reported when its event was a system event', async () => {
    await run([await aDelivery()], { status: 500, config: short })
    const [report] = await systemEvents()
    const message = await aMessageFor(report?.detail?.id as EventId, 'ops')

    await run([message], { status: 500, config: short })

    expect(await stateOf(message)).toMatchObject({ state: 'dead' })
    expect(await systemEvents()).toHaveLength(1)
  })
})

it('does not count a fault of the relay against a target', async () => {
  const broken = aConfig({ name: 'crm', events: ['payment.*'], transform: 'data.nothing' })
  for (let i = 0; i < 6; i++) await run([await aDelivery()], { config: broken })

  expect((await listHealth(env.DB)).get('crm')).toBeUndefined()
})

it('writes nothing for a healthy target', async () => {
  const prepare = vi.spyOn(env.DB, 'prepare')

  await run([await aDelivery(), await aDelivery()])

  const statements = prepare.mock.calls.map(([sql]) => sql)
  prepare.mockRestore()
  expect(statements.filter((sql) => /INTO targets/.test(sql))).toEqual([])
})

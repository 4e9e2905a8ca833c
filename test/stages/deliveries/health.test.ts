// The health of a target over several attempts: backing off, probe, recovery, giving up, and the system events.

import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Config } from '../../../src/config.ts'
import type { DeliveryMessage, Lane } from '../../../src/core/deliveries/delivery.ts'
import type { EventId } from '../../../src/core/id.ts'
import { sweep } from '../../../src/stages/deliveries/sweep.ts'
import { listHealth } from '../../../src/store/deliveries/targets.ts'
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
  options: { status?: number; now?: number; lane?: Lane; config?: Config } = {},
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
        return new Response('', { status: options.status ?? 200 })
      },
      now: () => options.now ?? NOW,
      random: () => Math.random(),
      log: () => undefined,
    },
  )
  return { sent, got }
}

async function stateOf({ event, target }: DeliveryMessage) {
  const delivery = (await getEvent(env.DB, event))?.deliveries.find((one) => one.target === target)
  return { state: delivery?.state, reason: delivery?.reason, attempt: delivery?.attempt }
}

async function systemEvents() {
  const { items: events } = await listEvents(env.DB, {}, { limit: 200 })
  return Promise.all(
    events
      .filter(({ source }) => source === 'relay')
      .map(async ({ id, type }) => ({ type, detail: await getEvent(env.DB, id) })),
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
    expect((await systemEvents()).map(({ type }) => type)).toEqual([
      'relay.target_recovered',
      'relay.target_backing_off',
    ])
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

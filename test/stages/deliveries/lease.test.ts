// Leases for late messages: in a long queue the sweep sends a second message after the first, and both arrive.

import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { longestBatchMs, needsLease, overdueMarginMs } from '../../../src/core/deliveries/lease.ts'
import type { EventId } from '../../../src/core/id.ts'
import { createInFlight, type InFlight } from '../../../src/stages/deliveries/in-flight.ts'
import { sweep } from '../../../src/stages/deliveries/sweep.ts'
import { getEvent } from '../../../src/store/events/events.ts'
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
import { aWorld } from '../../world.ts'

const config = aConfig({ name: 'crm' })

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

/** A message as a queue hands it over. */
function aMessage(id: string, body: Awaited<ReturnType<typeof aMessageFor>>) {
  return {
    id,
    timestamp: new Date(NOW),
    attempts: 1,
    body,
    ack: () => undefined,
    retry: () => undefined,
  }
}

/** A consumer in an isolate of its own that handles one message; its target responds with `answer`. */
function aConsumer(id: string, now: number, answer: () => Promise<Response> | Response) {
  const got: string[] = []
  const handle = async (body: Awaited<ReturnType<typeof aMessageFor>>) =>
    deliverBatch(
      { DB: env.DB, RETRIES: aQueue().queue },
      config,
      'deliveries',
      [aMessage(id, body)],
      {
        fetch: async (url) => {
          got.push(url)
          return answer()
        },
        now: () => now,
        random: () => 0,
        log: () => undefined,
      },
    )
  return { got, handle }
}

describe('a late message', () => {
  it('is handled, however late it is', async () => {
    const event = await stored(config, 'hype', aPayment())
    const { got, handle } = aConsumer('first', NOW + 3_600_000, () => new Response('ok'))

    await handle(await aMessageFor(event, 'crm'))

    expect(got).toHaveLength(1)
    expect((await getEvent(env, event))?.deliveries).toMatchObject([{ state: 'delivered' }])
  })

  it('is handled although the sweep has sent another', async () => {
    const event = await stored(config, 'hype', aPayment())
    const first = await aMessageFor(event, 'crm')
    const queue = aQueue()
    const later = NOW + 600_000
    const bindings = {
      DB: env.DB,
      DELIVERIES: queue.queue,
      RETRIES: queue.queue,
      SPILL: aSpill().queue,
    }
    await sweep(bindings, config, toolsAt(later))
    const { got, handle } = aConsumer('first', later, () => new Response('ok'))

    await handle(first)

    expect(queue.messages).toEqual([first])
    expect(got).toHaveLength(1)
  })

  it('handled at the same time as another makes one attempt with it', async () => {
    const event = await stored(config, 'hype', aPayment())
    const message = await aMessageFor(event, 'crm')
    const later = NOW + 600_000
    let respond = (_: Response) => {}
    const slow = new Promise<Response>((resolve) => {
      respond = resolve
    })
    const first = aConsumer('first', later, () => slow)
    const second = aConsumer('second', later + 1000, () => new Response('ok'))
    const working = first.handle(message)
    while (first.got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))

    await second.handle(message)
    respond(new Response('ok'))
    await working

    expect([...first.got, ...second.got]).toHaveLength(1)
    expect((await getEvent(env, event))?.deliveries).toMatchObject([{ state: 'delivered' }])
  })

  it('is handled again when the platform retries it, and another one is handled when its lease has expired', async () => {
    const event = await stored(config, 'hype', aPayment())
    const message = await aMessageFor(event, 'crm')
    const later = NOW + 600_000
    // A first consumer took its lease and was cut off.
    await env.DB.prepare(
      `UPDATE deliveries SET lease_holder = 'first', lease_until = ${later + 37_000}`,
    ).run()
    const other = aConsumer('other', later + 1000, () => new Response('ok'))
    const again = aConsumer('first', later + 1000, () => new Response('no', { status: 500 }))
    const afterwards = aConsumer('other', later + 37_001, () => new Response('ok'))

    await other.handle(message)
    expect(other.got).toEqual([])
    await afterwards.handle(message)
    expect(afterwards.got).toHaveLength(1)

    const second = await stored(config, 'hype', aPayment())
    await env.DB.prepare(
      `UPDATE deliveries SET lease_holder = 'first', lease_until = ${later + 37_000} WHERE state = 'pending'`,
    ).run()
    await again.handle(await aMessageFor(second, 'crm'))
    expect(again.got).toHaveLength(1)
  })
})

describe('a message that a queue delivers twice', () => {
  /** Two consumers of the same queue that get the message at once; returns how many requests the target got. */
  async function requestsOfTwo(
    lane: 'deliveries' | 'retries',
    isolates: [InFlight, InFlight],
  ): Promise<number> {
    const event = await stored(config, 'hype', aPayment())
    const body = await aMessageFor(event, 'crm')
    let requests = 0
    const lines: object[] = []
    const handle = (id: string, inFlight: InFlight) =>
      deliverBatch({ DB: env.DB, RETRIES: aQueue().queue }, config, lane, [aMessage(id, body)], {
        fetch: async () => {
          requests++
          await new Promise((resolve) => setTimeout(resolve, 200))
          return new Response('ok')
        },
        now: () => NOW,
        random: () => 0,
        inFlight,
        log: (line) => lines.push(line),
      })
    await Promise.all([handle('one', isolates[0]), handle('two', isolates[1])])
    expect((await getEvent(env, event))?.deliveries).toMatchObject([{ state: 'delivered' }])
    expect(lines).toMatchObject([{ at: 'deliver', state: 'delivered' }])
    return requests
  }

  it('in one batch is attempted once, and both copies are acknowledged', async () => {
    const event = await stored(config, 'hype', aPayment())
    const body = await aMessageFor(event, 'crm')
    const acked: string[] = []
    const messages = ['one', 'two'].map((id) => ({
      ...aMessage(id, body),
      ack: () => acked.push(id),
    }))
    let requests = 0

    await deliverBatch({ DB: env.DB, RETRIES: aQueue().queue }, config, 'deliveries', messages, {
      fetch: async () => {
        requests++
        return new Response('ok')
      },
      now: () => NOW,
      random: () => 0,
      log: () => undefined,
    })

    expect(requests).toBe(1)
    expect(acked.sort()).toEqual(['one', 'two'])
  })

  it('in two batches of one isolate is attempted once', async () => {
    const inFlight = createInFlight()
    expect(await requestsOfTwo('deliveries', [inFlight, inFlight])).toBe(1)
  })

  it('in two isolates is attempted once in the queue retries', async () => {
    expect(await requestsOfTwo('retries', [createInFlight(), createInFlight()])).toBe(1)
  })

  it('while its target is failing is attempted once, although the copies take different queues', async () => {
    const world = aWorld(
      config,
      () => undefined,
      () => new Response('ok'),
    )
    await world.take('hype', aPayment())
    const [first] = world.queues.DELIVERIES
    if (first === undefined) throw new Error('there is no message')
    const setFailures = (failures: number) =>
      env.DB.prepare(
        `INSERT INTO targets (name, state, failures, rest_seconds) VALUES ('crm', 'active', ?1, 0)
         ON CONFLICT (name) DO UPDATE SET failures = ?1`,
      )
        .bind(failures)
        .run()
    await setFailures(1)
    await world.consume('DELIVERIES')
    expect(world.queues.RETRIES).toHaveLength(1)
    // The target has recovered when the copy comes, and the first message is still in the queue.
    await setFailures(0)
    world.queues.DELIVERIES.push({ ...first, id: 'copy' })

    await world.consume('DELIVERIES')
    expect(world.received).toEqual([])
    await world.consume('RETRIES')

    expect(world.received).toHaveLength(1)
  })
})

describe('the messages in flight', () => {
  const message = { event: 'evt_1' as EventId, target: 'crm', attempt: 1, due: NOW }

  it('include a message once, until it is removed', () => {
    const inFlight = createInFlight()
    const remove = inFlight.add(message, NOW + 1000, NOW)

    expect(inFlight.add({ ...message }, NOW + 1000, NOW)).toBeUndefined()
    remove?.()
    expect(inFlight.add(message, NOW + 1000, NOW)).toBeDefined()
  })

  it.each([
    ['another attempt', { attempt: 2 }],
    ['another due time', { due: NOW + 1 }],
    ['another target', { target: 'finance' }],
  ])('do not match %s', (_case, other) => {
    const inFlight = createInFlight()
    inFlight.add(message, NOW + 1000, NOW)

    expect(inFlight.add({ ...message, ...other }, NOW + 1000, NOW)).toBeDefined()
  })

  it('expire when their batch must have ended, and that batch removes only its own', () => {
    const inFlight = createInFlight()
    const lost = inFlight.add(message, NOW + 1000, NOW)

    expect(inFlight.add(message, NOW + 9000, NOW + 1001)).toBeDefined()
    lost?.()
    expect(inFlight.add(message, NOW + 9000, NOW + 1002)).toBeUndefined()
  })
})

describe('a message that is delayed while D1 is unavailable', () => {
  const unavailable = {
    prepare: () => {
      throw new Error('D1 is unavailable')
    },
  } as unknown as D1Database
  const tools = (now: number, send: (url: string) => Promise<Response>) => ({
    fetch: send,
    now: () => now,
    random: () => 0,
    log: () => undefined,
  })

  it('shares no lease with its copy, when the queue took that and reported an error', async () => {
    const event = await stored(config, 'hype', aPayment())
    const message = await aMessageFor(event, 'crm')
    const { queue, messages } = aQueue()
    const unreliable = {
      sendBatch: async (messages: MessageSendRequest<typeof message>[]) => {
        await queue.sendBatch(messages)
        throw new Error('Network connection lost.')
      },
    } as unknown as Queue
    const nothing = () => Promise.reject(new Error('nothing is sent'))
    const bindings = { DB: unavailable, RETRIES: unreliable }
    await deliverBatch(
      bindings,
      config,
      'retries',
      [aMessage('first', message)],
      tools(NOW + 1000, nothing),
    )
    const [copy] = messages
    if (copy === undefined) throw new Error('there is no copy')
    let requests = 0
    const slow = async () => {
      requests++
      await new Promise((resolve) => setTimeout(resolve, 200))
      return new Response('ok')
    }
    const handle = (id: string, body: typeof message) =>
      deliverBatch(
        { DB: env.DB, RETRIES: aQueue().queue },
        config,
        'retries',
        [aMessage(id, body)],
        tools(NOW + 40_000, slow),
      )

    await Promise.all([handle('first', message), handle('second', copy)])

    expect(requests).toBe(1)
  })

  it('is delayed until any lease of it has expired', async () => {
    const event = await stored(config, 'hype', aPayment())
    const { queue, sent } = aQueue()
    const message = aMessage('first', await aMessageFor(event, 'crm'))
    const nothing = () => Promise.reject(new Error('nothing is sent'))

    await deliverBatch(
      { DB: unavailable, RETRIES: queue },
      config,
      'retries',
      [message],
      tools(NOW + 5000, nothing),
    )

    expect(sent).toEqual([{ event, target: 'crm', attempt: 1, delaySeconds: 38 }])
  })

  it.each([
    ['two minutes', 120, 120],
    ['an hour', 3600, 900],
  ])('that is late by %s already is delayed longer', async (_late, seconds, delaySeconds) => {
    const event = await stored(config, 'hype', aPayment())
    const { queue, sent } = aQueue()
    const message = aMessage('first', await aMessageFor(event, 'crm'))
    const nothing = () => Promise.reject(new Error('nothing is sent'))

    const bindings = { DB: unavailable, RETRIES: queue }
    const late = tools(NOW + seconds * 1000, nothing)
    await deliverBatch(bindings, config, 'retries', [message], late)

    expect(sent).toEqual([{ event, target: 'crm', attempt: 1, delaySeconds }])
  })
})

describe('a late message that is moved to the queue retries', () => {
  it('is handled there', async () => {
    const world = aWorld(
      config,
      () => undefined,
      () => new Response('ok'),
    )
    await world.take('hype', aPayment())
    await env.DB.prepare(
      `INSERT INTO targets (name, state, failures, rest_seconds) VALUES ('crm', 'active', 1, 0)`,
    ).run()
    world.advance(600_000)

    await world.consume('DELIVERIES')
    expect(world.received).toEqual([])
    await world.consume('RETRIES')

    expect(world.received).toHaveLength(1)
  })
})

describe('a queue that is ten minutes long', () => {
  it('becomes shorter, and every target gets one copy', async () => {
    const world = aWorld(
      config,
      () => undefined,
      () => new Response('ok'),
    )
    for (let i = 0; i < 60; i++) await world.take('hype', aPayment())
    // Six messages a minute are consumed, while the sweep runs every minute.
    for (let minute = 0; minute < 20; minute++) {
      world.advance(60_000)
      await world.sweep()
      await world.consume('DELIVERIES', 6)
    }

    const events = world.received.map(({ event }) => event)
    expect(events).toHaveLength(new Set(events).size)
    expect(events.length).toBe(60)
  })
})

describe('the margin of the sweep', () => {
  it.each([
    [[15], 52_000],
    [[2, 5], 32_000],
    [[], 22_000],
  ])('for targets with timeouts of %j s is %d ms', (timeouts, margin) => {
    expect(overdueMarginMs(timeouts)).toBe(margin)
  })

  it('is in whole milliseconds for any timeouts, and so is the settle time', async () => {
    expect(Number.isInteger(longestBatchMs([7.3333]))).toBe(true)
    const settling = aConfig({ name: 'crm', settle_seconds: 0.0005 })
    const event = await stored(settling, 'hype', aPayment({ type: 'payment.deleted' }))
    expect(await aMessageFor(event, 'crm')).toMatchObject({ due: NOW + 1 })
  })

  it.each([
    ['deliveries', 15_000, false],
    ['deliveries', 15_001, true],
    ['retries', 0, true],
    ['retries', -1000, true],
    ['retries', -1001, false], // too early: it is sent again
    ['dead', 60_000, false],
  ] as const)(
    'is a whole batch longer than a message may be late without a lease: by %s, %i ms late',
    (lane, late, must) => {
      expect(needsLease(lane, { due: NOW }, NOW + late)).toBe(must)
    },
  )
})

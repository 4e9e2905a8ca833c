// Late messages: in a long queue the sweep sends a second one after the first, and both arrive.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { leaseFor, longestBatchMs, overdueMarginMs } from '../../src/core/lateness.ts'
import { deliver } from '../../src/stages/deliver.ts'
import { sweep } from '../../src/stages/sweep.ts'
import { getEvent } from '../../src/store/events.ts'
import { aConfig, aMessageFor, aPayment, aQueue, NOW, stored } from '../builders.ts'
import { aWorld } from '../world.ts'

const config = aConfig({ name: 'crm' })

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

/** A consumer that handles one message, and a target that answers when it is let. */
function aConsumer(id: string, now: number, answer: () => Promise<Response> | Response) {
  const got: string[] = []
  const handle = async (body: Awaited<ReturnType<typeof aMessageFor>>) =>
    deliver(
      { DB: env.DB, RETRIES: aQueue().queue },
      config,
      'deliveries',
      [
        {
          id,
          timestamp: new Date(now),
          attempts: 1,
          body,
          ack: () => undefined,
          retry: () => undefined,
        },
      ],
      {
        send: async (url) => {
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
  it('is heard, however late it is', async () => {
    const event = await stored(config, 'hype', aPayment())
    const { got, handle } = aConsumer('first', NOW + 3_600_000, () => new Response('ok'))

    await handle(await aMessageFor(event, 'crm'))

    expect(got).toHaveLength(1)
    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([{ state: 'delivered' }])
  })

  it('is heard although the sweep has sent another', async () => {
    const event = await stored(config, 'hype', aPayment())
    const first = await aMessageFor(event, 'crm')
    const queue = aQueue()
    const later = NOW + 600_000
    const bindings = { DB: env.DB, DELIVERIES: queue.queue, RETRIES: queue.queue }
    await sweep(bindings, config, later, () => undefined)
    const { got, handle } = aConsumer('first', later, () => new Response('ok'))

    await handle(first)

    expect(queue.messages).toEqual([first])
    expect(got).toHaveLength(1)
  })

  it('of two that are handled at once, one makes the attempt', async () => {
    const event = await stored(config, 'hype', aPayment())
    const message = await aMessageFor(event, 'crm')
    const later = NOW + 600_000
    let letGo = (_: Response) => {}
    const slow = new Promise<Response>((resolve) => {
      letGo = resolve
    })
    const first = aConsumer('first', later, () => slow)
    const second = aConsumer('second', later + 1000, () => new Response('ok'))
    const working = first.handle(message)
    while (first.got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))

    await second.handle(message)
    letGo(new Response('ok'))
    await working

    expect([...first.got, ...second.got]).toHaveLength(1)
    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([{ state: 'delivered' }])
  })

  it('is heard again when the platform brings it back, and by another one when its lease is over', async () => {
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

describe('of two messages in a batch', () => {
  it('the one that has the lease is heard', async () => {
    const event = await stored(config, 'hype', aPayment())
    const message = await aMessageFor(event, 'crm')
    const later = NOW + 600_000
    await env.DB.prepare(
      `UPDATE deliveries SET lease_holder = 'first', lease_until = ${later + 37_000}`,
    ).run()
    const got: string[] = []
    const acked: string[] = []
    const one = (id: string, body: typeof message) => ({
      id,
      timestamp: new Date(later),
      attempts: 1,
      body,
      ack: () => acked.push(id),
      retry: () => undefined,
    })
    const messages = [one('swept', message), one('passed on', { ...message, holder: 'first' })]

    await deliver({ DB: env.DB, RETRIES: aQueue().queue }, config, 'retries', messages, {
      send: async (url) => {
        got.push(url)
        return new Response('ok')
      },
      now: () => later,
      random: () => 0,
      log: () => undefined,
    })

    expect(got).toHaveLength(1)
    expect(acked.sort()).toEqual(['passed on', 'swept'])
  })
})

describe('a message that rests while D1 is away', () => {
  const away = {
    prepare: () => {
      throw new Error('D1 is away')
    },
  } as unknown as D1Database
  const one = (id: string, body: Awaited<ReturnType<typeof aMessageFor>>) => ({
    id,
    timestamp: new Date(NOW),
    attempts: 1,
    body,
    ack: () => undefined,
    retry: () => undefined,
  })
  const tools = (now: number, send: (url: string) => Promise<Response>) => ({
    send,
    now: () => now,
    random: () => 0,
    log: () => undefined,
  })

  it('shares no lease with its copy, where the queue took that and says that it did not', async () => {
    const event = await stored(config, 'hype', aPayment())
    const message = await aMessageFor(event, 'crm')
    const { queue, messages } = aQueue()
    const stumbling = {
      send: async (body: typeof message) => {
        await queue.send(body)
        throw new Error('Network connection lost.')
      },
    } as unknown as Queue
    const nothing = () => Promise.reject(new Error('nothing is sent'))
    const bindings = { DB: away, RETRIES: stumbling }
    await deliver(bindings, config, 'retries', [one('first', message)], tools(NOW + 1000, nothing))
    const [copy] = messages
    if (copy === undefined) throw new Error('there is no copy')
    let requests = 0
    const slow = async () => {
      requests++
      await new Promise((resolve) => setTimeout(resolve, 200))
      return new Response('ok')
    }
    const handle = (id: string, body: typeof message) =>
      deliver(
        { DB: env.DB, RETRIES: aQueue().queue },
        config,
        'retries',
        [one(id, body)],
        tools(NOW + 40_000, slow),
      )

    await Promise.all([handle('first', message), handle('second', copy)])

    expect(requests).toBe(1)
  })

  it('comes when the lease is over that it may have', async () => {
    const event = await stored(config, 'hype', aPayment())
    const { queue, sent } = aQueue()
    const message = one('first', await aMessageFor(event, 'crm'))
    const nothing = () => Promise.reject(new Error('nothing is sent'))

    await deliver(
      { DB: away, RETRIES: queue },
      config,
      'retries',
      [message],
      tools(NOW + 600_000, nothing),
    )

    expect(sent).toEqual([{ event, target: 'crm', attempt: 1, delaySeconds: 38 }])
  })
})

describe('a late message that is passed on to the lane for trouble', () => {
  it('is heard there, under the lease that it has', async () => {
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
  it('gets shorter, and gives every target one copy', async () => {
    const world = aWorld(
      config,
      () => undefined,
      () => new Response('ok'),
    )
    for (let i = 0; i < 60; i++) await world.take('hype', aPayment())
    // Six messages a minute come out of it, while the sweep looks every minute.
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

  it('is in whole milliseconds, whatever the timeouts, and so is a wait that settles', async () => {
    expect(Number.isInteger(longestBatchMs([7.3333]))).toBe(true)
    const settling = aConfig({ name: 'crm', settle_seconds: 0.0005 })
    const event = await stored(settling, 'hype', aPayment({ type: 'payment.deleted' }))
    expect(await aMessageFor(event, 'crm')).toMatchObject({ due: NOW + 1 })
  })

  it('is a whole batch longer than a message may come without a lease', () => {
    expect(leaseFor({ due: NOW }, 'id', 37_000, NOW + 15_000)).toBeUndefined()
    expect(leaseFor({ due: NOW }, 'id', 37_000, NOW + 15_001)).toEqual({
      holder: 'id',
      until: NOW + 52_001,
    })
  })
})

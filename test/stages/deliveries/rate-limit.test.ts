// Targets with a rate limit, over many batches and consumers: never above the rate, and nothing lost.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { reserveSendTimes } from '../../../src/store/deliveries/targets.ts'
import {
  aConfig,
  aMessageFor,
  aPayment,
  aQueue,
  deliverBatch,
  NOW,
  stored,
} from '../../builders.ts'
import { aWorld } from '../../world.ts'

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

describe('a target with a rate limit', () => {
  it('gets all requests, no two of them closer than its interval', async () => {
    const config = aConfig({ name: 'slow', url: 'https://slow.example/', rate_per_second: 0.1 })
    const world = aWorld(
      config,
      () => undefined,
      () => new Response('ok'),
    )
    for (let i = 0; i < 25; i++) await world.take('hype', aPayment())

    await world.live(6)

    const times = world.received.map(({ at }) => at).sort((a, b) => a - b)
    expect(times).toHaveLength(25)
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000)
  })
})

it('sends at once after a missed slot, and keeps the slots of a batch apart', async () => {
  const config = aConfig({ name: 'slow', url: 'https://slow.example/', rate_per_second: 0.1 })
  const world = aWorld(
    config,
    () => undefined,
    () => new Response('ok'),
  )
  for (let i = 0; i < 15; i++) await world.take('hype', aPayment())
  await world.live(0.2) // slots are reserved
  world.queues.RETRIES = []
  world.advance(600_000) // and all of them are missed
  const before = world.received.length

  await world.live(6)

  const times = world.received.slice(before).map(({ at }) => at)
  expect(world.received).toHaveLength(15)
  // Two batches come at once, and do not see each other's slots.
  const perTime = Object.values(Object.groupBy(times, String)).map((same) => same?.length ?? 0)
  expect(Math.max(...perTime)).toBeLessThanOrEqual(2)
})

it('delivers everything although its queue is always 20 s late', async () => {
  const config = aConfig({ name: 'slow', url: 'https://slow.example/', rate_per_second: 0.5 })
  const world = aWorld(
    config,
    () => undefined,
    () => new Response('ok'),
  )
  for (let i = 0; i < 20; i++) await world.take('hype', aPayment())
  const seen = new Set<string>()
  const delay = () => {
    for (const one of world.queues.RETRIES) {
      if (!seen.has(one.id)) one.at += 20_000
      seen.add(one.id)
    }
  }

  for (let seconds = 0; seconds < 600; seconds += 5) {
    world.advance(5000)
    if (seconds % 60 === 0) await world.sweep()
    while (world.queues.DELIVERIES.length > 0) await world.consume('DELIVERIES')
    delay()
    while (world.queues.RETRIES.some(({ at }) => at <= world.now())) {
      await world.consume('RETRIES')
      delay()
    }
  }

  const events = world.received.map(({ event }) => event)
  expect(new Set(events).size).toBe(20)
  expect(events).toHaveLength(20)
})

it('reserves no slots for deliveries that wait for an earlier one', async () => {
  const config = aConfig({
    name: 'slow',
    url: 'https://slow.example/',
    rate_per_second: 0.2,
    ordered: true,
  })
  const world = aWorld(
    config,
    () => undefined,
    () => new Response('ok'),
  )
  for (let total = 0; total < 10; total++) {
    world.advance(10)
    await world.take('hype', aPayment({ id: 'ana', data: { tier: 'Gold', total } }))
  }

  await world.consume('DELIVERIES')

  const next = env.DB.prepare('SELECT next_slot FROM targets')
  expect(await next.first('next_slot')).toBe(world.now() + 5000)
})

it('delays a message while D1 refuses to reserve its slot: that is no fault of the message', async () => {
  const config = aConfig({ name: 'slow', url: 'https://slow.example/', rate_per_second: 1 })
  const event = await stored(config, 'hype', aPayment())
  const refused = () => Promise.reject(new Error('D1_ERROR: database or disk is full'))
  const statement = { bind: () => statement, first: refused }
  const DB = {
    prepare: (sql: string) => (/INTO targets/.test(sql) ? statement : env.DB.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
  } as unknown as D1Database
  const { queue, sent } = aQueue()
  const body = await aMessageFor(event, 'slow')
  const message = { id: '1', timestamp: new Date(NOW), attempts: 1, body }
  const [ack, retry] = [vi.fn(), vi.fn()]

  const batch = [{ ...message, ack, retry }]
  await deliverBatch({ DB, RETRIES: queue }, config, 'deliveries', batch, {})

  expect(retry).not.toHaveBeenCalled()
  expect(ack).toHaveBeenCalled()
  expect(sent).toEqual([{ event, target: 'slow', attempt: 1, delaySeconds: 30 }])
})

describe('slots', () => {
  it('that three consumers reserve at once do not overlap', async () => {
    const firsts = await Promise.all(
      [1, 2, 3].map(() => reserveSendTimes(env.DB, 'crm', { count: 5, intervalMs: 100, now: NOW })),
    )

    expect(firsts.sort((a, b) => a - b)).toEqual([NOW, NOW + 500, NOW + 1000])
  })

  it('start now when no delivery waits', async () => {
    await reserveSendTimes(env.DB, 'crm', { count: 1, intervalMs: 100, now: NOW })

    expect(
      await reserveSendTimes(env.DB, 'crm', { count: 1, intervalMs: 100, now: NOW + 10_000 }),
    ).toBe(NOW + 10_000)
  })
})

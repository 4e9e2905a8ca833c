// Targets with a rate, over many batches and consumers: never more than it, and nothing lost.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { reserveTurns } from '../../src/store/targets.ts'
import { aConfig, aPayment, NOW } from '../builders.ts'
import { aWorld } from '../world.ts'

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

describe('a target with a rate', () => {
  it('gets no two requests closer than its interval, and all of them', async () => {
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

it('needs new turns for what the sweep takes up, however much that is', async () => {
  const config = aConfig({ name: 'slow', url: 'https://slow.example/', rate_per_second: 0.1 })
  const world = aWorld(
    config,
    () => undefined,
    () => new Response('ok'),
  )
  for (let i = 0; i < 15; i++) await world.take('hype', aPayment())
  await world.live(0.2) // turns are reserved
  world.queues.RETRIES = []
  world.advance(600_000) // and all of them are missed
  const before = world.received.length

  await world.live(6)

  const times = world.received.slice(before).map(({ at }) => at)
  expect(world.received).toHaveLength(15)
  expect(new Set(times).size).toBe(times.length)
})

describe('turns', () => {
  it('that two consumers reserve at once do not overlap', async () => {
    const firsts = await Promise.all([1, 2, 3].map(() => reserveTurns(env.DB, 'crm', 5, 100, NOW)))

    expect(firsts.sort((a, b) => a - b)).toEqual([NOW, NOW + 500, NOW + 1000])
  })

  it('begin now when nobody waits', async () => {
    await reserveTurns(env.DB, 'crm', 1, 100, NOW)

    expect(await reserveTurns(env.DB, 'crm', 1, 100, NOW + 10_000)).toBe(NOW + 10_000)
  })
})

// Ordered targets: of one contact, earlier before later, retries included; nobody else waits.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import { aConfig, aPayment } from '../builders.ts'
import { aWorld } from '../world.ts'

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

const config = aConfig({
  name: 'door',
  url: 'https://door.example/',
  events: ['payment.*'],
  ordered: true,
  retry: [30, 30],
})

/** A world whose door refuses some events a number of times; what it took, in its order, by contact and number. */
function aDoor(refusals: Record<string, number>) {
  const ids = new Map<string, string>()
  const skipped = new Map<string, string>()
  const world = aWorld(
    config,
    () => undefined,
    (_target, n, request) => {
      const name = ids.get(request.get('webhook-id') ?? '') ?? ''
      if (request.has('relay-skipped')) skipped.set(name, request.get('relay-skipped') ?? '')
      return new Response('', { status: n <= (refusals[name] ?? 0) ? 500 : 200 })
    },
  )
  const take = async (contact: string, number: number) => {
    const result = await world.take('hype', aPayment({ id: contact, data: { total: number } }))
    const id = result.ok ? (result.value.events[0]?.id ?? '') : ''
    ids.set(id, `${contact}${number}`)
    return id
  }
  const taken = () =>
    world.received.filter(({ status }) => status === 200).map(({ event }) => ids.get(event) ?? '')
  return { world, take, taken, skipped }
}

it('keeps the order of one contact through retries, and lets the others pass', async () => {
  const { world, take, taken } = aDoor({ ana1: 1 })
  for (const number of [1, 2, 3]) {
    await take('ana', number)
    await take('ben', number)
    world.advance(10)
  }

  await world.live(1)
  const early = taken()
  await world.live(4)

  expect(early.filter((name) => name.startsWith('ben'))).toEqual(['ben1', 'ben2', 'ben3'])
  expect(taken().filter((name) => name.startsWith('ana'))).toEqual(['ana1', 'ana2', 'ana3'])
})

it('lets the next pass when one is dead, and names it there, once', async () => {
  const { world, take, taken, skipped } = aDoor({ ana1: 99 })
  const dead = await take('ana', 1)
  world.advance(10)
  await take('ana', 2)
  world.advance(10)
  await take('ana', 3)

  await world.live(6)

  expect(taken()).toEqual(['ana2', 'ana3'])
  expect([...skipped]).toEqual([['ana2', dead]])
})

it('does not slow 199 contacts for one whose delivery fails', async () => {
  const { world, take, taken } = aDoor({ c01: 99 })
  for (let contact = 0; contact < 200; contact++) await take(`c${contact}`, 1)
  world.advance(10)
  await take('c0', 2)

  await world.live(0.1)

  expect(taken()).toHaveLength(199)
  expect(taken()).not.toContain('c01')
  expect(taken()).not.toContain('c02')
})

it('is mended by the sweep when nobody let the next one go', async () => {
  const { world, take, taken } = aDoor({})
  await take('ana', 1)
  world.advance(10)
  await take('ana', 2)
  await env.DB.prepare(
    `UPDATE deliveries SET state = 'held', reason = 'order' WHERE event = (SELECT max(key) FROM events)`,
  ).run()
  world.queues.DELIVERIES = world.queues.DELIVERIES.slice(0, 1)

  await world.live(3)

  expect(taken()).toEqual(['ana1', 'ana2'])
})

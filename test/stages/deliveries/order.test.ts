// Ordered targets: the deliveries of one person in order, retries included; those of other people do not wait.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { EventId } from '../../../src/core/id.ts'
import { releaseUnblocked } from '../../../src/store/deliveries/order.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aPayment, NOW } from '../../builders.ts'
import { aWorld } from '../../world.ts'

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events', 'contacts', 'spill_stuck'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})

const config = aConfig({
  name: 'door',
  url: 'https://door.example/',
  events: ['payment.*'],
  ordered: true,
  retry: [30, 30],
})

/** A world whose door refuses some events a number of times; `taken` is what it accepted, in order: contact and number. */
function aDoor(refusals: Record<string, number>, { settings = config, status = 500 } = {}) {
  const ids = new Map<string, string>()
  const skipped = new Map<string, string>()
  const world = aWorld(
    settings,
    () => undefined,
    (_target, n, request) => {
      const name = ids.get(request.get('webhook-id') ?? '') ?? ''
      if (request.has('relay-skipped')) skipped.set(name, request.get('relay-skipped') ?? '')
      return new Response('', { status: n <= (refusals[name] ?? 0) ? status : 200 })
    },
  )
  const take = async (contact: string, number: number) => {
    const result = await world.take(
      'hype',
      aPayment({ id: contact, email: `${contact}@example.com`, data: { total: number } }),
    )
    const id = result.ok ? (result.value.events[0]?.id ?? '') : ''
    ids.set(id, `${contact}${number}`)
    return id
  }
  const taken = () =>
    world.received.filter(({ status }) => status === 200).map(({ event }) => ids.get(event) ?? '')
  return { world, take, taken, skipped }
}

it('keeps the order of one contact through retries, and does not delay other contacts', async () => {
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

it('keeps the order of a person across their contacts', async () => {
  const { world, take, taken } = aDoor({ ana1: 1 })
  await take('ana', 1)
  world.advance(10)
  await take('ben', 1)
  await env.DB.prepare('UPDATE contacts SET person = 1').run()
  await world.consume('DELIVERIES', 1) // ana1 fails
  world.advance(10)
  await take('ben', 2)

  await world.live(4)

  expect(taken()).toEqual(['ana1', 'ben1', 'ben2'])
})

it('sends the next delivery after a dead one, and names the dead one in its header, once', async () => {
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

describe('a message that the target refuses', () => {
  const settings = aConfig({
    name: 'door',
    url: 'https://door.example/',
    events: ['payment.*'],
    ordered: true,
    retry: Array(40).fill(60),
    order_wait_seconds: 240,
  })

  it('holds the later ones of its person no longer than the wait: it is dead then, and the next one names it', async () => {
    const { world, take, taken, skipped } = aDoor({ ana1: 99 }, { settings, status: 413 })
    const refused = await take('ana', 1)
    world.advance(10)
    await take('ana', 2)

    await world.live(3)
    const early = taken()
    await world.live(2)

    expect(early).toEqual([])
    expect(taken()).toEqual(['ana2'])
    expect([...skipped]).toEqual([['ana2', refused]])
    expect((await getEvent(env, refused as EventId))?.deliveries[0]?.state).toBe('dead')
    await world.live(10)
    expect(world.received.filter(({ event }) => event === refused)).toHaveLength(4)
  })

  it('is delivered in its order where the target accepts it in time', async () => {
    const { world, take, taken, skipped } = aDoor({ ana1: 2 }, { settings, status: 413 })
    await take('ana', 1)
    world.advance(10)
    await take('ana', 2)

    await world.live(5)

    expect(taken()).toEqual(['ana1', 'ana2'])
    expect([...skipped]).toEqual([])
  })

  it('keeps its place while the target itself is in trouble', async () => {
    const { world, take, taken } = aDoor({ ana1: 8 }, { settings, status: 429 })
    await take('ana', 1)
    world.advance(10)
    await take('ana', 2)

    await world.live(20)

    expect(taken()).toEqual(['ana1', 'ana2'])
  })
})

it('does not delay 199 contacts for one whose delivery fails', async () => {
  const { world, take, taken } = aDoor({ c01: 99 })
  for (let contact = 0; contact < 200; contact++) await take(`c${contact}`, 1)
  world.advance(10)
  await take('c0', 2)

  await world.live(0.1)

  expect(taken()).toHaveLength(199)
  expect(taken()).not.toContain('c01')
  expect(taken()).not.toContain('c02')
})

it('is resumed by the sweep when the next delivery was not released', async () => {
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

it('keeps the order across any number of events that the target does not get', async () => {
  const gold = aConfig({
    name: 'door',
    url: 'https://door.example/',
    events: ['payment.*'],
    where: 'data.subscription.tier = "Gold"',
    ordered: true,
    retry: [600],
  })
  const world = aWorld(
    gold,
    () => undefined,
    (_target, _n, request) =>
      new Response('', { status: request.has('relay-skipped') ? 200 : 500 }),
  )
  const take = (tier: string, total: number) =>
    world.take('hype', aPayment({ id: 'ana', data: { tier, total } }))
  await take('Gold', 1)
  await world.consume('DELIVERIES') // fails, and waits for its next attempt
  for (let total = 2; total < 24; total++) {
    world.advance(1000)
    await take(total % 2 === 0 ? 'Silver' : 'Gold', total)
  }
  await env.DB.prepare(
    `UPDATE deliveries SET state = 'cancelled', due = NULL WHERE state = 'pending'`,
  ).run()
  world.queues.DELIVERIES = []
  world.advance(1000)
  await take('Gold', 24)

  await world.consume('DELIVERIES')
  await world.consume('RETRIES')

  expect(world.received).toHaveLength(1)
  const last = env.DB.prepare('SELECT state, reason FROM deliveries ORDER BY event DESC LIMIT 1')
  expect(await last.first()).toEqual({ state: 'held', reason: 'order' })
})

it('releases the next delivery at once when its target turns out not to want the one before', async () => {
  const { world, take } = aDoor({})
  await take('ana', 1)
  world.advance(10)
  await take('ana', 2)
  await env.DB.batch([
    env.DB.prepare(
      `UPDATE deliveries SET reason = 'where' WHERE event = (SELECT min(key) FROM events)`,
    ),
    env.DB.prepare(
      `UPDATE events SET event = json_set(event, '$.type', 'checkin.recorded') WHERE key = (SELECT min(key) FROM events)`,
    ),
    env.DB.prepare(
      `UPDATE deliveries SET state = 'held', reason = 'order' WHERE event = (SELECT max(key) FROM events)`,
    ),
  ])

  await world.consume('DELIVERIES')

  const { results } = await env.DB.prepare('SELECT state FROM deliveries ORDER BY event').all()
  expect(results).toEqual([{ state: 'cancelled' }, { state: 'pending' }])
  expect(world.queues.RETRIES).toHaveLength(1)
})

it('reads no more rows for longer histories: waiting deliveries are found from the latest', async () => {
  const first = BigInt(NOW) * 2097152n
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO events (key, source, vendor, status, type, contact, planned, hops, dedup_key, encoding, headers, event, at)
       WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4209)
       SELECT CAST(?1 AS INTEGER) + i * 2097152, 'hype', 'hype', 'accepted', 'payment.created', 'p' || (i % 10), 1, 0,
         'k' || i, 'utf8', '{}', '{}', ?2 + i FROM n`,
    ).bind(first.toString(), NOW),
    env.DB.prepare(
      `INSERT INTO deliveries (event, target, state, reason, attempt, due, attempts)
       SELECT key, 'door', CASE WHEN n <= 400 THEN 'delivered' WHEN n = 401 THEN 'retrying' ELSE 'held' END,
         CASE WHEN n > 401 THEN 'order' END, 1, ?1, '[]'
       FROM (SELECT key, row_number() OVER (PARTITION BY contact ORDER BY key) AS n FROM events)`,
    ).bind(NOW),
  ])
  let read = 0
  const db = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: async (statements: D1PreparedStatement[]) => {
      const results = await env.DB.batch(statements)
      for (const { meta } of results) read += meta.rows_read
      return results
    },
  } as unknown as D1Database

  expect(await releaseUnblocked(db, 'door', NOW, 1000)).toEqual([])
  expect(read).toBeLessThan(10 * 20 * 2 * 100)
})

describe('while an event is in the spill queue', () => {
  const person = 'ana'

  /** A door, and a D1 that refuses the writes of one request. */
  async function aSpilledDoor() {
    const { world, take, taken } = aDoor({})
    world.breakD1(true)
    await take(person, 1)
    world.breakD1(false)
    return { world, take, taken }
  }

  it('a later one of the same person, received 1.5 s after it, is delivered after it', async () => {
    const { world, take, taken } = await aSpilledDoor()
    world.advance(1500)
    await take(person, 2)

    await world.consume('DELIVERIES')
    const early = taken()
    await world.live(2)

    expect(early).toEqual([])
    expect(taken()).toEqual(['ana1', 'ana2'])
  })

  it('one of somebody else is delivered by the sweep once the queue is empty', async () => {
    const { world, take, taken } = await aSpilledDoor()
    await take('ben', 1)
    await world.consume('DELIVERIES')

    await world.live(2)

    expect(taken().sort()).toEqual(['ana1', 'ben1'])
  })

  it('it is waited for an hour; when it comes after that, the receiver is told which later event it has', async () => {
    const { world, take, taken } = await aSpilledDoor()
    const [lost] = world.queues.SPILL
    if (lost === undefined) throw new Error('nothing was spilled')
    lost.at = Number.POSITIVE_INFINITY
    world.advance(1500)
    const later = await take(person, 2)
    await world.live(58)
    const before = taken()
    await world.live(4)
    const after = taken()

    lost.at = world.now()
    await world.live(2)

    expect(before).toEqual([])
    expect(after).toEqual(['ana2'])
    expect(taken()).toEqual(['ana2', 'ana1'])
    const told = world.received.map(({ headers }) => headers.get('relay-out-of-order'))
    expect(told).toEqual([null, later])
  })

  it('a target that backs off meanwhile gets its probe all the same, and then everything', async () => {
    const { world, take, taken } = aDoor(
      Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`down${n}`, 1])),
      {
        settings: aConfig({ name: 'door', url: 'https://door.example/', ordered: true, retry: [] }),
      },
    )
    for (const n of [1, 2, 3, 4, 5]) await take('down', n)
    await world.live(0.5)
    world.breakD1(true)
    await take(person, 1)
    world.breakD1(false)
    const [lost] = world.queues.SPILL
    if (lost === undefined) throw new Error('nothing was spilled')
    lost.at = Number.POSITIVE_INFINITY
    await take('ben', 1)
    await take('eve', 1)
    await world.live(5)

    world.queues.SPILL.length = 0
    await world.live(5)

    expect(taken().sort()).toEqual(['ben1', 'eve1'])
  })

  it('nothing waits for a request that fails although D1 takes others', async () => {
    const { world, take, taken } = await aSpilledDoor()
    await env.DB.prepare("INSERT INTO spill_stuck VALUES (1, 1, 'CHECK failed', ?1)")
      .bind(NOW)
      .run()
    await take('ben', 1)

    await world.consume('DELIVERIES')

    expect(taken()).toEqual(['ben1'])
  })

  it('a later one waits too while D1 does not say whether that event fails by itself', async () => {
    const { world, take, taken } = await aSpilledDoor()
    world.advance(1500)
    await take(person, 2)
    const prepare = world.bindings.DB.prepare
    const silent = { bind: () => silent, first: () => Promise.reject(new Error('D1_ERROR')) }
    vi.spyOn(world.bindings.DB, 'prepare').mockImplementation((sql) =>
      /spill_stuck/.test(sql) ? (silent as unknown as D1PreparedStatement) : prepare(sql),
    )

    await world.consume('DELIVERIES')
    const early = taken()
    await world.live(2)

    expect(early).toEqual([])
    expect(taken()).toEqual(['ana1', 'ana2'])
  })

  it('nothing waits when the queue does not report its length', async () => {
    const { world, take, taken } = await aSpilledDoor()
    vi.spyOn(world.bindings.SPILL, 'metrics').mockRejectedValue(new Error('unavailable'))
    await take('ben', 1)

    await world.consume('DELIVERIES')

    expect(taken()).toEqual(['ben1'])
  })
})

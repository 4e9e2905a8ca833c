// Spilled requests while D1 does not take them: neither a count nor an age ends them, and nothing is lost between two steps.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { currentId, type EventId, newEventId } from '../../../src/core/id.ts'
import { retryDelaySeconds } from '../../../src/core/intake/spill.ts'
import { oldestArchived, recordArchived } from '../../../src/stages/intake/archive.ts'
import { spill } from '../../../src/stages/intake/spill.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { getStuck } from '../../../src/store/intake/stuck.ts'
import { aConfig, aPayment, aQueue, aSpill, NOW, take, toolsAt } from '../../builders.ts'
import { empty, LOG_TABLES, limited } from '../../database.ts'
import PACKED from './packed-0.1.json?raw'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const config = aConfig({ name: 'crm' })
const ARCHIVE = env.ARCHIVE as R2Bucket

const refusing = (reason = 'D1_ERROR: database or disk is full: SQLITE_FULL') =>
  ({
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: () => Promise.reject(new Error(reason)),
  }) as unknown as D1Database

/** A D1 that does not even read. */
const DOWN = {
  prepare: () => ({ bind: () => ({ all: () => Promise.reject(new Error('D1 is unavailable')) }) }),
} as unknown as D1Database

const archivedNames = async () =>
  (await ARCHIVE.list({ prefix: 'spill/' })).objects.map(({ key }) => key)

beforeEach(async () => {
  await empty(...LOG_TABLES, 'spill_stuck')
  await ARCHIVE.delete(await archivedNames())
})

/** Accepts a body while D1 refuses; returns its ids and its packed request. */
async function spilled(body: object, now = NOW) {
  const { queue, kept } = aSpill()
  const result = await take(config, 'hype', body, { db: refusing(), spill: queue, now })
  if (!result.ok || kept[0] === undefined) throw new Error(JSON.stringify(result))
  const ids = result.value.events.map(({ id }) => id)
  return { id: ids[0] as EventId, ids, packed: kept[0] }
}

type Bindings = { db?: D1Database; archive?: R2Bucket | undefined; spill?: Queue<Uint8Array> }

/** Hands one message to the consumer, some time after it was sent. */
async function consume(
  packed: Uint8Array,
  at: number,
  { db = env.DB, archive, spill: queue = aSpill().queue }: Bindings = {},
  { attempts = 1, sentAt = NOW } = {},
) {
  const message = {
    id: crypto.randomUUID(),
    timestamp: new Date(sentAt),
    attempts,
    body: packed.slice().buffer,
    ack: vi.fn(),
    retry: vi.fn(),
  }
  const { queue: deliveries, sent } = aQueue()
  const bindings = {
    DB: db,
    DELIVERIES: deliveries,
    SPILL: queue,
    ...(archive && { ARCHIVE: archive }),
  }
  await spill(bindings, config, [message], toolsAt(at))
  return { message, sent }
}

/** Hands the message of a request to the consumer whenever it is due, by the rules of the platform. */
async function live(packed: Uint8Array, until: number, db: D1Database) {
  const sent: { body: Uint8Array; at: number }[] = []
  let now = NOW
  const queue = {
    send: async (body: Uint8Array, options?: QueueSendOptions) => {
      sent.push({ body, at: now + (options?.delaySeconds ?? 0) * 1000 })
    },
  } as unknown as Queue<Uint8Array>
  let message = { body: packed, sentAt: NOW, attempts: 1 }
  let [operations, oldest, most] = [0, 0, 0]
  while (now < until) {
    const { message: handled } = await consume(message.body, now, { db, spill: queue }, message)
    operations++
    oldest = Math.max(oldest, now - message.sentAt)
    most = Math.max(most, message.attempts)
    const renewed = sent.pop()
    if (renewed) {
      operations += 2 // written, and the old one deleted
      message = { body: renewed.body, sentAt: now, attempts: 1 }
      now = renewed.at
    } else {
      const [options] = handled.retry.mock.calls[0] as [QueueRetryOptions]
      message = { ...message, attempts: message.attempts + 1 }
      now += (options.delaySeconds ?? 0) * 1000
    }
  }
  return { packed: message.body, operations, oldest, most }
}

describe('a request that D1 refuses for weeks', () => {
  it('outlives every count of retries and every retention, at a hundred queue operations a day', async () => {
    const { id, packed } = await spilled(aPayment())

    const { operations, oldest, most, ...last } = await live(packed, NOW + 20 * 24 * HOUR, DOWN)
    const { message } = await consume(last.packed, NOW + 20 * 24 * HOUR)

    expect(most).toBeLessThan(100) // max_retries
    expect(oldest).toBeLessThan(13 * HOUR) // the free plan keeps a message for 24
    expect(operations).toBeLessThanOrEqual(20 * 102 + 30)
    expect(message.ack).toHaveBeenCalledOnce()
    expect((await getEvent(env, id))?.status).toBe('accepted')
  })

  it('is tried 15 s later at first, and each 15 minutes after an hour', () => {
    const delays = [0, MINUTE, 10 * MINUTE, HOUR, 300 * HOUR].map(retryDelaySeconds)

    expect(delays).toEqual([15, 15, 150, 900, 900])
  })

  it('is renewed before it is handled when its handling was cut off 89 times', async () => {
    const { id, packed } = await spilled(aPayment())
    const { queue, kept } = aSpill()

    const { message } = await consume(packed, NOW + MINUTE, { spill: queue }, { attempts: 90 })

    expect(kept).toEqual([packed])
    expect(message.ack).toHaveBeenCalledOnce()
    expect(await getEvent(env, id)).toBeUndefined()
  })

  it('stays in the queue when the queue does not take a new message', async () => {
    const { packed } = await spilled(aPayment())
    const full = aSpill({ refusing: true }).queue

    const { message } = await consume(packed, NOW + 13 * HOUR, { db: refusing(), spill: full })

    expect(message.retry).toHaveBeenCalledWith({ delaySeconds: 900 })
    expect(message.ack).not.toHaveBeenCalled()
  })

  it('is one event when copies of its message arrive, together or later', async () => {
    const { id, packed } = await spilled(aPayment())
    const copies = [1, 2].map(() => consume(packed, NOW + MINUTE))
    await Promise.all(copies)

    const { message } = await consume(packed, NOW + 2 * MINUTE)

    expect(message.ack).toHaveBeenCalledOnce()
    const count = await env.DB.prepare('SELECT count(*) AS n FROM events').first('n')
    expect(count).toBe(1)
    expect((await getEvent(env, id))?.deliveries).toHaveLength(1)
  })
})

describe('a request that fails although D1 takes others', () => {
  const poisoned = (db: D1Database, key: string) =>
    ({
      prepare: (sql: string) => db.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        if (statements.length > 3) throw new Error(`D1_ERROR: CHECK constraint failed: ${key}`)
        return db.batch(statements)
      },
    }) as unknown as D1Database

  it('is noted with the reason from its first hour on, and until it is recorded', async () => {
    const { id, packed } = await spilled(aPayment())
    const db = poisoned(env.DB, 'x')

    await consume(packed, NOW + 10 * MINUTE, { db })
    const early = await getStuck(env.DB, NOW + 10 * MINUTE)
    await consume(packed, NOW + HOUR, { db })
    const noted = await getStuck(env.DB, NOW + HOUR)
    await consume(packed, NOW + HOUR + MINUTE)

    expect(early).toBeUndefined()
    expect(noted).toEqual({ id, reason: 'Error: D1_ERROR: CHECK constraint failed: x' })
    expect(await getStuck(env.DB, NOW + HOUR + MINUTE)).toBeUndefined()
  })

  it('is noted by a row that is written hourly, and by none for a younger one', async () => {
    const { id, packed } = await spilled(aPayment())
    const younger = await spilled(aPayment(), NOW + MINUTE)
    const db = poisoned(env.DB, 'x')
    const seen = () => env.DB.prepare('SELECT seen FROM spill_stuck').first('seen')

    const times: unknown[] = []
    for (const minutes of [60, 75, 121, 125]) {
      await consume(packed, NOW + minutes * MINUTE, { db })
      await consume(younger.packed, NOW + (minutes + 1) * MINUTE, { db })
      times.push(await seen())
    }

    expect(times).toEqual([60, 60, 121, 121].map((minutes) => NOW + minutes * MINUTE))
    expect(await getStuck(env.DB, NOW + 126 * MINUTE)).toMatchObject({ id })
  })
})

describe('the archive', () => {
  it('keeps what has been spilled for an hour, once, and forgets it when it is recorded', async () => {
    const { id, packed } = await spilled(aPayment())
    const put = vi.spyOn(ARCHIVE, 'put')
    const failing = { db: refusing(), archive: ARCHIVE }

    await consume(packed, NOW + 59 * MINUTE, failing)
    const early = await archivedNames()
    await consume(packed, NOW + HOUR, failing)
    await consume(packed, NOW + 2 * HOUR, failing)
    const kept = await archivedNames()
    const puts = put.mock.calls.length
    put.mockRestore()
    await consume(packed, NOW + 3 * HOUR, { archive: ARCHIVE })

    expect(early).toEqual([])
    expect(kept).toEqual([expect.stringMatching(`^spill/${id}-[0-9a-f]{16}$`)])
    expect(puts).toBe(1)
    expect(await archivedNames()).toEqual([])
    expect((await getEvent(env, id))?.status).toBe('accepted')
  })

  it('brings a request back whose message the queue has lost', async () => {
    const first = await spilled(aPayment())
    const second = await spilled(aPayment(), NOW + MINUTE)
    for (const { packed } of [second, first]) {
      await consume(packed, NOW + 2 * HOUR, { db: refusing(), archive: ARCHIVE })
    }
    const { queue: DELIVERIES, sent } = aQueue()
    const tools = toolsAt(NOW + 400 * HOUR)

    await recordArchived({ DB: refusing(), DELIVERIES, ARCHIVE }, config, tools)
    expect(await archivedNames()).toHaveLength(2)
    await recordArchived({ DB: env.DB, DELIVERIES, ARCHIVE }, config, tools)

    expect(await archivedNames()).toEqual([])
    expect(sent.map(({ event }) => event)).toEqual([first.id, second.id])
    expect((await getEvent(env, second.id))?.receivedat).toBe('2026-11-21T00:01:00Z')
  })

  it('keeps two requests of one millisecond that drew the same id', async () => {
    const down = { db: refusing(), archive: ARCHIVE, tools: { random: () => 0.5 } }
    const [one, other] = [
      await take(config, 'hype', aPayment({ id: 'one' }), down),
      await take(config, 'hype', aPayment({ id: 'other' }), down),
    ]
    expect(one).toMatchObject({ ok: true, value: { events: [{ status: 'queued' }] } })
    expect(other).toMatchObject({ ok: true, value: { events: [{ status: 'queued' }] } })
    const { queue: DELIVERIES } = aQueue()

    await recordArchived({ DB: env.DB, DELIVERIES, ARCHIVE }, config, toolsAt(NOW + MINUTE))

    const { results } = await env.DB.prepare('SELECT contact FROM events ORDER BY contact').all()
    expect(results).toEqual([{ contact: 'one' }, { contact: 'other' }])
    expect(await archivedNames()).toEqual([])
  })

  it('brings back what a version 0.x put there, whose ids were longer', async () => {
    const packed = await new Response(
      new Blob([PACKED]).stream().pipeThrough(new CompressionStream('gzip')),
    ).bytes()
    await ARCHIVE.put('spill/evt_38fvcwc00c502', packed)
    const { queue: DELIVERIES } = aQueue()

    expect(await oldestArchived(ARCHIVE)).toBe(1_795_219_200_000)
    await recordArchived({ DB: env.DB, DELIVERIES, ARCHIVE }, config, toolsAt(NOW + MINUTE))

    expect(await archivedNames()).toEqual([])
    expect((await getEvent(env, currentId('evt_38fvcwc00c502')))?.status).toBe('accepted')
  })

  it.each(['put', 'head', 'get', 'list', 'delete'] as const)(
    'loses nothing and counts nothing twice when %s fails',
    async (call) => {
      const { id, packed } = await spilled(aPayment())
      await consume(packed, NOW + HOUR, { db: refusing(), archive: ARCHIVE })
      const broken = new Proxy(ARCHIVE, {
        get: (bucket, name) =>
          name === call
            ? () => Promise.reject(new Error('R2 is unavailable'))
            : Reflect.get(bucket, name).bind(bucket),
      })
      const { queue: DELIVERIES } = aQueue()
      const tools = toolsAt(NOW + 2 * HOUR)

      const kept = await consume(packed, NOW + 2 * HOUR, { db: refusing(), archive: broken })
      await recordArchived({ DB: env.DB, DELIVERIES, ARCHIVE: broken }, config, tools).catch(
        () => undefined,
      )
      await consume(packed, NOW + 2 * HOUR, { archive: broken })
      await recordArchived({ DB: env.DB, DELIVERIES, ARCHIVE }, config, tools)

      expect(kept.message.retry).toHaveBeenCalledOnce()
      expect((await getEvent(env, id))?.deliveries).toHaveLength(1)
      expect(await env.DB.prepare('SELECT count(*) AS n FROM events').first('n')).toBe(1)
      expect(await archivedNames()).toEqual([])
    },
  )

  it('takes what neither D1 nor the queue takes, and what is too large for the queue', async () => {
    const noise = Array.from({ length: 200_000 }, (_, i) => ((i * 2654435761) >>> 7).toString(36))
    const large = { type: 'contact.created', noise: noise.join('').slice(0, 600_000) }
    const down = { db: refusing(), archive: ARCHIVE }

    const small = await take(config, 'hype', aPayment(), {
      ...down,
      spill: aSpill({ refusing: true }).queue,
    })
    const big = await take(config, 'hype', large, { ...down, spill: aSpill().queue })

    expect(small).toMatchObject({ ok: true, value: { events: [{ status: 'queued' }] } })
    expect(big).toMatchObject({ ok: true, value: { events: [{ status: 'queued' }] } })
    const { queue: DELIVERIES } = aQueue()
    await recordArchived({ DB: env.DB, DELIVERIES, ARCHIVE }, config, toolsAt(NOW + MINUTE))
    const statuses = await env.DB.prepare('SELECT status FROM events ORDER BY status').all()
    expect(statuses.results).toEqual([{ status: 'accepted' }, { status: 'quarantined' }])
    expect(await archivedNames()).toEqual([])
  })
})

it('the archive: requests that fail by themselves are not in the way of those received after them', async () => {
  const down = { db: refusing(), archive: ARCHIVE }
  for (let i = 0; i < 11; i++) {
    await take(config, 'hype', aPayment({ id: i < 10 ? 'bad' : 'good' }), { ...down, now: NOW + i })
  }
  const { queue: DELIVERIES } = aQueue()
  await env.DB.prepare(
    `CREATE TRIGGER bad BEFORE INSERT ON events WHEN NEW.contact = 'bad' BEGIN SELECT RAISE(ABORT, 'bad'); END`,
  ).run()
  try {
    await recordArchived({ DB: env.DB, DELIVERIES, ARCHIVE }, config, toolsAt(NOW + MINUTE))
  } finally {
    await env.DB.prepare('DROP TRIGGER bad').run()
  }

  const { results } = await env.DB.prepare('SELECT contact FROM events').all()
  expect(results).toEqual([{ contact: 'good' }])
  expect(await archivedNames()).toHaveLength(10)
})

it('the archive: more of them than a run reads do not hide what was received later', async () => {
  const bytes = new TextEncoder().encode('no request')
  for (let i = 0; i < 120; i++) await ARCHIVE.put(`spill/${newEventId(NOW + i, 0)}`, bytes)
  await take(config, 'hype', aPayment(), { db: refusing(), archive: ARCHIVE, now: NOW + HOUR })
  const { queue: DELIVERIES } = aQueue()
  const tools = { ...toolsAt(NOW + 2 * HOUR), random: () => 0.25 }

  await recordArchived({ DB: env.DB, DELIVERIES, ARCHIVE }, config, tools)

  const { results } = await env.DB.prepare('SELECT type FROM events').all()
  expect(results).toEqual([{ type: 'payment.created' }])
  expect(await archivedNames()).toHaveLength(120)
})

describe('on the free plan, with 50 statements an invocation,', () => {
  /** Payments whose meaning needs their history, ends and starts of plans among them: events are inferred from those. */
  const payments = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      aPayment({
        id: `free-${i}`,
        email: `free-${i}@example.com`,
        type: i % 2 === 0 ? 'payment.created' : 'payment.deleted',
      }),
    )

  it.each([20, 100])(
    'a list of %i is recorded whole, however many invocations that takes',
    async (count) => {
      const { queue, kept } = aSpill()
      const free = limited(50)
      for (const payment of payments(count)) {
        await take(
          config,
          'hype',
          { ...payment, type: 'payment.created', data: { tier: 'Silver', total: 5 } },
          { now: NOW - HOUR },
        )
      }
      const before = await env.DB.prepare(
        "SELECT count(*) AS n FROM events WHERE status = 'accepted'",
      ).first<number>('n')
      const result = await take(config, 'hype', payments(count), { db: free.db, spill: queue })
      expect(result).toMatchObject({ ok: true, value: { events: { length: count } } })

      let invocations = 0
      const sent: string[] = []
      for (let isDone = false; !isDone && invocations < 100; invocations++) {
        free.begin()
        const handled = await consume(kept[0] as Uint8Array, NOW + invocations * 15_000, {
          db: free.db,
        })
        sent.push(...handled.sent.map(({ event }) => event))
        isDone = handled.message.ack.mock.calls.length > 0
        if (!isDone) expect(handled.message.retry).toHaveBeenCalledWith({ delaySeconds: 15 })
      }

      const after = await env.DB.prepare(
        "SELECT count(*) AS n FROM events WHERE status = 'accepted'",
      ).first<number>('n')
      expect((after ?? 0) - (before ?? 0)).toBe(count)
      expect(invocations).toBeGreaterThan(1)
      expect(invocations).toBeLessThanOrEqual(Math.ceil(count / 3))
      expect(new Set(sent).size).toBe(sent.length)
      expect(free.isExceeded()).toBe(true)
    },
  )
})

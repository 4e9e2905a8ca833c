// Retention: old events leave the log and the ledger together, those with unfinished deliveries stay, and no event is ever
// half deleted.
import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { DELIVERY_STATES, UNFINISHED_STATES } from '../../../src/core/deliveries/delivery.ts'
import { type EventId, firstKeyAt, keyOfId, personIdOfKey } from '../../../src/core/id.ts'
import { discrepancies, tally } from '../../../src/core/ledger/ledger.ts'
import worker from '../../../src/index.ts'
import { prune } from '../../../src/stages/ledger/prune.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { release } from '../../../src/stages/operate/quarantine.ts'
import { renormalize } from '../../../src/stages/operate/renormalize.ts'
import { updateDeliveries } from '../../../src/store/deliveries/deliveries.ts'
import { listDeliveries } from '../../../src/store/deliveries/lists/delivery-lists.ts'
import {
  createReplay,
  listReplays,
  setReplayState,
} from '../../../src/store/deliveries/replays/replays.ts'
import { restartDeliveries } from '../../../src/store/deliveries/restart-deliveries.ts'
import { getEvent, listEvents } from '../../../src/store/events/events.ts'
import { findPeople, getPerson, mergePeople } from '../../../src/store/events/people.ts'
import { listCounts } from '../../../src/store/ledger/ledger.ts'
import { pruneEvents, pruneRawBodies } from '../../../src/store/ledger/prune.ts'
import { readStatistics } from '../../../src/store/ledger/statistics.ts'
import { listDifferences } from '../../../src/store/ledger/verify.ts'
import { cutSegment } from '../../../src/store/segments.ts'

import { aConfig, aPayment, NOW, stored, toolsAt } from '../../builders.ts'
import { linesOfLedger, linesOfLog } from '../../ledger-lines.ts'
import { LIST_SEGMENTS } from '../../store/segments.ts'
import { aWorld, type Fault } from '../../world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MINUTE = 60_000
/** All events of these tests are in three hours that are past their retention by then. */
const LATER = NOW + 401 * DAY
const EVER = { since: NOW - DAY, until: LATER + DAY }

const config = aConfig(
  { name: 'good', url: 'https://good.example/' },
  { name: 'moody', url: 'https://moody.example/', retry: [5] },
  { name: 'bytes', url: 'https://bytes.example/', format: 'raw', events: ['payment.created'] },
)
const silent = () => undefined
const retention = {
  retentionDays: 400,
  rawRetentionDays: 90,
  isRetentionReadable: true,
  rawRetentionMinDays: 7,
  databaseBytes: 10e9,
}
const run = (now = LATER, db = env.DB, config = retention) =>
  prune({ DB: db }, config, toolsAt(now))
const cutoff = (now = LATER) => firstKeyAt(now - 400 * DAY)

const TABLES =
  `targets deliveries events segments ledger statistics totals postings posting_spans contacts merged_people
  replays idempotency`.split(/\s+/)

async function clear() {
  await env.DB.batch([
    ...TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare(
      'UPDATE pruned SET events = 0, raws = 0, raws_left = NULL, day = 0, kept_days = NULL, next_days = NULL',
    ),
  ])
}
beforeEach(clear)

const count = async (from: string) =>
  (await env.DB.prepare(`SELECT count(*) AS n FROM ${from}`).first<number>('n')) ?? 0

async function rollAll(now = LATER) {
  while ((await count('segments WHERE counted = 0')) > 0) await rollUp(env, toolsAt(now))
}

/** A log of some hours with repeats, a message that is not understood, and a target whose every fourth delivery dies. */
async function aLog(hours = 3, each = 4) {
  const known: string[] = []
  const world = aWorld(config, silent, (target, _n, headers) => {
    const event = headers.get('webhook-id') ?? ''
    if (!known.includes(event)) known.push(event)
    const isRefused = target === 'moody' && known.indexOf(event) % 4 === 0
    return new Response('', { status: isRefused ? 500 : 200 })
  })
  for (let hour = 0; hour < hours; hour++) {
    const same = aPayment()
    for (let i = 0; i < each; i++) await world.take('hype', aPayment())
    await world.take('hype', same)
    await world.take('hype', same)
    await world.take('hype', { nothing: 'known' })
    await world.live(10)
    world.advance(HOUR - 10 * 60_000)
  }
  return world
}

const setState = (event: EventId, target: string, state: string) =>
  env.DB.batch([
    env.DB.prepare(
      `UPDATE deliveries SET state = ?3, due = 1, reason = CASE ?3 WHEN 'held' THEN 'disabled' END
       WHERE event = CAST(?1 AS INTEGER) AND target = ?2`,
    ).bind(keyOfId(event), target, state),
    env.DB.prepare('UPDATE segments SET counted = 0'),
  ])

/** All errors of the ledger and the lists; empty at any moment. */
async function errors(): Promise<string[]> {
  const [log, ledger] = [await linesOfLog(), await linesOfLedger(EVER)]
  const counts = await listCounts(env, EVER)
  const gauges = (await figures(['event', 'delivery']))
    .map((line) => line.replace(/^event/, 'source').replace(/^delivery/, 'target'))
    .map((line) => line.replace(/ 0 (\d+)$/, ' $1'))
    .sort()
  const found: string[] = []
  for (let since: number | undefined = EVER.since; since !== undefined; ) {
    const { differences, next } = await listDifferences(env, { since, until: EVER.until })
    found.push(...differences)
    since = next
  }
  return [
    ...(String(ledger) === String(log) ? [] : [`ledger ${ledger} but log ${log}`]),
    ...(String(gauges) === String(log) ? [] : [`gauges ${gauges} but log ${log}`]),
    ...discrepancies(tally(counts)),
    ...found,
    ...(await errorsOfLists()),
  ]
}

async function errorsOfLists(): Promise<string[]> {
  const all = await count("events WHERE source = 'hype'")
  const listed = await listAll((cursor) =>
    listEvents(env, { sources: ['hype'] }, { limit: 50, cursor }),
  )
  const listedDeliveries = await listAll((cursor) => listDeliveries(env, {}, { limit: 50, cursor }))
  const deliveries = await count('deliveries')
  const unreferenced = await count(
    `contacts AS c WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.source = c.source AND e.contact = c.contact)`,
  )
  return [
    ...(listed.length === all ? [] : [`${listed.length} events listed of ${all}`]),
    ...(listedDeliveries.length === deliveries
      ? []
      : [`${listedDeliveries.length} deliveries listed of ${deliveries}`]),
    ...(unreferenced === 0 ? [] : [`${unreferenced} contacts without an event`]),
  ]
}

async function listAll<T>(
  list: (cursor?: string) => Promise<{ items: T[]; next: string | undefined }>,
): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | undefined, page = 0; page === 0 || cursor; page++) {
    const { items: more, next } = await list(cursor)
    items.push(...more)
    cursor = next
  }
  return items
}

/** The totals of the statistics of some kinds, as lines. */
async function figures(kinds: string[]): Promise<string[]> {
  const sums = new Map<string, [count: number, ms: number]>()
  for (const { kind, name, outcome, bucket, count, ms } of (await readStatistics(env.DB, 0))
    .total) {
    const line = `${kind} ${name} ${outcome} ${bucket}`
    const [n, t] = sums.get(line) ?? [0, 0]
    if (kinds.includes(kind)) sums.set(line, [n + count, t + ms])
  }
  const isCounter = kinds.includes('attempt')
  return [...sums]
    .filter(([, [n]]) => n !== 0)
    .map(([line, [n, ms]]) => `${line} ${n}${isCounter ? ` ${ms}` : ''}`)
    .sort()
}
const counters = () => figures(['received', 'test', 'attempt', 'latency'])

describe('an event past its retention', () => {
  it('is deleted from all tables, and younger events are untouched', async () => {
    await aLog()
    const young = await stored(config, 'hype', aPayment(), { now: LATER - 5 * DAY })
    await rollAll()
    expect(await count('events')).toBeGreaterThan(22)
    const before = await counters()

    await run()

    expect(await count('events')).toBe(1)
    expect((await getEvent(env, young))?.raw.text).toContain('payment.created')
    for (const table of ['segments', 'postings', 'posting_spans', 'contacts']) {
      expect(await count(table), table).toBe(1)
    }
    expect(await count('deliveries')).toBe(3)
    expect(await count('statistics')).toBe(1)
    expect(await errors()).toEqual([])
    // Prometheus counters never fall: they include deleted events.
    expect(await counters()).toEqual(before)
  }, 60_000)

  it('loses its bytes first, and the copies of its deliveries; its normalized content stays', async () => {
    const event = await stored(config, 'hype', aPayment(), { now: NOW })
    const raw = await env.DB.prepare('SELECT raw FROM events').first<string>('raw')
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'delivered', content_type = 'x', headers = '{"ce-id":"x"}',
         body = CASE target WHEN 'bytes' THEN ?1 ELSE '{}' END`,
    )
      .bind(raw)
      .run()

    await run(NOW + 90 * DAY)
    expect((await getEvent(env, event))?.raw.text).not.toBeNull()
    await run(NOW + 90 * DAY + HOUR)

    const detail = await getEvent(env, event)
    expect(detail).toMatchObject({ raw: { text: null }, event: { type: 'payment.created' } })
    expect(await count("deliveries WHERE target <> 'bytes' AND body = '{}'")).toBe(2)
    const isCleared = 'body IS NULL AND content_type IS NULL AND headers IS NULL'
    expect(await count(`deliveries WHERE target = 'bytes' AND ${isCleared}`)).toBe(1)
    await run(NOW + 400 * DAY)
    expect(await count('events')).toBe(1)
    await run(NOW + 400 * DAY + HOUR)
    expect(await count('events')).toBe(0)
  })

  it('is deleted with its whole hour, when all of that hour is past retention', async () => {
    await stored(config, 'hype', aPayment(), { now: NOW + 59 * 60_000 })
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()
    await run(NOW + 400 * DAY + 60 * 60_000 - 1)
    expect(await count('events')).toBe(1)
    await run(NOW + 400 * DAY + 60 * 60_000)
    expect(await count('events')).toBe(0)
  })
})

describe('the cron', () => {
  it('prunes in four minutes of five', async () => {
    await stored(config, 'hype', aPayment(), { now: Date.now() - 401 * DAY })
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()

    vi.setSystemTime(Math.floor(Date.now() / HOUR) * HOUR + 60_000)
    await worker.scheduled(createScheduledController(), env)
    vi.useRealTimers()

    expect(await count('events')).toBe(0)
  })
})

describe('a delivery', () => {
  it.each(DELIVERY_STATES)('keeps its event only while it is unfinished: %s', async (state) => {
    const event = await stored(config, 'hype', aPayment(), { now: NOW })
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()
    await stored(config, 'hype', aPayment(), { now: NOW + 1 })
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()
    await setState(event, 'moody', state)
    await rollAll()

    await run(NOW + 100 * DAY)
    await run(LATER)

    const isUnfinished = UNFINISHED_STATES.includes(state)
    const kept = await getEvent(env, event)
    expect(kept?.raw.text ?? null, state).toEqual(isUnfinished ? expect.any(String) : null)
    expect(kept?.deliveries.length ?? 0).toBe(isUnfinished ? 3 : 0)
    expect(await count('events')).toBe(isUnfinished ? 1 : 0)
    expect(await count('contacts')).toBe(isUnfinished ? 1 : 0)
    expect(await errors()).toEqual([])
    await rollAll()
    expect(await errors()).toEqual([])
  })

  it('keeps its event and the bytes until the day after it is finished', async () => {
    const event = await stored(config, 'hype', aPayment(), { now: NOW })
    await stored(config, 'hype', aPayment(), { now: NOW + 5 * HOUR })
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()
    await setState(event, 'good', 'held')
    await run(NOW + 100 * DAY)
    expect(await count('events WHERE raw IS NOT NULL')).toBe(1)
    await setState(event, 'good', 'delivered')
    await run(NOW + 101 * DAY)
    expect(await count('events WHERE raw IS NOT NULL')).toBe(0)

    await setState(event, 'good', 'held')
    await run(LATER)
    expect(await count('events')).toBe(1)
    await setState(event, 'good', 'dead')
    await run(LATER + DAY)
    expect(await count('events')).toBe(0)
    expect(await count('segments')).toBe(0)
  })
})

describe('the ledger', () => {
  it.each([1, 2, 3, 7, 250])(
    'is correct between chunks of %d',
    async (limit) => {
      await aLog()
      await rollAll()
      const before = await counters()
      for (let i = 0; (await pruneEvents(env.DB, cutoff(), limit)) !== undefined; i++) {
        expect(await errors()).toEqual([])
        expect(await counters()).toEqual(before)
        if (i % 3 === 1) await rollAll()
      }
      expect(await count('events')).toBe(0)
      for (const table of ['segments', 'ledger', 'statistics', 'postings', 'posting_spans']) {
        expect(await count(table), table).toBe(0)
      }
      expect(await counters()).toEqual(before)
      expect(await errors()).toEqual([])
    },
    60_000,
  )

  const ACTS = {
    prune: (n: number) => pruneEvents(env.DB, cutoff(), 1 + (n % 6)),
    day: () => env.DB.prepare('UPDATE pruned SET events = 0').run(),
    rollUp: () => rollUp(env, toolsAt(LATER)),
    cut: (n: number) => cutSegment(env.DB, NOW + (n % 3) * HOUR + MINUTE + n * 1000, 1),
    spill: (n: number) =>
      stored(config, 'hype', aPayment(), { now: NOW + (n % 3) * HOUR + n * 1000 }),
    replay: async (n: number) => {
      const key = await nth<string>('SELECT CAST(key AS TEXT) AS it FROM events', n)
      if (key) await restartDeliveries(env.DB, idOf(key), { targets: ['good'], now: LATER })
    },
    attempt: async (n: number) => {
      const row = await nth<string>(
        `SELECT json_array(CAST(event AS TEXT), target, attempt) AS it FROM deliveries
         WHERE state IN ('pending', 'retrying')`,
        n,
      )
      const state = (['delivered', 'dead', 'held'] as const)[n % 3] ?? 'held'
      const [key = '', target = '', attempt = 0] = JSON.parse(row ?? '[]')
      const made = { attempt, at: '2026-11-21T00:00:01.000Z', ms: n, status: 200 }
      const delivery = { event: idOf(key), target, attempt }
      const next = { state, reason: 'disabled', logged: made }
      if (row) await updateDeliveries(env.DB, [{ delivery, next }])
    },
  }
  const nth = async <T>(sql: string, n: number) =>
    env.DB.prepare(`${sql} ORDER BY 1 LIMIT 1 OFFSET ?1`).bind(n).first<T>('it')

  it('is correct whatever else happens meanwhile, and no counter falls', async () => {
    const act = fc.constantFrom(...(Object.keys(ACTS) as (keyof typeof ACTS)[]))
    const plans = fc.array(fc.tuple(act, fc.nat(30)), { minLength: 5, maxLength: 25 })
    const property = fc.asyncProperty(plans, async (plan) => {
      await clear()
      for (let i = 0; i < 9; i++) await ACTS.spill(i)
      await env.DB.prepare("UPDATE deliveries SET state = 'delivered' WHERE event % 3 > 0").run()
      let before = await counters()
      for (const [name, n] of plan) {
        await ACTS[name](n)
        expect(await errors()).toEqual([])
        const now = await counters()
        expect(before.filter((line) => countOf(now, line) < countOf(before, line))).toEqual([])
        before = now
      }
    })
    await fc.assert(property, { numRuns: 12 })
  }, 120_000)

  it('is correct when a run is cut off at any call, and when two run at once', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let n = 1; ; n++) {
        await clear()
        await aLog(2, 1)
        await rollAll()
        const before = await counters()
        let calls = 0
        const fault: Fault = (call, now, i) => {
          calls = i
          if (i === n && now === when) throw new Error(`injected ${when} ${call}`)
        }
        const { DB } = aWorld(config, fault, () => new Response()).bindings
        await run(LATER, DB).catch(silent)

        expect(await errors(), `${when} ${n}`).toEqual([])
        expect(await counters()).toEqual(before)
        await Promise.all([run(), run()])
        expect(await count('events')).toBe(0)
        expect(await count('segments')).toBe(0)
        expect(await counters()).toEqual(before)
        expect(await errors()).toEqual([])
        if (calls < n) break
      }
    }
  }, 240_000)

  it('gets no hour back by an attempt at a deleted delivery', async () => {
    const event = await stored(config, 'hype', aPayment(), { now: NOW })
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()
    await run()

    await updateDeliveries(env.DB, [
      { delivery: { event, target: 'good', attempt: 1 }, next: { state: 'delivered' } },
    ])
    expect(
      await restartDeliveries(env.DB, event, { targets: ['good'], now: LATER }),
    ).toBeUndefined()

    expect(await count('segments')).toBe(0)
  })
})

const idOf = (key: string) => personIdOfKey(key).replace('per_', 'evt_') as EventId
/** The count of a figure, named by a line of it. */
const countOf = (lines: string[], line: string) => {
  const name = (text: string) => text.split(' ').slice(0, 4).join(' ')
  return Number(lines.find((one) => name(one) === name(line))?.split(' ')[4] ?? 0)
}

describe('a contact', () => {
  const payment = (id: string, email: string) => aPayment({ id, email, timestamp: NOW / 1000 })

  it('is deleted with its last event, repeats included', async () => {
    const body = payment('ana', 'ana@example.com')
    await stored(config, 'hype', body, { now: NOW })
    await stored(config, 'hype', body, { now: NOW + 60_000 })
    await stored(config, 'hype', payment('ben', 'ben@example.com'), { now: NOW })
    await stored(config, 'hype', payment('ben', 'ben@example.com'), { now: NOW + 5 * DAY })
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()

    await pruneEvents(env.DB, cutoff(), 1)
    await pruneEvents(env.DB, cutoff(), 1)
    expect(await count('contacts')).toBe(2)
    await run()

    const { results } = await env.DB.prepare('SELECT contact FROM contacts').all()
    expect(results).toEqual([{ contact: 'ben' }])
  })

  it('is deleted with the old id of its merged person', async () => {
    await stored(config, 'hype', payment('ana', 'ana@example.com'), { now: NOW })
    await stored(config, 'hype', payment('ben', 'ben@example.com'), { now: NOW + 1 })
    const of = async (email: string) => {
      const { items } = await findPeople(env.DB, { email }, { limit: 1 })
      if (items[0] === undefined) throw new Error(`no person has ${email}`)
      return items[0].id
    }
    const [ana, ben] = [await of('ana@example.com'), await of('ben@example.com')]
    await mergePeople(env.DB, ana, ben)
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()

    await run(LATER)
    await run(LATER + DAY)

    expect(await getPerson(env.DB, ben)).toBeUndefined()
    expect(await count('merged_people')).toBe(0)
  })

  it('is not left in ended replays, or in the stored responses of idempotency keys', async () => {
    const id = (ms: number) => idOf(firstKeyAt(ms)).replace('evt_', 'rpl_') as `rpl_${string}`
    const [ended, running, young] = [id(NOW), id(NOW + 1), id(LATER - DAY)]
    for (const one of [ended, running, young]) {
      await createReplay(env.DB, {
        id: one,
        filter: { person: 'ana@example.com' },
        perSecond: 10,
        uncounted: undefined,
        total: 1,
      })
    }
    await setReplayState(env.DB, ended, 'stopped', NOW)
    await setReplayState(env.DB, young, 'stopped', NOW)
    await env.DB.prepare(
      "INSERT INTO idempotency (key, request, at) VALUES ('a', 'b', ?1), ('c', 'd', ?2)",
    )
      .bind(LATER - DAY - 1, LATER - 1000)
      .run()

    await run()

    expect((await listReplays(env.DB, 10)).map((one) => one.id)).toEqual([young, running])
    expect(await count("idempotency WHERE key = 'c'")).toBe(await count('idempotency'))
  })
})

describe('an event without its bytes', () => {
  const tools = toolsAt(LATER)
  const deleteBytes = async () => {
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()
    await pruneRawBodies(env.DB, cutoff(), 100)
  }

  it('is cancelled with the reason for a target that wants them, and sent to others', async () => {
    const world = aWorld(config, silent, () => new Response())
    await world.take('hype', aPayment())
    await deleteBytes()
    const key = await env.DB.prepare('SELECT CAST(key AS TEXT) AS key FROM events').first<string>(
      'key',
    )
    const event = idOf(key ?? '')
    world.queues.DELIVERIES = []

    const messages = await restartDeliveries(env.DB, event, {
      targets: ['good', 'bytes'],
      now: world.now(),
    })
    for (const message of messages ?? []) await world.bindings.RETRIES.send(message)
    await world.live(1)

    const { deliveries = [] } = (await getEvent(env, event)) ?? {}
    expect(deliveries).toMatchObject([
      {
        target: 'bytes',
        state: 'cancelled',
        reason: expect.stringContaining('RAW_RETENTION_DAYS'),
      },
      { target: 'good', state: 'delivered' },
      { target: 'moody' },
    ])
    expect(world.received.map(({ target }) => target)).toEqual(['good'])
  })

  it('stays as it is when the log is normalized again, and is counted in the result', async () => {
    await stored(config, 'hype', aPayment(), { now: NOW })
    await deleteBytes()
    const young = await stored(config, 'hype', aPayment(), { now: LATER - DAY })
    await env.DB.prepare("UPDATE events SET type = 'payment.updated' WHERE raw IS NOT NULL").run()
    const world = aWorld(config, silent, () => new Response())

    const result = await renormalize(
      world.bindings,
      config,
      {
        period: EVER,
        source: undefined,
        after: undefined,
        limit: 10,
        isDryRun: true,
        deliver: false,
        origin: 'https://relay.example',
      },
      tools,
    )

    expect(result).toMatchObject({ checked: 2, pruned: 1, refused: [] })
    expect((await getEvent(env, young))?.raw.text).not.toBeNull()
  })

  it('is not released from quarantine, with the reason', async () => {
    const event = await stored(config, 'hype', { nothing: 'known' }, { now: NOW })
    await deleteBytes()
    const world = aWorld(config, silent, () => new Response())

    const options = {
      after: undefined,
      limit: 10,
      isDryRun: false,
      origin: 'https://relay.example',
    }
    const { refused } = await release(world.bindings, config, {}, options, tools)

    expect(refused).toEqual([{ id: event, issues: [expect.stringContaining('no longer kept')] }])
  })
})

describe('the price', () => {
  /** The price of a run: the rows that it read and wrote, and its longest transaction in milliseconds. */
  async function priceOfRun() {
    const sums = { read: 0, written: 0, longest: 0 }
    const note = (results: D1Result[]) => {
      for (const { meta } of results) {
        sums.read += meta.rows_read
        sums.written += meta.rows_written
      }
    }
    const spied = (inner: D1PreparedStatement): D1PreparedStatement => {
      const all = async () => {
        const result = await inner.all<Record<string, unknown>>()
        note([result])
        return result
      }
      return {
        bind: (...values: unknown[]) => spied(inner.bind(...values)),
        all,
        first: async (column?: string) => {
          const [row] = (await all()).results
          return (column === undefined ? row : row?.[column]) ?? null
        },
        inner,
      } as unknown as D1PreparedStatement
    }
    const db = {
      prepare: (sql: string) => spied(env.DB.prepare(sql)),
      batch: async (statements: { inner: D1PreparedStatement }[]) => {
        const results = await env.DB.batch(statements.map(({ inner }) => inner))
        note(results)
        const ms = results.reduce((sum, { meta }) => sum + meta.duration, 0)
        sums.longest = Math.max(sums.longest, ms)
        return results
      },
    }
    await run(LATER, db as unknown as D1Database)
    return sums
  }

  /** Events of as many contacts within an hour, each delivered to two targets at the first try. */
  async function fill(events: number) {
    const attempts = '[{"attempt":1,"at":"2026-11-21T00:00:01.000Z","ms":7,"status":200}]'
    const n = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${events})`
    await env.DB.batch(
      [
        `${n} INSERT INTO events (key, source, vendor, status, type, contact, planned, hops, dedup_key, encoding, headers, at, event, raw)
         SELECT ${firstKeyAt(NOW)} + i, 'hype', 'hype', 'accepted', 'payment.created', 'c' || i, 2, 0, 'k' || i, 'utf8', '{}', i, '{}', '{}' FROM n`,
        `INSERT INTO deliveries (event, target, state, attempt, attempts)
         SELECT events.key, target.value, 'delivered', 2, '${attempts}' FROM events CROSS JOIN json_each('["good", "moody"]') AS target`,
        `INSERT INTO contacts (source, contact, vendor, person, sites) SELECT source, contact, vendor, key, '[]' FROM events`,
        LIST_SEGMENTS,
      ].map((sql) => env.DB.prepare(sql)),
    )
    await rollAll()
  }

  it('of a run with nothing to do is a few rows read', async () => {
    await stored(config, 'hype', aPayment(), { now: LATER - DAY })
    await run()

    const { read, written } = await priceOfRun()

    expect(written).toBe(0)
    expect(read).toBeLessThanOrEqual(14)
  })

  it('of an event is its rows, and of a run that of a thousand events', async () => {
    await fill(1500)

    const { read, written, longest } = await priceOfRun()

    expect(await count('events')).toBe(500)
    // Bytes, event, its two deliveries and its contact; and the rows of its hour in the ledger, for each chunk.
    expect(written).toBeLessThanOrEqual(1000 * (2 + 2 + 1) + 4 * 40)
    expect(read).toBeLessThanOrEqual(1000 * 150)
    expect(longest).toBeLessThan(2000)
    await rollAll()
    expect(await errors()).toEqual([])
  }, 60_000)
})

describe('a retention that is shorter than before', () => {
  const shorter = { ...retention, retentionDays: 4, rawRetentionDays: 4 }

  it('deletes nothing for a day, in which the mistake can be corrected', async () => {
    await aLog(1)
    const events = await count('events')
    const bodies = await count('events WHERE octet_length(raw) > 0')
    const now = NOW + 30 * DAY
    await run(now)

    await run(now + HOUR, env.DB, shorter)
    await run(now + 24 * HOUR, env.DB, shorter)
    expect(await count('events')).toBe(events)
    expect(await count('events WHERE octet_length(raw) > 0')).toBe(bodies)

    while ((await count('events')) > 0) await run(now + 25 * HOUR, env.DB, shorter)
    expect(await errors()).toEqual([])
  })

  it('or that cannot be read deletes nothing more', async () => {
    await aLog(1)
    const bodies = await count('events WHERE octet_length(raw) > 0')
    const unreadable = { ...retention, isRetentionReadable: false }
    const kept = { ...retention, retentionDays: 1000, rawRetentionDays: 1000 }

    await run(LATER, env.DB, unreadable)
    await run(LATER, env.DB, kept)
    await run(LATER, env.DB, unreadable)

    expect(bodies).toBeGreaterThan(0)
    expect(await count('events WHERE octet_length(raw) > 0')).toBe(bodies)
  })
})

// A busy hour is cut into segments: each minute counts and reads only new events, and the counts match the log at any moment.
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { firstKeyAt, idOfKey } from '../../src/core/id.ts'
import { discrepancies, tally } from '../../src/core/ledger/ledger.ts'
import { rollUp } from '../../src/stages/ledger/rollup.ts'
import { takeSnapshot } from '../../src/stages/ledger/snapshot.ts'
import { updateDeliveries } from '../../src/store/deliveries/deliveries.ts'
import { listEvents } from '../../src/store/events/events.ts'
import { listCounts } from '../../src/store/ledger/ledger.ts'
import { pruneEvents } from '../../src/store/ledger/prune.ts'
import { listDifferences } from '../../src/store/ledger/verify.ts'
import { cutSegment, markSegments } from '../../src/store/segments.ts'
import { aConfig, aPayment, NOW, stored, toolsAt } from '../builders.ts'
import { aMeteredDatabase, counting, empty, LOG_TABLES } from '../database.ts'
import { linesOfLedger, linesOfLog } from '../ledger-lines.ts'
import { LIST_SEGMENTS } from './segments.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const EVER = { since: NOW - HOUR, until: NOW + 24 * HOUR }

const config = aConfig({ name: 'crm' })

beforeEach(async () => {
  await empty(...LOG_TABLES, 'statistics', 'totals', 'snapshot')
  await env.DB.prepare('UPDATE pruned SET events = 0').run()
})

/** Writes delivered events, received in even steps from one time to another. */
async function fill(events: number, from: number, until: number): Promise<void> {
  const step = (until - from) / events
  const attempts = `[{"attempt":1,"at":"${new Date(from).toISOString()}","ms":7,"status":200}]`
  const n = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${events}),
    keys AS (SELECT CAST(${from} + i * ${step} AS INTEGER) * ${2 ** 21} + i AS key FROM n)`
  const last = BigInt(Math.floor(from + (events - 1) * step)) * 2n ** 21n + BigInt(events - 1)
  await env.DB.batch([
    ...[
      `${n} INSERT INTO events (key, source, vendor, status, type, contact, planned, hops, dedup_key, encoding, headers, at)
       SELECT key, 'hype', 'hype', 'accepted', 'payment.created', 'c' || key, 1, 0, '', 'utf8', '{}', 1 FROM keys`,
      `${n} INSERT INTO deliveries (event, target, state, attempt, attempts) SELECT key, 'crm', 'delivered', 2, '${attempts}' FROM keys`,
      LIST_SEGMENTS,
    ].map((sql) => env.DB.prepare(sql)),
    markSegments(env.DB, [idOfKey(last)], 'added'),
  ])
}

const segments = async () =>
  (
    await env.DB.prepare('SELECT start, until, counted, posted FROM segments ORDER BY start').all<{
      start: number
      until: number
      counted: number
      posted: number
    }>()
  ).results.map(({ start, until, counted, posted }) => [
    (start - NOW) / SECOND,
    (until - NOW) / SECOND,
    counted,
    posted,
  ])

/** Runs the cron of a minute and returns how many rows it read and wrote. */
async function minuteAt(now: number): Promise<{ read: number; written: number }> {
  const { db, read, written } = counting()
  await rollUp({ DB: db }, toolsAt(now))
  await takeSnapshot({ DB: db }, config, toolsAt(now))
  return { read: read(), written: written() }
}

/** Returns all errors of the counts and segments. */
async function errors(): Promise<string[]> {
  const [log, ledger] = [await linesOfLog(), await linesOfLedger(EVER)]
  const counts = await listCounts(env, EVER)
  const { differences } = await listDifferences(env, EVER)
  const rows = await segments()
  // The segments of an hour cover all of it.
  const isHourStart = (second: number) => second % 3600 === 0
  const gaps = rows.filter(([start = 0, until = 0], i) => {
    const begins = isHourStart(start) || rows[i - 1]?.[1] === start
    return !begins || !(isHourStart(until) || rows[i + 1]?.[0] === until)
  })
  return [
    ...(String(ledger) === String(log) ? [] : [`ledger ${ledger} but log ${log}`]),
    ...gaps.map(([start, until]) => `the segment from ${start} to ${until} is next to a gap`),
    ...discrepancies(tally(counts)),
    ...differences,
  ]
}

describe('a busy hour', () => {
  it('is cut at the start of the last minute, and counted up to there', async () => {
    await fill(1200, NOW, NOW + 20 * MINUTE)

    await rollUp(env, toolsAt(NOW + 20 * MINUTE))

    expect(await segments()).toEqual([
      [0, 19 * 60, 1, 1],
      [19 * 60, 3600, 0, 0],
    ])
    expect(await errors()).toEqual([])
  })

  it('is not cut for few events, nor after it has ended', async () => {
    await fill(999, NOW, NOW + 10 * MINUTE)
    await rollUp(env, toolsAt(NOW + 30 * MINUTE))
    expect(await segments()).toEqual([[0, 3600, 0, 0]])

    await fill(500, NOW + 30 * MINUTE, NOW + 59 * MINUTE)
    await rollUp(env, toolsAt(NOW + HOUR + MINUTE / 2))
    expect(await segments()).toEqual([[0, 3600, 1, 1]])
  })

  it('is counted again if a late clock cuts a counted segment', async () => {
    await fill(1200, NOW, NOW + 20 * MINUTE)
    await rollUp(env, toolsAt(NOW + HOUR))

    await cutSegment(env.DB, NOW + 11 * MINUTE)
    expect(await errors()).toEqual([])
    await cutSegment(env.DB, NOW + 11 * MINUTE, 1)

    expect(await segments()).toEqual([
      [0, 600, 0, 0],
      [600, 3600, 0, 0],
    ])
    expect(await errors()).toEqual([])
  })

  it('has no segment after a cut if no events were received since', async () => {
    await fill(1100, NOW, NOW + 10 * MINUTE)
    await rollUp(env, toolsAt(NOW + 20 * MINUTE))
    expect(await segments()).toEqual([
      [0, 19 * 60, 1, 1],
      [19 * 60, 3600, 0, 0],
    ])

    await rollUp(env, toolsAt(NOW + HOUR))

    expect(await segments()).toEqual([[0, 3600, 1, 1]])
    expect(await errors()).toEqual([])
  })

  it('has a segment for an event recorded late, where an empty one was deleted', async () => {
    await fill(1100, NOW, NOW + 10 * MINUTE)
    await rollUp(env, toolsAt(NOW + 20 * MINUTE))
    await rollUp(env, toolsAt(NOW + HOUR))

    await stored(config, 'hype', aPayment(), { now: NOW + 40 * MINUTE })

    expect(await segments()).toEqual([[0, 3600, 0, 0]])
    expect(await errors()).toEqual([])
    await rollUp(env, toolsAt(NOW + 2 * HOUR))
    expect(await segments()).toEqual([[0, 3600, 1, 1]])
    expect(await errors()).toEqual([])
  })

  it('has a segment for an event recorded late, after the events before it were pruned', async () => {
    await fill(1100, NOW, NOW + 10 * MINUTE)
    await stored(config, 'hype', aPayment(), { now: NOW + 40 * MINUTE })
    await rollUp(env, toolsAt(NOW + 41 * MINUTE))
    await pruneEvents(env.DB, firstKeyAt(NOW + 20 * MINUTE), 1000)

    await stored(config, 'hype', aPayment(), { now: NOW + 5 * MINUTE })
    expect(await errors()).toEqual([])
    await rollUp(env, toolsAt(NOW + 2 * HOUR))
    expect(await errors()).toEqual([])
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()
    for (let i = 0; i < 3; i++) await pruneEvents(env.DB, firstKeyAt(NOW + HOUR), 1000)
    await env.DB.prepare('UPDATE pruned SET events = 0').run()
    for (let i = 0; i < 3; i++) await pruneEvents(env.DB, firstKeyAt(NOW + HOUR), 1000)
    expect(await segments()).toEqual([])
  })

  it('has only one segment counted again after a late event or a change of a delivery', async () => {
    await fill(1100, NOW, NOW + 10 * MINUTE)
    await rollUp(env, toolsAt(NOW + 11 * MINUTE))
    await fill(1100, NOW + 11 * MINUTE, NOW + 20 * MINUTE)
    await stored(config, 'hype', aPayment(), { now: NOW + 20 * MINUTE })
    await rollUp(env, toolsAt(NOW + 22 * MINUTE))
    expect(await segments()).toEqual([
      [0, 600, 1, 1],
      [600, 21 * 60, 1, 1],
      [21 * 60, 3600, 0, 0],
    ])

    await stored(config, 'hype', aPayment(), { now: NOW + 5 * MINUTE })
    expect(await segments()).toEqual([
      [0, 600, 0, 0],
      [600, 21 * 60, 1, 1],
      [21 * 60, 3600, 0, 0],
    ])
    const { key } = (await env.DB.prepare(
      'SELECT CAST(max(event) AS TEXT) AS key FROM deliveries',
    ).first<{ key: string }>()) ?? { key: '' }
    await rollUp(env, toolsAt(NOW + 23 * MINUTE))
    const made = { attempt: 1, at: '2026-11-21T00:23:00.000Z', ms: 7, status: 200 }
    await updateDeliveries(env.DB, [
      {
        delivery: { event: idOfKey(key), target: 'crm', attempt: 1 },
        next: { state: 'delivered', logged: made },
      },
    ])
    expect(await segments()).toEqual([
      [0, 600, 1, 1],
      [600, 21 * 60, 0, 1],
      [21 * 60, 3600, 0, 0],
    ])
    expect(await errors()).toEqual([])
  })

  it('is listed completely if some segments are posted and others are scanned', async () => {
    await fill(1400, NOW, NOW + 20 * MINUTE)
    await stored(config, 'hype', aPayment(), { now: NOW + 20 * MINUTE })
    await rollUp(env, toolsAt(NOW + 20 * MINUTE))
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const page = await listEvents(env.DB, { types: ['payment.*'] }, { limit: 100, cursor })
      ids.push(...page.items.map(({ id }) => id))
      cursor = page.next
    } while (cursor !== undefined)

    const { results } = await env.DB.prepare(
      'SELECT CAST(key AS TEXT) AS key FROM events ORDER BY events.key DESC',
    ).all<{ key: string }>()
    expect(ids).toEqual(results.map(({ key }) => idOfKey(key)))
  })
})

describe('a segment that D1 refuses as too large', () => {
  it('stays without postings, and the others are posted', async () => {
    for (let hour = 0; hour < 3; hour++)
      await fill(3, NOW + hour * HOUR, NOW + hour * HOUR + MINUTE)
    const last = NOW + 2 * HOUR
    const lines: object[] = []
    const tooLarge = new Error('D1_ERROR: string or blob too big: SQLITE_TOOBIG')
    type Statement = D1PreparedStatement & { sql: string; inner: D1PreparedStatement }
    const statement = (sql: string, inner: D1PreparedStatement): Statement =>
      ({
        sql,
        inner,
        bind: (...values: unknown[]) => statement(sql, inner.bind(...values)),
        all: () => inner.all(),
        run: () => inner.run(),
      }) as unknown as Statement
    const db = {
      prepare: (sql: string) => statement(sql, env.DB.prepare(sql)),
      batch: async (statements: Statement[]) => {
        const isPosting = ({ sql }: Statement) => sql.startsWith('DELETE FROM postings')
        if (statements.some((one) => isPosting(one) && one.sql.includes(String(last))))
          throw tooLarge
        return env.DB.batch(statements.map(({ inner }) => inner))
      },
    } as unknown as D1Database

    await rollUp({ DB: db }, toolsAt(NOW + 4 * HOUR, { log: (line) => lines.push(line) }))
    expect(lines).toContainEqual(
      expect.objectContaining({ fault: expect.stringContaining('not posted') }),
    )
    await rollUp({ DB: db }, toolsAt(NOW + 4 * HOUR + MINUTE))

    expect(await segments()).toEqual([
      [0, 3600, 1, 1],
      [3600, 7200, 1, 1],
      [7200, 10_800, 1, -1],
    ])
    const { items } = await listEvents(env.DB, { types: ['payment.*'] }, { limit: 50 })
    expect(items).toHaveLength(9)
  })
})

describe('the counts of segments', () => {
  const ACTS = {
    event: (at: number) => stored(config, 'hype', aPayment(), { now: NOW + at * SECOND }),
    cut: (at: number) => cutSegment(env.DB, NOW + at * SECOND + MINUTE, 1 + (at % 3)),
    rollUp: (at: number) => rollUp(env, toolsAt(NOW + at * SECOND)),
    attempt: async (at: number) => {
      const row = await env.DB.prepare(
        `SELECT CAST(event AS TEXT) AS key, attempt FROM deliveries WHERE state IN ('pending', 'retrying')
         ORDER BY event LIMIT 1 OFFSET ?1`,
      )
        .bind(at % 4)
        .first<{ key: string; attempt: number }>()
      if (row === null) return
      const made = { attempt: row.attempt, at: '2026-11-21T00:00:01.000Z', ms: at, status: 200 }
      const delivery = { event: idOfKey(row.key), target: 'crm', attempt: row.attempt }
      await updateDeliveries(env.DB, [{ delivery, next: { state: 'delivered', logged: made } }])
    },
  }

  it('match the log, whenever events are received, deliveries change and hours are cut', async () => {
    const act = fc.constantFrom(...(Object.keys(ACTS) as (keyof typeof ACTS)[]))
    const plans = fc.array(fc.tuple(act, fc.nat(7200)), { minLength: 5, maxLength: 40 })
    const property = fc.asyncProperty(plans, async (plan) => {
      await empty(...LOG_TABLES, 'statistics', 'totals')
      for (const [name, at] of plan) {
        await ACTS[name](at)
        expect(await errors()).toEqual([])
      }
    })
    await fc.assert(property, { numRuns: 60 })
  }, 120_000)
})

describe('the cost of a minute', () => {
  it('depends on the new events, not on those of the hour', async () => {
    const minutes = async (perMinute: number, first: number) => {
      const reads: number[] = []
      for (let i = first; i < first + 5; i++) {
        await fill(perMinute, NOW + i * MINUTE, NOW + (i + 1) * MINUTE)
        reads.push((await minuteAt(NOW + (i + 1) * MINUTE)).read)
      }
      return Math.max(...reads)
    }
    await fill(1100, NOW, NOW + MINUTE)
    await minuteAt(NOW + MINUTE)
    const early = await minutes(1100, 1)
    await fill(20_000, NOW + 6 * MINUTE, NOW + 40 * MINUTE)
    for (let i = 0; i < 4; i++) await minuteAt(NOW + 41 * MINUTE)
    const late = await minutes(1100, 41)

    expect(late).toBeLessThan(1.1 * early)
  }, 60_000)

  it('is small without new events, however many segments there are', async () => {
    await fill(300, NOW - 300 * HOUR, NOW)
    for (let i = 0; i < 150; i++) await rollUp(env, toolsAt(NOW + HOUR))
    expect(await env.DB.prepare('SELECT min(counted + posted) AS n FROM segments').first('n')).toBe(
      2,
    )
    const { db, rows } = aMeteredDatabase('rows_read')

    await cutSegment(db, NOW + HOUR)
    await minuteAt(NOW + HOUR)
    const { read, written } = await minuteAt(NOW + HOUR + MINUTE)

    expect(rows.every((n) => n < 5)).toBe(true)
    expect(read).toBeLessThan(700) // nearly all of it for the last day
    expect(written).toBe(0)
  }, 60_000)
})

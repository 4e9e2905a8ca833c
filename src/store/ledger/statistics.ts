// Statistics by segment and their running sums, counted from the log with the ledger: a segment that changed is taken out
// of the sums and put in anew, and counted live until then. So they are exact at any moment, and an event costs nothing.

import { ID_RANDOM_RANGE } from '../../core/id.ts'
import { TEST_HEADER } from '../../core/intake/request.ts'
import { ANSWER_BOUNDS_MS, type Bounds, LATENCY_BOUNDS_MS } from '../../core/ledger/histogram.ts'
import type { Figure, HourlyFigure } from '../../core/ledger/statistics.ts'
import { HOUR_MS } from '../../core/period.ts'
import { selectSegments } from '../segments.ts'

const bucketOf = (ms: string, bounds: Bounds) =>
  `CASE ${bounds.map((bound, i) => `WHEN ${ms} <= ${bound} THEN ${i}`).join(' ')} ELSE ${bounds.length} END`

/**
 * What of the log is counted: a query of segments, each with its first key (`lo`) and the first that is no longer meant
 * (`hi`), and a condition on the key of an event, where not all between them are meant.
 */
export type LogRange = { spans: string; isMeant?: (key: string) => string }

const received = `(e.key / ${ID_RANDOM_RANGE})`
const rowsOf = ({ spans, isMeant }: LogRange, table: string, key: string) =>
  `(${spans}) AS h CROSS JOIN ${table} ON ${key} >= h.lo AND ${key} < h.hi${isMeant ? ` AND ${isMeant(key)}` : ''}`

// What was quarantined keeps its issues when it is released: what became of an event when it came does not change.
const receivedIn = (extent: LogRange) => `
SELECT CASE WHEN COALESCE(e.event ->> 'test', 0) OR e.headers ->> '${TEST_HEADER}' IS 'true' THEN 'test' ELSE 'received' END AS kind, h.start / ${HOUR_MS} AS made, h.start AS start,
  e.source AS name, CASE WHEN e.issues IS NOT NULL THEN 'quarantined' ELSE e.status END AS outcome, 0 AS bucket,
  count(*) AS count, 0 AS ms, max(${received}) AS last, NULL AS status
FROM ${rowsOf(extent, 'events AS e', 'e.key')} WHERE e.status <> 'derived' GROUP BY 1, 3, 4, 5`

const msOf = (attempt: string) => `CAST(${attempt} ->> 'ms' AS INTEGER)`
const endOf = (attempt: string) =>
  `CAST(round(unixepoch(${attempt} ->> 'at', 'subsec') * 1000) AS INTEGER) + ${msOf(attempt)}`

/** What an attempt came to (core/ledger/statistics.ts). */
const outcomeOf = (attempt: string) => `
  CASE WHEN ${attempt} ->> 'error' IS NULL THEN 'delivered' WHEN ${attempt} ->> 'error' <> 'status' THEN ${attempt} ->> 'error'
    WHEN ${attempt} ->> 'status' < 500 THEN '4xx' ELSE '5xx' END`

// Of the columns beside max(), SQLite takes those of the row that has it: the status is that of the last attempt.
const attemptsIn = (extent: LogRange) => `
SELECT 'attempt', last / ${HOUR_MS}, start, name, outcome, bucket, count(*), sum(ms), max(last), status
FROM (
  SELECT h.start, d.target AS name, ${outcomeOf('a.value')} AS outcome, ${msOf('a.value')} AS ms, ${endOf('a.value')} AS last,
    ${bucketOf(msOf('a.value'), ANSWER_BOUNDS_MS)} AS bucket, a.value ->> 'status' AS status
  FROM ${rowsOf(extent, 'deliveries AS d', 'd.event')} CROSS JOIN json_each(d.attempts) AS a
) WHERE last IS NOT NULL GROUP BY 2, 3, 4, 5, 6`

const latenciesIn = (extent: LogRange) => `
SELECT 'latency', last / ${HOUR_MS}, start, name, 'delivered', ${bucketOf('ms', LATENCY_BOUNDS_MS)}, count(*), sum(ms),
  max(last), NULL
FROM (
  SELECT start, name, last, max(0, last - accepted) AS ms FROM (
    SELECT h.start, d.target AS name, d.event / ${ID_RANDOM_RANGE} AS accepted, (
      SELECT ${endOf('a.value')} FROM json_each(d.attempts) AS a
      WHERE a.value ->> 'error' IS NULL ORDER BY a.key LIMIT 1) AS last
    FROM ${rowsOf(extent, 'deliveries AS d', 'd.event')}
  ) WHERE last IS NOT NULL
) GROUP BY 2, 3, 4, 6`

const statesIn = (extent: LogRange) => `
SELECT 'event' AS kind, e.source AS name, e.status AS outcome, 0 AS bucket, count(*) AS count, 0 AS ms, 0 AS last,
  NULL AS status
FROM ${rowsOf(extent, 'events AS e', 'e.key')} GROUP BY 2, 3
UNION ALL
SELECT 'delivery', d.target, d.state, 0, count(*), 0, 0, NULL
FROM ${rowsOf(extent, 'deliveries AS d', 'd.event')} GROUP BY 2, 3`

/** What is counted of some of the log. */
const statisticsIn = (extent: LogRange) =>
  `${receivedIn(extent)} UNION ALL ${attemptsIn(extent)} UNION ALL ${latenciesIn(extent)}`

// What the roll-ups say of the segments that fulfil a condition on `start`, added (`+`) or taken away (`-`).
const rolledIn = (segments: string, sign: '+' | '-') => `
SELECT kind, name, outcome, bucket, ${sign}sum(count) AS count, ${sign}sum(ms) AS ms, max(last) AS last, status
FROM statistics WHERE ${segments} AND count <> 0 GROUP BY kind, name, outcome, bucket
UNION ALL
SELECT CASE kind WHEN 'target' THEN 'delivery' ELSE 'event' END, name, state, 0, ${sign}sum(count), 0, 0, NULL
FROM ledger WHERE ${segments} AND count <> 0 GROUP BY kind, name, state`

const moveTotals = (segments: string, sign: '+' | '-') => `
INSERT INTO totals (kind, name, outcome, bucket, count, ms, last, status)
SELECT * FROM (${rolledIn(segments, sign)}) WHERE true
ON CONFLICT (kind, name, outcome, bucket) DO UPDATE SET count = count + excluded.count, ms = ms + excluded.ms,
  status = CASE WHEN excluded.last >= last THEN excluded.status ELSE status END, last = max(last, excluded.last)`

/**
 * Takes the segments that fulfil a condition on `start` out of the sums, as they were counted last: the first statement of
 * those that count them.
 */
export const subtractFromTotals = (segments: string) => moveTotals(segments, '-')

/** Counts the segments that fulfil a condition on `start` and adds them to the sums; statements that follow those of the ledger. */
export const countStatistics = (segments: string): readonly string[] => [
  `DELETE FROM statistics WHERE ${segments}`,
  `INSERT INTO statistics (kind, made, start, name, outcome, bucket, count, ms, last, status)
   ${statisticsIn({ spans: selectSegments(segments) })}`,
  moveTotals(segments, '+'),
]

/**
 * Takes some of the log out of the statistics of its segments, and out of the sums what tells the present state: what was
 * received and attempted has been, and its sums stay. Statements for the transaction that deletes it, before it does.
 * True of a segment that is to be counted again, too: the sums know what was taken out of it since.
 */
export const subtractStatistics = (extent: LogRange): readonly string[] => [
  `INSERT INTO statistics (kind, made, start, name, outcome, bucket, count, ms, last, status)
   SELECT kind, made, start, name, outcome, bucket, -count, -ms, last, status FROM (${statisticsIn(extent)}) WHERE true
   ON CONFLICT DO UPDATE SET count = count + excluded.count, ms = ms + excluded.ms`,
  `INSERT INTO totals (kind, name, outcome, bucket, count, ms, last, status)
   SELECT kind, name, outcome, bucket, -count, ms, last, status FROM (${statesIn(extent)}) WHERE true
   ON CONFLICT DO UPDATE SET count = count + excluded.count`,
]

/** Everything that is counted, and what of it came or was made lately. Both are to be added up: a thing may stand in many. */
export type Figures = { total: Figure[]; recent: HourlyFigure[] }

const UNCOUNTED = '(SELECT start FROM segments WHERE counted = 0)'
const COLUMNS = 'kind, name, outcome, bucket, count, ms, last, status'

/**
 * Reads the statistics, exact at this moment: of everything, and of what came or was made in an hour since `firstHour`
 * (hours since 1970). Reads the sums, the roll-ups of the recent hours, and the log of the segments that are not counted.
 */
export async function readStatistics(db: D1Database, firstHour: number): Promise<Figures> {
  const [sums, outdated, recent, live, states] = await db.batch([
    db.prepare(`SELECT ${COLUMNS} FROM totals`),
    db.prepare(rolledIn(`start IN ${UNCOUNTED}`, '-')),
    db
      .prepare(
        `SELECT made, kind, name, outcome, bucket, sum(count) AS count, sum(ms) AS ms, max(last) AS last, status FROM statistics
         WHERE kind IN ('received', 'attempt', 'latency') AND made >= ?1 AND start NOT IN ${UNCOUNTED}
         GROUP BY kind, made, name, outcome, bucket`,
      )
      .bind(firstHour),
    db.prepare(statisticsIn({ spans: selectSegments('counted = 0') })),
    db.prepare(statesIn({ spans: selectSegments('counted = 0') })),
  ])
  const fresh = (live?.results ?? []) as HourlyFigure[]
  const total = [sums, outdated, live, states].flatMap((part) => (part?.results ?? []) as Figure[])
  return {
    total,
    recent: [...((recent?.results ?? []) as HourlyFigure[]), ...fresh].filter(
      ({ kind, made }) => made >= firstHour && kind !== 'test',
    ),
  }
}

/** How many events each source sent in each of some hours (since 1970), as far as they are counted, tests left out. */
export async function readReceivedBySource(
  db: D1Database,
  firstHour: number,
  endHour: number,
): Promise<Map<string, Map<number, number>>> {
  const { results } = await db
    .prepare(
      `SELECT name, made, sum(count) AS count FROM statistics
       WHERE kind = 'received' AND made >= ?1 AND made < ?2 GROUP BY name, made`,
    )
    .bind(firstHour, endHour)
    .all<{ name: string; made: number; count: number }>()
  const bySource = new Map<string, Map<number, number>>()
  for (const { name, made, count } of results) {
    const counts = bySource.get(name) ?? new Map<number, number>()
    bySource.set(name, counts.set(made, count))
  }
  return bySource
}

/** How many events a source sent in an hour (since 1970), by what became of them when they came. Tests are among them. */
export type Arrivals = { source: string; hour: number; outcome: string; count: number }

/**
 * What came in each hour since `firstHour`, exact at this moment. Reads some roll-ups of each hour, and the log of those
 * that are not counted.
 */
export async function readReceivedByOutcome(
  db: D1Database,
  firstHour: number,
): Promise<Arrivals[]> {
  const [rolled, live] = await db.batch<Arrivals>([
    db
      .prepare(
        `SELECT name AS source, made AS hour, outcome, sum(count) AS count FROM statistics
         WHERE kind IN ('received', 'test') AND made >= ?1 AND start NOT IN ${UNCOUNTED} GROUP BY 1, 2, 3`,
      )
      .bind(firstHour),
    db
      .prepare(
        `SELECT name AS source, made AS hour, outcome, sum(count) AS count
         FROM (${receivedIn({ spans: selectSegments(`counted = 0 AND start >= ?1 * ${HOUR_MS}`) })}) GROUP BY 1, 2, 3`,
      )
      .bind(firstHour),
  ])
  return [...(rolled?.results ?? []), ...(live?.results ?? [])]
}

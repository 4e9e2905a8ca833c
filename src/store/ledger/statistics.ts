// Statistics by segment (`statistics`) and their totals (`totals`), counted from the log together with the ledger. Counting a
// segment again subtracts its old numbers from the totals and adds the new ones; until then its numbers are read from the
// log. So the statistics are exact at any moment, and recording an event writes nothing to them.

import { ID_RANDOM_RANGE } from '../../core/id.ts'
import { ANSWER_BOUNDS_MS, type Bounds, LATENCY_BOUNDS_MS } from '../../core/ledger/histogram.ts'
import type { Figure, HourlyFigure } from '../../core/ledger/statistics.ts'
import { HOUR_MS } from '../../core/period.ts'
import { IS_TEST } from '../events/event-rows.ts'
import { selectSegments } from '../segments.ts'
import { readWord } from '../stored-words.ts'

/** The number of the histogram bucket of a duration. */
const bucketOf = (ms: string, bounds: Bounds) =>
  `CASE ${bounds.map((bound, i) => `WHEN ${ms} <= ${bound} THEN ${i}`).join(' ')} ELSE ${bounds.length} END`

/**
 * A part of the log, as SQL: a query of segments with a key range each, from `lo` up to but not including `hi`, and
 * optionally a condition on the key of an event.
 */
export type LogPart = { segments: string; condition?: (key: string) => string }

const received = `(e.key / ${ID_RANDOM_RANGE})`
const rowsOf = ({ segments, condition }: LogPart, table: string, key: string) =>
  `(${segments}) AS h CROSS JOIN ${table} ON ${key} >= h.lo AND ${key} < h.hi${condition ? ` AND ${condition(key)}` : ''}`

// A released event keeps its issues, so it still counts as quarantined: the outcome at its receipt does not change. The query
// within is not merged with the other one (LIMIT), as SQLite would sort the events with all their text.
const receivedIn = (part: LogPart) => `
SELECT kind, start / ${HOUR_MS} AS made, start, name, outcome, 0 AS bucket, count(*) AS count, 0 AS ms, max(received) AS last,
  NULL AS status
FROM (
  SELECT CASE WHEN ${IS_TEST} THEN 'test' ELSE 'received' END AS kind, h.start, e.source AS name,
    CASE WHEN e.issues IS NOT NULL THEN 'quarantined' ELSE e.status END AS outcome, ${received} AS received
  FROM ${rowsOf(part, 'events AS e', 'e.key')} WHERE e.status <> 'derived' LIMIT -1
) GROUP BY kind, start, name, outcome`

const msOf = (attempt: string) => `CAST(${attempt} ->> 'ms' AS INTEGER)`
const endOf = (attempt: string) =>
  `CAST(round(unixepoch(${attempt} ->> 'at', 'subsec') * 1000) AS INTEGER) + ${msOf(attempt)}`

/** The outcome of an attempt (core/ledger/statistics.ts). */
const outcomeOf = (attempt: string) => `
  CASE WHEN ${attempt} ->> 'error' IS NULL THEN 'delivered' WHEN ${attempt} ->> 'error' <> 'status' THEN ${attempt} ->> 'error'
    WHEN ${attempt} ->> 'status' < 500 THEN '4xx' ELSE '5xx' END`

// In a query with max(), SQLite takes the other columns from the row with the maximum: `status` is that of the last attempt
// (https://www.sqlite.org/lang_select.html#bareagg).
const attemptsIn = (part: LogPart) => `
SELECT 'attempt', last / ${HOUR_MS}, start, name, outcome, bucket, count(*), sum(ms), max(last), status
FROM (
  SELECT h.start, d.target AS name, ${outcomeOf('a.value')} AS outcome, ${msOf('a.value')} AS ms, ${endOf('a.value')} AS last,
    ${bucketOf(msOf('a.value'), ANSWER_BOUNDS_MS)} AS bucket, a.value ->> 'status' AS status
  FROM ${rowsOf(part, 'deliveries AS d', 'd.event')} CROSS JOIN json_each(d.attempts) AS a
) WHERE last IS NOT NULL GROUP BY 2, 3, 4, 5, 6`

const latenciesIn = (part: LogPart) => `
SELECT 'latency', last / ${HOUR_MS}, start, name, 'delivered', ${bucketOf('ms', LATENCY_BOUNDS_MS)}, count(*), sum(ms),
  max(last), NULL
FROM (
  SELECT start, name, last, max(0, last - accepted) AS ms FROM (
    SELECT h.start, d.target AS name, d.event / ${ID_RANDOM_RANGE} AS accepted, (
      SELECT ${endOf('a.value')} FROM json_each(d.attempts) AS a
      WHERE a.value ->> 'error' IS NULL ORDER BY a.key LIMIT 1) AS last
    FROM ${rowsOf(part, 'deliveries AS d', 'd.event')}
  ) WHERE last IS NOT NULL
) GROUP BY 2, 3, 4, 6`

const statesIn = (part: LogPart) => `
SELECT 'event' AS kind, e.source AS name, e.status AS outcome, 0 AS bucket, count(*) AS count, 0 AS ms, 0 AS last,
  NULL AS status
FROM ${rowsOf(part, 'events AS e', 'e.key')} GROUP BY 2, 3
UNION ALL
SELECT 'delivery', d.target, d.state, 0, count(*), 0, 0, NULL
FROM ${rowsOf(part, 'deliveries AS d', 'd.event')} GROUP BY 2, 3`

/** All statistics of a part of the log. */
const statisticsIn = (part: LogPart) =>
  `${receivedIn(part)} UNION ALL ${attemptsIn(part)} UNION ALL ${latenciesIn(part)}`

// The stored numbers of the segments that meet a condition on `start`, to be added (`+`) or subtracted (`-`).
const storedIn = (segments: string, sign: '+' | '-') => `
SELECT kind, name, outcome, bucket, ${sign}sum(count) AS count, ${sign}sum(ms) AS ms, max(last) AS last, status
FROM statistics WHERE ${segments} AND count <> 0 GROUP BY kind, name, outcome, bucket
UNION ALL
SELECT CASE kind WHEN 'target' THEN 'delivery' ELSE 'event' END, name, state, 0, ${sign}sum(count), 0, 0, NULL
FROM ledger WHERE ${segments} AND count <> 0 GROUP BY kind, name, state`

const moveTotals = (segments: string, sign: '+' | '-') => `
INSERT INTO totals (kind, name, outcome, bucket, count, ms, last, status)
SELECT * FROM (${storedIn(segments, sign)}) WHERE true
ON CONFLICT (kind, name, outcome, bucket) DO UPDATE SET count = count + excluded.count, ms = ms + excluded.ms,
  status = CASE WHEN excluded.last >= last THEN excluded.status ELSE status END, last = max(last, excluded.last)`

/**
 * Returns the SQL that subtracts the stored numbers of the segments that meet a condition on `start` from the totals. Run it
 * before those numbers change.
 */
export const subtractFromTotals = (segments: string) => moveTotals(segments, '-')

/** Returns the SQL that counts the segments that meet a condition on `start` and adds them to the totals. Run it after the ledger's. */
export const countStatistics = (segments: string): readonly string[] => [
  `DELETE FROM statistics WHERE ${segments}`,
  `INSERT INTO statistics (kind, made, start, name, outcome, bucket, count, ms, last, status)
   ${statisticsIn({ segments: selectSegments(segments) })}`,
  moveTotals(segments, '+'),
]

/**
 * Returns the SQL that subtracts a part of the log from the statistics of its segments, and its present statuses and states
 * from the totals. The totals of received events and attempts keep counting what is deleted. Run it in the transaction
 * that deletes the part, before it does. It may be a part of a segment that is still to be counted again.
 */
export const subtractStatistics = (part: LogPart): readonly string[] => [
  `INSERT INTO statistics (kind, made, start, name, outcome, bucket, count, ms, last, status)
   SELECT kind, made, start, name, outcome, bucket, -count, -ms, last, status FROM (${statisticsIn(part)}) WHERE true
   ON CONFLICT DO UPDATE SET count = count + excluded.count, ms = ms + excluded.ms`,
  `INSERT INTO totals (kind, name, outcome, bucket, count, ms, last, status)
   SELECT kind, name, outcome, bucket, -count, ms, last, status FROM (${statesIn(part)}) WHERE true
   ON CONFLICT DO UPDATE SET count = count + excluded.count`,
]

/**
 * Returns the SQL that moves the numbers of a part of the log from the statistics of its segment to those of its pack, or
 * back: from `from` to `to`, starts as SQL. The totals stay.
 */
export const moveStatistics = (part: LogPart, from: string, to: string): string =>
  `INSERT INTO statistics (kind, made, start, name, outcome, bucket, count, ms, last, status)
   SELECT kind, made, place.start, name, outcome, bucket, place.sign * count, place.sign * ms, last, status
   FROM (${statisticsIn(part)}) CROSS JOIN (SELECT ${from} AS start, -1 AS sign UNION ALL SELECT ${to}, 1) AS place WHERE true
   ON CONFLICT DO UPDATE SET count = count + excluded.count, ms = ms + excluded.ms,
     status = CASE WHEN excluded.count > 0 AND excluded.last >= last THEN excluded.status ELSE status END,
     last = CASE WHEN excluded.count > 0 THEN max(last, excluded.last) ELSE last END`

/** All statistics, and those of recent hours. Several figures may have the same key: add them up. */
type Statistics = { total: Figure[]; recent: HourlyFigure[] }

const UNCOUNTED = '(SELECT start FROM segments WHERE counted = 0)'
const COLUMNS = 'kind, name, outcome, bucket, count, ms, last, status'

/**
 * Returns the statistics, exact at this moment, of the whole log and of each hour from `firstHour` on (hours since 1970).
 * Reads the totals, the stored numbers of those hours, and the log of the segments that are not counted.
 */
export async function readStatistics(db: D1Database, firstHour: number): Promise<Statistics> {
  const [totals, outdated, recent, live, states] = await db.batch([
    db.prepare(`SELECT ${COLUMNS} FROM totals`),
    db.prepare(storedIn(`start IN ${UNCOUNTED}`, '-')),
    db
      .prepare(
        `SELECT made, kind, name, outcome, bucket, sum(count) AS count, sum(ms) AS ms, max(last) AS last, status FROM statistics
         WHERE kind IN ('received', 'attempt', 'latency') AND made >= ?1 AND start NOT IN ${UNCOUNTED}
         GROUP BY kind, made, name, outcome, bucket`,
      )
      .bind(firstHour),
    db.prepare(statisticsIn({ segments: selectSegments('counted = 0') })),
    db.prepare(statesIn({ segments: selectSegments('counted = 0') })),
  ])
  const fresh = (live?.results ?? []) as HourlyFigure[]
  const total = [totals, outdated, live, states]
    .flatMap((part) => (part?.results ?? []) as Figure[])
    .map((figure) => ({ ...figure, outcome: readWord<Figure['outcome']>(figure.outcome) }))
  return {
    total,
    recent: [...((recent?.results ?? []) as HourlyFigure[]), ...fresh].filter(
      ({ kind, made }) => made >= firstHour && kind !== 'test',
    ),
  }
}

/**
 * Returns how many events each source sent in each hour from `firstHour` up to but not including `endHour` (hours since
 * 1970), by source and hour, without tests. Leaves out segments that were never counted.
 */
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

/** How many events of a source were received in an hour (since 1970), by their outcome at receipt. Includes tests. */
export type ReceivedCount = { source: string; hour: number; outcome: string; count: number }

/**
 * Returns the numbers of received events of each hour from `firstHour` on, exact at this moment. Reads the stored numbers of
 * those hours, and the log of the segments that are not counted.
 */
export async function readReceivedByOutcome(
  db: D1Database,
  firstHour: number,
): Promise<ReceivedCount[]> {
  const [stored, live] = await db.batch<ReceivedCount>([
    db
      .prepare(
        `SELECT name AS source, made AS hour, outcome, sum(count) AS count FROM statistics
         WHERE kind IN ('received', 'test') AND made >= ?1 AND start NOT IN ${UNCOUNTED} GROUP BY 1, 2, 3`,
      )
      .bind(firstHour),
    db
      .prepare(
        `SELECT name AS source, made AS hour, outcome, sum(count) AS count
         FROM (${receivedIn({ segments: selectSegments(`counted = 0 AND start >= ?1 * ${HOUR_MS}`) })}) GROUP BY 1, 2, 3`,
      )
      .bind(firstHour),
  ])
  return [...(stored?.results ?? []), ...(live?.results ?? [])]
}

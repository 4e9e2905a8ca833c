// The counts of the ledger, by segment: those of one that has changed come from the log until the cron has counted it
// again. So the ledger is exact at any moment, and an event costs it nothing.
import { ID_RANDOM_RANGE } from '../../core/id.ts'
import type { Count } from '../../core/ledger/ledger.ts'
import { HOUR_MS, type Period } from '../../core/period.ts'
import { dropEmptySegments, selectSegments } from '../segments.ts'
import { countStatistics, type LogRange, subtractFromTotals } from './statistics.ts'

/** Counts some of the log, by segment; as SQL. */
export const selectCounts = ({ spans, isMeant = () => 'true' }: LogRange) => `
SELECT h.start, 'source' AS kind, e.source AS name, e.status AS state, count(*) AS count, sum(e.planned) AS planned
FROM (${spans}) AS h CROSS JOIN events AS e ON e.key >= h.lo AND e.key < h.hi AND ${isMeant('e.key')} GROUP BY 1, 3, 4
UNION ALL
SELECT h.start, 'target', d.target, d.state, count(*), 0
FROM (${spans}) AS h CROSS JOIN deliveries AS d ON d.event >= h.lo AND d.event < h.hi AND ${isMeant('d.event')} GROUP BY 1, 3, 4`

/** Counts segments of the log by their starts, one at least, and what their statistics are, in one transaction. */
export async function countSegments(db: D1Database, starts: readonly number[]): Promise<void> {
  const areThese = `start IN (${starts.join()})`
  await db.batch(
    [
      subtractFromTotals(areThese),
      `DELETE FROM ledger WHERE ${areThese}`,
      `INSERT INTO ledger (start, kind, name, state, count, planned) ${selectCounts({ spans: selectSegments(areThese) })}`,
      ...countStatistics(areThese),
      `UPDATE segments SET counted = 1, events = (
         SELECT COALESCE(sum(count), 0) FROM ledger WHERE ledger.start = segments.start AND kind = 'source')
       WHERE ${areThese}`,
      // Nothing may have come after a cut.
      ...dropEmptySegments(starts),
    ].map((sql) => db.prepare(sql)),
  )
}

// The segments that are counted and lie wholly in the period come from the roll-ups; the others, and what the period has
// of its first and last, from the log.
const COUNTS = `
WITH spans AS (
  SELECT start, counted = 1 AND start >= ?1 AND until <= ?2 AS is_rolled,
    max(start, CAST(?1 AS INTEGER)) * ${ID_RANDOM_RANGE} AS lo,
    min(until, CAST(?2 AS INTEGER)) * ${ID_RANDOM_RANGE} AS hi
  FROM segments WHERE start >= CAST(?1 / ${HOUR_MS} AS INTEGER) * ${HOUR_MS} AND start < ?2 AND until > ?1
)
SELECT kind, name, state, sum(count) AS count, sum(planned) AS planned
FROM spans CROSS JOIN ledger USING (start) WHERE is_rolled GROUP BY kind, name, state
UNION ALL
SELECT 'source', source, status, count(*), sum(planned)
FROM spans CROSS JOIN events ON key >= lo AND key < hi WHERE NOT is_rolled GROUP BY source, status
UNION ALL
SELECT 'target', target, state, count(*), 0
FROM spans CROSS JOIN deliveries ON event >= lo AND event < hi WHERE NOT is_rolled GROUP BY target, state`

/** What became of the events that came in a period, and of their deliveries. */
export async function listCounts(db: D1Database, { since, until }: Period): Promise<Count[]> {
  const { results } = await db.prepare(COUNTS).bind(since, until).all<Count>()
  return results
}

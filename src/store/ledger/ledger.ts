// The counts of the ledger, stored by segment. The counts of a segment that has changed are read from the log until the cron
// has counted it again. So the ledger is exact at any moment, and recording an event writes nothing to it.
import { ID_RANDOM_RANGE } from '../../core/id.ts'
import type { Count } from '../../core/ledger/ledger.ts'
import { HOUR_MS, type Period } from '../../core/period.ts'
import { dropEmptySegments, selectSegments } from '../segments.ts'
import { ERASED_INFERRED, readWord } from '../stored-words.ts'
import { countStatistics, type LogPart, subtractFromTotals } from './statistics.ts'

/** Returns the query that counts the events and deliveries of a part of the log, by segment. */
export const selectCounts = ({ segments, condition = () => 'true' }: LogPart) => `
SELECT h.start, 'source' AS kind, e.source AS name, e.status AS state, count(*) AS count, sum(e.planned) AS planned
FROM (${segments}) AS h CROSS JOIN events AS e ON e.key >= h.lo AND e.key < h.hi AND ${condition('e.key')} GROUP BY 1, 3, 4
UNION ALL
SELECT h.start, 'target', d.target, d.state, count(*), 0
FROM (${segments}) AS h CROSS JOIN deliveries AS d ON d.event >= h.lo AND d.event < h.hi AND ${condition('d.event')} GROUP BY 1, 3, 4`

/** Counts segments, given by their starts (at least one), for the ledger and the statistics, in one transaction. */
export async function countSegments(db: D1Database, starts: readonly number[]): Promise<void> {
  const condition = `start IN (${starts.join()})`
  await db.batch(
    [
      subtractFromTotals(condition),
      `DELETE FROM ledger WHERE ${condition}`,
      `INSERT INTO ledger (start, kind, name, state, count, planned) ${selectCounts({ segments: selectSegments(condition) })}`,
      ...countStatistics(condition),
      `UPDATE segments SET counted = 1, events = (
         SELECT COALESCE(sum(count), 0) FROM ledger WHERE ledger.start = segments.start AND kind = 'source')
       WHERE ${condition}`,
      // The segment after a cut may have stayed empty.
      ...dropEmptySegments(starts),
    ].map((sql) => db.prepare(sql)),
  )
}

// Counted segments that lie completely within the period are read from the ledger. The other segments, and those that lie
// partly in the period, are counted from the log.
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

/** Returns the numbers of events received in a period by source and status, and of their deliveries by target and state. */
export async function listCounts(db: D1Database, { since, until }: Period): Promise<Count[]> {
  type Row = Omit<Count, 'created'> & { planned: number }
  const { results } = await db.prepare(COUNTS).bind(since, until).all<Row>()
  return results.map(({ planned, state, ...row }) => ({
    ...row,
    state: state === ERASED_INFERRED ? 'inferred' : readWord(state),
    created: planned,
  }))
}

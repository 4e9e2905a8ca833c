// The counts of the ledger, stored by segment. The counts of a segment that has changed are read from the log until the cron
// has counted it again. So the ledger is exact at any moment, and recording an event writes nothing to it.
import { firstKeyAt, ID_RANDOM_RANGE, timeOfId } from '../../core/id.ts'
import type { Count } from '../../core/ledger/ledger.ts'
import { countsOf } from '../../core/ledger/pack.ts'
import type { PackLine } from '../../core/ledger/pack-line.ts'
import { HOUR_MS, type Period } from '../../core/period.ts'
import { listHotEvents } from '../events/packs/hot.ts'
import { getPack, type PackEnv } from '../events/packs/packs.ts'
import { readLines } from '../events/packs/read.ts'
import { dropEmptySegments, selectSegments } from '../segments.ts'
import { readWord } from '../stored-words.ts'
import { countStatistics, type LogPart, subtractFromTotals } from './statistics.ts'

/** Returns the query that counts the events and deliveries of a part of the log, by segment. */
export const selectCounts = ({ segments, condition = () => 'true' }: LogPart) => `
SELECT h.start, 'source' AS kind, e.source AS name, e.status AS state, count(*) AS count, sum(e.planned) AS planned
FROM (${segments}) AS h CROSS JOIN events AS e ON e.key >= h.lo AND e.key < h.hi AND ${condition('e.key')} GROUP BY 1, 3, 4
UNION ALL
SELECT h.start, 'target', d.target, d.state, count(*), 0
FROM (${segments}) AS h CROSS JOIN deliveries AS d ON d.event >= h.lo AND d.event < h.hi AND ${condition('d.event')} GROUP BY 1, 3, 4`

/** Returns the SQL that moves the counts of a part of the log from those of its segment to those of its pack, or back. */
export const moveCounts = (part: LogPart, from: string, to: string): string =>
  `INSERT INTO ledger (start, kind, name, state, count, planned)
   SELECT place.start, kind, name, state, place.sign * count, place.sign * planned
   FROM (${selectCounts(part)}) CROSS JOIN (SELECT ${from} AS start, -1 AS sign UNION ALL SELECT ${to}, 1) AS place WHERE true
   ON CONFLICT DO UPDATE SET count = count + excluded.count, planned = planned + excluded.planned`

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
// partly in the period, are counted from the log. The counts of packs that lie completely within it are stored, whatever
// their segments need; those that lie partly in it are listed, to be read.
const HOUR_OF_SINCE = `CAST(?1 / ${HOUR_MS} AS INTEGER) * ${HOUR_MS}`
const COUNTS = `
WITH spans AS (
  SELECT start, counted <> 0 AND start >= ?1 AND until <= ?2 AS is_rolled,
    max(start, CAST(?1 AS INTEGER)) * ${ID_RANDOM_RANGE} AS lo,
    min(until, CAST(?2 AS INTEGER)) * ${ID_RANDOM_RANGE} AS hi
  FROM segments WHERE start >= ${HOUR_OF_SINCE} AND start < ?2 AND until > ?1
)
SELECT kind, name, state, sum(count) AS count, sum(planned) AS planned
FROM spans CROSS JOIN ledger USING (start) WHERE is_rolled GROUP BY kind, name, state
UNION ALL
SELECT 'source', source, status, count(*), sum(planned)
FROM spans CROSS JOIN events ON key >= lo AND key < hi WHERE NOT is_rolled GROUP BY source, status
UNION ALL
SELECT 'target', target, state, count(*), 0
FROM spans CROSS JOIN deliveries ON event >= lo AND event < hi WHERE NOT is_rolled GROUP BY target, state
UNION ALL
SELECT kind, name, state, sum(count), sum(planned) FROM packs CROSS JOIN ledger ON ledger.start = packs.start + 1
WHERE packs.start >= ?1 AND packs.start < ?2 AND until <= ?2 GROUP BY kind, name, state
UNION ALL
SELECT 'pack', CAST(start AS TEXT), '', 0, 0 FROM packs
WHERE start >= ${HOUR_OF_SINCE} AND start < ?2 AND until > ?1 AND (start < ?1 OR until > ?2)`

/**
 * Returns the numbers of events received in a period by source and status, and of their deliveries by target and state. Several
 * counts may have the same state: add them up. Reads the packs that are only partly in the period, of which there are two at
 * most. Throws when a place of packs does not answer, or when such a pack is in R2 and no bucket is bound.
 */
export async function listCounts(env: PackEnv, { since, until }: Period): Promise<Count[]> {
  type Row = Omit<Count, 'created' | 'kind'> & { kind: Count['kind'] | 'pack'; planned: number }
  const { results } = await env.DB.prepare(COUNTS).bind(since, until).all<Row>()
  const counts: Count[] = []
  for (const { kind, planned: created, state, ...row } of results) {
    if (kind !== 'pack') counts.push({ ...row, kind, state: readWord<string>(state), created })
    else counts.push(...(await countsIn(env, Number(row.name), { since, until })))
  }
  return counts
}

/** The counts of those events of a pack that were received in a period and are not hot. */
async function countsIn(env: PackEnv, start: number, { since, until }: Period): Promise<Count[]> {
  const pack = await getPack(env.DB, start)
  if (pack === undefined) return []
  const range = { from: firstKeyAt(pack.start), before: firstKeyAt(pack.until) }
  const hot = new Set(await listHotEvents(env.DB, range))
  const own: PackLine[] = []
  for await (const lines of readLines(env, pack)) {
    own.push(
      ...lines.filter(({ id }) => {
        const time = timeOfId(id)
        return time >= since && time < until && !hot.has(id)
      }),
    )
  }
  return countsOf(own)
}

// Requests that `/in/` refused: how many, by hour, source and cause. The only SQL over `refusals`.
import type { Refusals } from '../../core/intake/refusals.ts'
import { HOUR_MS } from '../../core/period.ts'

/** Adds counts to the hours of their last request. One row for each source and cause. */
export async function addRefusals(db: D1Database, counts: readonly Refusals[]): Promise<void> {
  await db
    .prepare(
      `INSERT INTO refusals (hour, source, cause, count, last)
       SELECT value ->> 'last' / ${HOUR_MS}, COALESCE(value ->> 'source', ''), value ->> 'cause', value ->> 'count', value ->> 'last'
       FROM json_each(?1) WHERE true
       ON CONFLICT DO UPDATE SET count = count + excluded.count, last = max(last, excluded.last)`,
    )
    .bind(JSON.stringify(counts))
    .run()
}

/** Returns the counts from `since` (epoch milliseconds, by whole hours) by source and cause, the most frequent first. */
export async function listRefusals(db: D1Database, since: number): Promise<Refusals[]> {
  const { results } = await db
    .prepare(
      `SELECT NULLIF(source, '') AS source, cause, sum(count) AS count, max(last) AS last FROM refusals
       WHERE hour >= ?1 GROUP BY source, cause ORDER BY count DESC, refusals.source, cause`,
    )
    .bind(Math.floor(since / HOUR_MS))
    .all<Refusals>()
  return results
}

/** Returns the statement that deletes the counts of hours before `before` (epoch milliseconds). */
export function deleteOldRefusals(db: D1Database, before: number): D1PreparedStatement {
  return db.prepare('DELETE FROM refusals WHERE hour < ?1').bind(Math.floor(before / HOUR_MS))
}

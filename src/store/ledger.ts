// The counts of the ledger, by hour. A write that changes an hour marks it in the same transaction, and the cron counts
// it again; until then it is counted from the log when somebody asks. So the ledger is exact at any moment, and an event
// costs it nothing.
import { type EventId, ID_RANDOM_RANGE, KEYS_AN_HOUR, timeOfId } from '../core/id.ts'
import type { Count } from '../core/ledger.ts'
import { HOUR_MS, type Period } from '../core/period.ts'
import { FIRST_OF_HOUR, FIRST_OF_NEXT_HOUR } from './hours.ts'
import { POST_HOUR } from './postings.ts'
import { COUNT_STATISTICS, FORGET_TOTALS } from './statistics.ts'

// What deliveries become changes an hour's counts; what events are, or to whom they go, its postings too. An hour with
// events is listed, and one of which nothing is left in the log any more does not come back.
const unlessMarked = (hours: string) =>
  `UPDATE hours SET counted = 0 WHERE counted <> 0 AND hour IN (${hours})`
const markEvents = (hours: string) => `
INSERT INTO hours (hour, counted) SELECT column1, 0 FROM (VALUES ${hours})
WHERE EXISTS (SELECT 1 FROM events WHERE key >= column1 * ${KEYS_AN_HOUR} AND key < (column1 + 1) * ${KEYS_AN_HOUR})
ON CONFLICT (hour) DO UPDATE SET counted = 0, posted = 0 WHERE counted <> 0 OR posted <> 0`

/**
 * Marks the hours of some events as changed: the events, or the states of their deliveries alone. For the transaction
 * that changes them, after what does; at least one event. Writes nothing for marked ones.
 */
export function markHours(
  db: D1Database,
  events: readonly EventId[],
  changed: 'events' | 'deliveries',
): D1PreparedStatement {
  const hours = [...new Set(events.map((event) => Math.floor(timeOfId(event) / HOUR_MS)))]
  // Numbers of the statement itself are no rows that D1 counts as read, unlike those of json_each.
  return db.prepare(
    changed === 'events'
      ? markEvents(hours.map((hour) => `(${hour})`).join())
      : unlessMarked(hours.join()),
  )
}

/**
 * Marks the hours of the events that a query gives in its column `event`, as those whose deliveries change; as SQL, to
 * stand before what changes them.
 */
export function markHoursOf(query: string): string {
  return unlessMarked(`SELECT event / ${KEYS_AN_HOUR} FROM (${query})`)
}

/** Counts the log between two keys, by hour; of its events those that fulfil a condition on their key, a column with its table. */
export function countsBetween(
  first: string,
  last: string,
  isMeant: (key: string) => string = () => 'true',
): string {
  return `
  SELECT key / ${KEYS_AN_HOUR} AS hour, 'source' AS kind, source AS name, status AS state, count(*) AS count,
    sum(planned) AS planned
  FROM events WHERE key >= ${first} AND key < ${last} AND ${isMeant('events.key')} GROUP BY 1, source, status
  UNION ALL
  SELECT event / ${KEYS_AN_HOUR}, 'target', target, state, count(*), 0
  FROM deliveries WHERE event >= ${first} AND event < ${last} AND ${isMeant('deliveries.event')} GROUP BY 1, target, state`
}

/** The hours that have ended and are to be counted, the latest first. `now` in epoch milliseconds. */
export async function listUncounted(db: D1Database, now: number, limit: number): Promise<number[]> {
  const { results } = await db
    .prepare('SELECT hour FROM hours WHERE counted = 0 AND hour < ?1 ORDER BY hour DESC LIMIT ?2')
    .bind(Math.floor(now / HOUR_MS), limit)
    .all<{ hour: number }>()
  return results.map(({ hour }) => hour)
}

/** Counts an hour of the log, and what its statistics are, in one transaction. */
export async function countHour(db: D1Database, hour: number): Promise<void> {
  await db.batch(
    [
      FORGET_TOTALS,
      'DELETE FROM ledger WHERE hour = ?1',
      `INSERT INTO ledger (hour, kind, name, state, count, planned) ${countsBetween(FIRST_OF_HOUR, FIRST_OF_NEXT_HOUR)}`,
      ...COUNT_STATISTICS,
      ...POST_HOUR,
      'UPDATE hours SET counted = 1 WHERE hour = ?1',
    ].map((sql) => db.prepare(sql).bind(hour)),
  )
}

// The hours that are counted and lie wholly in the period come from the roll-ups; the others, and what the period has
// of its first and last, from the log.
const COUNTS = `
WITH spans AS (
  SELECT hour, counted = 1 AND hour * ${HOUR_MS} >= ?1 AND (hour + 1) * ${HOUR_MS} <= ?2 AS is_rolled,
    max(hour * ${HOUR_MS}, CAST(?1 AS INTEGER)) * ${ID_RANDOM_RANGE} AS lo,
    min((hour + 1) * ${HOUR_MS}, CAST(?2 AS INTEGER)) * ${ID_RANDOM_RANGE} AS hi
  FROM hours WHERE hour >= CAST(?1 / ${HOUR_MS} AS INTEGER) AND hour * ${HOUR_MS} < ?2
)
SELECT kind, name, state, sum(count) AS count, sum(planned) AS planned
FROM spans CROSS JOIN ledger USING (hour) WHERE is_rolled GROUP BY kind, name, state
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

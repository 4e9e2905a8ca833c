// Segments, the parts of the log that are counted and posted for themselves: an hour that something came in, or parts of
// a busy one. What changes a segment marks it in the same transaction, and the cron counts it again. So what was counted
// and what is not yet are the log at any moment, and neither grows with the hour.
import { type EventId, ID_RANDOM_RANGE, timeOfId } from '../core/id.ts'
import { HOUR_MS } from '../core/period.ts'
import type { BatchDatabase } from './group-commit.ts'

const MINUTE_MS = 60_000

/** The minute of a time, at its beginning. Cuts are on whole minutes, so that the events of one share a segment. */
const toMinute = (time: number) => time - (time % MINUTE_MS)

/** The first key of an event that came at a time, a piece of SQL in epoch milliseconds; as SQL. */
const keyAt = (time: string) => `(${time}) * ${ID_RANDOM_RANGE}`

/** What there is (`what`) of the last segment that has begun at a time of its hour, a piece of SQL in epoch milliseconds; as SQL. */
const lastBegun = (time: string, what = 'start') =>
  `(SELECT ${what} FROM segments WHERE start <= ${time} AND start >= ${time} - ${time} % ${HOUR_MS} ORDER BY start DESC LIMIT 1)`

/** The start of the segment of a key, a column with its table; as SQL. Null when it is in none. */
export const segmentOf = (key: string) =>
  `(SELECT start FROM segments WHERE start = ${lastBegun(`(${key} / ${ID_RANDOM_RANGE})`)}
     AND until > ${key} / ${ID_RANDOM_RANGE})`

/** The first key of the segment that starts at the parameter `?1`, and the first that is no longer its own; as SQL. */
export const FIRST_KEY_OF_SEGMENT = keyAt('CAST(?1 AS INTEGER)')
export const END_KEY_OF_SEGMENT = keyAt('SELECT until FROM segments WHERE start = ?1')

/** The segments that fulfil a condition, each with its first key (`lo`) and the first that is no longer its own (`hi`); as SQL. */
export const selectSegments = (condition: string) =>
  `SELECT start, ${keyAt('start')} AS lo, ${keyAt('until')} AS hi FROM segments WHERE ${condition}`

/** What happened to events: they are new, or not what they were, or only the states of their deliveries are not. */
export type Change = 'added' | 'changed' | 'delivered'

// What is new may be the first of its hour. What deliveries become changes what is counted alone. One time is compared
// as such: D1 counts the rows of lists as read.
const ONE = 'CAST(?1 AS INTEGER)'
const MANY = '(SELECT value AS time FROM json_each(?1))'
const rowFor = (time: string) =>
  `COALESCE(${lastBegun(time)}, ${time} - ${time} % ${HOUR_MS}), ${time} - ${time} % ${HOUR_MS} + ${HOUR_MS}, 0, 0`
const added = (rows: string) => `INSERT INTO segments (start, until, counted, posted) ${rows}
ON CONFLICT (start) DO UPDATE SET counted = 0, posted = 0 WHERE counted <> 0 OR posted <> 0`
const updated = (what: string, unless: string) => {
  const startAt = (time: string) => lastBegun(time, `CASE WHEN ${unless} THEN NULL ELSE start END`)
  return {
    one: `UPDATE segments SET ${what} WHERE start = ${startAt(ONE)}`,
    among: (times: string) =>
      `UPDATE segments SET ${what} WHERE start IN (SELECT ${startAt('time')} FROM ${times})`,
  }
}
const changed = updated('counted = 0, posted = 0', 'counted = 0 AND posted = 0')
const delivered = updated('counted = 0', 'counted = 0')
const MARKS: Record<Change, { one: string; many: string }> = {
  added: {
    one: added(`VALUES (${rowFor(ONE)})`),
    many: added(`SELECT ${rowFor('time')} FROM ${MANY} WHERE true`),
  },
  changed: { one: changed.one, many: changed.among(MANY) },
  delivered: { one: delivered.one, many: delivered.among(MANY) },
}

/**
 * Marks the segments of some events as changed, for the transaction that changes them. Writes nothing for marked ones,
 * and reads one row, or two, when all came in the same minute.
 */
export function markSegments(
  db: BatchDatabase,
  events: readonly EventId[],
  change: Change,
): D1PreparedStatement {
  const times = [...new Set(events.map((event) => toMinute(timeOfId(event))))]
  const { one, many } = MARKS[change]
  const [time] = times
  return times.length === 1 && time !== undefined
    ? db.prepare(one).bind(time)
    : db.prepare(many).bind(JSON.stringify(times))
}

/**
 * Marks the segments of the events that a query gives in its column `event`, as those whose deliveries change; as SQL, to
 * stand before what changes them.
 */
export function markSegmentsOf(query: string): string {
  return delivered.among(`(SELECT event / ${ID_RANDOM_RANGE} AS time FROM (${query}))`)
}

/**
 * A segment that has not ended is read event by event each minute: it is cut when it has as many as these. With fewer, what
 * each minute reads of the segments of a day is more than what it saves.
 */
const MIN_CUT = 1000

/** What came in the last minute is mostly on its way: a segment with that would be counted twice. */
const SETTLED_MS = MINUTE_MS

/**
 * Cuts the segment of the present (`now` in epoch milliseconds) where its last minute begins, if at least `enough` events
 * came before. Safe to run beside itself. Cuts are on whole minutes.
 */
export async function cutSegment(db: D1Database, now: number, enough = MIN_CUT): Promise<void> {
  const cut = toMinute(now - SETTLED_MS)
  const own = `start = ${lastBegun('CAST(?1 - 1 AS INTEGER)')}`
  const before = `FROM events WHERE key >= ${keyAt('start')} AND key < ${keyAt('CAST(?1 AS INTEGER)')}`
  await db.batch([
    db
      .prepare(
        `INSERT INTO segments (start, until, counted, posted)
         SELECT ?1, until, 0, 0 FROM segments
         WHERE ${own} AND until > ?2 AND (SELECT count(*) FROM (SELECT 1 ${before} LIMIT ?3)) = ?3
         ON CONFLICT (start) DO NOTHING`,
      )
      .bind(cut, now, enough),
    db
      .prepare(
        `UPDATE segments SET until = ?1, counted = 0, posted = 0, events = (SELECT count(*) ${before})
         WHERE ${own} AND until > ?1 AND EXISTS (SELECT 1 FROM segments WHERE start = ?1)`,
      )
      .bind(cut),
  ])
}

// Of the segments of an hour each ends where the next begins, and the last with the hour: whatever comes late has one.
const END_OF_HOUR = `segments.start - segments.start % ${HOUR_MS} + ${HOUR_MS}`
const IS_EMPTY = `NOT EXISTS (SELECT 1 FROM events WHERE key >= ${keyAt('segments.start')} AND key < ${keyAt('segments.until')})`

/**
 * The statements that drop those of some segments in which nothing came, or is left: the one before gets their time, and
 * the first of an hour stays as long as there are others. For the transaction that finds them to be empty.
 */
export function dropEmptySegments(starts: readonly number[]): string[] {
  const hours = [...new Set(starts.map((start) => start - (start % HOUR_MS)))]
  const times = `(SELECT column1 AS time FROM (VALUES ${starts.map((start) => `(${start})`).join()}))`
  return [
    `DELETE FROM segments WHERE start IN (${starts}) AND start % ${HOUR_MS} <> 0 AND ${IS_EMPTY}`,
    `UPDATE segments SET until = COALESCE(
       (SELECT min(start) FROM segments AS next WHERE next.start > segments.start AND next.start < ${END_OF_HOUR}), ${END_OF_HOUR})
     WHERE start IN (SELECT ${lastBegun('time')} FROM ${times})
       AND until < ${END_OF_HOUR} AND NOT EXISTS (SELECT 1 FROM segments AS next WHERE next.start = segments.until)`,
    `DELETE FROM segments WHERE start IN (${hours}) AND until = ${END_OF_HOUR} AND ${IS_EMPTY}`,
  ]
}

/** As many events as these are counted or posted in one go, which takes D1 some tenths of a second; one segment at least. */
const MAX_EVENTS = 10_000
const MAX_SEGMENTS = 50

/** How many events a segment is taken to have that was neither cut nor counted yet: two of them in one go. */
const UNKNOWN = MAX_EVENTS / 2

// SQLite takes the index of what is open where it finds one of its conditions word for word. What is posted is counted
// before, so that its size is known.
const IS_TO_BE = {
  counted: 'counted = 0',
  posted: 'posted <> 1 AND posted = 0 AND events IS NOT NULL',
}

/** The starts of segments that have ended and are to be counted, or posted, in one go, the latest first. `now` in epoch milliseconds. */
export async function listPendingSegments(
  done: keyof typeof IS_TO_BE,
  db: D1Database,
  now: number,
): Promise<number[]> {
  const events = `COALESCE(events, ${UNKNOWN})`
  const { results } = await db
    .prepare(
      `SELECT start FROM (
         SELECT start, sum(${events}) OVER (ORDER BY start DESC) - ${events} AS before FROM (
           SELECT start, events FROM segments WHERE ${IS_TO_BE[done]} AND until <= ?1 ORDER BY start DESC LIMIT ${MAX_SEGMENTS}))
       WHERE before < ${MAX_EVENTS}`,
    )
    .bind(now)
    .all<{ start: number }>()
  return results.map(({ start }) => start)
}

// Segments: the parts of the log that are counted (ledger, statistics) and posted (postings) separately. A segment is an
// hour in which events were received, or a part of a busy hour. A transaction that writes events or deliveries of a
// segment marks the segment, and the cron counts it again. So at any moment the stored counts of the unmarked segments and
// the log of the marked ones add up to the whole log, and counting takes no longer late in an hour than early in it.
import { type EventId, ID_RANDOM_RANGE, timeOfId } from '../core/id.ts'
import { HOUR_MS } from '../core/period.ts'
import type { BatchDatabase } from './group-commit.ts'

const MINUTE_MS = 60_000

/** Rounds a time down to its minute. Segments start and end on whole minutes, so the events of a minute share a segment. */
const toMinute = (time: number) => time - (time % MINUTE_MS)

// The functions and constants below return pieces of SQL. `time` is a piece of SQL too, in epoch milliseconds.

/** The lowest key of an event received at a time. */
const keyAt = (time: string) => `(${time}) * ${ID_RANDOM_RANGE}`

/** An expression over the segment that a time falls in: the last one of its hour that starts at that time or before. */
const segmentAt = (time: string, expression = 'start') =>
  `(SELECT ${expression} FROM segments WHERE start <= ${time} AND start >= ${time} - ${time} % ${HOUR_MS} ORDER BY start DESC LIMIT 1)`

/** The start of the segment of an event, given the column of its key with the table's name; null if it is in no segment. */
export const segmentOf = (key: string) =>
  `(SELECT start FROM segments WHERE start = ${segmentAt(`(${key} / ${ID_RANDOM_RANGE})`)}
     AND until > ${key} / ${ID_RANDOM_RANGE})`

/** SQL: whether a `start` is that of the counts of packed events: one millisecond after that of their segment. */
export const IS_FROZEN = `start % ${MINUTE_MS} = 1`

/** The keys of the segment that starts at the parameter `?1`: its first, and the first one after it. */
export const FIRST_KEY_OF_SEGMENT = keyAt('CAST(?1 AS INTEGER)')
export const END_KEY_OF_SEGMENT = keyAt('SELECT until FROM segments WHERE start = ?1')

/** A query of the segments that meet a condition, with the key range of each: from `lo`, up to but not including `hi`. */
export const selectSegments = (condition: string) =>
  `SELECT start, ${keyAt('start')} AS lo, ${keyAt('until')} AS hi FROM segments WHERE ${condition}`

/** How events changed. `added`: they are new; `changed`: any of their columns; `delivered`: only their deliveries. */
export type Change = 'added' | 'changed' | 'delivered'

// A new event may need a new segment. A change of deliveries affects only the counts, not the postings. There is a
// statement for one minute apart, since D1 counts the rows of json_each as read.
const ONE = 'CAST(?1 AS INTEGER)'
const MANY = '(SELECT value AS time FROM json_each(?1))'
const rowFor = (time: string) =>
  `COALESCE(${segmentAt(time)}, ${time} - ${time} % ${HOUR_MS}), ${time} - ${time} % ${HOUR_MS} + ${HOUR_MS}, 0, 0`
const added = (rows: string) => `INSERT INTO segments (start, until, counted, posted) ${rows}
ON CONFLICT (start) DO UPDATE SET counted = 0, posted = 0 WHERE counted <> 0 OR posted <> 0`
const updated = (assignments: string, unless: string) => {
  const startAt = (time: string) => segmentAt(time, `CASE WHEN ${unless} THEN NULL ELSE start END`)
  return {
    one: `UPDATE segments SET ${assignments} WHERE start = ${startAt(ONE)}`,
    among: (times: string) =>
      `UPDATE segments SET ${assignments} WHERE start IN (SELECT ${startAt('time')} FROM ${times})`,
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
 * Returns the statement that marks the segments of events as changed, for the transaction that changes the events. It
 * writes nothing for segments that are marked already, and reads one or two rows if all events are of the same minute.
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
 * Returns the SQL that marks the segments of events whose deliveries change. `query` returns the events' keys in the column
 * `event`. Run it before the statement that changes the deliveries, after which the query may return other events.
 */
export function markSegmentsOf(query: string): string {
  return delivered.among(`(SELECT event / ${ID_RANDOM_RANGE} AS time FROM (${query}))`)
}

/**
 * A segment that has not ended is read event by event each minute, so it is cut once it has this many events. Cutting
 * smaller ones costs more than it saves: each minute reads a row for every segment of the day.
 */
const MIN_CUT = 1000

/** Events of the last minute are mostly still being delivered: a segment with them would be counted twice. */
const IN_DELIVERY_MS = MINUTE_MS

/**
 * Cuts the current segment at the start of the previous minute, if at least `enough` of its events precede the cut. Safe
 * to run concurrently. `now` in epoch milliseconds.
 */
export async function cutSegment(db: D1Database, now: number, enough = MIN_CUT): Promise<void> {
  const cut = toMinute(now - IN_DELIVERY_MS)
  const own = `start = ${segmentAt('CAST(?1 - 1 AS INTEGER)')}`
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

// The segments of an hour have no gaps: each ends where the next starts, and the last one with the hour. So an event that
// is recorded late finds a segment.
const END_OF_HOUR = `segments.start - segments.start % ${HOUR_MS} + ${HOUR_MS}`
const IS_EMPTY = `NOT EXISTS (SELECT 1 FROM events WHERE key >= ${keyAt('segments.start')} AND key < ${keyAt('segments.until')})
 AND NOT EXISTS (SELECT 1 FROM packs WHERE packs.start = segments.start)`

/**
 * Returns the statements that delete those of the given segments that have no events and no pack, for the transaction that counts or
 * prunes them. The segment before a deleted one is extended to its end; the first one of an hour is deleted only if no other
 * is left.
 */
export function dropEmptySegments(starts: readonly number[]): string[] {
  const hours = [...new Set(starts.map((start) => start - (start % HOUR_MS)))]
  const times = `(SELECT column1 AS time FROM (VALUES ${starts.map((start) => `(${start})`).join()}))`
  return [
    `DELETE FROM segments WHERE start IN (${starts}) AND start % ${HOUR_MS} <> 0 AND ${IS_EMPTY}`,
    `UPDATE segments SET until = COALESCE(
       (SELECT min(start) FROM segments AS next WHERE next.start > segments.start AND next.start < ${END_OF_HOUR}), ${END_OF_HOUR})
     WHERE start IN (SELECT ${segmentAt('time')} FROM ${times})
       AND until < ${END_OF_HOUR} AND NOT EXISTS (SELECT 1 FROM segments AS next WHERE next.start = segments.until)`,
    `DELETE FROM segments WHERE start IN (${hours}) AND until = ${END_OF_HOUR} AND ${IS_EMPTY}`,
  ]
}

/** How much is counted or posted in one transaction, which takes D1 some tenths of a second: at least one segment. */
const MAX_EVENTS = 10_000
const MAX_SEGMENTS = 50

/** The assumed size of a segment that was never cut or counted: two of them fit into one transaction. */
const ASSUMED_EVENTS = MAX_EVENTS / 2

// SQLite uses the partial index of pending segments only for a condition that contains one of the index literally. A
// segment is posted only after it was counted, so its size is known.
const IS_PENDING = {
  counted: 'counted = 0',
  posted: 'posted <> 1 AND posted = 0 AND events IS NOT NULL',
}

/**
 * Returns the starts of ended segments that are still to be counted or posted, the latest first, as many as fit into one
 * transaction. `now` in epoch milliseconds.
 */
export async function listPendingSegments(
  db: D1Database,
  step: keyof typeof IS_PENDING,
  now: number,
): Promise<number[]> {
  const events = `COALESCE(events, ${ASSUMED_EVENTS})`
  const { results } = await db
    .prepare(
      `SELECT start FROM (
         SELECT start, sum(${events}) OVER (ORDER BY start DESC) - ${events} AS before FROM (
           SELECT start, events FROM segments WHERE ${IS_PENDING[step]} AND until <= ?1 ORDER BY start DESC LIMIT ${MAX_SEGMENTS}))
       WHERE before < ${MAX_EVENTS}`,
    )
    .bind(now)
    .all<{ start: number }>()
  return results.map(({ start }) => start)
}

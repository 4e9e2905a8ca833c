// Retention: what is old leaves the log, a chunk in each transaction, and the books with it. An event goes with all that
// is of it, and what was counted of it is taken out of its segment: books and log agree at any moment, between two chunks
// too. What is still owed to somebody stays, and is looked at again the next day.
import { UNFINISHED_STATES } from '../../core/deliveries/delivery.ts'
import { deleteEndedReplays } from '../deliveries/replays.ts'
import { deleteObsoleteMerges } from '../events/people.ts'
import { unpostSegment } from '../events/postings.ts'
import { deleteExpiredAnswers } from '../idempotency.ts'
import {
  dropEmptySegments,
  END_KEY_OF_SEGMENT,
  FIRST_KEY_OF_SEGMENT,
  segmentOf,
} from '../segments.ts'
import { selectCounts } from './ledger.ts'
import { subtractFromTotals, subtractStatistics } from './statistics.ts'

const UNFINISHED = UNFINISHED_STATES.map((state) => `'${state}'`).join(', ')

/** Whether nothing of an event is owed to anybody. `key`: its column, with the name of its table. */
const isSettled = (key: string) =>
  `NOT EXISTS (SELECT 1 FROM deliveries AS owed WHERE owed.event = ${key} AND owed.state IN (${UNFINISHED}))`

/**
 * Deletes the next events before a key (decimal text), of one segment and at most `limit`, with all that is of them: their
 * deliveries, what was counted of them, and contacts of whom nothing is left. Gives how many; undefined when none is due.
 * Safe to run beside itself: what another run has deleted is counted by nobody.
 */
export async function pruneEvents(
  db: D1Database,
  before: string,
  limit: number,
): Promise<number | undefined> {
  const { results: next } = await db
    .prepare(
      `SELECT CAST(key AS TEXT) AS key, COALESCE(${segmentOf('events.key')}, 0) AS segment, ${isSettled('events.key')} AS is_settled
       FROM events WHERE key > (SELECT events FROM pruned) AND key < CAST(?1 AS INTEGER) ORDER BY events.key LIMIT ?2`,
    )
    .bind(before, limit)
    .all<{ key: string; segment: number; is_settled: number }>()
  const settled = next.filter(({ is_settled }) => is_settled === 1)
  const end = settled.findIndex(({ segment }) => segment !== settled[0]?.segment)
  const chunk = end === -1 ? settled : settled.slice(0, end)
  const [first, last] = [chunk[0], chunk.at(-1)]
  const seen = last ?? next.at(-1)
  if (seen === undefined) return undefined
  const deletion =
    first === undefined || last === undefined
      ? []
      : deletionOf(db, first.segment, first.key, last.key)
  const move = db.prepare('UPDATE pruned SET events = CAST(?1 AS INTEGER)').bind(seen.key)
  await db.batch([...deletion, move])
  return chunk.length
}

/** The statements that delete what is settled of a segment from one key to another, both included. */
function deletionOf(
  db: D1Database,
  start: number,
  first: string,
  last: string,
): D1PreparedStatement[] {
  const isMeant = (key: string) => `${key} >= ${first} AND ${key} <= ${last} AND ${isSettled(key)}`
  const extent = {
    spans: `SELECT CAST(?1 AS INTEGER) AS start, ${first} AS lo, ${last} + 1 AS hi`,
    isMeant: isSettled,
  }
  const leaving = [
    ...subtractStatistics(extent),
    `INSERT INTO ledger (start, kind, name, state, count, planned)
     SELECT ?1, kind, name, state, -count, -planned FROM (${selectCounts(extent)}) WHERE true
     ON CONFLICT DO UPDATE SET count = count + excluded.count, planned = planned + excluded.planned`,
  ]
  const rows = [
    `DELETE FROM contacts WHERE (source, contact) IN (
       SELECT source, contact FROM events WHERE ${isMeant('events.key')} AND contact IS NOT NULL)
     AND NOT EXISTS (${remainingOf("IN ('accepted', 'derived')", isMeant)})
     AND NOT EXISTS (${remainingOf("= 'duplicate'", isMeant)})`,
    `DELETE FROM deliveries WHERE ${isMeant('deliveries.event')}`,
    `DELETE FROM events WHERE ${isMeant('events.key')}`,
  ]
  const isEmpty = `NOT EXISTS (SELECT 1 FROM events WHERE key >= ${FIRST_KEY_OF_SEGMENT} AND key < ${END_KEY_OF_SEGMENT})`
  const isToLeave = `start = ?1 AND ${isEmpty}`
  // A segment of which nothing is left leaves the books; another is counted, and posted, by what is.
  const closing = [
    subtractFromTotals(isToLeave),
    `DELETE FROM statistics WHERE ${isToLeave}`,
    `DELETE FROM ledger WHERE ${isToLeave}`,
    'UPDATE segments SET counted = 0 WHERE start = ?1',
  ]
  return [
    ...leaving.map((sql) => db.prepare(sql).bind(start)),
    ...[...rows, ...unpostSegment(start)].map((sql) => db.prepare(sql)),
    ...closing.map((sql) => db.prepare(sql).bind(start)),
    ...dropEmptySegments([start]).map((sql) => db.prepare(sql)),
  ]
}

/** What stays of the events of a contact, among those of a status, by its index. */
function remainingOf(status: string, isMeant: (key: string) => string): string {
  return `SELECT 1 FROM events AS other WHERE other.status ${status} AND other.source = contacts.source
    AND other.contact = contacts.contact AND NOT (${isMeant('other.key')})`
}

/**
 * Deletes the bytes of the next events before a key (decimal text), at most `limit`, and those that their deliveries have
 * kept of them. Gives how many were looked at; undefined when none is due. What no vendor sent has none.
 */
export async function pruneRawBodies(
  db: D1Database,
  before: string,
  limit: number,
): Promise<number | undefined> {
  const next = await db
    .prepare(
      `SELECT count(*) AS count, CAST(max(key) AS TEXT) AS last FROM (
         SELECT key FROM events WHERE key > (SELECT raws FROM pruned) AND key < CAST(?1 AS INTEGER) ORDER BY key LIMIT ?2)`,
    )
    .bind(before, limit)
    .first<{ count: number; last: string | null }>()
  if (!next?.last) return undefined
  const range = (key: string) =>
    `${key} > (SELECT raws FROM pruned) AND ${key} <= CAST(?1 AS INTEGER)`
  await db.batch(
    [
      `UPDATE deliveries SET body = NULL, content_type = NULL
       WHERE ${range('event')} AND body IS NOT NULL AND ${isSettled('deliveries.event')}
         AND body = (SELECT raw FROM events WHERE key = deliveries.event)`,
      `UPDATE events SET raw = NULL WHERE ${range('key')} AND octet_length(raw) > 0 AND ${isSettled('events.key')}`,
      `UPDATE pruned SET raws = CAST(?1 AS INTEGER), raws_left = COALESCE(raws_left, (
         SELECT min(key) FROM events WHERE ${range('key')} AND octet_length(raw) > 0)) WHERE raws < CAST(?1 AS INTEGER)`,
    ].map((sql) => db.prepare(sql).bind(next.last)),
  )
  return next.count
}

/** How many replays and answers a day takes at most. */
const MAX_FORGOTTEN = 1000

/**
 * Once a day, begins anew with what was left, and forgets what no event is about: replays asked for before a key
 * (decimal text) that have ended, answers kept for idempotency keys, and merged persons of whom nothing is left. False
 * when that was done today. `day`: since 1970; `now` in epoch milliseconds.
 */
export async function startPruneDay(
  db: D1Database,
  day: number,
  before: string,
  now: number,
): Promise<boolean> {
  const isNew = await db.prepare('SELECT day < ?1 AS yes FROM pruned').bind(day).first('yes')
  if (isNew !== 1) return false
  await db.batch([
    deleteEndedReplays(db, before, MAX_FORGOTTEN),
    deleteExpiredAnswers(db, now, MAX_FORGOTTEN),
    deleteObsoleteMerges(db),
    db
      .prepare(
        `UPDATE pruned SET events = 0, raws = COALESCE(min(raws_left - 1, raws), raws), raws_left = NULL, day = ?1
         WHERE day < ?1`,
      )
      .bind(day),
  ])
  return true
}

// Retention: deletes old events, one chunk in each transaction, with their deliveries and contacts, and subtracts them from
// the counts of their segment. So the counts match the log at any moment, also between two chunks. An event with unfinished
// deliveries stays, and is checked again the next day.
import { UNFINISHED_STATES } from '../../core/deliveries/delivery.ts'
import { HOUR_MS } from '../../core/period.ts'
import { deleteEndedReplays } from '../deliveries/replays/replays.ts'
import { deleteObjects, objectsIn } from '../events/bodies/objects.ts'
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
import { deleteOldRefusals } from './refusals.ts'
import { subtractFromTotals, subtractStatistics } from './statistics.ts'

const UNFINISHED = UNFINISHED_STATES.map((state) => `'${state}'`).join(', ')

/** Whether an event has no unfinished deliveries, as SQL. `key`: the column of its key, with the table's name. */
export const isFinished = (key: string) =>
  `NOT EXISTS (SELECT 1 FROM deliveries AS unfinished WHERE unfinished.event = ${key} AND unfinished.state IN (${UNFINISHED}))`

/**
 * Deletes the next events before a key (decimal text), at most `limit` and of one segment, with their deliveries, their
 * counts, their bodies, and contacts without other events. Returns how many; undefined if there are none to check. Safe to run
 * concurrently: an event that another run has deleted is not subtracted again.
 */
export async function pruneEvents(
  db: D1Database,
  before: string,
  limit: number,
  bucket?: R2Bucket,
): Promise<number | undefined> {
  const { results: next } = await db
    .prepare(
      `SELECT CAST(key AS TEXT) AS key, COALESCE(${segmentOf('events.key')}, 0) AS segment, ${isFinished('events.key')} AS is_finished
       FROM events WHERE key > (SELECT events FROM pruned) AND key < CAST(?1 AS INTEGER) ORDER BY events.key LIMIT ?2`,
    )
    .bind(before, limit)
    .all<{ key: string; segment: number; is_finished: number }>()
  const finished = next.filter(({ is_finished }) => is_finished === 1)
  const end = finished.findIndex(({ segment }) => segment !== finished[0]?.segment)
  const chunk = end === -1 ? finished : finished.slice(0, end)
  const [first, last] = [chunk[0], chunk.at(-1)]
  const checked = last ?? next.at(-1)
  if (checked === undefined) return undefined
  const move = db.prepare('UPDATE pruned SET events = CAST(?1 AS INTEGER)').bind(checked.key)
  if (first === undefined || last === undefined) {
    await move.run()
    return 0
  }
  const part = { segment: first.segment, first: first.key, last: last.key }
  const deletion = [...deletionOf(db, part), move]
  const results = await db.batch<{ object: string | null }>(deletion).catch((error) => {
    if (!isFull(error)) throw error
    return db.batch<{ object: string | null }>([shrink(db, part), ...deletion])
  })
  await deleteObjects(bucket, objectsIn(results))
  return chunk.length
}

/** True when D1 has no page left for a new row. */
function isFull(error: unknown): boolean {
  return /\bSQLITE_FULL\b|is full|maximum DB size/i.test(String(error))
}

/**
 * Returns the statement that frees pages of a full database for the rows of the accounts: the events that are deleted in the
 * same transaction lose what is not counted.
 */
function shrink(db: D1Database, { first, last }: Chunk): D1PreparedStatement {
  return db.prepare(
    `UPDATE events SET raw = NULL, event = CASE WHEN event IS NOT NULL THEN json_object('test', event -> '$.test') END
     WHERE key >= ${first} AND key <= ${last} AND ${isFinished('events.key')}`,
  )
}

/** The keys of events of one segment: from `first` up to and including `last`, as decimal texts. */
type Chunk = { segment: number; first: string; last: string }

/** Returns the statements that delete the finished events of a chunk. */
function deletionOf(db: D1Database, { segment, first, last }: Chunk): D1PreparedStatement[] {
  const isDeleted = (key: string) =>
    `${key} >= ${first} AND ${key} <= ${last} AND ${isFinished(key)}`
  const part = {
    segments: `SELECT CAST(?1 AS INTEGER) AS start, ${first} AS lo, ${last} + 1 AS hi`,
    condition: isFinished,
  }
  const subtraction = [
    ...subtractStatistics(part),
    `INSERT INTO ledger (start, kind, name, state, count, planned)
     SELECT ?1, kind, name, state, -count, -planned FROM (${selectCounts(part)}) WHERE true
     ON CONFLICT DO UPDATE SET count = count + excluded.count, planned = planned + excluded.planned`,
  ]
  const deletion = [
    `DELETE FROM contacts WHERE (source, contact) IN (
       SELECT source, contact FROM events WHERE ${isDeleted('events.key')} AND contact IS NOT NULL)
     AND NOT EXISTS (${remainingOf("IN ('accepted', 'derived')", isDeleted)})
     AND NOT EXISTS (${remainingOf("= 'duplicate'", isDeleted)})
     AND NOT EXISTS (SELECT 1 FROM packed_contacts AS c CROSS JOIN packed_events AS p ON p.contact = c.number
       WHERE c.source = contacts.source AND c.contact = contacts.contact)`,
    `DELETE FROM bodies WHERE ${isDeleted('bodies.owner')} RETURNING object`,
    `DELETE FROM deliveries WHERE ${isDeleted('deliveries.event')}`,
    `DELETE FROM events WHERE ${isDeleted('events.key')}`,
  ]
  return [
    ...subtraction.map((sql) => db.prepare(sql).bind(segment)),
    ...deletion.map((sql) => db.prepare(sql)),
    ...endSegment(db, segment),
  ]
}

/**
 * Returns the statements that delete the counts of a segment without hot events, and the segment if it has no pack either. One
 * that has hot events is counted and posted again.
 */
export function endSegment(db: D1Database, start: number): D1PreparedStatement[] {
  const isEmpty = `NOT EXISTS (SELECT 1 FROM events WHERE key >= ${FIRST_KEY_OF_SEGMENT} AND key < ${END_KEY_OF_SEGMENT})`
  const isSegmentEmpty = `start = ?1 AND ${isEmpty}`
  const cleanUp = [
    subtractFromTotals(isSegmentEmpty),
    `DELETE FROM statistics WHERE ${isSegmentEmpty}`,
    `DELETE FROM ledger WHERE ${isSegmentEmpty}`,
    'UPDATE segments SET counted = 0 WHERE start = ?1',
  ]
  return [
    ...unpostSegment(start).map((sql) => db.prepare(sql)),
    ...cleanUp.map((sql) => db.prepare(sql).bind(start)),
    ...dropEmptySegments([start]).map((sql) => db.prepare(sql)),
  ]
}

/** Returns a query of the other events of a contact. `status`: a condition that an index of `events` covers. */
function remainingOf(status: string, isDeleted: (key: string) => string): string {
  return `SELECT 1 FROM events AS other WHERE other.status ${status} AND other.source = contacts.source
    AND other.contact = contacts.contact AND NOT (${isDeleted('other.key')})`
}

/**
 * Deletes the request bodies of the next events before a key (decimal text), at most `limit`, and the copies of them in
 * their deliveries. Keeps those of events with unfinished deliveries. Returns how many events were checked; undefined if
 * there are none to check. Events without a request have no body; those with a large one are left to prune-bodies.ts.
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
      `UPDATE deliveries SET body = NULL, content_type = NULL, headers = NULL
       WHERE ${range('event')} AND body IS NOT NULL AND ${isFinished('deliveries.event')}
         AND body = (SELECT raw FROM events WHERE key = deliveries.event)`,
      `UPDATE events SET raw = NULL WHERE ${range('key')} AND octet_length(raw) > 0 AND ${isFinished('events.key')}`,
      `UPDATE pruned SET raws = CAST(?1 AS INTEGER), raws_left = COALESCE(raws_left, (
         SELECT min(key) FROM events WHERE ${range('key')} AND octet_length(raw) > 0)) WHERE raws < CAST(?1 AS INTEGER)`,
    ].map((sql) => db.prepare(sql).bind(next.last)),
  )
  return next.count
}

/** How many replays and how many answers are deleted each day at most. */
const MAX_A_DAY = 1000

/** How long the counts of refused requests are kept. */
const REFUSALS_KEPT_MS = 30 * 24 * HOUR_MS

/**
 * Once a day, makes `pruneEvents` and `pruneRawBodies` check again the events that they left, and deletes ended replays
 * created before a key (decimal text), expired idempotency keys, old counts of refused requests, and the old ids of merged
 * persons without contacts.
 * Returns false if that was done today. `day`: days since 1970; `now` in epoch milliseconds.
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
    deleteEndedReplays(db, before, MAX_A_DAY),
    deleteExpiredAnswers(db, now, MAX_A_DAY),
    deleteObsoleteMerges(db),
    deleteOldRefusals(db, now - REFUSALS_KEPT_MS),
    db
      .prepare(
        `UPDATE pruned SET events = 0, raws = COALESCE(min(raws_left - 1, raws), raws), raws_left = NULL, objects = '', day = ?1
         WHERE day < ?1`,
      )
      .bind(day),
  ])
  return true
}

// The segments that the job packs, one after the other, and whether one has changed since it was read.
import { ID_RANDOM_RANGE } from '../../../core/id.ts'
import { HOUR_MS } from '../../../core/period.ts'
import { segmentOf } from '../../segments.ts'

/** A segment with hot events; its times in epoch milliseconds. */
export type PackableSegment = { start: number; until: number }

/**
 * How far the log was looked through, and what is next. `position`: the time from which it goes on (epoch milliseconds), since
 * `day` (since 1970); `hasGarbage`: whether there are notes of garbage; `segment`: the first one with hot events from there on.
 */
export type Progress = {
  position: number
  day: number
  hasGarbage: boolean
  segment: PackableSegment | undefined
}

/** Returns the progress. The segment has ended at `until` (epoch milliseconds), or there is none. */
export async function readProgress(db: D1Database, until: number): Promise<Progress> {
  type Row = { position: number; day: number; garbage: number; time: number | null } & {
    [member in keyof PackableSegment]: number | null
  }
  const row = await db
    .prepare(
      `SELECT e.position, e.day, EXISTS (SELECT 1 FROM pack_garbage) AS garbage, e.key / ${ID_RANDOM_RANGE} AS time, s.start, s.until
       FROM (SELECT position, day, (
           SELECT min(key) FROM events WHERE key >= position * ${ID_RANDOM_RANGE} AND key < CAST(?1 AS INTEGER) * ${ID_RANDOM_RANGE}) AS key
         FROM packing) AS e
       LEFT JOIN segments AS s ON s.start = ${segmentOf('e.key')}`,
    )
    .bind(until)
    .first<Row>()
  if (row === null) throw new Error('packing has no row')
  const { position, day, garbage, time, start } = row
  const progress = { position, day, hasGarbage: garbage === 1, segment: undefined }
  if (time === null) return progress
  // An event in no segment is a fault that the ledger reports: it must not be in the way of those after it.
  const hour = time - (time % HOUR_MS)
  const segment = { start: start ?? hour, until: row.until ?? hour + HOUR_MS }
  return segment.until <= until ? { ...progress, segment } : progress
}

/** Stores the position. */
export async function storePosition(db: D1Database, position: number, day: number): Promise<void> {
  await db.prepare('UPDATE packing SET position = ?1, day = ?2').bind(position, day).run()
}

/**
 * Marks a segment that is counted and posted with a token: a whole number above 1. Whatever changes an event or a delivery of
 * it takes the mark away (store/segments.ts), also in the version before. Returns false if it is not counted and posted.
 */
export async function markUnchanged(
  db: D1Database,
  start: number,
  token: number,
): Promise<boolean> {
  const { meta } = await db
    .prepare('UPDATE segments SET counted = ?2 WHERE start = ?1 AND counted <> 0 AND posted <> 0')
    .bind(start, token)
    .run()
  return meta.changes > 0
}

/** SQL: whether the segment at `?1` still has the mark `?2`. */
export const IS_UNCHANGED =
  'EXISTS (SELECT 1 FROM segments WHERE start = ?1 AND counted = CAST(?2 AS INTEGER))'

/** Returns the statements that end the packing of a segment: what is counted for nothing goes, and so does the mark. */
export const endOfPacking = (
  db: D1Database,
  start: number,
  token: number,
): D1PreparedStatement[] => [
  ...['start = ?1', 'start = ?1 + 1'].flatMap((isPart) => [
    db.prepare(`DELETE FROM ledger WHERE ${isPart} AND count = 0 AND planned = 0`).bind(start),
    db.prepare(`DELETE FROM statistics WHERE ${isPart} AND count = 0 AND ms = 0`).bind(start),
  ]),
  db
    .prepare(
      `UPDATE segments SET counted = 1, events = (
         SELECT COALESCE(sum(count), 0) FROM ledger WHERE ledger.start = segments.start AND kind = 'source')
       WHERE start = ?1 AND counted = CAST(?2 AS INTEGER)`,
    )
    .bind(start, token),
]

// The segments that the job packs, one after the other, and whether one has changed since it was read.
import { ID_RANDOM_RANGE } from '../../../core/id.ts'
import { HOUR_MS } from '../../../core/period.ts'
import { segmentOf } from '../../segments.ts'

/** A segment with hot events; its times in epoch milliseconds. */
export type PackableSegment = { start: number; until: number }

/**
 * Returns how far the log was looked through: the time from which it goes on (epoch milliseconds), and on which day it began; and
 * whether there are notes of garbage.
 */
export async function getPosition(
  db: D1Database,
): Promise<{ position: number; day: number; hasGarbage: boolean }> {
  const row = await db
    .prepare('SELECT position, day, EXISTS (SELECT 1 FROM pack_garbage) AS garbage FROM packing')
    .first<{ position: number; day: number; garbage: number }>()
  return { position: row?.position ?? 0, day: row?.day ?? 0, hasGarbage: row?.garbage === 1 }
}

/** Stores it. */
export async function storePosition(db: D1Database, position: number, day: number): Promise<void> {
  await db.prepare('UPDATE packing SET position = ?1, day = ?2').bind(position, day).run()
}

const keyAt = (parameter: string) => `CAST(${parameter} AS INTEGER) * ${ID_RANDOM_RANGE}`

/**
 * Returns the first segment with hot events that were received from `since` on, up to `until`, of those that have ended by
 * then; undefined if there is none.
 */
export async function nextSegment(
  db: D1Database,
  since: number,
  until: number,
): Promise<PackableSegment | undefined> {
  const row = await db
    .prepare(
      `SELECT e.key / ${ID_RANDOM_RANGE} AS time, s.start, s.until
       FROM (SELECT min(key) AS key FROM events WHERE key >= ${keyAt('?1')} AND key < ${keyAt('?2')}) AS e
       LEFT JOIN segments AS s ON s.start = ${segmentOf('e.key')}`,
    )
    .bind(since, until)
    .first<{ time: number | null } & PackableSegment>()
  if (row === null || row.time === null) return undefined
  // An event in no segment is a fault that the ledger reports: it must not be in the way of those after it.
  const hour = row.time - (row.time % HOUR_MS)
  const segment = { start: row.start ?? hour, until: row.until ?? hour + HOUR_MS }
  return segment.until <= until ? segment : undefined
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

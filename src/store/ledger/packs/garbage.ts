// Bytes that belong to no pack: a version is noted before its first byte is written, and when another one takes its place.
// So whatever is cut off, its bytes are found and deleted.

import { HOUR_MS } from '../../../core/period.ts'
import { deleteBytes, type PackVersion } from '../../events/packs/bytes.ts'
import type { PackEnv } from '../../events/packs/packs.ts'

/** Notes that the bytes of a version may be somewhere and belong to no pack. `since` in epoch milliseconds. */
export const noteGarbage = (
  db: D1Database,
  { start, version, place }: PackVersion,
  since: number,
): D1PreparedStatement =>
  db
    .prepare(
      'INSERT OR REPLACE INTO pack_garbage (start, version, place, since) VALUES (?1, ?2, ?3, ?4)',
    )
    .bind(start, version, place, since)

/** Notes that a version belongs to a pack, or that its bytes are gone. */
export const forgetGarbage = (
  db: D1Database,
  { start, version }: Pick<PackVersion, 'start' | 'version'>,
): D1PreparedStatement =>
  db.prepare('DELETE FROM pack_garbage WHERE start = ?1 AND version = ?2').bind(start, version)

/** How old a note must be, in milliseconds: a run that writes the bytes has ended by then, in one way or another. */
const WRITTEN_MS = HOUR_MS

/**
 * For how long a bucket keeps a former version: as long as D1 can be restored to a time at which it was the pack. Bytes in D1
 * come back with the database.
 */
const RESTORABLE_MS = 30 * 24 * HOUR_MS

/** Returns versions of which the bytes are to be deleted now (epoch milliseconds), at most `limit`, of those places that are bound. */
export async function listGarbage(
  { DB, ARCHIVE }: PackEnv,
  now: number,
  limit: number,
): Promise<PackVersion[]> {
  const { results } = await DB.prepare(
    `SELECT start, version, place FROM pack_garbage
     WHERE place = 'd1' AND since < ?1 OR place = 'r2' AND since < ?2 AND ?3 LIMIT ?4`,
  )
    .bind(now - WRITTEN_MS, now - RESTORABLE_MS, ARCHIVE === undefined ? 0 : 1, limit)
    .all<PackVersion>()
  return results
}

/** Deletes the bytes of a former version where nothing brings them into use again: those in D1. */
export async function retire(env: PackEnv, former: PackVersion): Promise<void> {
  if (former.place === 'd1') await collect(env, former)
}

/**
 * Deletes the bytes of a version that is noted, and the note. Nothing happens to the bytes of a version that a pack has.
 * Throws when the place does not answer: the note stays.
 */
export async function collect(env: PackEnv, version: PackVersion): Promise<void> {
  const isUsed = await env.DB.prepare(
    'SELECT 1 AS yes FROM packs WHERE start = ?1 AND version = ?2',
  )
    .bind(version.start, version.version)
    .first('yes')
  if (isUsed !== 1) await deleteBytes(env, version)
  await forgetGarbage(env.DB, version).run()
}

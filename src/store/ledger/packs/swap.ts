// Puts a written pack in the place of rows: first the pack, then the rows, a few at a time. In between an event is in both,
// and hot: its row is what counts. So nothing is lost or counted twice wherever this is cut.
import { deleteObjects, objectsIn } from '../../events/bodies/objects.ts'
import type { Pack, PackEnv } from '../../events/packs/packs.ts'
import { type Identifying, keepIdentities } from '../../intake/packed-identities.ts'
import { keepFacts, type OwnedEvent } from './facts.ts'
import { deleteRows, freeze, onlyIf, type Some } from './frozen.ts'
import { forgetGarbage, noteGarbage } from './garbage.ts'
import { IS_UNCHANGED } from './segment.ts'

const IS_VERSION = 'EXISTS (SELECT 1 FROM packs WHERE start = ?1 AND version = CAST(?2 AS INTEGER))'

/** A statement that fails its transaction unless a pack is this version, or unless the segment has no pack. */
export function onlyIfVersion(
  db: D1Database,
  start: number,
  version: number | undefined,
): D1PreparedStatement {
  return version === undefined
    ? onlyIf(db, 'NOT EXISTS (SELECT 1 FROM packs WHERE start = ?1)', start)
    : onlyIf(db, IS_VERSION, start, version)
}

/**
 * Makes a written version the pack of its segment, in place of `former` (or of none), together with `others`. The bytes of the
 * former one are garbage then. Throws an error that `isChanged` recognises, and changes nothing, if another version took
 * its place since, or if the segment is no longer the same. `now` in epoch milliseconds.
 */
export async function putPack(
  db: D1Database,
  pack: Pack,
  former: Pack | undefined,
  now: number,
  others: readonly D1PreparedStatement[] = [],
): Promise<void> {
  const { start, until, version, place, events, bytes, hasRaw, parts, blocks, states } = pack
  await db.batch([
    onlyIfVersion(db, start, former?.version),
    onlyIf(db, 'EXISTS (SELECT 1 FROM segments WHERE start = ?1 AND until >= ?2)', start, until),
    db
      .prepare(
        `INSERT OR REPLACE INTO packs (start, until, version, place, events, bytes, has_raw, parts, blocks, states)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
      )
      .bind(
        start,
        until,
        version,
        place,
        events,
        bytes,
        hasRaw ? 1 : 0,
        JSON.stringify(parts),
        JSON.stringify(blocks),
        JSON.stringify(states),
      ),
    forgetGarbage(db, pack),
    ...(former ? [noteGarbage(db, former, now)] : []),
    ...others,
  ])
}

/** Events that leave their rows: their keys as decimal texts in their order, and what there is to be kept of them. */
export type Leaving = { keys: readonly string[]; facts: readonly OwnedEvent[] }

/**
 * Deletes the rows of events that a pack has, keeps their facts, and moves their counts to those of the pack, in one
 * transaction; then deletes the objects of their bodies. Throws an error that `isChanged` recognises, and changes nothing, if
 * the segment has changed since it was marked with `token`.
 */
export async function deletePacked(
  { DB: db, ARCHIVE }: PackEnv,
  { start, version }: Pick<Pack, 'start' | 'version'>,
  { keys, facts }: Leaving,
  token: number,
  identifying: Identifying,
): Promise<void> {
  const some: Some = { start, keys }
  const kept = await keepFacts(db, facts)
  const results = await db.batch<{ object: string | null }>([
    onlyIf(db, IS_UNCHANGED, start, token),
    onlyIfVersion(db, start, version),
    ...freeze(db, some),
    ...kept,
    keepIdentities(db, keys, identifying),
    ...deleteRows(db, some),
  ])
  await deleteObjects(ARCHIVE, objectsIn(results))
}

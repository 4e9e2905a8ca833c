// The objects of bodies in R2: they are deleted after their rows, and what a cut left of them is found by their names.
import { type EventId, isEventId, keyOfId } from '../../../core/id.ts'
import { withTimeout } from '../../timeout.ts'
import type { PackEnv } from '../packs/packs.ts'
import { PREFIX } from './place.ts'

/** How long R2 may take for a page of names, or to delete one, in milliseconds. */
const R2_TIMEOUT_MS = 5000

/** Names of a page: as many as one call of R2 lists and deletes. */
const PAGE = 1000

/** The age from which an object without a row is of no use: its transaction takes seconds. In milliseconds. */
const LEFTOVER_MS = 86_400_000

/** The objects of bodies in the rows that statements returned. */
export function objectsIn(results: readonly D1Result<{ object: string | null }>[]): string[] {
  return results.flatMap(({ results }) => results.flatMap(({ object }) => object ?? []))
}

/** Deletes objects whose rows are deleted. What R2 does not delete now is found by `deleteLeftovers`. Never rejects. */
export async function deleteObjects(
  bucket: R2Bucket | undefined,
  names: readonly string[],
): Promise<void> {
  for (let i = 0; bucket !== undefined && i < names.length; i += PAGE) {
    const some = names.slice(i, i + PAGE)
    await withTimeout(bucket.delete(some), 'R2', R2_TIMEOUT_MS).catch(() => undefined)
  }
}

/**
 * Deletes the objects of the bodies of events, by their keys (decimal texts), before their rows: a run that is cut finds the rows,
 * and deletes them again. Throws when R2 does not answer, or no bucket is bound and there are such objects.
 */
export async function eraseObjects(
  { DB, ARCHIVE }: PackEnv,
  keys: readonly string[],
): Promise<void> {
  const { results } = await DB.prepare(
    'SELECT object FROM bodies WHERE owner IN (SELECT CAST(value AS INTEGER) FROM json_each(?1)) AND object IS NOT NULL',
  )
    .bind(JSON.stringify(keys))
    .all<{ object: string }>()
  const names = results.map(({ object }) => object)
  if (names.length === 0) return
  if (ARCHIVE === undefined) throw new Error(`${names[0]} is in R2, and ARCHIVE is not bound`)
  for (let i = 0; i < names.length; i += PAGE) {
    await withTimeout(ARCHIVE.delete(names.slice(i, i + PAGE)), 'R2', R2_TIMEOUT_MS)
  }
}

/**
 * Looks at the next page of objects, once a day at each, and deletes those that are a day old and whose body no row has.
 * Returns how many; undefined when all were looked at today. `now` in epoch milliseconds. Throws when R2 or D1 fails.
 */
export async function deleteLeftovers(
  db: D1Database,
  bucket: R2Bucket,
  now: number,
): Promise<number | undefined> {
  const after = await db.prepare('SELECT objects FROM pruned').first<string | null>('objects')
  if (after === null) return undefined
  const page = { prefix: PREFIX, limit: PAGE, ...(after === '' ? {} : { startAfter: after }) }
  const { objects, truncated } = await withTimeout(bucket.list(page), 'R2', R2_TIMEOUT_MS)
  const old = objects.filter(({ uploaded }) => uploaded.getTime() < now - LEFTOVER_MS)
  const leftovers = await withoutRow(
    db,
    old.map(({ key }) => key),
  )
  if (leftovers.length > 0) await withTimeout(bucket.delete(leftovers), 'R2', R2_TIMEOUT_MS)
  const next = truncated ? objects.at(-1)?.key : undefined
  await db
    .prepare('UPDATE pruned SET objects = ?2 WHERE objects = ?1')
    .bind(after, next ?? null)
    .run()
  return leftovers.length
}

/** The key (decimal text) of the event whose body an object is, by its name; undefined for any other object. */
export function ownerOfObject(name: string): string | undefined {
  if (!name.startsWith(PREFIX)) return undefined
  const id = name.slice(PREFIX.length).split('-')[0] ?? ''
  return isEventId(id) ? keyOfId(id as EventId) : undefined
}

/** Those of some names that are no body of a row. A name that is not ours is none of them. */
async function withoutRow(db: D1Database, names: readonly string[]): Promise<string[]> {
  const own = names.flatMap((name) => {
    const key = ownerOfObject(name)
    return key === undefined ? [] : [{ name, key }]
  })
  if (own.length === 0) return []
  const { results } = await db
    .prepare(
      `SELECT bodies.object FROM json_each(?1) AS one CROSS JOIN bodies
         ON bodies.owner = CAST(one.value ->> 'key' AS INTEGER) AND bodies.object = one.value ->> 'name'`,
    )
    .bind(JSON.stringify(own))
    .all<{ object: string }>()
  const known = new Set(results.map(({ object }) => object))
  return own.map(({ name }) => name).filter((name) => !known.has(name))
}

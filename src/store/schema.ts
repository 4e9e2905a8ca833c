// The schema that the code was written for, and the one that the database has. wrangler notes applied migrations in D1.

import { HAS_KEYS_OF_0X, REMEDY_FOR_0X } from './keys-of-0x.ts'

/** The last migration of this version (src/store/migrations). */
export const LAST_MIGRATION = '0023_bodies.sql'

/**
 * The schema of the database compared with that of the code. `older`: migrations are missing, so this code cannot work.
 * `newer`: the code was rolled back, which works, as migrations only add. `obsolete`: its keys are those of a version 0.x.
 */
export type Schema = {
  state: 'current' | 'older' | 'newer' | 'obsolete'
  /** The last migration that was applied; undefined when none was. */
  applied: string | undefined
  expected: string
}

/** Reads which migrations and keys the database has. Throws when D1 does not answer. */
export async function readSchema(db: D1Database): Promise<Schema> {
  const applied = await lastApplied(db)
  const state = (await hasKeysOf0x(db)) ? 'obsolete' : compare(applied)
  return { state, applied, expected: LAST_MIGRATION }
}

async function hasKeysOf0x(db: D1Database): Promise<boolean> {
  return (await firstOf(db, HAS_KEYS_OF_0X, 'has_keys_of_0x')) === 1
}

function compare(applied: string | undefined): Schema['state'] {
  if (applied === LAST_MIGRATION) return 'current'
  // Names begin with a number of four digits.
  return applied !== undefined && applied > LAST_MIGRATION ? 'newer' : 'older'
}

async function lastApplied(db: D1Database): Promise<string | undefined> {
  const last = await firstOf(db, 'SELECT max(name) AS last FROM d1_migrations', 'last')
  return last === undefined ? undefined : String(last)
}

/** A value of the one row of a query; undefined where it is null, or the table is not there. */
async function firstOf(
  db: D1Database,
  sql: string,
  column: string,
): Promise<string | number | undefined> {
  try {
    return (await db.prepare(sql).first<string | number>(column)) ?? undefined
  } catch (error) {
    if (/no such table/.test(String(error))) return undefined
    throw error
  }
}

/** What is wrong with a schema and how to correct it, as a sentence; undefined when it fits. */
export function schemaProblem({ state, applied, expected }: Schema): string | undefined {
  const database =
    applied === undefined ? 'has no migrations' : `has the migrations up to ${applied}`
  if (state === 'obsolete') return `The database is one of a version 0.x: ${REMEDY_FOR_0X}`
  if (state === 'older')
    return `The database ${database}, but this version needs ${expected}: apply the migrations (npm run deploy does that first).`
  if (state === 'newer')
    return `The database ${database}, this version knows them up to ${expected}: the code was rolled back; deploy the newer version again.`
  return undefined
}

// The schema that the code was written for, and the one that the database has. wrangler notes applied migrations in D1.

/** The last migration of this version (src/store/migrations). */
export const LAST_MIGRATION = '0023_bodies.sql'

/**
 * The schema of the database compared with that of the code. `older`: migrations are missing, so this code cannot work.
 * `newer`: the code was rolled back, which works, as migrations only add.
 */
export type Schema = {
  state: 'current' | 'older' | 'newer'
  /** The last migration that was applied; undefined when none was. */
  applied: string | undefined
  expected: string
}

/** Reads which migrations the database has. Throws when D1 does not answer. */
export async function readSchema(db: D1Database): Promise<Schema> {
  const applied = await lastApplied(db)
  return { state: compare(applied), applied, expected: LAST_MIGRATION }
}

function compare(applied: string | undefined): Schema['state'] {
  if (applied === LAST_MIGRATION) return 'current'
  // Names begin with a number of four digits.
  return applied !== undefined && applied > LAST_MIGRATION ? 'newer' : 'older'
}

async function lastApplied(db: D1Database): Promise<string | undefined> {
  try {
    const last = await db
      .prepare('SELECT max(name) AS last FROM d1_migrations')
      .first<string>('last')
    return last ?? undefined
  } catch (error) {
    if (/no such table/.test(String(error))) return undefined
    throw error
  }
}

/** What is wrong with a schema and how to correct it, as a sentence; undefined when it fits. */
export function schemaProblem({ state, applied, expected }: Schema): string | undefined {
  const database =
    applied === undefined ? 'has no migrations' : `has the migrations up to ${applied}`
  if (state === 'older')
    return `The database ${database}, but this version needs ${expected}: apply the migrations (npm run deploy does that first).`
  if (state === 'newer')
    return `The database ${database}, this version knows them up to ${expected}: the code was rolled back; deploy the newer version again.`
  return undefined
}

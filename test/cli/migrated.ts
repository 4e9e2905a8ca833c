// A database in memory with the tables of the relay.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const MIGRATIONS = path.resolve(import.meta.dirname, '../../src/store/migrations')

/** An empty database after all migrations. */
export function aMigratedDatabase(): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  for (const name of readdirSync(MIGRATIONS).sort()) {
    db.exec(readFileSync(path.join(MIGRATIONS, name), 'utf8'))
  }
  return db
}

// D1's interface on SQLite of Node, where the size of a database can be limited: D1 refuses that PRAGMA.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

const MIGRATIONS = path.resolve(import.meta.dirname, '../../src/store/migrations')

/** The names of the migrations, in their order. */
export const migrationNames = () => readdirSync(MIGRATIONS).sort()

/** An empty database with some migrations, by default all, noted as wrangler does. */
export function aDatabase(names: readonly string[] = migrationNames()) {
  const sqlite = new DatabaseSync(':memory:')
  sqlite.exec('CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE)')
  for (const name of names) {
    sqlite.exec(readFileSync(path.join(MIGRATIONS, name), 'utf8'))
    sqlite.prepare('INSERT INTO d1_migrations (name) VALUES (?)').run(name)
  }
  return { sqlite, DB: d1Of(sqlite) }
}

const pragma = (sqlite: DatabaseSync, name: string) =>
  Number(Object.values(sqlite.prepare(`PRAGMA ${name}`).get() ?? {})[0])

/** The bytes of the pages that hold data, as D1 reports them. */
export function sizeOf(sqlite: DatabaseSync): number {
  const used = pragma(sqlite, 'page_count') - pragma(sqlite, 'freelist_count')
  return used * pragma(sqlite, 'page_size')
}

/** Lets the database have its present pages and some more. Returns its limit in bytes. */
export function limitTo(sqlite: DatabaseSync, morePages: number): number {
  const pages = pragma(sqlite, 'page_count') + morePages
  sqlite.exec(`PRAGMA max_page_count = ${pages}`)
  return pages * pragma(sqlite, 'page_size')
}

/** Whether at most one page is left: what needs more than one row may need two. */
function isFull(sqlite: DatabaseSync): boolean {
  const [most, used] = [pragma(sqlite, 'max_page_count'), pragma(sqlite, 'page_count')]
  return most - used + pragma(sqlite, 'freelist_count') <= 1
}

function d1Of(sqlite: DatabaseSync): D1Database {
  type Statement = { run: () => Promise<unknown>; now: () => unknown }
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      const { message } = error as Error
      const code = /full/.test(message) ? ': SQLITE_FULL' : ''
      throw new Error(`D1_ERROR: ${message}${code}`)
    }
  }
  const statement = (sql: string, values: SQLInputValue[]) => {
    const now = () => {
      // Whether a row fits into a page that has room is chance: the worst case is that none does.
      if (/^\s*INSERT/.test(sql) && isFull(sqlite)) throw new Error('database or disk is full')
      const prepared = sqlite.prepare(sql)
      const before = Number(Object.values(sqlite.prepare('SELECT total_changes()').get() ?? {})[0])
      const results = prepared.all(...values)
      const after = Number(Object.values(sqlite.prepare('SELECT total_changes()').get() ?? {})[0])
      return { results, meta: { changes: after - before, size_after: sizeOf(sqlite) } }
    }
    const run = async () => guarded(now)
    return {
      bind: (...more: SQLInputValue[]) => statement(sql, more),
      now,
      run,
      all: run,
      first: async (column?: string) => {
        const [row] = (await run()).results
        return row === undefined ? null : column === undefined ? row : (row[column] ?? null)
      },
    }
  }
  return {
    prepare: (sql: string) => statement(sql, []),
    batch: async (statements: Statement[]) =>
      guarded(() => {
        sqlite.exec('BEGIN')
        try {
          const results = statements.map(({ now }) => now())
          sqlite.exec('COMMIT')
          return results
        } catch (error) {
          // SQLite has ended the transaction itself after some errors.
          if (sqlite.isTransaction) sqlite.exec('ROLLBACK')
          throw error
        }
      }),
  } as unknown as D1Database
}

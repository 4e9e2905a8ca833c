// A database that counts the rows that are read and written through it.
import type { D1Database, D1PreparedStatement, D1Result } from '@cloudflare/workers-types'

/** The same database, and what was read and written through it so far. */
export function metered(db: D1Database) {
  let [rowsRead, rowsWritten] = [0, 0]
  function note<R extends D1Result>(result: R): R {
    rowsRead += result.meta.rows_read
    rowsWritten += result.meta.rows_written
    return result
  }
  type Metered = { inner: D1PreparedStatement }
  const statement = (inner: D1PreparedStatement): Metered & Record<string, unknown> => ({
    inner,
    bind: (...values: unknown[]) => statement(inner.bind(...values)),
    all: async () => note(await inner.all()),
    run: async () => note(await inner.run()),
    first: async (column?: string) => {
      const row = note(await inner.all<Record<string, unknown>>()).results[0]
      return (column === undefined ? row : row?.[column]) ?? null
    },
  })
  const counted = {
    prepare: (sql: string) => statement(db.prepare(sql)),
    batch: async (all: Metered[]) => (await db.batch(all.map(({ inner }) => inner))).map(note),
  }
  return { db: counted as unknown as D1Database, counts: () => ({ rowsRead, rowsWritten }) }
}

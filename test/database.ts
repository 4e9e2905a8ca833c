// The local database as tests treat it: emptied, and metered.
import { env } from 'cloudflare:workers'

/** The tables of the log, with its contacts and all that is rolled up from it. */
export const LOG_TABLES = [
  'events',
  'deliveries',
  'segments',
  'ledger',
  'postings',
  'posting_spans',
  'contacts',
]

/** Empties some tables. */
export async function empty(...tables: string[]): Promise<void> {
  await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)))
}

/** The database, and how many rows each batch has read or written through it so far. */
export function aMeteredDatabase(meter: 'rows_read' | 'rows_written') {
  const rows: number[] = []
  const db = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: async (statements: D1PreparedStatement[]) => {
      const results = await env.DB.batch(statements)
      rows.push(results.reduce((sum, { meta }) => sum + meta[meter], 0))
      return results
    },
  } as unknown as D1Database
  return { db, rows }
}

// The local database for tests: emptied, and metered.
import { env } from 'cloudflare:workers'

/** The tables of the log, with its contacts and its roll-ups. */
export const LOG_TABLES = [
  'events',
  'deliveries',
  'bodies',
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

/** The database, and the number of rows that each batch has read or written through it so far. */
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

/** The real D1, and the numbers of rows that were read and written through it. */
export function counting() {
  let [read, written] = [0, 0]
  const note = <R extends D1Result>(result: R): R => {
    read += result.meta.rows_read
    written += result.meta.rows_written
    return result
  }
  const inner = Symbol()
  type Counted = D1PreparedStatement & { [inner]: D1PreparedStatement }
  const counted = (statement: D1PreparedStatement): Counted =>
    ({
      [inner]: statement,
      bind: (...values: unknown[]) => counted(statement.bind(...values)),
      all: async () => note(await statement.all()),
      run: async () => note(await statement.run()),
      first: async () => note(await statement.all()).results[0] ?? null,
    }) as unknown as Counted
  const db = {
    prepare: (sql: string) => counted(env.DB.prepare(sql)),
    batch: async (statements: Counted[]) =>
      (await env.DB.batch(statements.map((statement) => statement[inner]))).map(note),
  } as unknown as D1Database
  return { db, read: () => read, written: () => written }
}

/** The most bytes of a parameter, and of a row, in production; the local runtime takes more. */
export const MAX_D1_BYTES = 2_000_000

/** The real D1 with the limit of production for a parameter. */
export function limitedLikeProduction(): D1Database {
  const check = (value: unknown) => {
    if (typeof value === 'string' && new TextEncoder().encode(value).length > MAX_D1_BYTES) {
      throw new Error('D1_ERROR: string or blob too big: SQLITE_TOOBIG')
    }
    return value
  }
  const limited = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get: (inner, name) => {
        if (name === 'bind') return (...values: unknown[]) => inner.bind(...values.map(check))
        const member = inner[name as keyof D1PreparedStatement] as unknown
        return typeof member === 'function' ? member.bind(inner) : member
      },
    })
  return {
    prepare: (sql: string) => limited(env.DB.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
  } as unknown as D1Database
}

/** The real D1 with a limit of statements for each invocation, as the free plan has it: those of a batch count each. */
export function limited(limit: number) {
  let left = limit
  let most = 0
  const afterTaking = <T>(count: number, work: () => T): T => {
    left -= count
    most = Math.max(most, limit - left)
    if (left < 0) throw new Error('Too many API requests by single worker invocation.')
    return work()
  }
  const inner = Symbol()
  type Limited = D1PreparedStatement & { [inner]: D1PreparedStatement }
  const wrap = (statement: D1PreparedStatement): Limited =>
    ({
      [inner]: statement,
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      all: async () => afterTaking(1, () => statement.all()),
      run: async () => afterTaking(1, () => statement.run()),
      first: async (column: string) => afterTaking(1, () => statement.first(column)),
    }) as unknown as Limited
  const db = {
    prepare: (sql: string) => wrap(env.DB.prepare(sql)),
    batch: async (statements: Limited[]) =>
      afterTaking(statements.length, () => env.DB.batch(statements.map((one) => one[inner]))),
  } as unknown as D1Database
  return {
    db,
    /** Begins another invocation. */
    begin: () => {
      left = limit
    },
    isExceeded: () => most > limit,
  }
}

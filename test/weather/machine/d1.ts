// D1 on node:sqlite: its API, its transactions, its errors, its limits. Rows read and written are not counted, as SQLite in
// Node has no counters: statements and changed rows are.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { checkRows, checkStatement } from '../../limits.ts'
import type { Isolate } from './isolate.ts'

/** The size at which D1 is full, in bytes. */
export const D1_BYTES = 10_000_000_000
const PAGE_BYTES = 4096

type Value = string | number | null | Uint8Array
type Prepared = { statement: StatementSync; writes: boolean; isQuery: boolean }
type Result = { success: true; results: unknown[]; meta: Record<string, unknown> }

/** What D1 refuses although SQLite takes it. */
const REFUSED =
  /^\s*(BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|ATTACH|DETACH|VACUUM)\b|^\s*CREATE\s+TEMP|^\s*PRAGMA\s+(journal_mode|user_version|synchronous)|\bsqlite_version\s*\(/i
const WRITES =
  /^\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b|^\s*WITH\b[\s\S]*\)\s*(INSERT|UPDATE|DELETE)\b/i

/** The database, of which each isolate has a binding. */
export class Database {
  sqlite: DatabaseSync
  /** Statements and changed rows since the start. */
  statements = 0
  changes = 0
  /** The bytes of other data that take its room, beside that of the relay. */
  ballastBytes = 0
  private prepared = new Map<string, Prepared>()

  constructor() {
    this.sqlite = opened()
  }

  /** Applies a migration. */
  migrate(sql: string): void {
    this.sqlite.exec(sql)
    this.prepared.clear()
  }

  /** A copy of everything, as Time Travel keeps it. */
  snapshot(): Uint8Array {
    return (this.sqlite as unknown as { serialize: () => Uint8Array }).serialize()
  }

  /** Goes back to a copy. */
  restore(copy: Uint8Array): void {
    const sqlite = opened()
    ;(sqlite as unknown as { deserialize: (copy: Uint8Array) => void }).deserialize(copy)
    sqlite.exec(SETTINGS)
    this.sqlite.close()
    this.sqlite = sqlite
    this.prepared.clear()
  }

  /** The bytes that are in use, as `meta.size_after` gives them. */
  size(): number {
    const { page_count = 0 } = this.sqlite.prepare('PRAGMA page_count').get() as Pages
    const { freelist_count = 0 } = this.sqlite.prepare('PRAGMA freelist_count').get() as Pages
    return (page_count - freelist_count) * PAGE_BYTES + this.ballastBytes
  }

  /** Fills it: what is left is `bytes`. Undefined makes room again. */
  fill(bytes: number | undefined): void {
    this.ballastBytes = 0
    const used = this.size()
    if (bytes !== undefined) this.ballastBytes = Math.max(0, D1_BYTES - used - bytes)
    const pages = Math.floor((D1_BYTES - this.ballastBytes) / PAGE_BYTES)
    this.sqlite.exec(`PRAGMA max_page_count = ${pages}`)
  }

  /** Rows of a query of the machine's own. */
  read<Row>(sql: string, ...values: Value[]): Row[] {
    return this.find(sql).statement.all(...values) as Row[]
  }

  writesOf(statements: readonly Statement[]): boolean {
    return statements.some(({ sql }) => WRITES.test(sql))
  }

  /** Runs statements in one transaction. Throws as D1 does; then nothing of it was done. */
  run(statements: readonly Statement[]): Result[] {
    this.statements += statements.length
    const isBatch = statements.length > 1
    try {
      if (isBatch) this.sqlite.exec('BEGIN')
      const results = statements.map((statement) => this.runOne(statement))
      if (isBatch) this.sqlite.exec('COMMIT')
      return results
    } catch (error) {
      if (this.sqlite.isTransaction) this.sqlite.exec('ROLLBACK')
      throw errorOf(error)
    }
  }

  private runOne({ sql, values }: Statement): Result {
    const { statement, writes, isQuery } = this.find(sql)
    const rows = isQuery ? (statement.all(...values) as Record<string, unknown>[]) : []
    let changes = 0
    if (!isQuery) changes = Number(statement.run(...values).changes)
    else if (writes) changes = this.read<{ n: number }>('SELECT changes() AS n')[0]?.n ?? 0
    this.changes += changes
    const results = rows.map(plain)
    checkRows(results)
    return { success: true, results, meta: this.meta(changes, results.length) }
  }

  private meta(changes: number, rows: number) {
    const size = () => this.size()
    return {
      duration: 1,
      changes,
      rows_read: rows,
      rows_written: changes,
      changed_db: changes > 0,
      last_row_id: 0,
      served_by: 'weather',
      get size_after() {
        return size()
      },
    }
  }

  private find(sql: string): Prepared {
    const known = this.prepared.get(sql)
    if (known) return known
    const statement = this.sqlite.prepare(sql)
    const isQuery = statement.columns().length > 0
    const prepared = { statement, isQuery, writes: WRITES.test(sql) }
    this.prepared.set(sql, prepared)
    return prepared
  }
}

const SETTINGS = 'PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = ON'

function opened(): DatabaseSync {
  const sqlite = new DatabaseSync(':memory:')
  sqlite.exec(SETTINGS)
  return sqlite
}

type Pages = { page_count?: number; freelist_count?: number }

/** A row as D1 returns it: blobs as lists of numbers. */
function plain(row: Record<string, unknown>): Record<string, unknown> {
  for (const key in row) {
    const value = row[key]
    if (typeof value === 'object' && value instanceof Uint8Array) row[key] = [...value]
  }
  return row
}

const CODES: Record<number, string> = {
  1: 'SQLITE_ERROR',
  13: 'SQLITE_FULL',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
}

function errorOf(error: unknown): Error {
  const { message = '', errcode } = error as { message?: string; errcode?: number }
  if (errcode === undefined) return error as Error
  const code = CODES[errcode & 0xff] ?? 'SQLITE_ERROR'
  return new Error(`D1_ERROR: ${message}: ${code}`)
}

/** A statement with its parameters. */
export type Statement = { sql: string; values: Value[] }

/** The binding of an isolate. */
export function bindingOf(database: Database, isolate: Isolate) {
  const { random, sky } = isolate.world
  const run = (statements: Statement[]): Promise<Result[]> => {
    try {
      isolate.limited(() => {
        for (const { sql, values } of statements) checkStatement(sql, values)
      })
      isolate.countStatements(statements.length)
    } catch (error) {
      return Promise.reject(error)
    }
    const writes = database.writesOf(statements)
    const trouble = sky.d1?.how === 'refuse-writes' && !writes ? undefined : sky.d1
    const known =
      trouble?.how === 'refuse-writes' ? { ...trouble, how: 'refuse' as const } : trouble
    const ms = writes ? random.between(3, 12) : random.between(1, 4)
    return isolate.io(
      ms,
      () => database.run(statements),
      known,
      'D1_ERROR: Network connection lost.',
    )
  }
  return {
    prepare: (sql: string) => prepare(sql, run),
    batch: (statements: (Statement & object)[]) => run(statements),
    exec: (sql: string) => run([{ sql, values: [] }]),
    withSession: () => ({ prepare: (sql: string) => prepare(sql, run), batch: run }),
  }
}

function prepare(sql: string, run: (statements: Statement[]) => Promise<Result[]>) {
  if (REFUSED.test(sql))
    throw new Error(`D1_ERROR: not authorized: SQLITE_AUTH (${sql.slice(0, 40)})`)
  const bound = (values: Value[]) => {
    const own = { sql, values }
    const all = async () => (await run([own]))[0] as Result
    return {
      ...own,
      bind: (...given: unknown[]) => bound(given.map(boundValue)),
      all,
      run: all,
      first: async (column?: string) => {
        const row = ((await all()).results[0] ?? null) as Record<string, unknown> | null
        return column === undefined || row === null ? row : (row[column] ?? null)
      },
      raw: async () => (await all()).results.map((row) => Object.values(row as object)),
    }
  }
  return bound([])
}

/** A parameter as D1 binds it. */
function boundValue(value: unknown): Value {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  if (Array.isArray(value)) return Uint8Array.from(value as number[])
  const type = typeof value
  throw new Error(`D1_TYPE_ERROR: Type '${type}' not supported for value '${String(value)}'`)
}

// D1 on node:sqlite: its API, its transactions, its errors, its limits. Rows read and written are not counted, as SQLite in
// Node has no counters: statements and changed rows are.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { checkRows, checkStatement } from '../../limits.ts'
import type { Isolate } from './isolate.ts'

/** The size at which D1 is full, in bytes. */
export const D1_BYTES = 10_000_000_000
const PAGE_BYTES = 4096

type Value = string | number | null | Uint8Array
type Prepared = {
  statement: StatementSync
  writes: boolean
  /** Makes a row of its values, where the statement gives rows. */
  rowOf: ((values: unknown[]) => unknown) | undefined
}
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
  private readonly now: () => number

  /** `now`: the time of the simulation, in epoch milliseconds. */
  constructor(now: () => number) {
    this.now = now
    this.sqlite = opened(now)
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
    const sqlite = opened(this.now)
    ;(sqlite as unknown as { deserialize: (copy: Uint8Array) => void }).deserialize(copy)
    sqlite.exec(SETTINGS)
    this.sqlite.close()
    this.sqlite = sqlite
    this.prepared.clear()
  }

  /** Gives its memory back. */
  close(): void {
    this.prepared.clear()
    this.sqlite.close()
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
    const { statement, rowOf } = this.find(sql)
    const rows = statement.all(...values) as unknown as unknown[][]
    return (rowOf ? rows.map(rowOf) : []) as Row[]
  }

  /** Whether statements write; what cannot be prepared is no read either. */
  writesOf(statements: readonly Statement[]): boolean {
    return statements.some(({ sql }) => this.prepared.get(sql)?.writes ?? WRITES.test(sql))
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
    const { statement, writes, rowOf } = this.find(sql)
    let changes = 0
    let results: unknown[] = []
    if (rowOf === undefined) changes = Number(statement.run(...values).changes)
    else {
      const rows = statement.all(...values) as unknown as unknown[][]
      if (writes) changes = this.read<{ n: number }>('SELECT changes() AS n')[0]?.n ?? 0
      results = rows.map(rowOf)
      if (rows.some(isLarge)) checkRows(results)
    }
    this.changes += changes
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
    const columns = statement.columns().map(({ name }) => name)
    statement.setReturnArrays(true)
    const rowOf = columns.length > 0 ? rowMaker(columns) : undefined
    const prepared = { statement, rowOf, writes: WRITES.test(sql) }
    this.prepared.set(sql, prepared)
    return prepared
  }
}

const SETTINGS = 'PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = ON'

function opened(now: () => number): DatabaseSync {
  const sqlite = new DatabaseSync(':memory:')
  sqlite.exec(SETTINGS)
  // Without an argument it is the time of this machine, which would make each run another one.
  sqlite.function('unixepoch', () => Math.floor(now() / 1000))
  return sqlite
}

type Pages = { page_count?: number; freelist_count?: number }

/** A function that makes a plain object of the values of a row, blobs as lists of numbers. */
function rowMaker(columns: string[]): (values: unknown[]) => unknown {
  const fields = [...new Set(columns)].map(
    (name) => `${JSON.stringify(name)}: of(values[${columns.lastIndexOf(name)}])`,
  )
  const make = new Function('of', `return (values) => ({ ${fields.join(', ')} })`)
  return make((value: unknown) => (value instanceof Uint8Array ? [...value] : value))
}

/** Whether a row may be beyond the limits: most need no closer look. */
function isLarge(values: readonly unknown[]): boolean {
  return values.some((value) => typeof value === 'string' && value.length > 600_000)
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
        for (const { sql, values } of statements) {
          if (sql.length > 30_000 || values.length > 100 || isLarge(values))
            checkStatement(sql, values)
        }
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

// The first string of each text: a lookup by that very string compares no characters of it.
const texts = new Map<string, string>()

function taken(sql: string): string {
  const known = texts.get(sql)
  if (known !== undefined) return known
  if (REFUSED.test(sql))
    throw new Error(`D1_ERROR: not authorized: SQLITE_AUTH (${sql.slice(0, 40)})`)
  texts.set(sql, sql)
  return sql
}

function prepare(text: string, run: (statements: Statement[]) => Promise<Result[]>) {
  const sql = taken(text)
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

// Reads several sorted queries as one sorted list, and no more rows of each than needed.
import type { RowBudget } from './pages.ts'

/** Returns the statement that reads the next `limit` rows of a sorted query after a row, or its first rows. */
export type SortedQuery<Row> = (after: Row | undefined, limit: number) => D1PreparedStatement

/**
 * A sorted list that is read in another way. `next` returns its next rows, as many as it reads at once; none at its end, or
 * when it may read no more.
 */
export type SortedSource<Row> = { next(): Promise<Row[]>; isEnd(): boolean }

/** The merged list. */
type MergedRows<Row> = {
  /** Returns the next rows that match, at most `n`; fewer at the end, or when the budget is spent. */
  next(n: number): Promise<Row[]>
  /** Returns the last row that was looked at, whether it matched or not; undefined before the first. */
  last(): Row | undefined
  /** True if no rows follow the last one. */
  isEnd(): boolean
}

/**
 * The queries to merge, each sorted by `isBefore` and reading one row for each that it returns, and the other `sources`.
 * `reserve`: how many rows the caller will read for each row of the merged list.
 */
type MergeOptions<Row> = {
  budget: RowBudget
  queries: readonly SortedQuery<Row>[]
  sources?: readonly SortedSource<Row>[]
  isBefore: (a: Row, b: Row) => boolean
  matches: (row: Row) => boolean
  reserve: number
}

/** Merges sorted queries and leaves out the rows that do not match. */
export function mergeSorted<Row>({
  budget,
  queries,
  sources = [],
  isBefore,
  matches,
  reserve,
}: MergeOptions<Row>): MergedRows<Row> {
  type Head = { query: SortedQuery<Row>; rows: Row[]; after: Row | undefined; isEnd: boolean }
  const heads: Head[] = queries.map((query) => ({
    query,
    rows: [],
    after: undefined,
    isEnd: false,
  }))
  const others = sources.map((source) => ({ source, rows: [] as Row[] }))
  let last: Row | undefined

  /** Reads the next rows of sources that have none left; false if one may read no more. */
  async function refillOthers(): Promise<boolean> {
    for (const other of others) {
      if (other.rows.length === 0) other.rows = await other.source.next()
      if (other.rows.length === 0 && !other.source.isEnd()) return false
    }
    return true
  }

  /** Reads the next rows of queries that have none left; false if the budget does not allow it. The first read always runs. */
  async function refill(wanted: number, reserved: number): Promise<boolean> {
    const empty = heads.filter(({ rows, isEnd }) => rows.length === 0 && !isEnd)
    if (empty.length === 0) return true
    // A query without results reads one row too.
    const affordable = Math.floor((budget.left() - reserved) / empty.length) - 1
    if (affordable < 1 && last !== undefined) return false
    const limit = Math.max(1, Math.min(affordable, Math.ceil(wanted / empty.length)))
    const results = await budget.read<Row>(empty.map(({ query, after }) => query(after, limit)))
    for (const [i, head] of empty.entries()) {
      head.rows = results[i] ?? []
      head.after = head.rows.at(-1) ?? head.after
      head.isEnd = head.rows.length < limit
    }
    return true
  }

  return {
    async next(n) {
      const matching: Row[] = []
      while (matching.length < n && (await refill(n - matching.length, n * reserve))) {
        if (!(await refillOthers())) break
        const [first, ...rest] = [...heads, ...others].filter(({ rows }) => rows.length > 0)
        if (first === undefined) break
        const head = rest.reduce(
          (best, other) => (isBefore(other.rows[0] as Row, best.rows[0] as Row) ? other : best),
          first,
        )
        last = head.rows.shift() as Row
        if (matches(last)) matching.push(last)
      }
      return matching
    },
    last: () => last,
    isEnd: () =>
      heads.every(({ rows, isEnd }) => isEnd && rows.length === 0) &&
      others.every(({ rows, source }) => source.isEnd() && rows.length === 0),
  }
}

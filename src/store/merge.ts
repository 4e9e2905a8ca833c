// Several sorted queries read as one, no further than is needed.
import type { RowBudget } from './pages.ts'

/** A sorted query: the statement that reads its next `limit` rows after one, or its first. It reads a row for each. */
export type SortedQuery<Row> = (after: Row | undefined, limit: number) => D1PreparedStatement

/** What several streams give together. */
export type MergedRows<Row> = {
  /** The next rows that are wanted, at most `n`; fewer at the end, or when the page has read as much as it may. */
  next(n: number): Promise<Row[]>
  /** The last row that was looked at, wanted or not. */
  last(): Row | undefined
  /** True when there is nothing after that. */
  isEnd(): boolean
}

/**
 * Merges streams that are sorted by `isBefore`, leaving out what is not wanted. `reserve`: how many more rows will be
 * read for each row that it gives.
 */
export function mergeSorted<Row>(
  budget: RowBudget,
  streams: readonly SortedQuery<Row>[],
  isBefore: (a: Row, b: Row) => boolean,
  isWanted: (row: Row) => boolean,
  reserve: number,
): MergedRows<Row> {
  type Head = { stream: SortedQuery<Row>; rows: Row[]; after: Row | undefined; isEnd: boolean }
  const heads: Head[] = streams.map((stream) => ({
    stream,
    rows: [],
    after: undefined,
    isEnd: false,
  }))
  let last: Row | undefined

  /** Reads on where rows have run out; false when that costs more than is left. The first reading is never refused. */
  async function refill(wanted: number, reserved: number): Promise<boolean> {
    const dry = heads.filter(({ rows, isEnd }) => rows.length === 0 && !isEnd)
    if (dry.length === 0) return true
    // A query that finds nothing reads a row too.
    const affordable = Math.floor((budget.left() - reserved) / dry.length) - 1
    if (affordable < 1 && last !== undefined) return false
    const limit = Math.max(1, Math.min(affordable, Math.ceil(wanted / dry.length)))
    const results = await budget.read<Row>(dry.map(({ stream, after }) => stream(after, limit)))
    for (const [i, head] of dry.entries()) {
      head.rows = results[i] ?? []
      head.after = head.rows.at(-1) ?? head.after
      head.isEnd = head.rows.length < limit
    }
    return true
  }

  return {
    async next(n) {
      const given: Row[] = []
      while (given.length < n && (await refill(n - given.length, n * reserve))) {
        const [first, ...others] = heads.filter(({ rows }) => rows.length > 0)
        if (first === undefined) break
        const head = others.reduce(
          (best, one) => (isBefore(one.rows[0] as Row, best.rows[0] as Row) ? one : best),
          first,
        )
        last = head.rows.shift() as Row
        if (isWanted(last)) given.push(last)
      }
      return given
    },
    last: () => last,
    isEnd: () => heads.every(({ rows, isEnd }) => isEnd && rows.length === 0),
  }
}

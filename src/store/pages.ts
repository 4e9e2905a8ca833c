// Pages of lists: cursors, and a limit on the rows that a page may read.

/** The page that a caller asks for: at most `limit` items, starting after `cursor`, or with the first item. */
export type Page = { limit: number; cursor?: string | undefined }

/**
 * One page of a list. `next` is the cursor of the following page, undefined at the end. A page may hold fewer items than
 * its limit, or none, and still have a `next`: it has then read as many rows as it may. Follow `next` to get all items.
 */
export type Paged<Item> = { items: Item[]; next: string | undefined }

/**
 * A position in a list: the key of an event and, within an event, the target of a delivery. `at`: when the event happened,
 * in epoch milliseconds, in lists sorted by that; null in lists sorted by receipt.
 */
export type Position = { key: bigint; target: string | null; at: number | null }

/** Returns a position as an opaque string. */
export function encodeCursor({ key, target, at }: Position): string {
  return btoa(JSON.stringify([String(key), target, at]))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

/** The text of a cursor: base64url, as short as the longest name of a target allows. */
export const CURSOR_PATTERN = /^WyI[0-5w-z][0-9A-Za-z_-]*$/
export const MAX_CURSOR = 1000

/** Returns the position of a cursor; undefined if the text is not a cursor. */
export function decodeCursor(cursor: string): Position | undefined {
  try {
    const [key, target, at] = JSON.parse(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')))
    const isPosition =
      /^\d{1,19}$/.test(key) &&
      (target === null || typeof target === 'string') &&
      (at === null || Number.isSafeInteger(at))
    return isPosition ? { key: BigInt(key), target, at } : undefined
  } catch {
    return undefined
  }
}

/** Returns the position after which a page starts; undefined for the first page. Throws a RangeError for an invalid cursor. */
export function startOfPage({ cursor }: Page): Position | undefined {
  if (cursor === undefined) return undefined
  const position = decodeCursor(cursor)
  if (position === undefined) throw new RangeError('not a cursor')
  return position
}

/** Reads rows for a page and subtracts what D1 counted as read from the page's budget. */
export type RowBudget = {
  /** How many rows the page may still read; negative if a statement read more than expected. */
  left(): number
  /** Runs the statements in one batch and returns the rows of each. */
  read<Row>(statements: D1PreparedStatement[]): Promise<Row[][]>
}

/** Returns the budget of a page: 20 rows, and three for each item of its limit. */
export function rowBudgetFor(db: D1Database, { limit }: Page): RowBudget {
  let left = 3 * limit + 20
  return {
    left: () => left,
    async read<Row>(statements: D1PreparedStatement[]) {
      if (statements.length === 0) return []
      const results = await db.batch<Row>(statements)
      for (const { meta } of results) left -= meta.rows_read
      return results.map((result) => result.results)
    },
  }
}

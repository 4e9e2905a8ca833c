// Pages of lists: where one ends and the next begins, and how many rows it may read.

/** Which page is wanted: how many items at most, after the place that the page before named. */
export type Page = { limit: number; cursor?: string | undefined }

/**
 * A page. `next` is the cursor of the page after it, undefined at the end. A page may hold fewer items than were asked
 * for, or none, and still have a `next`: then it has read as much as it may. Whoever wants all of it calls on.
 */
export type Paged<Item> = { items: Item[]; next: string | undefined }

/**
 * A place in a list: the event, and its delivery where the place is within an event. `at` is when it happened, in epoch
 * milliseconds, in lists that go by that; null in those that go by receipt.
 */
export type Position = { key: bigint; target: string | null; at: number | null }

/** A place as an opaque text. */
export function encodeCursor({ key, target, at }: Position): string {
  return btoa(JSON.stringify([String(key), target, at]))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

/** The place of a cursor; undefined for a text that is none. */
export function decodeCursor(cursor: string): Position | undefined {
  try {
    const [key, target, at] = JSON.parse(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')))
    const isPlace =
      /^\d{1,19}$/.test(key) &&
      (target === null || typeof target === 'string') &&
      (at === null || Number.isSafeInteger(at))
    return isPlace ? { key: BigInt(key), target, at } : undefined
  } catch {
    return undefined
  }
}

/** The place at which a page begins; undefined for the first. Throws a RangeError for what is no cursor: check it first. */
export function startOfPage({ cursor }: Page): Position | undefined {
  if (cursor === undefined) return undefined
  const place = decodeCursor(cursor)
  if (place === undefined) throw new RangeError('not a cursor')
  return place
}

/** What reads rows for a page, and knows by D1's own count how many more it may read. */
export type RowBudget = {
  left(): number
  read<Row>(statements: D1PreparedStatement[]): Promise<Row[][]>
}

/** A page may read three rows for each that it may hold, and twenty. */
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

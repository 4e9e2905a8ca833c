// Reads packs and rows as of one moment, although a pack is read after the statement that found it: an event that moves
// between the two meanwhile is seen once.
import type { KeyRange } from '../event-filter.ts'

/** What is kept of a packed event: `start` is that of its pack. */
export type Packed<T> = { key: string; start: number; value: T }

/** What was read of packs: of each event that matters, in their order, and how far they were read, if not to the end. */
export type PackedPart<T> = { found: Packed<T>[]; end: bigint | undefined }

/**
 * How to read. `list`: the statement that says where to look, whose rows have all that the packs could have changed; `read`:
 * reads the packs by its rows; `alongside`: the statements over rows, of the part of the range that was read.
 */
type Reading<Row, T> = {
  range: KeyRange
  list: D1PreparedStatement
  read: (rows: Row[]) => Promise<PackedPart<T>>
  alongside: (range: KeyRange) => D1PreparedStatement[]
}

/** How often it is read again when events were packed meanwhile. */
const TRIES = 3

/**
 * Reads packs, then rows, and again if the packs have changed by then; only rows, in one transaction, where there are no packs.
 * Returns what was found in packs of events without a
 * row, the results of the statements, and the end of the part of the range that was read; undefined if that is all of it.
 * Throws when the packs change each time, and what `read` throws.
 */
export async function readTogether<Row, T>(
  db: D1Database,
  { range, list, read, alongside }: Reading<Row, T>,
): Promise<PackedPart<T> & { results: D1Result[] }> {
  for (let tries = TRIES; ; tries--) {
    const [first, ...all] = await db.batch([list, ...alongside(range)])
    const listed = (first?.results ?? []) as Row[]
    if (listed.length === 0) return { found: [], end: undefined, results: all }
    const part = await read(listed).catch((error) => {
      // Another version of a pack may have come, and the bytes of this one are gone.
      if (tries === 1) throw error
    })
    if (part === undefined) continue
    const { found, end } = part
    const [again, hot, ...results] = await db.batch([
      list,
      hotKeys(
        db,
        found.map(({ key }) => key),
      ),
      ...alongside({ ...range, before: end ?? range.before }),
    ])
    if (JSON.stringify(again?.results) === JSON.stringify(listed)) {
      const keys = new Set(((hot?.results ?? []) as { key: string }[]).map(({ key }) => key))
      return { found: found.filter(({ key }) => !keys.has(key)), end, results }
    }
    if (tries === 1) throw new Error('packs changed while they were read')
  }
}

/** The statement that returns those of some keys (decimal texts) that have a row. */
export function hotKeys(db: D1Database, keys: readonly string[]): D1PreparedStatement {
  return db
    .prepare(
      `SELECT CAST(e.key AS TEXT) AS key FROM json_each(?1) AS wanted
       CROSS JOIN events AS e ON e.key = CAST(wanted.value AS INTEGER)`,
    )
    .bind(JSON.stringify([...new Set(keys)]))
}

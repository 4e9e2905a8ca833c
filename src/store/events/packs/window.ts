// The blocks of a part of the log, from its begin: what searches read that go through it step by step.
import { firstKeyAt, idOfKey, keyOfId, timeOfKey } from '../../../core/id.ts'
import { readLine, rowsOf, type StoredRows } from '../../../core/ledger/pack-line.ts'
import { HOUR_MS } from '../../../core/period.ts'
import type { KeyRange } from '../event-filter.ts'
import { type PackEnv, type PackRow, packOf } from './packs.ts'
import { type PackBlock, readBlocks } from './read-blocks.ts'
import type { PackedPart } from './together.ts'

/** Packs that a window has at most. */
const MAX_PACKS = 20

/** Which packs matter: a condition over `packs AS p`, as SQL with parameters from ?4 on, and their values. */
export type PackCondition = { sql: string; values: readonly (string | null)[] }

/** The statement that lists the first packs of a range of keys for `readWindow`, those that meet a condition. */
export function listWindow(
  db: D1Database,
  { from, before }: KeyRange,
  { sql, values }: PackCondition = { sql: 'TRUE', values: [] },
): D1PreparedStatement {
  const [first, last] = [timeOfKey(from), timeOfKey(before - 1n)]
  // A pack lies within an hour.
  return db
    .prepare(
      `SELECT * FROM packs AS p WHERE start >= ?1 AND start <= ?2 AND until > ?3 AND ${sql} ORDER BY start LIMIT ${MAX_PACKS}`,
    )
    .bind(first - (first % HOUR_MS), last, first, ...values)
}

/**
 * Reads the events of a range from listed packs, block after block, at most `maxBlocks`; `take` returns what is kept of each,
 * if anything.
 */
export async function readWindow<T>(
  env: PackEnv,
  { from, before }: KeyRange,
  { rows, maxBlocks }: { rows: readonly PackRow[]; maxBlocks: number },
  take: (rows: StoredRows) => T | undefined,
): Promise<PackedPart<T>> {
  const blocks = rows.map(packOf).flatMap((pack) =>
    pack.blocks.flatMap((block, i): PackBlock | [] => {
      const next = pack.blocks[i + 1]
      const isBefore = next !== undefined && next[0] <= idOfKey(from)
      return isBefore || BigInt(keyOfId(block[0])) >= before ? [] : { pack, block }
    }),
  )
  const read = await readBlocks(env, blocks.slice(0, maxBlocks), (lines, { pack: { start } }) =>
    lines.flatMap((line) => {
      const rows = rowsOf(readLine(line))
      const key = BigInt(rows.event.key)
      const value = key >= from && key < before ? take(rows) : undefined
      return value === undefined ? [] : { key: rows.event.key, start, value }
    }),
  )
  const after = blocks[maxBlocks]?.block[0]
  const end =
    after !== undefined
      ? BigInt(keyOfId(after))
      : rows.length === MAX_PACKS
        ? BigInt(firstKeyAt(rows.at(-1)?.until ?? 0))
        : undefined
  return { found: read.flat(), end: end !== undefined && end < before ? end : undefined }
}

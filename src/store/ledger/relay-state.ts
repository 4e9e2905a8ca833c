// What the relay knows of itself, one row; and the present size of the database.
import type { RelayState } from '../../core/ledger/database.ts'

type Row = { cron_at: number; bytes: number; short_of_space: number; sizes: string; in_r2: number }

/**
 * Returns the state, the present size of the database in bytes, and whether packs are in R2. D1 tells the size with every answer: pages that hold
 * data, so it falls when rows are deleted or their bytes are (seen with wrangler's local D1: 10.2 MB, 6.2 MB after half of
 * the bytes became NULL, 12 kB when all rows were deleted).
 */
export async function readRelayState(
  db: D1Database,
): Promise<{ state: RelayState; bytes: number; arePacksInR2: boolean }> {
  const { results, meta } = await db
    .prepare(
      `SELECT cron_at, bytes, short_of_space, sizes, EXISTS (SELECT 1 FROM packs WHERE place = 'r2') AS in_r2 FROM relay_state`,
    )
    .all<Row>()
  const [row] = results
  if (row === undefined) throw new Error('relay_state has no row')
  const state = {
    cronAt: row.cron_at,
    bytes: row.bytes,
    isShortOfSpace: row.short_of_space === 1,
    sizes: JSON.parse(row.sizes),
  }
  return { state, bytes: meta.size_after, arePacksInR2: row.in_r2 === 1 }
}

/** Writes the state after a run of the cron, unless a later run has written its own. */
export async function writeRelayState(db: D1Database, state: RelayState): Promise<void> {
  await db
    .prepare(
      'UPDATE relay_state SET cron_at = ?1, bytes = ?2, short_of_space = ?3, sizes = ?4 WHERE cron_at <= ?1',
    )
    .bind(state.cronAt, state.bytes, Number(state.isShortOfSpace), JSON.stringify(state.sizes))
    .run()
}

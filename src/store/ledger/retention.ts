// The retention that is obeyed, and a shorter one that must stand for a day first: columns of the one row of `pruned`.
import type { RetentionMemory } from '../../core/ledger/retention.ts'

type Row = {
  kept_days: number | null
  kept_raw_days: number | null
  next_days: number | null
  next_raw_days: number | null
  next_since: number | null
}

/** Returns the retention that is obeyed, and the one that is to be. */
export async function getRetention(db: D1Database): Promise<RetentionMemory> {
  const row = await db
    .prepare('SELECT kept_days, kept_raw_days, next_days, next_raw_days, next_since FROM pruned')
    .first<Row>()
  const { kept_days: days, kept_raw_days: rawDays } = row ?? {}
  const { next_days, next_raw_days, next_since } = row ?? {}
  return {
    kept: days == null || rawDays == null ? undefined : { days, rawDays },
    next:
      next_days == null || next_raw_days == null || next_since == null
        ? undefined
        : { days: next_days, rawDays: next_raw_days, since: next_since },
  }
}

/** Stores them. */
export async function storeRetention(
  db: D1Database,
  { kept, next }: RetentionMemory,
): Promise<void> {
  const update = db.prepare(
    'UPDATE pruned SET kept_days = ?1, kept_raw_days = ?2, next_days = ?3, next_raw_days = ?4, next_since = ?5',
  )
  const values = [kept?.days, kept?.rawDays, next?.days, next?.rawDays, next?.since]
  await db.batch([update.bind(...values.map((value) => value ?? null))])
}

// The retention that is obeyed, and a shorter one that must stand for a day first: columns of the one row of `pruned`.
import { firstKeyAt } from '../../core/id.ts'
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

/**
 * The ends of retention in epoch milliseconds: of events and of their bytes. `early`: that of bytes in D1 while the database
 * is nearly full. `today`: days since 1970.
 */
export type Due = { before: number; rawBefore: number; early: number | undefined; today: number }

/**
 * Returns whether a run of retention has anything to do: events or bytes that are not checked yet, packs or large bodies whose
 * time is over, or a new day. One query, as most runs have nothing to do.
 */
export async function isAnythingDue(
  db: D1Database,
  { before, rawBefore, early = 0, today }: Due,
): Promise<boolean> {
  const due = await db
    .prepare(
      `SELECT (pruned.day < ?1
         OR EXISTS (SELECT 1 FROM events WHERE key > pruned.events AND key < CAST(?2 AS INTEGER))
         OR EXISTS (SELECT 1 FROM events WHERE key > pruned.raws AND key < CAST(?3 AS INTEGER))
         OR EXISTS (SELECT 1 FROM bodies WHERE owner < CAST(?4 AS INTEGER))
         OR EXISTS (SELECT 1 FROM packs WHERE start < ?5)
         OR EXISTS (SELECT 1 FROM packs WHERE has_raw = 1 AND start < ?6)
         OR (?7 > 0 AND EXISTS (SELECT 1 FROM packs WHERE has_raw = 1 AND start < ?7 AND place = 'd1'))) AS yes FROM pruned`,
    )
    .bind(
      today,
      firstKeyAt(before),
      firstKeyAt(Math.max(rawBefore, early)),
      firstKeyAt(rawBefore),
      before,
      rawBefore,
      early,
    )
    .first('yes')
  return due === 1
}

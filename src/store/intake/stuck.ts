// The request of the spill queue that D1 does not take although it takes others: what an operator has to know of it.
import { type EventId, idOfKey, keyOfId } from '../../core/id.ts'

/** How long a row that is not written again counts. It is written once an hour, and a request is tried each 15 minutes. */
const HOUR_MS = 3_600_000

/** The oldest request that fails, by the id of its first event, and why. */
export type StuckRequest = { id: EventId; reason: string }

/** Notes a request that fails, if none is noted that is older. Writes a row when something changes, and hourly. */
export async function noteStuck(
  db: D1Database,
  { id, reason }: StuckRequest,
  now: number,
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO spill_stuck (one, key, reason, seen) VALUES (1, CAST(?1 AS INTEGER), ?2, ?3)
       ON CONFLICT (one) DO UPDATE SET key = excluded.key, reason = excluded.reason, seen = excluded.seen
       WHERE excluded.key < key OR excluded.seen > seen + ${2 * HOUR_MS}
         OR excluded.key = key AND (excluded.reason <> reason OR excluded.seen > seen + ${HOUR_MS})`,
    )
    .bind(keyOfId(id), reason, now)
    .run()
}

/** Forgets a noted request, as one of `ids` was recorded. */
export async function forgetStuck(db: D1Database, ids: readonly EventId[]): Promise<void> {
  await db
    .prepare(
      'DELETE FROM spill_stuck WHERE key IN (SELECT CAST(value AS INTEGER) FROM json_each(?1))',
    )
    .bind(JSON.stringify(ids.map(keyOfId)))
    .run()
}

/** The noted request; none when it has not failed for two hours, as its queue may have lost it. */
export async function getStuck(db: D1Database, now: number): Promise<StuckRequest | undefined> {
  const row = await db
    .prepare('SELECT CAST(key AS TEXT) AS key, reason FROM spill_stuck WHERE seen > ?1')
    .bind(now - 2 * HOUR_MS)
    .first<{ key: string; reason: string }>()
  return row === null ? undefined : { id: idOfKey(row.key), reason: row.reason }
}

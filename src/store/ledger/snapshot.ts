// The snapshot of the last minute, one row that API, metrics and console read; and the oldest waiting deliveries.
import type { HoldReason } from '../../core/deliveries/delivery.ts'
import { ID_RANDOM_RANGE } from '../../core/id.ts'
import type { OldestWaiting, Snapshot } from '../../core/ledger/snapshot.ts'
import { storedWord } from '../stored-words.ts'

/** A snapshot. `asOf`: when its content last changed, in epoch milliseconds. */
export type StoredSnapshot = Snapshot & { asOf: number }

/** Returns the last snapshot; undefined before the first. */
export async function getSnapshot(db: D1Database): Promise<StoredSnapshot | undefined> {
  const row = await db
    .prepare('SELECT as_of, content FROM snapshot')
    .first<{ as_of: number; content: string }>()
  return row === null ? undefined : { ...(JSON.parse(row.content) as Snapshot), asOf: row.as_of }
}

/**
 * Stores a snapshot. Returns false and writes nothing if its content is that of the last one, or if it is older. `now` in
 * epoch milliseconds.
 */
export async function storeSnapshot(
  db: D1Database,
  snapshot: Snapshot,
  now: number,
): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `INSERT INTO snapshot (id, as_of, content) VALUES (1, ?1, ?2)
       ON CONFLICT (id) DO UPDATE SET as_of = excluded.as_of, content = excluded.content
       WHERE content <> excluded.content AND as_of <= excluded.as_of`,
    )
    .bind(now, JSON.stringify(snapshot))
    .run()
  return meta.changes > 0
}

const HOLD_REASONS: HoldReason[] = [
  'disabled',
  'broken',
  'order',
  'backing_off',
  'paused',
  'failing',
  'gone',
  'unknown',
]
const REASONS = JSON.stringify(HOLD_REASONS.map(storedWord))

// Reads one row for each delivery that waits for an attempt.
const OLDEST_DUE = `
SELECT target, min(due) AS oldest FROM deliveries INDEXED BY deliveries_due
WHERE state IN ('pending', 'retrying') AND due IS NOT NULL GROUP BY target`

// Many deliveries may be held: only the first of each target and reason is read, by the index.
const OLDEST_HELD = `
WITH RECURSIVE held (target) AS (
  SELECT min(target) FROM deliveries WHERE state = 'held'
  UNION ALL
  SELECT (SELECT min(target) FROM deliveries WHERE state = 'held' AND target > held.target)
  FROM held WHERE held.target IS NOT NULL)
SELECT target, min(event) / ${ID_RANDOM_RANGE} AS oldest FROM (
  SELECT target, (SELECT min(event) FROM deliveries
    WHERE state = 'held' AND target = held.target AND reason = reasons.value) AS event
  FROM held CROSS JOIN json_each('${REASONS}') AS reasons WHERE target IS NOT NULL)
GROUP BY target`

/**
 * Returns the oldest waiting deliveries by target. Reads one row for each delivery that waits for an attempt, and a few for
 * each target with held deliveries.
 */
export async function listOldestWaiting(db: D1Database): Promise<OldestWaiting[]> {
  type Row = { target: string; oldest: number }
  const [due, held] = (await db.batch<Row>([db.prepare(OLDEST_DUE), db.prepare(OLDEST_HELD)])) as [
    D1Result<Row>,
    D1Result<Row>,
  ]
  const [dueByTarget, heldByTarget] = [due, held].map(
    ({ results }) => new Map(results.map(({ target, oldest }) => [target, oldest])),
  )
  return [...new Set([...(dueByTarget?.keys() ?? []), ...(heldByTarget?.keys() ?? [])])].map(
    (target) => ({
      target,
      oldestDue: dueByTarget?.get(target) ?? null,
      oldestHeld: heldByTarget?.get(target) ?? null,
    }),
  )
}

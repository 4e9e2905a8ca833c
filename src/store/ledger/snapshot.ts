// The snapshot of the last minute: one row, which API, metrics and console read. And what waits the longest now.
import type { HoldReason } from '../../core/deliveries/delivery.ts'
import { ID_RANDOM_RANGE } from '../../core/id.ts'
import type { OldestWaiting, Snapshot } from '../../core/ledger/snapshot.ts'

/** A snapshot, and when it was taken or last found to be different, in epoch milliseconds. */
export type TakenSnapshot = Snapshot & { asOf: number }

/** The last snapshot; undefined before the first. */
export async function getSnapshot(db: D1Database): Promise<TakenSnapshot | undefined> {
  const row = await db
    .prepare('SELECT as_of, content FROM snapshot')
    .first<{ as_of: number; content: string }>()
  return row === null ? undefined : { ...(JSON.parse(row.content) as Snapshot), asOf: row.as_of }
}

/** Keeps a snapshot; one that says the same as the last, or is older, writes nothing. `now` in epoch milliseconds. */
export async function keepSnapshot(
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

const REASONS = JSON.stringify([
  'disabled',
  'broken',
  'order',
  'open',
  'paused',
  'failing',
  'gone',
] satisfies HoldReason[])

// One row read for each delivery that waits for an attempt.
const OLDEST_DUE = `
SELECT target, min(due) AS oldest FROM deliveries INDEXED BY deliveries_due
WHERE state IN ('pending', 'retrying') AND due IS NOT NULL GROUP BY target`

// What is held may be much: of each target and reason only the first is read, as the index has it.
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

/** What waits the longest, by target. Reads what is due, and a few rows for each target for which something is held. */
export async function listWaiting(db: D1Database): Promise<OldestWaiting[]> {
  type Row = { target: string; oldest: number }
  const [due, held] = (await db.batch<Row>([db.prepare(OLDEST_DUE), db.prepare(OLDEST_HELD)])) as [
    D1Result<Row>,
    D1Result<Row>,
  ]
  const [dues, helds] = [due, held].map(
    ({ results }) => new Map(results.map(({ target, oldest }) => [target, oldest])),
  )
  return [...new Set([...(dues?.keys() ?? []), ...(helds?.keys() ?? [])])].map((target) => ({
    target,
    oldestDue: dues?.get(target) ?? null,
    oldestHeld: helds?.get(target) ?? null,
  }))
}

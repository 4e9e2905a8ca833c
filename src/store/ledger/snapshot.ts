// The snapshot of the last minute, one row that API, metrics and console read; and the deliveries that wait or are dead.
import type { HoldReason } from '../../core/deliveries/delivery.ts'
import type { Snapshot } from '../../core/ledger/snapshot.ts'
import type { Dead, OldestWaiting } from '../../core/ledger/trouble.ts'
import { IS_WATCHED } from '../deliveries/waiting.ts'
import { timeOfKey } from '../segments.ts'
import { readWord, storedWord } from '../stored-words.ts'

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
SELECT target, min(due) AS oldest, sum(due < ?1) AS overdue FROM deliveries
WHERE ${IS_WATCHED} AND due > 0 GROUP BY target`

// Many deliveries may be held: only the first of each target and reason is read, by the index.
const OLDEST_HELD = `
WITH RECURSIVE held (target) AS (
  SELECT min(target) FROM deliveries WHERE state = 'held'
  UNION ALL
  SELECT (SELECT min(target) FROM deliveries WHERE state = 'held' AND target > held.target)
  FROM held WHERE held.target IS NOT NULL)
SELECT target, reason, ${timeOfKey('event')} AS oldest FROM (
  SELECT target, reasons.value AS reason, (SELECT min(event) FROM deliveries
    WHERE state = 'held' AND target = held.target AND reason = reasons.value) AS event
  FROM held CROSS JOIN json_each('${REASONS}') AS reasons WHERE target IS NOT NULL)
WHERE event IS NOT NULL ORDER BY oldest`

/**
 * Returns the oldest waiting deliveries by target, and how many were due before `overdueBefore` (epoch milliseconds). Reads
 * one row for each delivery that waits for an attempt, and a few for each target with held deliveries.
 */
export async function listOldestWaiting(
  db: D1Database,
  overdueBefore: number,
): Promise<OldestWaiting[]> {
  type Due = { target: string; oldest: number; overdue: number }
  type Held = { target: string; oldest: number; reason: string }
  const [due, held] = (await db.batch([
    db.prepare(OLDEST_DUE).bind(overdueBefore),
    db.prepare(OLDEST_HELD),
  ])) as [D1Result<Due>, D1Result<Held>]
  const names = new Set([...due.results, ...held.results].map(({ target }) => target))
  return [...names].map((target) => {
    const ownDue = due.results.find((row) => row.target === target)
    const ownHeld = held.results.filter((row) => row.target === target)
    return {
      target,
      oldestDue: ownDue?.oldest ?? null,
      oldestHeld: ownHeld[0]?.oldest ?? null,
      overdue: ownDue?.overdue ?? 0,
      held: ownHeld.map(({ reason, oldest }) => ({ reason: readWord(reason), oldest })),
    }
  })
}

/** How many dead deliveries of a target are looked at: with more, the count is a lower bound. */
const MAX_DEAD = 1000

// The latest, as the index has them, whose own condition must be in the query. In a query with max(), SQLite takes the other columns from the row with the maximum
// (https://www.sqlite.org/lang_select.html#bareagg).
const DEAD = `
SELECT names.value AS target, (
  SELECT json_object('count', count(*), 'since', min(at), 'last', max(at), 'reason', reason) FROM (
    SELECT event AS key_of, reason, CAST(round(unixepoch(attempts ->> '$[#-1].at', 'subsec') * 1000) AS INTEGER) AS at
    FROM deliveries INDEXED BY deliveries_troubled
    WHERE target = names.value AND state = 'dead' AND state IN ('retrying', 'held', 'dead', 'cancelled') ORDER BY event DESC LIMIT ${MAX_DEAD})
  WHERE at >= ?2 AND (SELECT type FROM events WHERE key = key_of) NOT LIKE 'relay.issue_%') AS dead
FROM json_each(?1) AS names`

/**
 * Returns the deliveries to some targets whose last attempt was at `since` (epoch milliseconds) or later and that are dead,
 * by target. Looks at the latest 1,000 of each. Those of `relay.issue_*` do not count: a target that refuses them would have
 * an issue for ever, as each event about it could make another one.
 */
export async function listDead(
  db: D1Database,
  targets: readonly string[],
  since: number,
): Promise<Map<string, Dead>> {
  type Row = { target: string; dead: string }
  const { results } = await db.prepare(DEAD).bind(JSON.stringify(targets), since).all<Row>()
  return new Map(
    results.map(({ target, dead }) => {
      const { count, since: first, reason } = JSON.parse(dead)
      return [target, { count, isMore: count === MAX_DEAD, since: first, reason }]
    }),
  )
}

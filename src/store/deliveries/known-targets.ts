// The targets that were configured last, and the deliveries of those that no longer are. The only SQL over `known_targets`.
import { UNFINISHED_STATES } from '../../core/deliveries/delivery.ts'
import type { KnownTarget } from '../../core/deliveries/known-targets.ts'
import type { BatchDatabase } from '../group-commit.ts'
import { markSegmentsOf, timeOfKey } from '../segments.ts'
import { IS_FRESH, IS_WATCHED } from './waiting.ts'

type Row = {
  name: string
  events: string
  sources: string | null
  changed: number
  unknown_since: number | null
  ended: number | null
}

const SELECT_KNOWN =
  'SELECT name, events, sources, changed, unknown_since, ended FROM known_targets'

function knownTargetOf(row: Row): KnownTarget {
  return {
    name: row.name,
    events: JSON.parse(row.events),
    sources: row.sources === null ? undefined : JSON.parse(row.sources),
    changedAt: row.changed,
    unknownSince: row.unknown_since ?? undefined,
    endedAt: row.ended ?? undefined,
  }
}

/** Returns the targets that were configured last. */
export async function listKnownTargets(db: BatchDatabase): Promise<KnownTarget[]> {
  const [known] = await db.batch<Row>([db.prepare(SELECT_KNOWN)])
  return (known?.results ?? []).map(knownTargetOf)
}

// Reads two rows for each target with held deliveries, however many there are.
const LATEST_HELD = `
WITH RECURSIVE held (target) AS (
  SELECT min(target) FROM deliveries WHERE state = 'held'
  UNION ALL
  SELECT (SELECT min(target) FROM deliveries WHERE state = 'held' AND target > held.target)
  FROM held WHERE held.target IS NOT NULL)
SELECT target, ${timeOfKey(`
  SELECT max(event) FROM deliveries INDEXED BY deliveries_troubled
  WHERE state IN ('retrying', 'held', 'dead', 'cancelled') AND target = held.target AND state = 'held'`)} AS latest
FROM held WHERE target IS NOT NULL`

/**
 * Returns the targets that were configured last, and of each target with held deliveries when the latest of their events
 * was received (epoch milliseconds).
 */
export async function readKnownTargets(
  db: D1Database,
): Promise<{ known: KnownTarget[]; latestHeld: Map<string, number> }> {
  const [known, held] = await db.batch([db.prepare(SELECT_KNOWN), db.prepare(LATEST_HELD)])
  const latest = (held?.results ?? []) as { target: string; latest: number }[]
  return {
    known: ((known?.results ?? []) as Row[]).map(knownTargetOf),
    latestHeld: new Map(latest.map(({ target, latest }) => [target, latest])),
  }
}

/** Writes some entries, new or changed. */
export async function writeKnownTargets(
  db: D1Database,
  entries: readonly KnownTarget[],
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO known_targets (name, events, sources, changed, unknown_since, ended)
       SELECT entry.value ->> 'name', entry.value -> 'events', entry.value -> 'sources', entry.value ->> 'changedAt',
         entry.value ->> 'unknownSince', entry.value ->> 'endedAt'
       FROM json_each(?1) AS entry WHERE true
       ON CONFLICT (name) DO UPDATE SET events = excluded.events, sources = excluded.sources, changed = excluded.changed,
         unknown_since = excluded.unknown_since, ended = excluded.ended`,
    )
    .bind(JSON.stringify(entries))
    .run()
}

/** Forgets a target that is no longer configured and has no deliveries left. */
export async function forgetTarget(db: D1Database, name: string): Promise<void> {
  await db.prepare('DELETE FROM known_targets WHERE name = ?1').bind(name).run()
}

const UNFINISHED = UNFINISHED_STATES.map((state) => `'${state}'`).join(', ')

/** Counts the unfinished deliveries to a target. Reads those of all targets that wait for an attempt. */
export async function countUnfinished(db: D1Database, target: string): Promise<number> {
  const count = await db
    .prepare(
      `SELECT (SELECT count(*) FROM deliveries WHERE ${IS_WATCHED} AND due > 0 AND target = ?1)
         + (SELECT count(*) FROM deliveries WHERE ${IS_FRESH} AND target = ?1)
         + (SELECT count(*) FROM deliveries INDEXED BY deliveries_held WHERE state = 'held' AND target = ?1) AS count`,
    )
    .bind(target)
    .first<number>('count')
  return count ?? 0
}

/**
 * Cancels deliveries to a target that are held or wait for a retry, at most `limit`, and returns how many. Those that a
 * message handles at `now` (epoch milliseconds) are left.
 */
export async function cancelDeliveries(
  db: D1Database,
  target: string,
  reason: string,
  now: number,
  limit: number,
): Promise<number> {
  const owed = `
    SELECT event FROM deliveries
    WHERE state IN ('retrying', 'held', 'dead', 'cancelled') AND target = ?1 AND state IN ('held', 'retrying')
      AND (lease_until IS NULL OR lease_until < ?2) LIMIT ?3`
  const [, cancelled] = await db.batch([
    db.prepare(markSegmentsOf(owed)).bind(target, now, limit),
    db
      .prepare(
        `UPDATE deliveries SET state = 'cancelled', reason = ?4, due = NULL, lease_holder = NULL, lease_until = NULL
         WHERE target = ?1 AND event IN (${owed}) AND state IN (${UNFINISHED})`,
      )
      .bind(target, now, limit, reason),
  ])
  return cancelled?.meta.changes ?? 0
}

// Replays by filter as they are stored: the request, and the progress of each.

import type { ReplayFilter, ReplayState } from '../../../core/deliveries/replay.ts'
import { formatInstant } from '../../../core/events/time.ts'
import { firstKeyAt, keyOfId, type ReplayId, replayIdOfKey, timeOfId } from '../../../core/id.ts'

/** A replay as operators see it. */
export type Replay = {
  id: ReplayId
  filter: ReplayFilter
  state: ReplayState
  per_second: number
  /** How many deliveries matched when they were counted, and how many of them were queued so far. */
  total: number
  replayed: number
  /** Whether all are counted. A long period takes some minutes. */
  counted: boolean
  /** How many could not be queued: deleted by retention, or changed before their turn. Null until the replay is done. */
  missing: number | null
  started_at: string
  ended_at: string | null
}

/** The keys of the period of a filter: the first, and the first one after it. Events received after `now` are not included. */
export function keyBoundsOf(
  { since = 0, until = Number.POSITIVE_INFINITY }: ReplayFilter,
  now: number,
): [string, string] {
  return [firstKeyAt(since), firstKeyAt(Math.min(until, now))]
}

/**
 * A replay to create. `id` contains the time of the request. `perSecond`: how many deliveries are due each second.
 * `total`: how many match now, of the events before the key `uncounted`; of all when that is undefined.
 */
type NewReplay = {
  id: ReplayId
  filter: ReplayFilter
  perSecond: number
  total: number
  uncounted: string | undefined
}

/** Creates a running replay; `advanceReplay` restarts its deliveries. */
export async function createReplay(
  db: D1Database,
  { id, filter, perSecond, total, uncounted }: NewReplay,
): Promise<void> {
  const now = timeOfId(id)
  const [first, before] = keyBoundsOf(filter, now)
  await db
    .prepare(
      `INSERT INTO replays (key, filter, state, per_second, next_due, total, replayed, event, target, last, uncounted)
       VALUES (CAST(?1 AS INTEGER), ?2, 'running', ?3, ?4, ?5, 0, CAST(?6 AS INTEGER), '', CAST(?7 AS INTEGER),
         CAST(?8 AS INTEGER))`,
    )
    .bind(
      keyOfId(id),
      JSON.stringify(filter),
      perSecond,
      now,
      total,
      first,
      before,
      uncounted ?? null,
    )
    .run()
}

type Row = {
  key: string
  filter: string
  state: ReplayState
  per_second: number
  next_due: number
  total: number
  replayed: number
  event: string
  target: string
  last: string
  ended: number | null
  uncounted: string | null
  missing: number | null
}

const COLUMNS = `CAST(key AS TEXT) AS key, filter, state, per_second, next_due, total, replayed,
  CAST(event AS TEXT) AS event, target, CAST(last AS TEXT) AS last, ended,
  CAST(uncounted AS TEXT) AS uncounted, missing`

/** Returns a replay; undefined if there is none with this id. */
export async function getReplay(db: D1Database, id: ReplayId): Promise<Replay | undefined> {
  const row = await db
    .prepare(`SELECT ${COLUMNS} FROM replays WHERE key = CAST(?1 AS INTEGER)`)
    .bind(keyOfId(id))
    .first<Row>()
  return row === null ? undefined : replayOf(row)
}

/** Returns replays, the latest first, at most `limit`. `before`: only those created before this one. */
export async function listReplays(
  db: D1Database,
  limit: number,
  before?: ReplayId,
): Promise<Replay[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM replays WHERE ?2 IS NULL OR key < CAST(?2 AS INTEGER) ORDER BY replays.key DESC LIMIT ?1`,
    )
    .bind(limit, before === undefined ? null : keyOfId(before))
    .all<Row>()
  return results.map(replayOf)
}

function replayOf(row: Row): Replay {
  const id = replayIdOfKey(row.key)
  return {
    id,
    filter: JSON.parse(row.filter),
    state: row.state,
    per_second: row.per_second,
    total: row.total,
    replayed: row.replayed,
    counted: row.uncounted === null,
    missing: row.missing,
    started_at: formatInstant(timeOfId(id)),
    ended_at: row.ended === null ? null : formatInstant(row.ended),
  }
}

/** Stops a replay or resumes a stopped one. Returns false if it is done, or in that state already. `now` in epoch milliseconds. */
export async function setReplayState(
  db: D1Database,
  id: ReplayId,
  to: 'running' | 'stopped',
  now: number,
): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `UPDATE replays SET state = ?2, ended = CASE WHEN ?2 = 'stopped' THEN ?3 END
       WHERE key = CAST(?1 AS INTEGER) AND state IN ('running', 'stopped') AND state <> ?2`,
    )
    .bind(keyOfId(id), to, now)
    .run()
  return meta.changes > 0
}

/**
 * A running replay. `filter`: as JSON. `nextDue`: when its next delivery may be due, in epoch milliseconds. `before`: the
 * first key after its period. `uncounted`: the first key that is not counted yet; undefined when all are.
 */
export type RunningReplay = {
  id: ReplayId
  filter: string
  perSecond: number
  nextDue: number
  position: ReplayPosition
  before: string
  uncounted: string | undefined
}

/** The last delivery that was looked at. `event`: the key, as decimal text. */
export type ReplayPosition = { event: string; target: string }

/** Returns the replays that are neither done nor stopped, the oldest first. */
export async function listRunningReplays(db: D1Database): Promise<RunningReplay[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM replays WHERE state = 'running' ORDER BY replays.key`)
    .all<Row>()
  return results.map(({ key, filter, per_second, next_due, event, target, last, uncounted }) => ({
    id: replayIdOfKey(key),
    filter,
    perSecond: per_second,
    nextDue: next_due,
    position: { event, target },
    before: last,
    uncounted: uncounted ?? undefined,
  }))
}

/** Returns the statement that deletes ended replays created before a key (decimal text), at most `limit`. */
export function deleteEndedReplays(
  db: D1Database,
  before: string,
  limit: number,
): D1PreparedStatement {
  return db
    .prepare(
      `DELETE FROM replays WHERE key IN (
         SELECT key FROM replays WHERE key < CAST(?1 AS INTEGER) AND state <> 'running' ORDER BY key LIMIT ?2)`,
    )
    .bind(before, limit)
}

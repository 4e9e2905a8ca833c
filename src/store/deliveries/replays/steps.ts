// The steps of a replay by filter: finding the next deliveries that match, and restarting them.
import type { DeliveryMessage } from '../../../core/deliveries/delivery.ts'
import type { ReplayFilter } from '../../../core/deliveries/replay.ts'
import { type EventId, idOfKey, keyOfId } from '../../../core/id.ts'
import type { PackEnv } from '../../events/packs/packs.ts'
import { markSegments } from '../../segments.ts'
import { type MessageRow, messageOf } from '../messages.ts'
import { RECHECK_REASON } from '../restart-deliveries.ts'
import { BECOMES_DUE } from '../waiting.ts'
import { bindFilter, matchesFrom } from './matches.ts'
import { readPackedMatches } from './packed-matches.ts'
import type { ReplayPosition, RunningReplay } from './replays.ts'

/** The deliveries with rows that one step reads at most, matching or not, and the blocks of packs. */
const WINDOW = 5000
const BLOCKS = 20

/** The packed events of a step: they are restored before their deliveries are due. */
const MAX_PACKED = 100

/**
 * The matching deliveries of one step, the position that it has reached, and whether the replay ends there. `isPacked`: of an
 * event that had no row when it was found.
 */
type ReplayStep = {
  found: { event: EventId; target: string; isPacked: boolean }[]
  position: ReplayPosition
  isEnd: boolean
}

/**
 * Finds the next matching deliveries of a replay, at most `limit`, among the next `WINDOW` deliveries and `BLOCKS` blocks of the
 * log, or among all of the person that its filter names. Throws like `readPackedMatches`.
 */
export async function findNextMatches(
  env: PackEnv,
  { filter: json, position, before }: RunningReplay,
  targets: readonly string[],
  limit: number,
): Promise<ReplayStep> {
  const filter = JSON.parse(json) as ReplayFilter
  const isAfter = (key: string) =>
    `(${key}, d.target) > (CAST(?3 AS INTEGER), ?4) AND ${key} < CAST(?5 AS INTEGER)`
  const window =
    filter.person === undefined ? await endOfWindow(env.DB, position, before) : undefined
  const last = window === undefined ? BigInt(before) : BigInt(window.event) + 1n
  const read = await readPackedMatches(env, filter, targets, {
    range: { from: BigInt(position.event), before: last },
    most: { blocks: BLOCKS },
    alongside: (range) => [
      env.DB.prepare(
        `SELECT CAST(d.event AS TEXT) AS event, d.target ${matchesFrom(filter, isAfter)}
         ${window === undefined ? '' : 'AND (d.event, d.target) <= (CAST(?7 AS INTEGER), ?8)'}
         ORDER BY d.event, d.target LIMIT ?6`,
      ).bind(
        ...[bindFilter(filter), JSON.stringify(targets), position.event, position.target],
        ...[String(range.before), limit],
        ...(window === undefined ? [] : [window.event, window.target]),
      ),
    ],
  })
  const [rows] = read.results
  const hot = ((rows?.results ?? []) as ReplayPosition[]).map((one) => ({
    ...one,
    isPacked: false,
  }))
  const packed = read.found
    .slice(0, MAX_PACKED)
    .flatMap(({ key, value: { deliveries } }) =>
      deliveries.map(({ target }) => ({ event: key, target, isPacked: true })),
    )
    .filter((one) => isBefore(position, one) && (window === undefined || !isBefore(window, one)))
  // What comes after the last packed event that may be restored now is found in the next step.
  const cut = read.found[MAX_PACKED]?.key
  const found = [...hot, ...packed]
    .filter(({ event }) => cut === undefined || BigInt(event) < BigInt(cut))
    .sort((a, b) => (isBefore(a, b) ? -1 : 1))
    .slice(0, limit)
  const ends = [
    hot.length + packed.length >= limit ? found.at(-1) : undefined,
    cut === undefined ? undefined : beginOf(cut),
    read.end === undefined ? undefined : beginOf(String(read.end)),
    window,
  ].filter((end) => end !== undefined)
  const [end, ...others] = ends
  return {
    found: found.map(({ event, target, isPacked }) => ({
      event: idOfKey(event),
      target,
      isPacked,
    })),
    position:
      end === undefined
        ? position
        : others.reduce((first, other) => (isBefore(other, first) ? other : first), end),
    isEnd: end === undefined,
  }
}

/** Whether a delivery comes before another one in a replay. */
function isBefore(a: ReplayPosition, b: ReplayPosition): boolean {
  return a.event === b.event ? a.target < b.target : BigInt(a.event) < BigInt(b.event)
}

/** The position before all deliveries of an event. */
function beginOf(event: string): ReplayPosition {
  return { event, target: '' }
}

/** The last delivery of the next window; undefined if all that are left are fewer. */
async function endOfWindow(
  db: D1Database,
  { event, target }: ReplayPosition,
  before: string,
): Promise<ReplayPosition | undefined> {
  const row = await db
    .prepare(
      `SELECT CAST(event AS TEXT) AS event, target FROM deliveries
       WHERE (event, target) > (CAST(?1 AS INTEGER), ?2) AND event < CAST(?3 AS INTEGER)
       ORDER BY event, target LIMIT 1 OFFSET ${WINDOW - 1}`,
    )
    .bind(event, target, before)
    .first<ReplayPosition>()
  return row ?? undefined
}

/**
 * A step with the time at which each of its deliveries is due. `nextDue`: when the next delivery after them may be due.
 * Times in epoch milliseconds.
 */
type ScheduledStep = Omit<ReplayStep, 'found'> & {
  deliveries: readonly { event: EventId; target: string; due: number; isPacked: boolean }[]
  nextDue: number
}

/**
 * Restarts the deliveries of a step and moves the replay to the step's position, in one transaction. Neither happens if the
 * replay was stopped, or is no longer where the step began, or an event that was restored for it is packed again. Deliveries that wait for an attempt by now are left as they
 * are. Returns the messages of the others. `now` in epoch milliseconds.
 */
export async function advanceReplay(
  db: D1Database,
  replay: RunningReplay,
  { deliveries, nextDue, position, isEnd }: ScheduledStep,
  now: number,
): Promise<DeliveryMessage[]> {
  const wanted = deliveries.map((delivery) => ({ ...delivery, event: keyOfId(delivery.event) }))
  const isUnmoved = (wanted: string) => `EXISTS (
    SELECT 1 FROM replays WHERE key = CAST(?1 AS INTEGER) AND state = 'running' AND event = CAST(?2 AS INTEGER) AND target = ?3)
    AND NOT EXISTS (SELECT 1 FROM json_each(${wanted}) AS one WHERE one.value ->> 'isPacked'
      AND NOT EXISTS (SELECT 1 FROM events WHERE events.key = CAST(one.value ->> 'event' AS INTEGER)))`
  const current = [keyOfId(replay.id), replay.position.event, replay.position.target]
  const [restarted] = await db.batch([
    db
      .prepare(
        `UPDATE deliveries SET ${BECOMES_DUE},
           reason = ${RECHECK_REASON}, replayed = attempt > 1, first = attempt, due = wanted.value ->> 'due'
         FROM json_each(?4) AS wanted
         WHERE event = CAST(wanted.value ->> 'event' AS INTEGER) AND target = wanted.value ->> 'target'
           AND state NOT IN ('pending', 'retrying') AND ${isUnmoved('?4')}
           AND EXISTS (SELECT 1 FROM events WHERE key = deliveries.event AND status IN ('accepted', 'derived'))
         RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
      )
      .bind(...current, JSON.stringify(wanted)),
    markSegments(
      db,
      deliveries.map(({ event }) => event),
      'delivered',
    ),
    db
      .prepare(
        `UPDATE replays SET event = CAST(?4 AS INTEGER), target = ?5, next_due = ?6, replayed = replayed + ?7,
           state = CASE WHEN ?8 THEN 'done' ELSE state END, ended = CASE WHEN ?8 THEN ?9 END,
           missing = CASE WHEN ?8 THEN max(0, total - replayed - ?7) END
         WHERE key = CAST(?1 AS INTEGER) AND ${isUnmoved('?10')}`,
      )
      .bind(
        ...current,
        position.event,
        position.target,
        nextDue,
        deliveries.length,
        isEnd ? 1 : 0,
        now,
        JSON.stringify(wanted),
      ),
  ])
  return ((restarted?.results ?? []) as MessageRow[]).map(messageOf)
}

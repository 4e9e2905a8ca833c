// The steps of a replay by filter: finding the next deliveries that match, and restarting them.
import type { DeliveryMessage } from '../../../core/deliveries/delivery.ts'
import type { ReplayFilter } from '../../../core/deliveries/replay.ts'
import { type EventId, idOfKey, keyOfId } from '../../../core/id.ts'
import { markSegments } from '../../segments.ts'
import { type MessageRow, messageOf } from '../messages.ts'
import { RECHECK_REASON } from '../restart-deliveries.ts'
import { bindFilter, matchesFrom } from './matches.ts'
import type { ReplayPosition, RunningReplay } from './replays.ts'

/** The deliveries that one step reads at most, matching or not. */
const WINDOW = 5000

/** The matching deliveries of one step, the position that it has reached, and whether the replay ends there. */
type ReplayStep = {
  found: { event: EventId; target: string }[]
  position: ReplayPosition
  isEnd: boolean
}

/**
 * Finds the next matching deliveries of a replay, at most `limit`, among the next `WINDOW` deliveries of the log, or among
 * all of the person that its filter names.
 */
export async function findNextMatches(
  db: D1Database,
  { filter: json, position, before }: RunningReplay,
  targets: readonly string[],
  limit: number,
): Promise<ReplayStep> {
  const filter = JSON.parse(json) as ReplayFilter
  const isAfter = (key: string) =>
    `(${key}, d.target) > (CAST(?3 AS INTEGER), ?4) AND ${key} < CAST(?5 AS INTEGER)`
  const bound = [position.event, position.target]
  const values = [bindFilter(filter), JSON.stringify(targets), ...bound]
  const end = filter.person === undefined ? await endOfWindow(db, position, before) : undefined
  const { results: rows } = await db
    .prepare(
      `SELECT CAST(d.event AS TEXT) AS event, d.target ${matchesFrom(filter, isAfter)}
       ${end === undefined ? '' : 'AND (d.event, d.target) <= (CAST(?7 AS INTEGER), ?8)'}
       ORDER BY d.event, d.target LIMIT ?6`,
    )
    .bind(...values, before, limit, ...(end === undefined ? [] : [end.event, end.target]))
    .all<ReplayPosition>()
  const isFull = rows.length === limit
  return {
    found: rows.map(({ event, target }) => ({ event: idOfKey(event), target })),
    position: (isFull ? rows.at(-1) : end) ?? position,
    isEnd: !isFull && end === undefined,
  }
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
  deliveries: readonly { event: EventId; target: string; due: number }[]
  nextDue: number
}

/**
 * Restarts the deliveries of a step and moves the replay to the step's position, in one transaction. Neither happens if the
 * replay was stopped, or is no longer where the step began. Deliveries that wait for an attempt by now are left as they
 * are. Returns the messages of the others. `now` in epoch milliseconds.
 */
export async function advanceReplay(
  db: D1Database,
  replay: RunningReplay,
  { deliveries, nextDue, position, isEnd }: ScheduledStep,
  now: number,
): Promise<DeliveryMessage[]> {
  const wanted = deliveries.map((delivery) => ({ ...delivery, event: keyOfId(delivery.event) }))
  const isUnmoved = `EXISTS (SELECT 1 FROM replays WHERE key = CAST(?1 AS INTEGER) AND state = 'running'
    AND event = CAST(?2 AS INTEGER) AND target = ?3)`
  const current = [keyOfId(replay.id), replay.position.event, replay.position.target]
  const [restarted] = await db.batch([
    db
      .prepare(
        `UPDATE deliveries SET state = CASE WHEN attempt = 1 THEN 'pending' ELSE 'retrying' END,
           reason = ${RECHECK_REASON}, replayed = attempt > 1, first = attempt, due = wanted.value ->> 'due'
         FROM json_each(?4) AS wanted
         WHERE event = CAST(wanted.value ->> 'event' AS INTEGER) AND target = wanted.value ->> 'target'
           AND state NOT IN ('pending', 'retrying') AND ${isUnmoved}
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
         WHERE key = CAST(?1 AS INTEGER) AND ${isUnmoved}`,
      )
      .bind(
        ...current,
        position.event,
        position.target,
        nextDue,
        deliveries.length,
        isEnd ? 1 : 0,
        now,
      ),
  ])
  return ((restarted?.results ?? []) as MessageRow[]).map(messageOf)
}

// The steps of a replay by filter: restarting the next deliveries that match.
import type { DeliveryMessage } from '../../../core/deliveries/delivery.ts'
import { type EventId, keyOfId } from '../../../core/id.ts'
import { markSegments } from '../../segments.ts'
import { type MessageRow, messageOf } from '../messages.ts'
import { RECHECK_REASON } from '../restart-deliveries.ts'
import { BECOMES_DUE } from '../waiting.ts'
import type { ReplayStep } from './find.ts'
import type { RunningReplay } from './replays.ts'

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

// Sending an event again: its deliveries are set going once more, and their schedule begins anew.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { type EventId, keyOfId } from '../../core/id.ts'
import { markSegments } from '../segments.ts'
import { type MessageRow, messageOf } from './messages.ts'

/** Why a delivery is asked for again before it is sent: nobody knows that its target ever wanted it. */
export const RECHECK_REASON = "CASE WHEN body IS NULL AND state <> 'delivered' THEN 'where' END"

/**
 * Makes an event due again for some targets at `now` (epoch milliseconds), also for those that never had it. Gives the
 * messages. Deliveries that are still waiting for an attempt are left as they are. `isAnew`: what is sent is what the
 * event says now, not what was kept of an earlier attempt. `isNamed`: an operator named the targets, so that they get it
 * whatever they want; others that never had it are asked first.
 */
export async function restartDeliveries(
  db: D1Database,
  event: EventId,
  targets: readonly string[],
  now: number,
  { isAnew = false, isNamed = false } = {},
): Promise<DeliveryMessage[]> {
  const key = keyOfId(event)
  const [replayed] = await db.batch([
    db
      .prepare(
        `INSERT INTO deliveries (event, target, state, reason, replayed, attempt, first, due, attempts)
         SELECT e.key, wanted.value, 'pending', CASE WHEN NOT ?5 THEN 'where' END, 1, 1, 1, ?3, '[]'
         FROM json_each(?2) AS wanted CROSS JOIN events AS e ON e.key = CAST(?1 AS INTEGER)
         WHERE e.status IN ('accepted', 'derived')
         ON CONFLICT (event, target) DO UPDATE SET
           state = CASE WHEN attempt = 1 THEN 'pending' ELSE 'retrying' END,
           reason = CASE WHEN NOT ?5 THEN ${RECHECK_REASON} END, replayed = attempt > 1, first = attempt, due = ?3,
           body = CASE WHEN ?4 THEN NULL ELSE body END, content_type = CASE WHEN ?4 THEN NULL ELSE content_type END
         WHERE state NOT IN ('pending', 'retrying')
         RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
      )
      .bind(key, JSON.stringify(targets), now, isAnew ? 1 : 0, isNamed ? 1 : 0),
    // A target that did not have it is one more that it is planned for.
    db
      .prepare(
        `UPDATE events SET planned = found FROM (
           SELECT count(*) AS found FROM deliveries WHERE event = CAST(?1 AS INTEGER))
         WHERE key = CAST(?1 AS INTEGER) AND planned <> found`,
      )
      .bind(key),
    markSegments(db, [event], 'changed'),
  ])
  return ((replayed?.results ?? []) as MessageRow[]).map(messageOf)
}

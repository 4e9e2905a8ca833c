// Sending an event again: its deliveries are set going once more, and their schedule begins anew.
import type { DeliveryMessage } from '../core/delivery.ts'
import { type EventId, keyOfId } from '../core/id.ts'
import { type MessageRow, messageOf } from './deliveries.ts'

/**
 * Makes an event due again for some targets at `now` (epoch milliseconds), also for those that never had it. Gives the
 * messages. Deliveries that are still waiting for an attempt are left as they are.
 */
export async function replayEvent(
  db: D1Database,
  event: EventId,
  targets: readonly string[],
  now: number,
): Promise<DeliveryMessage[]> {
  const { results } = await db
    .prepare(
      `INSERT INTO deliveries (event, target, state, replayed, attempt, first, due, attempts)
       SELECT e.key, wanted.value, 'pending', 1, 1, 1, ?3, '[]'
       FROM json_each(?2) AS wanted CROSS JOIN events AS e ON e.key = CAST(?1 AS INTEGER)
       WHERE e.status = 'accepted'
       ON CONFLICT (event, target) DO UPDATE SET
         state = CASE WHEN attempt = 1 THEN 'pending' ELSE 'retrying' END,
         reason = NULL, replayed = 1, first = attempt, due = ?3
       WHERE state NOT IN ('pending', 'retrying')
       RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
    )
    .bind(keyOfId(event), JSON.stringify(targets), now)
    .all<MessageRow>()
  return results.map(messageOf)
}

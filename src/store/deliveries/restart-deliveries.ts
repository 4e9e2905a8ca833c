// Restarts the deliveries of an event: they are due again, with a new schedule of attempts.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { type EventId, keyOfId } from '../../core/id.ts'
import { markSegments } from '../segments.ts'
import { type MessageRow, messageOf } from './messages.ts'

/**
 * The reason of a restarted delivery, as SQL: `where` if it was never sent, as it is then unknown whether the target wants
 * the event. The attempt evaluates the target's `where` first.
 */
export const RECHECK_REASON = "CASE WHEN body IS NULL AND state <> 'delivered' THEN 'where' END"

/**
 * `now`: when the deliveries are due, in epoch milliseconds. `rerender`: the next attempt sends the event as it is now,
 * instead of the body of an earlier attempt. `unconditional`: the targets get the event whatever their `where` says;
 * otherwise targets that never got it are checked first.
 */
export type Restart = {
  targets: readonly string[]
  now: number
  rerender?: boolean
  unconditional?: boolean
}

/**
 * Restarts the deliveries of an event to some targets and creates the missing ones. Deliveries that wait for an attempt
 * are left as they are. Returns the messages of the others; undefined if the event has no row.
 */
export async function restartDeliveries(
  db: D1Database,
  event: EventId,
  { targets, now, rerender = false, unconditional = false }: Restart,
): Promise<DeliveryMessage[] | undefined> {
  const key = keyOfId(event)
  const [restarted, , , own] = await db.batch([
    db
      .prepare(
        `INSERT INTO deliveries (event, target, state, reason, replayed, attempt, first, due, attempts)
         SELECT e.key, wanted.value, 'pending', CASE WHEN NOT ?5 THEN 'where' END, 1, 1, 1, ?3, '[]'
         FROM json_each(?2) AS wanted CROSS JOIN events AS e ON e.key = CAST(?1 AS INTEGER)
         WHERE e.status IN ('accepted', 'derived')
         ON CONFLICT (event, target) DO UPDATE SET
           state = CASE WHEN attempt = 1 THEN 'pending' ELSE 'retrying' END,
           reason = CASE WHEN NOT ?5 THEN ${RECHECK_REASON} END, replayed = attempt > 1, first = attempt, due = ?3,
           body = CASE WHEN ?4 THEN NULL ELSE body END, content_type = CASE WHEN ?4 THEN NULL ELSE content_type END,
           headers = CASE WHEN ?4 THEN NULL ELSE headers END
         WHERE state NOT IN ('pending', 'retrying')
         RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
      )
      .bind(key, JSON.stringify(targets), now, rerender ? 1 : 0, unconditional ? 1 : 0),
    // The ledger compares this number with that of the event's deliveries.
    db
      .prepare(
        `UPDATE events SET planned = found FROM (
           SELECT count(*) AS found FROM deliveries WHERE event = CAST(?1 AS INTEGER))
         WHERE key = CAST(?1 AS INTEGER) AND planned <> found`,
      )
      .bind(key),
    markSegments(db, [event], 'changed'),
    db.prepare('SELECT 1 FROM events WHERE key = CAST(?1 AS INTEGER)').bind(key),
  ])
  if (own?.results.length === 0) return undefined
  return ((restarted?.results ?? []) as MessageRow[]).map(messageOf)
}

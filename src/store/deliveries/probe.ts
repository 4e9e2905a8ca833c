// The probe of a target that backs off: which of the held deliveries is sent to find out whether it is up.
import {
  type DeliveryMessage,
  type HoldReason,
  REASONS_OF_TARGET,
} from '../../core/deliveries/delivery.ts'
import { markSegmentsOf } from '../segments.ts'
import { storedWord } from '../stored-words.ts'
import { type MessageRow, messageOf } from './messages.ts'
import { IS_UNBLOCKED } from './order.ts'
import { BECOMES_DUE } from './waiting.ts'

/** The reasons of held deliveries that may be a probe. */
const REASONS: readonly HoldReason[] = [...REASONS_OF_TARGET, 'order']

/**
 * Whose probe is wanted. `before`: only one that is better than a delivery with this number of the next attempt. One that
 * is held as `broken` is not, as its target may not want it: it is for want of others.
 */
type Wanted = { target: string; isOrdered: boolean; before?: number }

/**
 * Releases the held delivery with the fewest attempts, of these the one that has waited longest, so that each probe is another one and a message that its target
 * always refuses is not tried again while there are others; to an ordered target only one that no earlier delivery blocks.
 * It is due at `now` (epoch milliseconds). Returns its message, or none.
 */
export async function releaseProbe(
  db: D1Database,
  { target, isOrdered, before }: Wanted,
  now: number,
): Promise<DeliveryMessage[]> {
  // For each reason the first entry of the index `deliveries_probe`, which is for `attempt > 0`.
  const best = `
    SELECT found.event FROM (
      SELECT (
        SELECT d.event FROM deliveries AS d CROSS JOIN events AS e ON e.key = d.event
        WHERE d.target = ?1 AND d.state = 'held' AND d.reason = wanted.value AND d.attempt > 0 AND d.attempt < ?3
          ${isOrdered ? `AND d.reason <> 'order' AND ${IS_UNBLOCKED}` : ''}
        ORDER BY d.attempt, d.due, d.event LIMIT 1) AS event
      FROM json_each(?2) AS wanted) AS found
    CROSS JOIN deliveries AS d ON d.event = found.event AND d.target = ?1
    ORDER BY d.reason = 'broken', d.attempt, d.due, d.event LIMIT 1`
  const reasons = before === undefined ? [...REASONS, 'broken'] : REASONS
  const below = before ?? Number.MAX_SAFE_INTEGER
  const values = [target, JSON.stringify(reasons.map(storedWord)), below] as const
  const [, released] = await db.batch([
    db.prepare(markSegmentsOf(best)).bind(...values),
    db
      .prepare(
        `UPDATE deliveries SET ${BECOMES_DUE},
           reason = CASE WHEN reason = 'broken' THEN reason END, due = max(COALESCE(due, 0), ?4)
         WHERE target = ?1 AND event = (${best})
         RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
      )
      .bind(...values, now),
  ])
  return ((released?.results ?? []) as MessageRow[]).map(messageOf)
}

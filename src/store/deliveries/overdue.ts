// Overdue deliveries: those whose wake-up message was lost, or still waits in a long queue.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { keyOfId } from '../../core/id.ts'
import { type MessageRow, messageOf } from './messages.ts'
import { IS_WATCHED } from './waiting.ts'

/**
 * The longest time until a delivery that is still overdue gets another message. D1 may note a message and lose its answer, so
 * that none was sent: a longer time would let the delivery wait that much longer.
 */
const MAX_PAUSE_MS = 3_600_000

/** Which deliveries: those of first attempts or of later ones, that were due before a time; how many at most. */
type Claim = { isFirst: boolean; before: number; now: number; limit: number }

// The pause before another message is as long as the delivery was overdue at the last one, so it doubles each time.
const IS_CLAIMABLE = `swept IS NULL OR swept < due OR ?2 - swept >= min(swept - due, ${MAX_PAUSE_MS})`

/**
 * Notes that deliveries get a new message now, and returns these messages, the longest overdue first. A delivery that is
 * still overdue is returned again later, after a pause that doubles each time: so a queue that is only slow gets few
 * copies. Throws when D1 does not take the note: then nothing may be sent. Times in epoch milliseconds.
 */
export async function claimOverdue(
  db: D1Database,
  { isFirst, before, now, limit }: Claim,
): Promise<DeliveryMessage[]> {
  const { results } = await db
    .prepare(
      `UPDATE deliveries SET swept = ?2 WHERE (event, target) IN (
         SELECT event, target FROM deliveries
         WHERE ${IS_WATCHED} AND due < ?1 AND (attempt = 1) = ?3 AND (${IS_CLAIMABLE})
         ORDER BY due LIMIT ?4)
       RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
    )
    .bind(before, now, isFirst ? 1 : 0, limit)
    .all<MessageRow>()
  return results.map(messageOf).sort((a, b) => a.due - b.due)
}

/** Takes back the note of `claimOverdue` at a time for messages that were not sent: the next sweep returns them again. */
export async function unclaimOverdue(
  db: D1Database,
  messages: readonly DeliveryMessage[],
  claimedAt: number,
): Promise<void> {
  const keys = messages.map(({ event, target }) => ({ event: keyOfId(event), target }))
  await db
    .prepare(
      `UPDATE deliveries SET swept = 0 FROM json_each(?1) AS unsent
       WHERE event = CAST(unsent.value ->> 'event' AS INTEGER) AND target = unsent.value ->> 'target' AND swept = ?2`,
    )
    .bind(JSON.stringify(keys), claimedAt)
    .run()
}

// Sending ids of deliveries to their queue, for every stage that has some.
import type { DeliveryMessage } from '../core/delivery.ts'
import { queueDelaySeconds } from '../core/retry.ts'
import type { DueMessage } from '../store/deliveries.ts'
import type { NewRecord } from '../store/records.ts'

/** The most messages that a queue takes at once (Cloudflare Queues limits). */
const BATCH = 100

/** Sends messages in as few batches as the queue allows. Throws when it does not take them. */
export async function sendAll(
  queue: Queue<DeliveryMessage>,
  messages: readonly MessageSendRequest<DeliveryMessage>[],
): Promise<void> {
  for (let i = 0; i < messages.length; i += BATCH) {
    await queue.sendBatch(messages.slice(i, i + BATCH))
  }
}

/** The messages for the planned deliveries of a recorded event, delayed until they are due. */
export function firstMessages(
  { id, planned }: NewRecord,
  now: number,
): MessageSendRequest<DeliveryMessage>[] {
  return planned.flatMap((delivery) => {
    if (delivery.state !== 'pending') return []
    const message = { event: id, target: delivery.target, attempt: 1 }
    return [whenDue({ message, due: delivery.due }, now)]
  })
}

/** The message of a delivery, delayed until it is due. */
export function whenDue(
  { message, due }: DueMessage,
  now: number,
): MessageSendRequest<DeliveryMessage> {
  return { body: message, delaySeconds: queueDelaySeconds(due, now) }
}

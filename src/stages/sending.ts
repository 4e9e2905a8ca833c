// Sending messages to a queue, for every stage that has some: one that does not answer counts as one that refuses.
import type { DeliveryMessage } from '../core/delivery.ts'
import { queueDelaySeconds } from '../core/retry.ts'
import type { NewRecord } from '../store/new-record.ts'
import { withinTimeout } from '../store/within.ts'

/** The most messages that a queue takes at once (Cloudflare Queues limits). */
const BATCH = 100

/** Sends messages, each for its time. Throws when the queue does not take them, or not within 2 s. */
export async function sendAll(
  queue: Queue<DeliveryMessage>,
  messages: readonly DeliveryMessage[],
  now: number,
): Promise<void> {
  for (const batch of batchesOf(messages, now)) {
    await withinTimeout(queue.sendBatch(batch), 'the queue')
  }
}

/** Messages, each for its time, in as few batches as a queue allows. `now` in epoch milliseconds. */
export function batchesOf(
  messages: readonly DeliveryMessage[],
  now: number,
): MessageSendRequest<DeliveryMessage>[][] {
  const batches: MessageSendRequest<DeliveryMessage>[][] = []
  for (let i = 0; i < messages.length; i += BATCH) {
    batches.push(messages.slice(i, i + BATCH).map((message) => whenDue(message, now)))
  }
  return batches
}

/** Sends one message. Throws when the queue does not take it, or not within 2 s. */
export async function sendOne<Body>(
  queue: Queue<Body>,
  body: Body,
  options: Parameters<Queue<Body>['send']>[1],
): Promise<void> {
  await withinTimeout(queue.send(body, options), 'the queue')
}

/** The messages for the planned deliveries of a recorded event. */
export function firstMessages({ id, planned }: NewRecord): DeliveryMessage[] {
  return planned.flatMap(({ target, ...delivery }) =>
    delivery.state === 'pending' ? [{ event: id, target, attempt: 1, due: delivery.due }] : [],
  )
}

/** A message that sounds when its delivery is due. `now` in epoch milliseconds. */
export function whenDue(body: DeliveryMessage, now: number): MessageSendRequest<DeliveryMessage> {
  return { body, delaySeconds: queueDelaySeconds(body.due, now) }
}

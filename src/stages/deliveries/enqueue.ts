// Sends the wake-up messages of deliveries to their queue.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { queueDelaySeconds } from '../../core/deliveries/retry.ts'
import type { Tools } from '../../env.ts'
import type { EventRecord } from '../../store/intake/records.ts'

/** The most messages that a queue takes at once (Cloudflare Queues limits). */
const BATCH = 100

/** Sends messages, each for its time, in as few batches as the queue allows. Throws when it does not take them. */
export async function sendMessages(
  queue: Queue<DeliveryMessage>,
  messages: readonly DeliveryMessage[],
  now: number,
): Promise<void> {
  for (let i = 0; i < messages.length; i += BATCH) {
    await queue.sendBatch(messages.slice(i, i + BATCH).map((message) => whenDue(message, now)))
  }
}

/**
 * Sends the messages of deliveries that are in the log. A failure of the queue is logged and loses nothing: the sweep
 * finds the rows.
 */
export async function enqueueDeliveries(
  queue: Queue<DeliveryMessage>,
  messages: readonly DeliveryMessage[],
  { now, log }: Tools,
): Promise<void> {
  try {
    await sendMessages(queue, messages, now())
  } catch (error) {
    const fault = 'the queue did not take the messages; the sweep will send them again'
    const deliveries = messages.map(({ event, target, attempt }) => ({ event, target, attempt }))
    log({ at: 'queue', deliveries, fault, detail: String(error) })
  }
}

/** The messages for the first attempts of an event that is in the log. */
export function firstMessages({ id, deliveries }: EventRecord): DeliveryMessage[] {
  return deliveries.flatMap(({ target, ...delivery }) =>
    delivery.state === 'pending' ? [{ event: id, target, attempt: 1, due: delivery.due }] : [],
  )
}

/** A message that arrives when its delivery is due. `now` in epoch milliseconds. */
function whenDue(body: DeliveryMessage, now: number): MessageSendRequest<DeliveryMessage> {
  return { body, delaySeconds: queueDelaySeconds(body.due, now) }
}

// Sending ids of deliveries to their queue, for every stage that has some.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { queueDelaySeconds } from '../../core/deliveries/retry.ts'
import type { Log } from '../../env.ts'
import type { NewRecord } from '../../store/intake/new-record.ts'

/** The most messages that a queue takes at once (Cloudflare Queues limits). */
const BATCH = 100

/** Sends messages, each for its time, in as few batches as the queue allows. Throws when it does not take them. */
export async function sendAll(
  queue: Queue<DeliveryMessage>,
  messages: readonly DeliveryMessage[],
  now: number,
): Promise<void> {
  for (let i = 0; i < messages.length; i += BATCH) {
    await queue.sendBatch(messages.slice(i, i + BATCH).map((message) => whenDue(message, now)))
  }
}

/**
 * Sets the alarms of deliveries that are in the log. When the queue does not take them, that is logged and nothing else
 * is lost by it: the sweep finds the rows. `now` in epoch milliseconds.
 */
export async function setAlarms(
  queue: Queue<DeliveryMessage>,
  messages: readonly DeliveryMessage[],
  now: number,
  log: Log,
): Promise<void> {
  try {
    await sendAll(queue, messages, now)
  } catch (error) {
    const fault = 'the queue did not take the ids; the sweep will'
    const deliveries = messages.map(({ event, target, attempt }) => ({ event, target, attempt }))
    log({ at: 'queue', deliveries, fault, detail: String(error) })
  }
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

// Sends the wake-up messages of deliveries to their queue. No call of a queue is waited for without bound.
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { queueDelaySeconds } from '../../core/deliveries/retry.ts'
import type { Tools } from '../../env.ts'
import type { EventRecord } from '../../store/intake/records.ts'
import { isTimeout, withTimeout } from '../../store/timeout.ts'
import { withConcurrency } from './concurrency.ts'

/** The most messages that a queue takes at once (Cloudflare Queues limits). */
const BATCH = 100

/** Calls of a queue at once. One that does not respond keeps its connection: two queues leave two of six for D1. */
const MAX_CALLS = 2

/** How long a queue may take before it counts as unavailable. */
const QUEUE_TIMEOUT_MS = 5000

/**
 * Sends messages, each for its time, in as few batches as the queue allows. Returns those that were not sent, and why:
 * after the first call that fails, no other one is made. A message that the queue took although it reported an error is
 * among them. Never throws.
 */
export async function trySending(
  queue: Queue<DeliveryMessage>,
  messages: readonly DeliveryMessage[],
  now: number,
): Promise<{ left: DeliveryMessage[]; fault?: unknown }> {
  const batches: DeliveryMessage[][] = []
  for (let i = 0; i < messages.length; i += BATCH) batches.push(messages.slice(i, i + BATCH))
  const left: DeliveryMessage[] = []
  let fault: unknown
  await withConcurrency(MAX_CALLS, batches, async (batch) => {
    if (fault !== undefined) return void left.push(...batch)
    try {
      const sent = queue.sendBatch(batch.map((message) => whenDue(message, now)))
      await withTimeout(sent, 'the queue', QUEUE_TIMEOUT_MS)
    } catch (error) {
      fault = error
      left.push(...batch)
    }
  })
  return { left, fault }
}

/** Sends messages, each for its time. Throws when the queue does not take all of them. */
export async function sendMessages(
  queue: Queue<DeliveryMessage>,
  messages: readonly DeliveryMessage[],
  now: number,
): Promise<void> {
  const { left, fault } = await trySending(queue, messages, now)
  if (left.length > 0) throw fault
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

/**
 * A queue for one invocation, which makes one call at a time: what is sent meanwhile shares the next one. A call rejects
 * after `QUEUE_TIMEOUT_MS`. As it may go on and keep its connection, all that follow reject at once.
 */
export function sharedQueue(queue: Queue<DeliveryMessage>): Queue<DeliveryMessage> {
  type Call = {
    messages: MessageSendRequest<DeliveryMessage>[]
    resolve: () => void
    reject: (error: unknown) => void
  }
  let waiting: Call[] = []
  let isCalling = false
  let silence: unknown
  async function callAll(): Promise<void> {
    isCalling = true
    while (waiting.length > 0) {
      const group: Call[] = []
      let count = 0
      for (const call of waiting) {
        count += call.messages.length
        if (group.length > 0 && count > BATCH) break
        group.push(call)
      }
      waiting = waiting.slice(group.length)
      try {
        if (silence !== undefined) throw silence
        const messages = group.flatMap((call) => call.messages)
        await withTimeout(queue.sendBatch(messages), 'the queue', QUEUE_TIMEOUT_MS)
        for (const { resolve } of group) resolve()
      } catch (error) {
        if (isTimeout(error)) silence = error
        for (const { reject } of group) reject(error)
      }
    }
    isCalling = false
  }
  const sendBatch = (messages: Iterable<MessageSendRequest<DeliveryMessage>>) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ messages: [...messages], resolve, reject })
      if (!isCalling) void callAll()
    })
  const send = (body: DeliveryMessage, options?: { delaySeconds?: number }) =>
    sendBatch([{ ...options, body }])
  return { send, sendBatch } as unknown as Queue<DeliveryMessage>
}

// Queues with faults: sends fail or are slow, and batches are delivered twice, in another order, or never.
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import type { Env } from '../../../src/env.ts'
import { currentPlan, draw, isAffected, logFault, stalled } from './state.ts'

/** Wraps the sending side of a queue. */
export function faultyQueue<T>(queue: Queue<T>): Queue<T> {
  const wrapped = {
    send: (body: T, options?: QueueSendOptions) => withFaults(() => queue.send(body, options)),
    sendBatch: (messages: Iterable<MessageSendRequest<T>>, options?: QueueSendBatchOptions) =>
      withFaults(() => queue.sendBatch(messages, options)),
  }
  return wrapped as unknown as Queue<T>
}

async function withFaults<T>(work: () => Promise<T>): Promise<T> {
  const { queue } = currentPlan()
  if (queue === 'ok' || !isAffected()) return work()
  if (queue === 'stall') {
    logFault('a queue stalls')
    return stalled(work)
  }
  if (queue === 'fail-after') await work()
  logFault(queue === 'fail' ? 'a queue fails' : 'a queue fails after send')
  throw new Error('Queue send failed: Too Many Requests')
}

type Batch = MessageBatch<DeliveryMessage | ArrayBuffer>
type Handle = (batch: Batch) => Promise<void>

/** Delivers a batch to its consumer with the faults of the plan. */
export async function misdeliver(batch: Batch, env: Env, handle: Handle): Promise<void> {
  const { batches } = currentPlan()
  if (batches === 'duplicate') return deliverTwice(batch, env, handle)
  if (batches === 'reorder') return deliverShuffled(batch, env, handle)
  if (batches === 'drop' && !batch.queue.includes('-spill')) return deliverSome(batch, handle)
  return handle(batch)
}

/** Delivers some messages twice at the same moment, and copies of others later in batches of their own. */
async function deliverTwice(batch: Batch, env: Env, handle: Handle): Promise<void> {
  const copied = batch.messages.filter(isAffected)
  const later = copied.filter(() => draw() < 0.5)
  const again = copied.filter((message) => !later.includes(message))
  if (copied.length > 0) {
    logFault(`${again.length} messages delivered twice, ${later.length} copied`)
  }
  for (const message of later) await sendLater(batch, env, message)
  const copies = again.length > 0 ? [withMessages(batch, again.map(copyOf))] : []
  await Promise.all([batch, ...copies].map(handle))
}

/** Delivers the messages in another order, and some of them a little later. */
async function deliverShuffled(batch: Batch, env: Env, handle: Handle): Promise<void> {
  const messages = batch.messages
    .map((message) => ({ message, rank: draw() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ message }) => message)
  const later = messages.filter(() => isAffected() && draw() < 0.5)
  for (const message of later) {
    if (await sendLater(batch, env, message)) message.ack()
  }
  logFault(`${messages.length} messages shuffled, ${later.length} of them delayed`)
  await handle(
    withMessages(
      batch,
      messages.filter((message) => !later.includes(message)),
    ),
  )
}

/** Delivers the batch without some of its messages, which are lost. */
async function deliverSome(batch: Batch, handle: Handle): Promise<void> {
  const lost = batch.messages.filter(isAffected)
  for (const message of lost) message.ack()
  if (lost.length > 0) logFault(`${lost.length} messages lost`)
  await handle(
    withMessages(
      batch,
      batch.messages.filter((message) => !lost.includes(message)),
    ),
  )
}

/** Sends a copy of a message to the queue that it came from. False for a queue that only the platform fills. */
async function sendLater(batch: Batch, env: Env, { body }: Message<unknown>): Promise<boolean> {
  const delaySeconds = 1 + Math.floor(draw() * 2)
  const { queue } = batch
  if (queue.endsWith('-spill')) {
    const bytes = new Uint8Array(body as ArrayBuffer)
    await env.SPILL.send(bytes, { contentType: 'bytes', delaySeconds })
    return true
  }
  if (queue.endsWith('-deliveries'))
    await env.DELIVERIES.send(body as DeliveryMessage, { delaySeconds })
  else if (queue.endsWith('-retries'))
    await env.RETRIES.send(body as DeliveryMessage, { delaySeconds })
  else return false
  return true
}

/** A copy whose acknowledgement or retry has no effect: the platform gets that of the message. */
function copyOf({ id, timestamp, attempts, body }: Batch['messages'][number]) {
  return { id, timestamp, attempts, body, ack: () => undefined, retry: () => undefined }
}

/** A batch of other messages, with the fields that the relay reads. */
function withMessages({ queue }: Batch, messages: Batch['messages'][number][]): Batch {
  return { queue, messages } as unknown as Batch
}

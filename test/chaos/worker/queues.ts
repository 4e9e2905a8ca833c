// Queues that do not take what they are given, or take their time, and batches that come twice, in another order, or never.
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import type { Env } from '../../../src/env.ts'
import { currentPlan, draw, stalled, strikes, tell } from './state.ts'

/** Wraps the sending side of a queue. */
export function faultyQueue<T>(queue: Queue<T>): Queue<T> {
  const wrapped = {
    send: (body: T, options?: QueueSendOptions) => struck(() => queue.send(body, options)),
    sendBatch: (messages: Iterable<MessageSendRequest<T>>, options?: QueueSendBatchOptions) =>
      struck(() => queue.sendBatch(messages, options)),
  }
  return wrapped as unknown as Queue<T>
}

async function struck<T>(work: () => Promise<T>): Promise<T> {
  const { queue } = currentPlan()
  if (queue === 'ok' || !strikes()) return work()
  if (queue === 'stall') {
    tell('a queue stalls')
    return stalled(work)
  }
  if (queue === 'fail-after') await work()
  tell(queue === 'fail' ? 'a queue fails' : 'a queue fails after')
  throw new Error('Queue send failed: Too Many Requests')
}

type Batch = MessageBatch<DeliveryMessage | ArrayBuffer>
type Handle = (batch: Batch) => Promise<void>

/** Hands a batch to its consumer as the plan wants it. */
export async function misdeliver(batch: Batch, env: Env, handle: Handle): Promise<void> {
  const { batches } = currentPlan()
  if (batches === 'duplicate') return twice(batch, env, handle)
  if (batches === 'reorder') return shuffled(batch, env, handle)
  if (batches === 'drop' && !batch.queue.includes('-spill')) return thinned(batch, handle)
  return handle(batch)
}

/** Some twice at the same moment, others as copies that come later in batches of their own. */
async function twice(batch: Batch, env: Env, handle: Handle): Promise<void> {
  const copied = batch.messages.filter(strikes)
  const later = copied.filter(() => draw() < 0.5)
  const again = copied.filter((message) => !later.includes(message))
  if (copied.length > 0) {
    tell(`${again.length} messages handed over twice, ${later.length} copied`)
  }
  for (const message of later) await sendLater(batch, env, message)
  const copies = again.length > 0 ? [withMessages(batch, again.map(copyOf))] : []
  await Promise.all([batch, ...copies].map(handle))
}

/** In another order, and some of them a little later. */
async function shuffled(batch: Batch, env: Env, handle: Handle): Promise<void> {
  const messages = batch.messages
    .map((message) => ({ message, place: draw() }))
    .sort((a, b) => a.place - b.place)
    .map(({ message }) => message)
  const later = messages.filter(() => strikes() && draw() < 0.5)
  for (const message of later) {
    if (await sendLater(batch, env, message)) message.ack()
  }
  tell(`${messages.length} messages shuffled, ${later.length} of them put off`)
  await handle(
    withMessages(
      batch,
      messages.filter((message) => !later.includes(message)),
    ),
  )
}

/** Without some of its messages, which nobody will see again. */
async function thinned(batch: Batch, handle: Handle): Promise<void> {
  const lost = batch.messages.filter(strikes)
  for (const message of lost) message.ack()
  if (lost.length > 0) tell(`${lost.length} messages lost`)
  await handle(
    withMessages(
      batch,
      batch.messages.filter((message) => !lost.includes(message)),
    ),
  )
}

/** Puts a copy of a message into the queue that it came from. False for a queue that only the platform fills. */
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

/** The platform has its answer for the message: what the consumer says of the copy changes nothing. */
function copyOf({ id, timestamp, attempts, body }: Batch['messages'][number]) {
  return { id, timestamp, attempts, body, ack: () => undefined, retry: () => undefined }
}

/** A batch of other messages; the relay asks it for nothing else. */
function withMessages({ queue }: Batch, messages: Batch['messages'][number][]): Batch {
  return { queue, messages } as unknown as Batch
}

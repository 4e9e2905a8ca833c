// queues deliveries, retries, dead → each delivery processed. A batch is loaded in one round trip, and at most five requests wait
// for their response.
import { type Config, targetOf, timeoutsOf } from '../../config.ts'
import type { DeliveryMessage, Lane } from '../../core/deliveries/delivery.ts'
import { type Lease, longestBatchMs, needsLease } from '../../core/deliveries/lease.ts'
import { isBroken } from '../../core/deliveries/target.ts'
import type { Env, Tools } from '../../env.ts'
import { needsRaw } from '../../formats/index.ts'
import { loadDueDeliveries } from '../../store/deliveries/deliveries.ts'
import { createDeliveryWriter } from '../../store/deliveries/delivery-writer.ts'
import type { LoadedDelivery } from '../../store/events/bodies/loaded-delivery.ts'
import { bodyReader } from '../../store/events/bodies/read.ts'
import { isD1Failure } from '../../store/group-commit.ts'
import { boundedDatabase } from '../../store/timeout.ts'
import { withConcurrency } from './concurrency.ts'
import { sharedQueue } from './enqueue.ts'
import { followHealths } from './health.ts'
import type { InFlight } from './in-flight.ts'
import { type BatchContext, processDelivery } from './process.ts'
import { rateLimitFor } from './rate-limit.ts'
import { isAnySpilled } from './spilled-order.ts'

/** Requests that may wait for a response at once: an invocation has six connections, and the records need one. */
const MAX_WAITING = 5

/** The delay of a message when D1 does not answer: as long as it is late already, within these. */
const FAULT_DELAY_SECONDS = 30
const MAX_FAULT_DELAY_SECONDS = 900

/** How long D1 may take for a statement or a batch: an attempt or its record must not wait for it without end. */
const D1_TIMEOUT_MS = 10_000

type DeliverEnv = Pick<Env, 'DB' | 'RETRIES' | 'SPILL' | 'ARCHIVE'>

/** A message of a batch, the lease that it needs, if it does, and how to end that it is in flight. */
type InFlightMessage = {
  message: Message<DeliveryMessage>
  lease: Lease | undefined
  land: () => void
}

/** Messages of one queue that are handled together, and what is in flight in this isolate. */
type MessageBatch = {
  lane: Lane
  messages: readonly Message<DeliveryMessage>[]
  inFlight: InFlight
}

/** Handles a batch of messages. Acknowledges or retries each by itself, and never throws. */
export async function deliver(
  bindings: DeliverEnv,
  config: Config,
  { lane, messages, inFlight }: MessageBatch,
  tools: Tools,
): Promise<void> {
  const { DB, RETRIES } = bindings
  const env = {
    ...bindings,
    DB: boundedDatabase(DB, D1_TIMEOUT_MS),
    RETRIES: sharedQueue(RETRIES),
  }
  const now = tools.now()
  const until = now + longestBatchMs(timeoutsOf(config))
  const batch = messages.flatMap((message): InFlightMessage[] => {
    const land = inFlight.add(message.body, until, now)
    // A queue may deliver a message twice, to this batch or to one beside it: one of the two is enough.
    if (land === undefined) message.ack()
    const lease = needsLease(lane, message.body, now) ? { holder: message.id, until } : undefined
    return land === undefined ? [] : [{ message, lease, land }]
  })
  try {
    await deliverBatch(env, config, { lane, batch, inFlight }, tools)
  } finally {
    for (const { land } of batch) land()
  }
}

async function deliverBatch(
  env: DeliverEnv,
  config: Config,
  { lane, batch, inFlight }: { lane: Lane; batch: readonly InFlightMessage[]; inFlight: InFlight },
  tools: Tools,
): Promise<void> {
  if (batch.length === 0) return
  const wanted = batch.map(({ message: { body }, lease }) => ({
    ...body,
    ...needsOf(config, body.target),
    lease,
  }))
  const isOrdered = wanted.some(({ order }) => order)
  const asked = isOrdered ? isAnySpilled(env, tools) : false
  const loaded = await loadDueDeliveries(env.DB, wanted, tools.now()).catch((error) => {
    tools.log({ at: 'deliver', fault: 'deliveries could not be loaded', detail: String(error) })
  })
  if (loaded === undefined) {
    await Promise.all(batch.map((one) => delay(env.RETRIES, one, tools)))
    return
  }
  const own = batch.flatMap((one) => withDelivery(one, loaded.deliveries))
  const ownDeliveries = own.flatMap(({ delivery }) => delivery ?? [])
  const { during, write } = createDeliveryWriter(env.DB, inFlight.observeWrite)
  let canRecord = true
  /** Another write than the record of a delivery. Where D1 fails in it, that is no fault of the message. */
  const noted = <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) => {
    return (...args: Args) =>
      work(...args).catch((error): never => {
        if (isD1Failure(error)) canRecord = false
        throw error
      })
  }
  const healths = followHealths(env, config, loaded.healths, tools)
  const context: BatchContext = {
    env,
    config,
    lane,
    isAnySpilled: await asked,
    tools,
    inFlight,
    healths: { ...healths, claim: noted(healths.claim), keepClaim: noted(healths.keepClaim) },
    readBody: bodyReader(env.ARCHIVE),
    rateLimit: noted(rateLimitFor(env.DB, ownDeliveries, tools.now)),
    write: (delivery, next) =>
      write(delivery, next).catch((error) => {
        canRecord = false
        throw error
      }),
  }
  async function handle(one: (typeof own)[number], freeSlot: () => void): Promise<void> {
    const { message, delivery } = one
    // What cannot be recorded would be sent again: as long as D1 takes nothing, nothing more is sent.
    if (!canRecord) return delay(env.RETRIES, one, tools)
    try {
      await processDelivery(context, message.body, delivery, freeSlot)
      message.ack()
    } catch (error) {
      tools.log({ at: 'deliver', ...message.body, fault: String(error) })
      if (!canRecord) return delay(env.RETRIES, one, tools)
      // A fault of the message counts: after some, it comes by the dead-letter queue, as a failed attempt.
      message.retry({ delaySeconds: FAULT_DELAY_SECONDS })
    }
  }
  await withConcurrency(MAX_WAITING, own, (one, freeSlot) =>
    during(async () => {
      await handle(one, freeSlot)
      // It may come again while the batch goes on.
      one.land()
    }),
  )
}

/** A message with its delivery. One that another message handles, or whose delivery has moved on, is acknowledged. */
function withDelivery(
  one: InFlightMessage,
  deliveries: readonly LoadedDelivery[],
): (InFlightMessage & { delivery: LoadedDelivery | undefined })[] {
  const { message, lease } = one
  const { event, target } = message.body
  const delivery = deliveries.find((row) => row.event === event && row.target === target)
  const isOwn = lease === undefined || delivery?.leaseHolder === lease.holder
  if (!isOwn) message.ack()
  return isOwn ? [{ ...one, delivery }] : []
}

/** What must be loaded with the deliveries of a target. */
function needsOf(config: Config, name: string): { raw: boolean; order: boolean } {
  const target = targetOf(config, name)
  const order = target !== undefined && !isBroken(target) && target.ordered
  return { raw: needsRaw(target), order }
}

/**
 * Delays a message while D1 is unavailable, longer each time. It sends a new message, since the platform's retries are few
 * and for messages that crash the Worker. The new one arrives after the lease of this one has ended. Where the queue
 * reports an error, it may have taken the new one all the same: this one ends too, or each round would double them. The
 * sweep sends another one when D1 is back.
 */
async function delay(
  queue: Env['RETRIES'],
  { message, lease }: InFlightMessage,
  { now: clock, log }: Tools,
): Promise<void> {
  const now = clock()
  const lateSeconds = Math.floor((now - message.body.due) / 1000)
  const leaseSeconds = lease === undefined ? 0 : Math.ceil((lease.until - now) / 1000) + 1
  const delaySeconds = Math.max(
    FAULT_DELAY_SECONDS,
    Math.min(lateSeconds, MAX_FAULT_DELAY_SECONDS),
    leaseSeconds,
  )
  await queue.send(message.body, { delaySeconds }).catch((error) => {
    const fault = 'a message could not be delayed; the sweep will send it again'
    log({ at: 'deliver', ...message.body, fault, detail: String(error) })
  })
  message.ack()
}

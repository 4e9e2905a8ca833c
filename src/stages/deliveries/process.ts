// One delivery: acts on the decision about it (core/deliveries/decide.ts), and records what comes of it.
// D1 is the truth and a message only a wake-up call: one that is not the last of its delivery does nothing.
import { type Config, type ConfiguredTarget, targetOf } from '../../config.ts'
import { isTroubled } from '../../core/deliveries/breaker.ts'
import {
  type Decision,
  decide,
  type Facts,
  holdReason,
  stateAfter,
} from '../../core/deliveries/decide.ts'
import type {
  Attempt,
  DeliveryMessage,
  DueDelivery,
  Lane,
  Rendered,
} from '../../core/deliveries/delivery.ts'
import { isNear } from '../../core/deliveries/lease.ts'
import { evaluateWants } from '../../core/deliveries/routing.ts'
import { isBroken } from '../../core/deliveries/target.ts'
import type { Env, Tools } from '../../env.ts'
import { FORMATS } from '../../formats/index.ts'
import type { DeliveryWriter } from '../../store/deliveries/delivery-writer.ts'
import { releaseNextInOrder } from '../../store/deliveries/order.ts'
import { mayChange, settle } from '../events/settle.ts'
import { attemptDelivery, faultAttempt } from './attempt.ts'
import { enqueueDeliveries } from './enqueue.ts'
import type { Healths } from './health.ts'
import type { InFlight } from './in-flight.ts'
import { type RateLimit, SLOT_RESERVED } from './rate-limit.ts'

/** What the deliveries of a batch share. */
export type BatchContext = {
  env: Pick<Env, 'DB' | 'RETRIES'>
  config: Config
  lane: Lane
  tools: Tools
  inFlight: InFlight
  write: DeliveryWriter['write']
  healths: Healths
  rateLimit: RateLimit
}

/** A delivery and its target. `isChangeable`: its event could have changed until now. */
type Job = { delivery: DueDelivery; target: ConfiguredTarget; isChangeable: boolean }

/**
 * Handles the delivery of a message, undefined when there is none. Frees its slot early where the next request may
 * start. Throws when its state cannot be written.
 */
export async function processDelivery(
  context: BatchContext,
  message: DeliveryMessage,
  loaded: DueDelivery | undefined,
  freeSlot: () => void,
): Promise<void> {
  const { config, lane, tools, healths, env } = context
  const target = targetOf(config, message.target)
  const usable = target === undefined || isBroken(target) ? undefined : target
  const isChangeable = loaded !== undefined && mayChange(loaded)
  const needsRaw =
    usable !== undefined && usable.transform === undefined && FORMATS[usable.format].needsRaw
  let facts: Omit<Facts, 'health'> = {
    message,
    delivery: loaded,
    target,
    lane,
    isChangeable,
    wants: undefined,
    needsRaw,
  }
  let sleptUntil = 0
  for (;;) {
    const now = Math.max(tools.now(), sleptUntil)
    const decision = decide({ ...facts, health: healths.of(message.target) }, now)
    const { delivery } = facts
    if (decision.do === 'ignore' || delivery === undefined) return
    if (decision.do === 'requeue') return enqueueDeliveries(env.RETRIES, [message], tools)
    if (decision.do === 'sleep') {
      await sleepUntil(decision.until, now)
      sleptUntil = decision.until
    } else if (decision.do === 'evaluate' && usable) {
      const content = isChangeable ? await settle(env.DB, delivery) : delivery.content
      const wants = await evaluateWants(content, usable)
      facts = { ...facts, delivery: { ...delivery, content }, wants }
    } else {
      const job = usable && { delivery, target: usable, isChangeable }
      return act(context, decision, delivery, job, freeSlot)
    }
  }
}

async function act(
  context: BatchContext,
  decision: Decision,
  delivery: DueDelivery,
  job: Job | undefined,
  freeSlot: () => void,
): Promise<void> {
  const { write, tools } = context
  switch (decision.do) {
    case 'cancel':
      await write(delivery, { state: 'cancelled', reason: decision.reason })
      return decision.releasesNext ? releaseNext(context, delivery) : undefined
    case 'hold':
      await write(delivery, { state: 'held', reason: decision.reason, due: delivery.due })
      return decision.releasesNext ? releaseNext(context, delivery) : undefined
    case 'move':
      return move(context, delivery)
    case 'fail': {
      const made = faultAttempt(delivery, decision.detail, tools.now())
      return job && recordAttempt(context, job, made, false)
    }
    case 'attempt':
      return job && attempt(context, job, freeSlot)
  }
}

/** Makes the attempt, unless another isolate has the probe, or its slot is not near. */
async function attempt(context: BatchContext, job: Job, freeSlot: () => void): Promise<void> {
  const { lane, tools, healths, inFlight, write, env } = context
  const { delivery, target } = job
  const allowed = await healths.claim(target.name)
  if (allowed === 'hold') {
    const reason = holdReason(healths.of(target.name).state)
    return write(delivery, { state: 'held', reason, due: delivery.due })
  }
  const slot = await context.rateLimit(target, delivery)
  if (!isNear(slot, tools.now())) {
    await write(delivery, { state: delivery.state, reason: SLOT_RESERVED, due: slot })
    const { event, attempt } = delivery
    return enqueueDeliveries(
      env.RETRIES,
      [{ event, target: target.name, attempt, due: slot }],
      tools,
    )
  }
  await sleepUntil(slot, tools.now())
  const made =
    lane === 'dead'
      ? faultAttempt(delivery, 'its handling was cut off each time it was tried', tools.now())
      : await attemptDelivery(target, delivery, tools)
  // Nothing that follows from such a success must wait for its record.
  const isExpected = made.attempt.error === undefined && !isTroubled(healths.of(target.name))
  if (isExpected && !target.ordered && inFlight.isD1Writable()) freeSlot()
  await recordAttempt(context, job, made, allowed === 'probe')
}

/** Records an attempt, enqueues the next one, and learns from it. */
async function recordAttempt(
  context: BatchContext,
  { delivery, target, isChangeable }: Job,
  { attempt, body }: { attempt: Attempt; body: Rendered | undefined },
  isProbe: boolean,
): Promise<void> {
  const { tools, write, env, healths } = context
  const { event, content } = delivery
  const chance = { now: tools.now(), random: tools.random() }
  const next = stateAfter(delivery, attempt, body !== undefined, target.retry, chance)
  const isBodyKept = delivery.sentBody === undefined && (next.state !== 'delivered' || isChangeable)
  const keepBody = isBodyKept && body !== undefined ? { keepBody: body } : {}
  await write(delivery, { ...next, made: attempt, ...keepBody })
  const { status, error, ms } = attempt
  const line = { at: 'deliver', event, type: content.type, target: target.name }
  tools.log({ ...line, attempt: attempt.attempt, status, error, ms, state: next.state })
  if (next.due !== undefined) {
    const retry = { event, target: target.name, attempt: attempt.attempt + 1, due: next.due }
    await enqueueDeliveries(env.RETRIES, [retry], tools)
  }
  await healths.learn(delivery, attempt, next, isProbe)
  if (next.state !== 'retrying' && target.ordered) {
    await releaseNext(context, delivery).catch((error) => {
      const fault = 'the next delivery of the person was not released; the sweep will'
      tools.log({ at: 'deliver', event, target: target.name, fault, detail: String(error) })
    })
  }
}

/** Releases the next delivery of the same person to the same target. */
async function releaseNext({ env, tools }: BatchContext, delivery: DueDelivery): Promise<void> {
  const released = await releaseNextInOrder(env.DB, delivery.event, delivery.target, tools.now())
  await enqueueDeliveries(env.RETRIES, released, tools)
}

/**
 * Moves a delivery to the queue `retries`. It gets a new due time: where the queue of first attempts has its message
 * twice, the other one does nothing.
 */
async function move({ env, tools, write }: BatchContext, delivery: DueDelivery): Promise<void> {
  const { event, target, attempt, state, reason } = delivery
  const due = Math.max((delivery.due ?? 0) + 1, tools.now())
  await write(delivery, { state, reason, due })
  await enqueueDeliveries(env.RETRIES, [{ event, target, attempt, due }], tools)
}

/** Resolves at a time (epoch milliseconds). A timer may fire a fraction of a millisecond early. */
async function sleepUntil(time: number, now: number): Promise<void> {
  if (time > now) await new Promise((resolve) => setTimeout(resolve, time - now + 1))
}

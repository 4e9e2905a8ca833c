// One delivery: acts on the decision about it (core/deliveries/decide.ts), and records what comes of it.
// D1 is the truth and a message only wakes the delivery up: one that is not the last of its delivery does nothing.
import { type Config, type ConfiguredTarget, targetOf } from '../../config.ts'
import { admission, type Health, isTroubled } from '../../core/deliveries/breaker.ts'
import { type Decision, decide, holdReason, stateAfter } from '../../core/deliveries/decide.ts'
import {
  type Attempt,
  type DeliveryMessage,
  type DueDelivery,
  type Lane,
  type NextState,
  PROBE_CLAIMED,
  type Rendered,
} from '../../core/deliveries/delivery.ts'
import { isNear } from '../../core/deliveries/lease.ts'
import { verdictOf } from '../../core/deliveries/outcome.ts'
import { evaluateWants, type Wants } from '../../core/deliveries/routing.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import type { Env, Tools } from '../../env.ts'
import { needsRaw } from '../../formats/index.ts'
import type { DeliveryWriter } from '../../store/deliveries/delivery-writer.ts'
import { releaseNextInOrder } from '../../store/deliveries/order.ts'
import { releaseProbe } from '../../store/deliveries/probe.ts'
import type { LoadedDelivery } from '../../store/events/bodies/loaded-delivery.ts'
import type { BodyReader } from '../../store/events/bodies/read.ts'
import { packSent } from '../../store/events/bodies/sent.ts'
import { mayChange, settle } from '../events/settle.ts'
import { attemptDelivery, faultAttempt } from './attempt.ts'
import { enqueueDeliveries } from './enqueue.ts'
import type { Healths } from './health.ts'
import type { InFlight } from './in-flight.ts'
import { type RateLimit, SLOT_RESERVED } from './rate-limit.ts'
import { recordSystemEvent } from './system-events.ts'

/** What the deliveries of a batch share. */
export type BatchContext = {
  env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>
  config: Config
  lane: Lane
  /** Whether events may wait in the spill queue that came before these; only asked for ordered targets. */
  isAnySpilled: boolean
  tools: Tools
  inFlight: InFlight
  write: DeliveryWriter['write']
  readBody: BodyReader
  healths: Healths
  rateLimit: RateLimit
}

/** How long a correction waits while the event that it corrects is being sent. */
const CORRECTION_DELAY_MS = 10_000

/**
 * Handles the delivery of a message, undefined when there is none. Frees its slot early where the next request may
 * start. Throws when its state cannot be written.
 */
export async function processDelivery(
  context: BatchContext,
  message: DeliveryMessage,
  found: LoadedDelivery | undefined,
  freeSlot: () => void,
): Promise<void> {
  const { config, lane, tools, healths, env, isAnySpilled } = context
  const loaded = (await found?.readWhole?.(context.readBody)) ?? found
  const target = targetOf(config, message.target)
  const isChangeable = loaded !== undefined && mayChange(loaded)
  const facts = { message, target, lane, isAnySpilled, isChangeable, needsRaw: needsRaw(target) }
  let wakeAt = 0
  const decideBy = (delivery: DueDelivery | undefined, wants: Wants | undefined) =>
    decide(
      { ...facts, delivery, wants, health: healths.of(message.target) },
      Math.max(tools.now(), wakeAt),
    )
  let decision = decideBy(loaded, undefined)
  while (decision.do === 'sleep' || decision.do === 'evaluate') {
    if (decision.do === 'sleep') {
      wakeAt = decision.until
      await sleepUntil(wakeAt, tools.now())
      decision = decideBy(loaded, undefined)
    } else {
      const { delivery } = decision
      const settled = isChangeable ? await settle(env, delivery, tools) : delivery.content
      if (settled === 'later') {
        return postpone(context, delivery, tools.now() + CORRECTION_DELAY_MS, delivery.reason)
      }
      if (settled === 'known') {
        decision = decideBy(delivery, settled)
      } else {
        const wants = await evaluateWants(settled, decision.target)
        decision = decideBy({ ...delivery, content: settled }, wants)
      }
    }
  }
  await act(context, decision, isChangeable, freeSlot)
}

async function act(
  context: BatchContext,
  decision: Exclude<Decision<ConfiguredTarget>, { do: 'sleep' | 'evaluate' }>,
  isChangeable: boolean,
  freeSlot: () => void,
): Promise<void> {
  if (decision.do === 'ignore') return
  const { write, tools } = context
  const { delivery } = decision
  switch (decision.do) {
    case 'wait':
      tools.log({
        at: 'deliver',
        event: delivery.event,
        target: delivery.target,
        fault: delivery.unreadable,
      })
      return postpone(context, delivery, decision.until, decision.reason)
    case 'requeue':
      return enqueue(context, delivery, delivery.attempt, delivery.due)
    case 'cancel':
    case 'hold':
      await write(delivery, stateOf(decision))
      return decision.releasesNext ? releaseNext(context, delivery) : undefined
    case 'move': {
      // A new due time: where the queue of first attempts has its message twice, the other one does nothing.
      const due = Math.max(delivery.due + 1, tools.now())
      return postpone(context, delivery, due, delivery.reason)
    }
    case 'fail': {
      const fault = faultAttempt(delivery, decision.detail, tools.now())
      const job = { delivery, target: decision.target, isChangeable, isProbe: false }
      return recordAttempt(context, job, fault)
    }
    case 'attempt':
      return makeAttempt(context, { delivery, target: decision.target, isChangeable }, freeSlot)
  }
}

function stateOf(decision: Extract<Decision, { do: 'cancel' | 'hold' }>): NextState {
  const { delivery, reason } = decision
  if (decision.do === 'cancel') return { state: 'cancelled', reason }
  return { state: 'held', reason, due: delivery.due }
}

/** A delivery and its target. `isChangeable`: its event could have changed until now. */
type Job = { delivery: DueDelivery; target: ConfiguredTarget; isChangeable: boolean }

/** Makes the attempt, unless another delivery is the probe, or its slot is not near. */
async function makeAttempt(context: BatchContext, job: Job, freeSlot: () => void): Promise<void> {
  const { env, lane, tools, healths, inFlight } = context
  const { delivery, target } = job
  const better = await releaseBetterProbe(context, job)
  const allowed = better.length > 0 ? 'hold' : await healths.claim(delivery)
  if (allowed === 'hold') {
    const reason = holdReason(healths.of(target.name).state)
    await context.write(delivery, { state: 'held', reason, due: delivery.due })
    return enqueueDeliveries(env.RETRIES, better, tools)
  }
  const isProbe = allowed === 'probe'
  const slot = await context.rateLimit(target, delivery)
  if (!isNear(slot, tools.now())) {
    if (isProbe) await healths.keepClaim(target.name, slot)
    return postpone(context, delivery, slot, isProbe ? PROBE_CLAIMED : SLOT_RESERVED)
  }
  await sleepUntil(slot, tools.now())
  // After an expected success the next request may start before this one is read and recorded.
  const onSuccess = () => {
    const isExpected = !isTroubled(healths.of(target.name)) && !target.ordered
    if (isExpected && inFlight.isD1Writable()) freeSlot()
  }
  const attempted =
    lane === 'dead'
      ? faultAttempt(delivery, 'its handling was cut off each time it was tried', tools.now())
      : await attemptDelivery(target, delivery, tools, onSuccess)
  await recordAttempt(context, { ...job, isProbe }, attempted)
}

/** Releases a held delivery that has fewer attempts than this one, if this one would be the probe. Returns its message. */
async function releaseBetterProbe(
  { env, lane, tools, healths }: BatchContext,
  { delivery: { attempt, reason }, target }: Job,
): Promise<DeliveryMessage[]> {
  const now = tools.now()
  const isChosen = attempt === 1 || reason === PROBE_CLAIMED || lane === 'dead'
  if (isChosen || admission(healths.of(target.name), now) !== 'probe') return []
  const wanted = { target: target.name, isOrdered: target.ordered, before: attempt }
  return releaseProbe(env.DB, wanted, now)
}

/** Records an attempt, enqueues the next one, and does what follows from it. */
async function recordAttempt(
  context: BatchContext,
  job: Job & { isProbe: boolean },
  { attempt, body }: { attempt: Attempt; body: Rendered | undefined },
): Promise<void> {
  const { tools, write } = context
  const { delivery, target, isChangeable } = job
  const chance = { now: tools.now(), random: tools.random() }
  const next = stateAfter(delivery, attempt, body !== undefined, target, chance)
  const isBodyKept = delivery.sentBody === undefined && (next.state !== 'delivered' || isChangeable)
  const kept = isBodyKept ? body : undefined
  const keepBody = kept && {
    keepBody: { ...kept, body: await packSent(kept.body, delivery.apart) },
  }
  const recorded = await write(delivery, { ...next, logged: attempt, ...keepBody })
  const { event, content } = delivery
  const { status, error, ms } = attempt
  const line = { at: 'deliver', event, type: content.type, target: target.name }
  tools.log({ ...line, attempt: attempt.attempt, status, error, ms, state: next.state })
  if (next.due !== undefined) await enqueue(context, delivery, attempt.attempt + 1, next.due)
  await followUp(context, { ...job, health: recorded.get(target.name) }, attempt, next)
}

/**
 * What follows from an attempt beyond its delivery. The attempt is recorded: where a step fails, that is logged, and the
 * sweep or the next attempt makes up for it.
 */
async function followUp(
  context: BatchContext,
  { delivery, target, isProbe, health }: Job & { isProbe: boolean; health: Health | undefined },
  attempt: Attempt,
  next: NextState,
): Promise<void> {
  const { env, config, healths, tools } = context
  const { event, content } = delivery
  const steps: (() => Promise<void>)[] = []
  const verdict = verdictOf(attempt, delivery, isProbe)
  if (verdict !== undefined) steps.push(() => healths.learn(target.name, verdict, health))
  if (next.state !== 'retrying' && target.ordered) steps.push(() => releaseNext(context, delivery))
  // A dead delivery of the relay's own event is not reported: that would have no end.
  if (next.state === 'dead' && !isSystemEvent(content)) {
    const reason = attempt.error ?? 'unknown'
    const { type } = content
    const data = { target: target.name, event, type, attempts: attempt.attempt, reason }
    steps.push(() => recordSystemEvent(env, config, { type: 'relay.delivery_dead', data }, tools))
  }
  for (const step of steps) {
    await step().catch((error) => {
      const fault = 'the consequences of an attempt were not recorded'
      tools.log({ at: 'deliver', event, target: target.name, fault, detail: String(error) })
    })
  }
}

/** Sends the message of an attempt. */
function enqueue(
  { env, tools }: BatchContext,
  { event, target }: DueDelivery,
  attempt: number,
  due: number,
): Promise<void> {
  return enqueueDeliveries(env.RETRIES, [{ event, target, attempt, due }], tools)
}

/** Gives a delivery another due time, and its message to the queue `retries`. */
async function postpone(
  context: BatchContext,
  delivery: DueDelivery,
  due: number,
  reason: string | undefined,
): Promise<void> {
  await context.write(delivery, { state: delivery.state, reason, due })
  await enqueue(context, delivery, delivery.attempt, due)
}

/** Releases the next delivery of the same person to the same target. */
async function releaseNext({ env, tools }: BatchContext, delivery: DueDelivery): Promise<void> {
  const released = await releaseNextInOrder(env.DB, delivery.event, delivery.target, tools.now())
  await enqueueDeliveries(env.RETRIES, released, tools)
}

/** Resolves at a time (epoch milliseconds). A timer may fire a fraction of a millisecond early. */
async function sleepUntil(time: number, now: number): Promise<void> {
  if (time > now) await new Promise((resolve) => setTimeout(resolve, time - now + 1))
}

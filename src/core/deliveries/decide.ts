// The two decisions about a delivery: what to do when its message arrives, and its state after an attempt. Pure: the
// facts and the time are arguments. stages/deliveries/process.ts acts on them.
import { timeOfId } from '../id.ts'
import { RAW_GONE } from '../intake/request.ts'
import { pluralize } from '../text.ts'
import { admission, type Health, isTroubled, type TargetState } from './breaker.ts'
import {
  type Attempt,
  awaitsAttempt,
  type DeliveryMessage,
  type DueDelivery,
  type HoldReason,
  type Lane,
  type NextState,
  PROBE_CLAIMED,
} from './delivery.ts'
import { isNear } from './lease.ts'
import { isMessageRefused } from './outcome.ts'
import { retryDue } from './retry.ts'
import type { Wants } from './routing.ts'
import { type BrokenTarget, isBroken, type Target } from './target.ts'

/** How long a delivery to an ordered target waits for the spill queue. */
const MAX_SPILL_WAIT_MS = 3_600_000

/** Everything that the decision about a message depends on. */
export type Facts<T extends Target = Target> = {
  message: DeliveryMessage
  /** Undefined when there is no such delivery. */
  delivery: DueDelivery | undefined
  /** Undefined when it is not configured, or cannot be read. */
  target: T | BrokenTarget | undefined
  health: Health
  lane: Lane
  /** Whether its event may have changed since it was routed, so that the target is evaluated again. */
  isChangeable: boolean
  /** Whether events may wait in the spill queue that came before it. */
  isAnySpilled: boolean
  /** Whether its target wants it; undefined until that was evaluated. */
  wants: Wants | undefined
  /** Whether its body is made of the vendor's bytes. */
  needsRaw: boolean
}

/**
 * ignore: the message is not the last one of its delivery. requeue: it is early. sleep: it is early by a moment.
 * evaluate: whether the target wants the event must be known first. cancel, hold: no attempt, with the reason;
 * `releasesNext`: the next delivery of the person may be blocked by this one. wait: no attempt for now, with the reason. move: leave it to the queue `retries`.
 * fail: an attempt that failed by a fault of ours. attempt: send it.
 */
export type Decision<T extends Target = Target> =
  | { do: 'ignore' }
  | { do: 'requeue' | 'move'; delivery: Awaiting }
  | { do: 'wait'; delivery: Awaiting; until: number; reason: string }
  | { do: 'sleep'; until: number }
  | { do: 'evaluate'; delivery: Awaiting; target: T }
  | { do: 'cancel' | 'hold'; delivery: Awaiting; reason: string; releasesNext: boolean }
  | { do: 'fail'; delivery: Awaiting; target: T; detail: string }
  | { do: 'attempt'; delivery: Awaiting; target: T }

/** A delivery that waits for an attempt. */
type Awaiting = DueDelivery & { due: number }

/** What to do with a delivery whose message has arrived. `now` in epoch milliseconds. */
export function decide<T extends Target>(facts: Facts<T>, now: number): Decision<T> {
  const { message, delivery, target, health, lane, wants } = facts
  if (delivery === undefined || !awaitsAttempt(delivery)) return { do: 'ignore' }
  if (delivery.attempt !== message.attempt || delivery.due !== message.due) return { do: 'ignore' }
  if (!isNear(delivery.due, now)) return { do: 'requeue', delivery }
  if (delivery.due > now) return { do: 'sleep', until: delivery.due }
  const cancel = (reason: string, releasesNext = false) =>
    ({ do: 'cancel', delivery, reason, releasesNext }) as const
  const hold = (reason: HoldReason) =>
    ({ do: 'hold', delivery, reason, releasesNext: reason === 'order' }) as const
  // Where nobody knows whether the target wants the event, that is evaluated after the release.
  const isUnknown = wants === undefined && isUnsure(delivery)
  const holdAsIs = (reason: HoldReason) => hold(isUnknown ? 'broken' : reason)
  // Another version may know it, or the configuration cannot be read: it is cancelled after a day (known-targets.ts).
  if (target === undefined) return holdAsIs('unknown')
  if (isBroken(target)) return hold('broken')
  if (!target.enabled) return holdAsIs('disabled')
  if (admission(health, now, delivery.reason === PROBE_CLAIMED) === 'hold')
    return holdAsIs(holdReason(health.state))
  if (delivery.unreadable !== undefined) {
    // What is known of its target stays known.
    const reason = isUnsure(delivery) ? delivery.reason : undefined
    const until = now + unreadableWaitMs(now - timeOfId(delivery.event))
    return { do: 'wait', delivery, until, reason: reason ?? delivery.unreadable }
  }
  const mustEvaluate = facts.isChangeable || isUnsure(delivery)
  if (mustEvaluate && wants === undefined) return { do: 'evaluate', delivery, target }
  if (wants === 'no') return cancel('its target does not want it', target.ordered)
  if (wants === 'known') return cancel('its target was told so at first', target.ordered)
  const isImpossible =
    facts.needsRaw && delivery.raw === undefined && delivery.sentBody === undefined
  if (isImpossible) return cancel(RAW_GONE, target.ordered)
  if (typeof wants === 'object') {
    return { do: 'fail', delivery, target, detail: `its where failed: ${wants.fault}` }
  }
  if (lane === 'deliveries' && isTroubled(health)) return { do: 'move', delivery }
  // The earlier delivery may have ended since this one was loaded: hence the release.
  const waitsForSpill = facts.isAnySpilled && target.ordered && maySpillPrecede(delivery, now)
  if (delivery.precedence.mustWait) return hold('order')
  // No release: it would be held again at once. The sweep releases it when the spill queue is empty.
  if (waitsForSpill) return { ...hold('order'), releasesNext: false }
  return { do: 'attempt', delivery, target }
}

/** How long a delivery waits for a body that cannot be read, in milliseconds: longer as its event gets older. */
function unreadableWaitMs(age: number): number {
  return Math.min(Math.max(age / 10, 30_000), 900_000)
}

/**
 * True while a delivery to an ordered target waits for the spill queue: an hour after the receipt of its event at most, as a
 * request that waits longer shows that D1 is in trouble, and nobody knows whether it is about the same person.
 */
function maySpillPrecede({ event, isReplay }: DueDelivery, now: number): boolean {
  return !isReplay && timeOfId(event) > orderedSince(now)
}

/** The time of receipt (epoch milliseconds) after which events may wait for the spill queue at `now`. */
export function orderedSince(now: number): number {
  return now - MAX_SPILL_WAIT_MS
}

/** True until it was evaluated whether the target wants the event. */
function isUnsure({ reason }: Pick<DueDelivery, 'reason'>): boolean {
  return reason === 'broken' || reason === 'where'
}

/** The reason to hold a delivery while its target is in a state. */
export function holdReason(state: TargetState): HoldReason {
  return state === 'active' ? 'backing_off' : state
}

/** The settings of a target that decide how long a delivery is tried. */
export type Patience = Pick<Target, 'retry' | 'ordered' | 'orderWaitSeconds'>

/**
 * The state of a delivery after an attempt: 2xx is success, 410 holds, everything else is retried until the schedule
 * ends, or until the later deliveries of the person have waited long enough for a message that its target refuses. `now`
 * in epoch milliseconds, `random` in [0, 1).
 */
export function stateAfter(
  { first, reason, refusedSince }: Pick<DueDelivery, 'first' | 'reason' | 'refusedSince'>,
  attempt: Attempt,
  hasBody: boolean,
  { retry, ordered, orderWaitSeconds }: Patience,
  { now, random }: { now: number; random: number },
): NextState {
  if (attempt.error === undefined) return { state: 'delivered' }
  if (attempt.status === 410) return { state: 'held', reason: 'gone' }
  const tries = attempt.attempt - first + 1
  const due = retryDue(tries, retry, attempt.retry_after, { now, random })
  const waitEnds = (refusedSince ?? now) + orderWaitSeconds * 1000
  const isWaitOver =
    ordered && isMessageRefused(attempt.status) && due !== undefined && due > waitEnds
  if (due === undefined || isWaitOver) return { state: 'dead', reason: whyDead(tries, attempt) }
  // Without a body nothing was sent: whether the target wants the event is evaluated again.
  const isStillUnsure = isUnsure({ reason }) && !hasBody
  return { state: 'retrying', due, ...(isStillUnsure ? { reason: 'where' } : {}) }
}

function whyDead(tries: number, { status, error }: Attempt): string {
  const last = status === undefined ? `last error: ${error}` : `last response: ${status}`
  return `gave up after ${pluralize(tries, 'attempt')}; ${last}`
}

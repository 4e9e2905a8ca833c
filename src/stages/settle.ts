// One delivery: whether its attempt may go out now, and what comes of it.
// D1 is the truth and a message only an alarm clock: one that is not the last alarm set does nothing.
import { type Config, type ConfiguredTarget, targetOf } from '../config.ts'
import { admit, isTroubled, type TargetState } from '../core/breaker.ts'
import {
  type Attempt,
  type DeliveryMessage,
  type HoldReason,
  isOpen,
  type Outcome,
} from '../core/delivery.ts'
import type { MembershipEvent } from '../core/event.ts'
import { RAW_GONE } from '../core/request.ts'
import { judge, parseRetryAfter, queueDelaySeconds, type Verdict } from '../core/retry.ts'
import { wishFor } from '../core/routing.ts'
import { isSystemEvent, type SystemFact } from '../core/system-event.ts'
import { isBroken, SETTLING } from '../core/target.ts'
import { formatInstant } from '../core/time.ts'
import type { Env, Log } from '../env.ts'
import { FORMATS } from '../formats/index.ts'
import { type DeliveryUpdate, type Owed, releaseHeld } from '../store/deliveries.ts'
import { updateEvents } from '../store/kept.ts'
import { releaseNextOf } from '../store/order.ts'
import { type Attempted, type AttemptTools, attemptDelivery, faultOf } from './attempt.ts'
import type { Healths } from './health.ts'
import { settledEvent } from './meaning.ts'
import { sendAll } from './sending.ts'
import { awaitNear, TURN_RESERVED, type Turns } from './turns.ts'

/** What the edge hands in, beside what an attempt needs: randomness in [0, 1), and the log. */
export type DeliverTools = AttemptTools & {
  random: () => number
  log: Log
}

/**
 * Which queue a batch came by: first attempts at targets in good health; everything else; or messages whose handling
 * was cut off again and again, so that the platform gave up on them.
 */
export type Lane = 'deliveries' | 'retries' | 'dead'

/** What the deliveries of a batch share. */
export type Stage = {
  env: Pick<Env, 'DB' | 'RETRIES'>
  config: Config
  lane: Lane
  tools: DeliverTools
  record: (update: DeliveryUpdate) => Promise<void>
  healths: Healths
  tell: (fact: SystemFact) => Promise<void>
  turns: Turns
  /** Set when an outcome could not be recorded. */
  isDeaf: boolean
}

/** Does what a message asks for, if its delivery still waits for that. Throws when the outcome cannot be recorded. */
export async function settle(
  stage: Stage,
  message: DeliveryMessage,
  owed: Owed | undefined,
): Promise<void> {
  const { config, lane, tools, record, healths } = stage
  if (owed === undefined || !isOpen(owed)) return
  if (owed.attempt !== message.attempt || owed.due !== message.due) return
  if (!(await awaitNear(owed.due, tools.now()))) return await sendAgain(stage, message)
  const { event, attempt } = owed
  const target = targetOf(config, message.target)
  const row = { event, target: message.target, attempt }
  if (target === undefined) {
    return record({ ...row, state: 'cancelled', reason: 'its target is no longer configured' })
  }
  const hold = (reason: HoldReason) => record({ ...row, state: 'held', reason, due: owed.due })
  // As long as nobody knows whether the target wants it, it is held as what must be asked for.
  const holdAsIs = (reason: HoldReason) => hold(isUnsure(owed) ? 'broken' : reason)
  if (isBroken(target)) return hold('broken')
  if (!target.enabled) return holdAsIs('disabled')
  // Before its target is asked, whose fault would cost it an attempt.
  const health = healths.of(target.name)
  if (admit(health, tools.now()) === 'hold') return holdAsIs(holdReason(health.state))
  // It was planned when nobody could tell whether the target wants it, or when it said something else.
  const settled = await settleMeaning(stage, owed)
  const mustAsk = isUnsure(owed) || settled.isSettled
  const wish = mustAsk ? await wishFor(settled.content, target) : 'yes'
  const needless = wish === 'no' ? 'its target does not want it' : impossible(target, settled)
  if (needless !== undefined) {
    await record({ ...row, state: 'cancelled', reason: needless })
    return target.ordered ? letNextGo(stage, owed) : undefined
  }
  if (typeof wish !== 'string') {
    return conclude(stage, target, settled, faultOf(`its where failed: ${wish.fault}`), false)
  }
  // It goes on under the lease that it has, if it is late.
  const holder = owed.leaseHolder === undefined ? {} : { holder: owed.leaseHolder }
  if (lane === 'deliveries' && isTroubled(health))
    return sendAgain(stage, { ...message, ...holder })
  if (owed.precedence.mustWait) {
    await hold('order')
    // What it waits for may have been done with since it was loaded.
    return letNextGo(stage, owed)
  }
  // Last, as it may take the one probe that a target gets.
  const admission = await healths.admit(target.name)
  if (admission === 'hold') return hold(holdReason(healths.of(target.name).state))
  const turn = await stage.turns(target, owed)
  if (!(await awaitNear(turn, tools.now()))) {
    await record({ ...row, state: owed.state, reason: TURN_RESERVED, due: turn })
    return sendAgain(stage, { ...message, due: turn })
  }
  const attempted =
    lane === 'dead'
      ? faultOf('its handling was cut off each time it was tried')
      : await attemptDelivery(target, settled, tools)
  await conclude(stage, target, settled, attempted, admission === 'probe')
}

/** What the event means by now, where that may change; what a target was told once stays. The log keeps what is told. */
async function settleMeaning({ env }: Stage, owed: Owed): Promise<Owed> {
  const { content, contact, frozen } = owed
  if (frozen || contact === undefined || isSystemEvent(content)) return owed
  if (!SETTLING.includes(content.type)) return owed
  const { personid, possibleduplicate, ...event } = content
  const settled = await settledEvent(env.DB, event as MembershipEvent, contact)
  if (JSON.stringify(settled) !== JSON.stringify(event)) {
    await updateEvents(env.DB, [{ event: settled, contact }])
  }
  const told = {
    ...settled,
    ...(personid === undefined ? {} : { personid }),
    ...(possibleduplicate === undefined ? {} : { possibleduplicate }),
  }
  return { ...owed, content: told as MembershipEvent, isSettled: true }
}

/** Why no attempt can ever be made: of an old event the bytes are gone. What was sent once is kept and sent again. */
function impossible(target: ConfiguredTarget, { frozen, raw }: Owed): string | undefined {
  const needsRaw = target.transform === undefined && FORMATS[target.format].needsRaw
  return needsRaw && frozen === undefined && raw === undefined ? RAW_GONE : undefined
}

function isUnsure({ reason }: Owed): boolean {
  return reason === 'broken' || reason === 'where'
}

function holdReason(state: TargetState): HoldReason {
  return state === 'active' ? 'open' : state
}

/** Records an attempt, sets the alarm for the next, and learns from it. */
async function conclude(
  stage: Stage,
  target: ConfiguredTarget,
  owed: Owed,
  { outcome, rendered }: Attempted,
  isProbe: boolean,
): Promise<void> {
  const { tools, record } = stage
  const { event, attempt } = owed
  const startedAt = tools.now() - outcome.durationMs
  const tries = attempt - owed.first + 1
  const verdict = judge(outcome, tries, target.retry, tools.now(), tools.random())
  const due = verdict.state === 'retrying' ? verdict.due : undefined
  const lasting =
    verdict.state === 'dead' ? `failed ${tries} times, last by ${outcome.error}` : undefined
  // Without a body nothing was sent: whoever was to be asked whether it wants the event is asked again.
  const unsure = isUnsure(owed) && rendered === undefined && due !== undefined ? 'where' : undefined
  await record({
    event,
    target: target.name,
    attempt,
    state: verdict.state,
    reason: verdict.state === 'held' ? verdict.reason : (lasting ?? unsure),
    due,
    made: attemptOf(outcome, attempt, startedAt),
    freeze:
      owed.frozen || (verdict.state === 'delivered' && !owed.isSettled) ? undefined : rendered,
  })
  const { status, error, durationMs: ms } = outcome
  const { type } = owed.content
  tools.log({
    at: 'deliver',
    event,
    type,
    target: target.name,
    attempt,
    status,
    error,
    ms,
    state: verdict.state,
  })
  if (due !== undefined) {
    await sendAgain(stage, { event, target: target.name, attempt: attempt + 1, due })
  }
  await learn(stage, owed, outcome, verdict, isProbe, target.ordered)
}

/** How many deliveries a target that has come back gets at once; the sweep lets go of the others. */
const FIRST_RELEASED = 100

/**
 * What an attempt means beyond its delivery: for the next of its contact, for the target's health, and for those who
 * want to be told. The attempt is recorded: where one of them fails, the sweep or the next attempt makes up for it.
 */
async function learn(
  stage: Stage,
  owed: Owed,
  outcome: Outcome,
  verdict: Verdict,
  isProbe: boolean,
  isOrdered: boolean,
): Promise<void> {
  const { event, target, attempt, content } = owed
  const lessons: (() => Promise<void>)[] = []
  // A fault of ours says nothing of the target, and a replay is an operator's doing; but a probe is a probe, and gone
  // is gone.
  const counts = !owed.isReplay || isProbe || verdict.state === 'held'
  if (outcome.error !== 'fault' && counts) {
    lessons.push(() => noteHealth(stage, target, verdict, isProbe))
  }
  if (verdict.state !== 'retrying' && isOrdered) lessons.push(() => letNextGo(stage, owed))
  // The relay's own events are not told of in turn: that would have no end.
  if (verdict.state === 'dead' && !isSystemEvent(content)) {
    const reason = outcome.error ?? 'unknown'
    const data = { target, event, type: content.type, attempts: attempt, reason }
    lessons.push(() => stage.tell({ type: 'relay.delivery_dead', data }))
  }
  for (const lesson of lessons) {
    await lesson().catch((error) => {
      const fault = 'what an attempt means could not be recorded'
      stage.tools.log({ at: 'deliver', event, target, fault, detail: String(error) })
    })
  }
}

/** Takes an attempt into the target's health; one that has come back gets what was held for it. */
async function noteHealth(
  { env, healths, tools }: Stage,
  target: string,
  verdict: Verdict,
  isProbe: boolean,
): Promise<void> {
  const result =
    verdict.state === 'delivered' ? 'delivered' : verdict.state === 'held' ? 'gone' : 'failed'
  if (!(await healths.note(target, result, isProbe))) return
  const released = await releaseHeld(env.DB, target, ['open'], tools.now(), FIRST_RELEASED)
  await sendAll(env.RETRIES, released, tools.now())
}

/** Sets the next delivery of the same contact going. If that fails, the sweep does it. */
async function letNextGo({ env, tools }: Stage, { event, target }: Owed): Promise<void> {
  const released = await releaseNextOf(env.DB, event, target, tools.now())
  await sendAll(env.RETRIES, released, tools.now())
}

/** Sets the alarm for an attempt. When the queue does not take it, the sweep finds the row. */
async function sendAgain({ env, tools }: Stage, message: DeliveryMessage): Promise<void> {
  try {
    await env.RETRIES.send(message, { delaySeconds: queueDelaySeconds(message.due, tools.now()) })
  } catch (error) {
    tools.log({
      at: 'deliver',
      ...message,
      fault: 'the queue did not take the id; the sweep will',
      detail: String(error),
    })
  }
}

/** An attempt as it is logged. `startedAt` in epoch milliseconds. */
export function attemptOf(outcome: Outcome, attempt: number, startedAt: number): Attempt {
  const { status, error, detail, durationMs, retryAfter } = outcome
  const asked = parseRetryAfter(retryAfter, startedAt + durationMs)
  return {
    attempt,
    at: formatInstant(startedAt),
    ms: durationMs,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(detail === '' ? {} : { response: detail }),
    ...(asked === undefined ? {} : { retry_after: Math.ceil(asked) }),
  }
}

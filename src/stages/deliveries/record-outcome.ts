// What comes of an attempt: the delivery's record, its next alarm, and what it teaches of the target.
import type { ConfiguredTarget } from '../../config.ts'
import type { Attempt, Outcome } from '../../core/deliveries/delivery.ts'
import { judge, parseRetryAfter, type Verdict } from '../../core/deliveries/retry.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import { formatInstant } from '../../core/events/time.ts'
import { type Owed, releaseHeld } from '../../store/deliveries/deliveries.ts'
import type { Attempted } from './attempt.ts'
import { letNextGo, type Stage, sendAgain } from './batch.ts'
import { setAlarms } from './enqueue.ts'

/** Records an attempt, sets the alarm for the next, and learns from it. */
export async function conclude(
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
  await setAlarms(env.RETRIES, released, tools.now(), tools.log)
}

/** An attempt as it is logged. `startedAt` in epoch milliseconds. */
export function attemptOf(outcome: Outcome, attempt: number, startedAt: number): Attempt {
  const { status, error, detail, durationMs, retryAfter, sent } = outcome
  const asked = parseRetryAfter(retryAfter, startedAt + durationMs)
  return {
    attempt,
    at: formatInstant(startedAt),
    ms: durationMs,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(detail === '' ? {} : { response: detail }),
    ...(asked === undefined ? {} : { retry_after: Math.ceil(asked) }),
    ...sent,
  }
}

/** True as long as nobody could ask the target whether it wants the event. */
export function isUnsure({ reason }: Owed): boolean {
  return reason === 'broken' || reason === 'where'
}

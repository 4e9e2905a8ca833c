// Surplus copies of deliveries, and whether a fault explains each.

import { type EventId, keyOfId } from '../../../src/core/id.ts'
import { type LoggedEvent, readEvent } from '../api.ts'
import { TIMEOUT_SECONDS } from '../config.ts'
import type { InjectedFault } from '../plan.ts'
import type { Success } from '../receivers.ts'
import type { Kill } from '../runtime.ts'
import { describeDelivery } from './losses.ts'

/** A kill so soon after a success may precede its record. */
const RECORDED_WITHIN_MS = 3000

export type Copy = {
  success: Success
  /** The attempt of the success before it, and the time since then. */
  attemptBefore: number
  afterMs: number
  explanation: 'killed' | 'record lost' | 'late response' | undefined
  /** The delivery by the log. */
  outcome: string
}

/** All successes of an event at a target but the first. */
export async function copiesAmong(
  successes: readonly Success[],
  kills: readonly Kill[],
  faults: readonly InjectedFault[],
): Promise<Copy[]> {
  const groups = Object.groupBy(successes, ({ event, target }) => `${event} ${target}`)
  const copies: Copy[] = []
  for (const [success, before] of Object.values(groups).flatMap((group = []) => pairsOf(group))) {
    const event = await readEvent(success.event)
    copies.push({
      success,
      attemptBefore: before.attempt,
      afterMs: success.at - before.at,
      explanation:
        explanationFor(before, success.at, kills, faults) ??
        (isResponseLate(before, event) ? 'late response' : undefined),
      outcome: describeDelivery(event, success.target),
    })
  }
  return copies
}

/** Each success but the first, with the one before it. */
function pairsOf(group: readonly Success[]): [Success, Success][] {
  return group.slice(1).map((success, i) => [success, group[i] as Success])
}

/** Whether the relay waited for the response as long as it promises: it ended the attempt before the success. */
function isResponseLate({ attempt, target }: Success, event: LoggedEvent | undefined): boolean {
  const delivery = event?.deliveries.find((one) => one.target === target)
  const made = delivery?.attempts.find((one) => one.attempt === attempt)
  return made?.error === 'timeout' && made.ms >= TIMEOUT_SECONDS * 1000
}

/** The fault due to which the relay may have no record of a success when it sends the event again. */
function explanationFor(
  { event, target, at }: Success,
  until: number,
  kills: readonly Kill[],
  faults: readonly InjectedFault[],
): Copy['explanation'] {
  const isCut = (kill: Kill) =>
    at >= kill.at - RECORDED_WITHIN_MS && at <= kill.over && until > kill.at
  if (kills.some(isCut)) return 'killed'
  const key = keyOfId(event as EventId)
  // A record is lost only by a write of this delivery that was not carried out.
  const isLost = faults.some(
    ({ time, lost }) =>
      time >= at &&
      time <= until &&
      lost?.some((names) => names.includes(key) && names.includes(target)),
  )
  return isLost ? 'record lost' : undefined
}

/** The copies without an explanation as sentences, with their deliveries by the log. */
export function copyBreaches(copies: readonly Copy[]): string[] {
  return copies
    .filter(({ explanation }) => explanation === undefined)
    .map(({ success: { event, target, attempt, at }, attemptBefore, afterMs, outcome }) => {
      const when = `attempt ${attempt}, ${afterMs} ms after attempt ${attemptBefore}`
      return `COPY: ${event} arrived at ${target} again (${when}), at ${new Date(at).toISOString()}, and no fault explains it: ${outcome}`
    })
}

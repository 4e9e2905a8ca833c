// Copies too many: which there were, and whether there is an excuse for each.

import { type EventId, keyOfId } from '../../../src/core/id.ts'
import { type LoggedEvent, readEvent } from '../api.ts'
import type { InjectedFault } from '../plan.ts'
import type { Receipt } from '../receivers.ts'
import type { Kill } from '../runtime.ts'
import { TIMEOUT_SECONDS } from '../setting.ts'
import { fateOf } from './arrivals.ts'

/** A kill so soon after a success may have come before the record of it. */
const RECORDED_WITHIN_MS = 3000

export type Copy = {
  receipt: Receipt
  /** The attempt that the success before it answered, and how long before that was. */
  attemptBefore: number
  afterMs: number
  excuse: 'killed' | 'record lost' | 'answered late' | undefined
  /** What the log knows of the delivery. */
  fate: string
}

/** Every success beyond the first of an event at a target. */
export async function copiesAmong(
  receipts: readonly Receipt[],
  kills: readonly Kill[],
  faults: readonly InjectedFault[],
): Promise<Copy[]> {
  const groups = Object.groupBy(receipts, ({ event, target }) => `${event} ${target}`)
  const copies: Copy[] = []
  for (const [receipt, before] of Object.values(groups).flatMap((group = []) => pairsOf(group))) {
    const event = await readEvent(receipt.event)
    copies.push({
      receipt,
      attemptBefore: before.attempt,
      afterMs: receipt.at - before.at,
      excuse:
        excuseFor(before, receipt.at, kills, faults) ??
        (isAnsweredLate(before, event) ? 'answered late' : undefined),
      fate: fateOf(event, receipt.target),
    })
  }
  return copies
}

/** Each receipt but the first, with the one before it. */
function pairsOf(group: readonly Receipt[]): [Receipt, Receipt][] {
  return group.slice(1).map((receipt, i) => [receipt, group[i] as Receipt])
}

/** Whether the relay had waited for a success as long as it promises, and given up: the answer was lost on it. */
function isAnsweredLate({ attempt, target }: Receipt, event: LoggedEvent | undefined): boolean {
  const delivery = event?.deliveries.find((one) => one.target === target)
  const made = delivery?.attempts.find((one) => one.attempt === attempt)
  return made?.error === 'timeout' && made.ms >= TIMEOUT_SECONDS * 1000
}

/** Why the relay may not know of a success when it sends the same again. */
function excuseFor(
  { event, target, at }: Receipt,
  until: number,
  kills: readonly Kill[],
  faults: readonly InjectedFault[],
): Copy['excuse'] {
  const isCut = (kill: Kill) =>
    at >= kill.at - RECORDED_WITHIN_MS && at <= kill.over && until > kill.at
  if (kills.some(isCut)) return 'killed'
  const key = keyOfId(event as EventId)
  // Only a write of this very delivery that was not carried out loses its record.
  const isLost = faults.some(
    ({ time, lost }) =>
      time >= at &&
      time <= until &&
      lost?.some((names) => names.includes(key) && names.includes(target)),
  )
  return isLost ? 'record lost' : undefined
}

/** The copies without an excuse in words, with what the log knows of each. */
export function copyBreaches(copies: readonly Copy[]): string[] {
  return copies
    .filter(({ excuse }) => excuse === undefined)
    .map(({ receipt: { event, target, attempt, at }, attemptBefore, afterMs, fate }) => {
      const when = `attempt ${attempt}, ${afterMs} ms after attempt ${attemptBefore}`
      return `COPY: ${event} came to ${target} again (${when}), at ${new Date(at).toISOString()}, and nothing explains it: ${fate}`
    })
}

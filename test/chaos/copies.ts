// Copies too many: which there were, and whether there is an excuse for each.

import { type EventId, keyOfId } from '../../src/core/id.ts'
import { readEvent } from './api.ts'
import { fateOf } from './arrivals.ts'
import type { InjectedFault } from './plan.ts'
import type { Receipt } from './receivers.ts'
import type { Kill } from './runtime.ts'

/** A kill so soon after a success may have come before the record of it. */
const RECORDED_WITHIN_MS = 3000

export type Copy = {
  receipt: Receipt
  /** The attempt that the success before it answered, and how long before that was. */
  attemptBefore: number
  afterMs: number
  excuse: 'killed' | 'record lost' | undefined
}

/** Every success beyond the first of an event at a target. */
export function copiesAmong(
  receipts: readonly Receipt[],
  kills: readonly Kill[],
  faults: readonly InjectedFault[],
): Copy[] {
  const groups = Object.groupBy(receipts, ({ event, target }) => `${event} ${target}`)
  return Object.values(groups).flatMap((group = []) =>
    group.slice(1).flatMap((receipt, i) => {
      const before = group[i]
      if (before === undefined) return []
      const afterMs = receipt.at - before.at
      return [
        {
          receipt,
          attemptBefore: before.attempt,
          afterMs,
          excuse: excuseFor(before, receipt.at, kills, faults),
        },
      ]
    }),
  )
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
export async function copyBreaches(copies: readonly Copy[]): Promise<string[]> {
  const breaches: string[] = []
  for (const { receipt, attemptBefore, afterMs, excuse } of copies) {
    if (excuse !== undefined) continue
    const { event, target, attempt, at } = receipt
    const fate = fateOf(await readEvent(event), target)
    breaches.push(
      `COPY: ${event} came to ${target} again (attempt ${attempt}, ${afterMs} ms after attempt ${attemptBefore}), at ` +
        `${new Date(at).toISOString()}, and nothing explains it: ${fate}`,
    )
  }
  return breaches
}

// Rate limits: a request to a target with a rate waits for its slot. Slots are reserved in D1, so consumers that do not
// know of each other keep the rate together.
import type { ConfiguredTarget } from '../../config.ts'
import { awaitsAttempt, type DueDelivery, PROBE_CLAIMED } from '../../core/deliveries/delivery.ts'
import { isNear } from '../../core/deliveries/lease.ts'
import { reserveSendTimes } from '../../store/deliveries/targets.ts'

/** The reason of a delivery whose slot is reserved: it needs no other. */
export const SLOT_RESERVED = 'rate'

/** Returns the slot of a delivery in epoch milliseconds; 0 for a target without a rate. */
export type RateLimit = (target: ConfiguredTarget, delivery: DueDelivery) => Promise<number>

/**
 * The rate limit of a batch. The first delivery that asks reserves slots for all of the batch to its target. A slot that
 * was reserved before is used however late it is, as a new one might be missed too; but those of a batch stay apart.
 */
export function rateLimitFor(
  db: D1Database,
  batch: readonly DueDelivery[],
  now: () => number,
): RateLimit {
  const firstSlots = new Map<string, Promise<number>>()
  const taken = new Map<string, number>()
  const lastUsed = new Map<string, number>()
  return async ({ name, intervalMs }, { reason }) => {
    if (intervalMs === undefined) return 0
    if (hasSlot(reason)) {
      const slot = Math.max(now(), (lastUsed.get(name) ?? 0) + intervalMs)
      lastUsed.set(name, slot)
      return slot
    }
    const needed = batch.filter((one) => one.target === name && mayNeedSlot(one, now())).length
    const reserved =
      firstSlots.get(name) ??
      reserveSendTimes(db, name, { count: Math.max(1, needed), intervalMs, now: now() })
    firstSlots.set(name, reserved)
    const first = await reserved
    const index = taken.get(name) ?? 0
    taken.set(name, index + 1)
    return first + index * intervalMs
  }
}

function mayNeedSlot(delivery: DueDelivery, now: number): boolean {
  const { reason, precedence } = delivery
  if (!awaitsAttempt(delivery) || !isNear(delivery.due, now)) return false
  return !hasSlot(reason) && !precedence.mustWait
}

/** Whether the due time of a delivery is its slot. */
function hasSlot(reason: string | undefined): boolean {
  return reason === SLOT_RESERVED || reason === PROBE_CLAIMED
}

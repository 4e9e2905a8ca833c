// Targets with a rate: each request waits for its turn. Turns are reserved in D1, so consumers that know nothing of
// each other keep the rate together.
import type { ConfiguredTarget } from '../../config.ts'
import { isOpen } from '../../core/deliveries/delivery.ts'
import { isNear } from '../../core/deliveries/lease.ts'
import type { Owed } from '../../store/deliveries/deliveries.ts'
import { reserveSendTimes } from '../../store/deliveries/targets.ts'

/** Why a delivery waits whose turn is reserved: when it comes, it needs no other. */
export const TURN_RESERVED = 'rate'

/** Gives each delivery of a batch its turn; 0 for a target without a rate. */
export type Turns = (target: ConfiguredTarget, owed: Owed) => Promise<number>

/**
 * Turns for a batch, reserved for its deliveries to a target at once, when the first of them asks. A turn that was
 * reserved before is used however late it comes, as a new one might be missed too; but those of a batch keep their
 * distance from each other.
 */
export function turnsFor(db: D1Database, batch: readonly Owed[], now: () => number): Turns {
  const first = new Map<string, Promise<number>>()
  const given = new Map<string, number>()
  const used = new Map<string, number>()
  return async ({ name, intervalMs }, { reason }) => {
    if (intervalMs === undefined) return 0
    if (reason === TURN_RESERVED) {
      const turn = Math.max(now(), (used.get(name) ?? 0) + intervalMs)
      used.set(name, turn)
      return turn
    }
    const wanted = batch.filter((one) => one.target === name && mayNeedTurn(one, now())).length
    const reserved =
      first.get(name) ??
      reserveSendTimes(db, name, { count: Math.max(1, wanted), intervalMs, now: now() })
    first.set(name, reserved)
    const start = await reserved
    const place = given.get(name) ?? 0
    given.set(name, place + 1)
    return start + place * intervalMs
  }
}

function mayNeedTurn(owed: Owed, now: number): boolean {
  const { reason, precedence } = owed
  return isOpen(owed) && isNear(owed.due, now) && reason !== TURN_RESERVED && !precedence.mustWait
}

/** Waits for a time that is near (epoch milliseconds). False, at once, when it is too far. */
export async function awaitNear(time: number, now: number): Promise<boolean> {
  if (!isNear(time, now)) return false
  // A timer may fire a fraction of a millisecond early.
  if (time > now) await new Promise((resolve) => setTimeout(resolve, time - now + 1))
  return true
}

// cron → what is due but not moving goes to its queue again; what the configuration held back is let go.
// So a lost message costs minutes, never a delivery.
import { type Config, targetOf, timeoutsOf } from '../../config.ts'
import { admission, HEALTHY, type Health } from '../../core/deliveries/breaker.ts'
import type { DeliveryMessage, HoldReason } from '../../core/deliveries/delivery.ts'
import { overdueMarginMs } from '../../core/deliveries/lease.ts'
import { isBroken } from '../../core/deliveries/target.ts'
import type { Env, Log, Tools } from '../../env.ts'
import { listHeldTargets, listOverdue, releaseHeld } from '../../store/deliveries/deliveries.ts'
import { releaseUnblocked } from '../../store/deliveries/order.ts'
import { listHealth } from '../../store/deliveries/targets.ts'
import { sendMessages } from './enqueue.ts'

/** The most that one run takes up; the next comes in a minute. */
const MAX_A_RUN = 1000

/** Runs once. Safe to run twice, or beside itself: messages that are no longer wanted do nothing. */
export async function sweep(
  env: Pick<Env, 'DB' | 'DELIVERIES' | 'RETRIES'>,
  config: Config,
  { now: clock, log }: Tools,
): Promise<void> {
  const now = clock()
  const margin = overdueMarginMs(timeoutsOf(config))
  const overdue = await listOverdue(env.DB, now - margin, MAX_A_RUN)
  const first = overdue.filter(({ attempt }) => attempt === 1)
  const later = overdue.filter(({ attempt }) => attempt > 1)
  // One queue that takes nothing must not keep the other's messages back, and no release those that are overdue.
  const sent = await Promise.allSettled([
    sendMessages(env.DELIVERIES, first, now),
    sendMessages(env.RETRIES, later, now),
  ])
  const released = await release(env.DB, config, now, log)
  sent.push(...(await Promise.allSettled([sendMessages(env.RETRIES, released, now)])))
  for (const { status } of sent) {
    if (status === 'rejected')
      log({ at: 'sweep', fault: 'a queue did not take the ids; the next run will send them' })
  }
  if (overdue.length + released.length > 0) {
    log({ at: 'sweep', overdue: overdue.length, released: released.length })
  }
}

/** Lets go of what is held for targets that can be sent to again. One that fails keeps no other back. */
async function release(
  db: D1Database,
  config: Config,
  now: number,
  log: Log,
): Promise<DeliveryMessage[]> {
  const names = await listHeldTargets(db)
  if (names.length === 0) return []
  const healths = await listHealth(db)
  const released: DeliveryMessage[] = []
  for (const name of names) {
    const target = targetOf(config, name)
    const [reasons, limit] = releasable(target, healths.get(name) ?? HEALTHY, now)
    if (limit === 0) continue
    try {
      const held = await releaseHeld(db, name, reasons, now, limit)
      released.push(...held)
      if (held.length === limit || reasons.includes('order')) continue
      released.push(...(await releaseUnblocked(db, name, now, limit - held.length)))
    } catch (error) {
      const fault = 'what is held could not be let go; the next run will'
      log({ at: 'sweep', target: name, fault, detail: String(error) })
    }
  }
  return released
}

// A probe is taken from the first of them: what may not be wanted at all comes last.
const MENDED: HoldReason[] = ['backing_off', 'disabled', 'paused', 'failing', 'gone', 'broken']
const EVERY: HoldReason[] = [...MENDED, 'order']

/** What may go out of what is held for a target, and how much of it. */
function releasable(
  target: Config['targets'][number] | undefined,
  health: Health,
  now: number,
): [HoldReason[], number] {
  // One that is gone from the configuration is let go too: its deliveries end as cancelled.
  if (target === undefined) return [EVERY, MAX_A_RUN]
  if (isBroken(target) || !target.enabled) return [[], 0]
  const allowed = admission(health, now)
  if (allowed === 'hold') return [[], 0]
  // What waits for its turn waits no longer where order is no longer kept.
  return [target.ordered ? MENDED : EVERY, allowed === 'send' ? MAX_A_RUN : 1]
}

// cron → what is due but not moving goes to its queue again; what the configuration held back is let go.
// So a lost message costs minutes, never a delivery.
import { type Config, targetOf, timeoutsOf } from '../config.ts'
import { admit, HEALTHY, type Health } from '../core/breaker.ts'
import type { DeliveryMessage, HoldReason } from '../core/delivery.ts'
import { overdueMarginMs } from '../core/lateness.ts'
import { isBroken } from '../core/target.ts'
import type { Env, Log } from '../env.ts'
import { listHeldTargets, listOverdue, releaseHeld } from '../store/deliveries.ts'
import { releaseUnblocked } from '../store/order.ts'
import { listHealth } from '../store/targets.ts'
import { sendAll } from './sending.ts'

/** The most that one run takes up; the next comes in a minute. */
const MAX_A_RUN = 1000

/** Runs once. Safe to run twice, or beside itself: messages that are no longer wanted do nothing. */
export async function sweep(
  env: Pick<Env, 'DB' | 'DELIVERIES' | 'RETRIES'>,
  config: Config,
  now: number,
  log: Log,
): Promise<void> {
  const margin = overdueMarginMs(timeoutsOf(config))
  const overdue = await listOverdue(env.DB, now - margin, MAX_A_RUN)
  const first = overdue.filter(({ attempt }) => attempt === 1)
  const later = overdue.filter(({ attempt }) => attempt > 1)
  const released = await release(env.DB, config, now)
  // One queue that takes nothing must not keep the other's messages back.
  const sent = await Promise.allSettled([
    sendAll(env.DELIVERIES, first, now),
    sendAll(env.RETRIES, [...later, ...released], now),
  ])
  for (const { status } of sent) {
    if (status === 'rejected')
      log({ at: 'sweep', fault: 'a queue did not take the ids; the next run will send them' })
  }
  if (overdue.length + released.length > 0) {
    log({ at: 'sweep', overdue: overdue.length, released: released.length })
  }
}

/** Lets go of what is held for targets that can be sent to again. */
async function release(db: D1Database, config: Config, now: number): Promise<DeliveryMessage[]> {
  const names = await listHeldTargets(db)
  if (names.length === 0) return []
  const healths = await listHealth(db)
  const released: DeliveryMessage[] = []
  for (const name of names) {
    const target = targetOf(config, name)
    const [reasons, limit] = releasable(target, healths.get(name) ?? HEALTHY, now)
    if (limit > 0) released.push(...(await releaseHeld(db, name, reasons, now, limit)))
    released.push(...(await releaseUnblocked(db, name, now, MAX_A_RUN)))
  }
  return released
}

const MENDED: HoldReason[] = ['disabled', 'broken', 'open', 'paused', 'failing', 'gone']
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
  const admission = admit(health, now)
  if (admission === 'send') return [MENDED, MAX_A_RUN]
  return admission === 'probe' ? [['open'], 1] : [[], 0]
}

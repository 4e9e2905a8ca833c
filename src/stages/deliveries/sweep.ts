// cron → overdue deliveries get a new message, and held ones are released once their target can be sent to. So a lost
// message costs minutes, never a delivery.
import { type Config, targetOf, timeoutsOf } from '../../config.ts'
import { admission, HEALTHY, type Health } from '../../core/deliveries/breaker.ts'
import { orderedSince } from '../../core/deliveries/decide.ts'
import type { DeliveryMessage, HoldReason } from '../../core/deliveries/delivery.ts'
import { overdueMarginMs } from '../../core/deliveries/lease.ts'
import { isBroken } from '../../core/deliveries/target.ts'
import type { Env, Tools } from '../../env.ts'
import { listHeldTargets, listOverdue, releaseHeld } from '../../store/deliveries/deliveries.ts'
import { releaseUnblocked } from '../../store/deliveries/order.ts'
import { releaseProbe } from '../../store/deliveries/probe.ts'
import { listHealth } from '../../store/deliveries/targets.ts'
import { sendMessages } from './enqueue.ts'
import { isAnySpilled } from './spilled-order.ts'

/** Deliveries of one run; the next comes in a minute. */
const MAX_A_RUN = 1000

/** Runs once. Safe to run twice, or beside itself: a message that is not the last one of its delivery does nothing. */
export async function sweep(
  env: Pick<Env, 'DB' | 'DELIVERIES' | 'RETRIES' | 'SPILL'>,
  config: Config,
  tools: Tools,
): Promise<void> {
  const { log } = tools
  const now = tools.now()
  const margin = overdueMarginMs(timeoutsOf(config))
  const overdue = await listOverdue(env.DB, now - margin, MAX_A_RUN)
  const first = overdue.filter(({ attempt }) => attempt === 1)
  const later = overdue.filter(({ attempt }) => attempt > 1)
  // A queue that fails must not hold back the messages of the other, nor a release those that are overdue.
  const sent = await Promise.allSettled([
    sendMessages(env.DELIVERIES, first, now),
    sendMessages(env.RETRIES, later, now),
  ])
  const released = await release(env, config, now, tools)
  sent.push(...(await Promise.allSettled([sendMessages(env.RETRIES, released, now)])))
  for (const { status } of sent) {
    if (status === 'rejected')
      log({ at: 'sweep', fault: 'a queue did not take the messages; the next run will send them' })
  }
  if (overdue.length + released.length > 0) {
    log({ at: 'sweep', overdue: overdue.length, released: released.length })
  }
}

/** Releases deliveries that are held for targets that can be sent to. A target that fails does not stop the others. */
async function release(
  env: Pick<Env, 'DB' | 'SPILL'>,
  config: Config,
  now: number,
  tools: Tools,
): Promise<DeliveryMessage[]> {
  const db = env.DB
  const names = await listHeldTargets(db)
  if (names.length === 0) return []
  const healths = await listHealth(db)
  const released: DeliveryMessage[] = []
  const isOrdered = config.targets.some((one) => !isBroken(one) && one.ordered)
  const receivedBefore = isOrdered && (await isAnySpilled(env, tools)) ? orderedSince(now) : now
  for (const name of names) {
    const target = targetOf(config, name)
    const health = healths.get(name) ?? HEALTHY
    const [reasons, limit] = releasable(target, health, now)
    if (limit === 0) continue
    try {
      if (target !== undefined && admission(health, now) === 'probe') {
        const isOrdered = !isBroken(target) && target.ordered
        released.push(...(await releaseProbe(db, { target: name, isOrdered }, now)))
        continue
      }
      const held = await releaseHeld(db, name, reasons, now, limit)
      released.push(...held)
      if (held.length === limit || reasons.includes('order')) continue
      released.push(...(await releaseUnblocked(db, name, now, limit - held.length, receivedBefore)))
    } catch (error) {
      const fault = 'held deliveries could not be released; the next run will'
      tools.log({ at: 'sweep', target: name, fault, detail: String(error) })
    }
  }
  return released
}

const OF_TARGET: HoldReason[] = [
  'backing_off',
  'disabled',
  'paused',
  'failing',
  'gone',
  'unknown',
  'broken',
]
const ALL: HoldReason[] = [...OF_TARGET, 'order']

/** The reasons of held deliveries that may be released for a target, and how many deliveries. */
function releasable(
  target: Config['targets'][number] | undefined,
  health: Health,
  now: number,
): [HoldReason[], number] {
  // A target that is unknown here may be known to another version, whose sweep releases its deliveries.
  if (target === undefined || isBroken(target) || !target.enabled) return [[], 0]
  if (admission(health, now) === 'hold') return [[], 0]
  // Deliveries that wait for an earlier one are released where order is no longer configured.
  return [target.ordered ? OF_TARGET : ALL, MAX_A_RUN]
}

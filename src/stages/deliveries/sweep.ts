// cron → overdue deliveries get a new message, and held ones are released once their target can be sent to. So a lost
// message costs minutes, never a delivery.
import { type Config, targetOf } from '../../config.ts'
import { admission, HEALTHY, type Health } from '../../core/deliveries/breaker.ts'
import { orderedSince } from '../../core/deliveries/decide.ts'
import {
  type DeliveryMessage,
  type HoldReason,
  REASONS_OF_TARGET,
} from '../../core/deliveries/delivery.ts'
import { isBroken } from '../../core/deliveries/target.ts'
import type { Env, Tools } from '../../env.ts'
import { listHeldTargets, releaseHeld } from '../../store/deliveries/deliveries.ts'
import { releaseUnblocked } from '../../store/deliveries/order.ts'
import { releaseProbe } from '../../store/deliveries/probe.ts'
import { listHealth } from '../../store/deliveries/targets.ts'
import { isOutOfStatements } from '../jobs.ts'
import { trySending } from './enqueue.ts'
import { sendOverdue } from './overdue.ts'
import { isAnySpilled } from './spilled-order.ts'

/** Held deliveries of one target that are released together, and of all in a run; the next run comes in a minute. */
const CHUNK = 1000
const MAX_A_RUN = 20_000

/** How long overdue deliveries are sent, and held ones released, in milliseconds. */
const OVERDUE_MS = 15_000
const RELEASE_MS = 10_000

type SweepEnv = Pick<Env, 'DB' | 'DELIVERIES' | 'RETRIES' | 'SPILL'>

/** Runs once. Safe to run twice, or beside itself: a message that is not the last one of its delivery does nothing. */
export async function sweep(env: SweepEnv, config: Config, tools: Tools): Promise<void> {
  const { now: clock, log } = tools
  // What fails here must not hold back a release.
  const [overdue] = await Promise.allSettled([
    sendOverdue(env, config, clock() + OVERDUE_MS, tools),
  ])
  const released = await release(env, config, clock() + RELEASE_MS, tools)
  const sent = overdue.status === 'fulfilled' ? overdue.value : 0
  if (sent + released > 0) log({ at: 'sweep', overdue: sent, released })
  if (overdue.status === 'rejected') throw overdue.reason
}

/**
 * Releases deliveries that are held for targets that can be sent to, a chunk of each target in turn, until a time (epoch
 * milliseconds). A target that fails does not stop the others; a queue that fails does, and the overdue ones are sent
 * later. Returns how many were released.
 */
async function release(
  env: SweepEnv,
  config: Config,
  until: number,
  tools: Tools,
): Promise<number> {
  const { now: clock, log } = tools
  const now = clock()
  let names = await listHeldTargets(env.DB)
  if (names.length === 0) return 0
  const healths = await listHealth(env.DB)
  const receivedBefore = await orderedBefore(env, config, now, tools)
  let released = 0
  while (names.length > 0) {
    const unfinished: string[] = []
    for (const name of names) {
      if (released >= MAX_A_RUN || clock() >= until) return released
      const kind = releasable(targetOf(config, name), healths.get(name) ?? HEALTHY, now)
      if (kind === undefined) continue
      const messages = await releaseFrom(
        env.DB,
        name,
        { ...kind, receivedBefore },
        { now: clock, log },
      )
      released += messages.length
      const { fault } = await trySending(env.RETRIES, messages, now)
      if (fault !== undefined) {
        const line = 'a queue did not take the messages; the next run will send them'
        log({ at: 'sweep', fault: line, detail: String(fault) })
        return released
      }
      if (!kind.isProbe && messages.length >= CHUNK) unfinished.push(name)
    }
    names = unfinished
  }
  return released
}

/** The time before which the events of ordered deliveries must have been received, while any may be in the spill queue. */
async function orderedBefore(
  env: SweepEnv,
  { targets }: Config,
  now: number,
  tools: Tools,
): Promise<number> {
  const isOrdered = targets.some((one) => !isBroken(one) && one.ordered)
  return isOrdered && (await isAnySpilled(env, tools)) ? orderedSince(now) : now
}

/** What may be released of a target: one probe, or all that is held for some reasons. */
type Releasable = { isProbe: boolean; isOrdered: boolean; reasons: HoldReason[] }

/** Releases deliveries of one target, a chunk at most. Returns their messages; a failure is logged. */
async function releaseFrom(
  db: D1Database,
  name: string,
  { isProbe, isOrdered, reasons, receivedBefore }: Releasable & { receivedBefore: number },
  { now: clock, log }: Pick<Tools, 'now' | 'log'>,
): Promise<DeliveryMessage[]> {
  const now = clock()
  const released: DeliveryMessage[] = []
  try {
    if (isProbe) {
      const probe = await releaseProbe(db, { target: name, isOrdered }, now)
      if (probe.length > 0 || !isOrdered) return probe
      // Those that waited for the order may be the only ones that are left.
      return await releaseUnblocked(db, name, now, 1, receivedBefore)
    }
    released.push(...(await releaseHeld(db, name, reasons, now, CHUNK)))
    const left = CHUNK - released.length
    if (left === 0 || reasons.includes('order')) return released
    released.push(...(await releaseUnblocked(db, name, now, left, receivedBefore)))
  } catch (error) {
    if (isOutOfStatements(error)) throw error
    const fault = 'held deliveries could not be released; the next run will'
    log({ at: 'sweep', target: name, fault, detail: String(error) })
  }
  return released
}

const OF_TARGET: HoldReason[] = [...REASONS_OF_TARGET, 'broken']
const ALL: HoldReason[] = [...OF_TARGET, 'order']

/** What may be released of a target; undefined for nothing. */
function releasable(
  target: Config['targets'][number] | undefined,
  health: Health,
  now: number,
): Releasable | undefined {
  // A target that is unknown here may be known to another version, whose sweep releases its deliveries.
  if (target === undefined || isBroken(target) || !target.enabled) return undefined
  const allowed = admission(health, now)
  if (allowed === 'hold') return undefined
  // Deliveries that wait for an earlier one are released where order is no longer configured.
  const reasons = target.ordered ? OF_TARGET : ALL
  return { isProbe: allowed === 'probe', isOrdered: target.ordered, reasons }
}

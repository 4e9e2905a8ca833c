// cron → what is due but not moving goes to its queue again; what the configuration held back is let go.
// So a lost message costs minutes, never a delivery.
import type { Config } from '../config.ts'
import { isBroken } from '../core/target.ts'
import type { DeliveryMessage, Env } from '../env.ts'
import { listHeldTargets, listOverdue, releaseHeld } from '../store/deliveries.ts'
import { sendAll } from './sending.ts'

/**
 * How long a delivery may be overdue before its message counts as lost. It must be more than a batch can take:
 * two rounds of five requests of at most 30 s each.
 */
export const OVERDUE_MARGIN_SECONDS = 90

/** The most that one run takes up; the next comes in a minute. */
const MAX_A_RUN = 1000

/** Runs once. Safe to run twice, or beside itself: messages that are no longer wanted do nothing. */
export async function sweep(
  env: Pick<Env, 'DB' | 'DELIVERIES' | 'RETRIES'>,
  config: Config,
  now: number,
  log: (line: Record<string, unknown>) => void,
): Promise<void> {
  const overdue = await listOverdue(env.DB, now - OVERDUE_MARGIN_SECONDS * 1000, MAX_A_RUN)
  const released: DeliveryMessage[] = []
  for (const name of await listHeldTargets(env.DB)) {
    const target = config.targets.find((known) => known.name === name)
    // One that is gone from the configuration is let go too: its deliveries end as cancelled.
    const mustWait = target !== undefined && (isBroken(target) || !target.enabled)
    if (!mustWait) released.push(...(await releaseHeld(env.DB, name, now, MAX_A_RUN)))
  }
  const messages = [...overdue, ...released].map((body) => ({ body }))
  await sendAll(
    env.DELIVERIES,
    messages.filter(({ body }) => body.attempt === 1),
  )
  await sendAll(
    env.RETRIES,
    messages.filter(({ body }) => body.attempt > 1),
  )
  if (messages.length > 0) log({ at: 'sweep', overdue: overdue.length, released: released.length })
}

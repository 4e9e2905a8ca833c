// The health of targets: what attempts and operators change of it, kept in D1 and reported as the relay's own events.
import type { Config } from '../../config.ts'
import {
  admission,
  afterAttempt,
  HEALTHY,
  type Health,
  paused,
  whileProbing,
} from '../../core/deliveries/breaker.ts'
import type { NextState } from '../../core/deliveries/delivery.ts'
import { targetChange } from '../../core/deliveries/target-change.ts'

import type { Env, Tools } from '../../env.ts'
import { releaseHeld } from '../../store/deliveries/deliveries.ts'
import { listHealth, replaceHealth } from '../../store/deliveries/targets.ts'
import { enqueueDeliveries } from './enqueue.ts'
import { recordSystemEvent } from './system-events.ts'

/** How many deliveries a target that has recovered gets at once; the sweep releases the others. */
const FIRST_RELEASED = 100

/** The health of the targets while a batch is handled. */
export type Healths = {
  of: (target: string) => Health
  /** Whether a delivery may be sent now. `probe` is returned to one caller only, between all isolates. */
  claim: (target: string) => Promise<'send' | 'probe' | 'hold'>
  /**
   * Takes the state after an attempt into account. A change of state is reported as an event, and a target that has
   * recovered gets the first of its held deliveries.
   */
  learn: (target: string, next: NextState, isProbe: boolean) => Promise<void>
}

/** Follows the health of targets from what D1 had when the batch was loaded. Writes only changes. */
export function followHealths(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  known: Map<string, Health>,
  tools: Tools,
): Healths {
  const of = (target: string) => known.get(target) ?? HEALTHY

  async function claim(target: string): Promise<'send' | 'probe' | 'hold'> {
    const health = of(target)
    const now = tools.now()
    const allowed = admission(health, now)
    if (allowed !== 'probe') return allowed
    const probing = whileProbing(health, now)
    known.set(target, probing)
    return (await replaceHealth(env.DB, target, health, probing)) ? 'probe' : 'hold'
  }

  async function learn(target: string, next: NextState, isProbe: boolean): Promise<void> {
    const result =
      next.state === 'delivered' ? 'delivered' : next.state === 'held' ? 'gone' : 'failed'
    const before = of(target)
    const health = afterAttempt(before, result, isProbe, tools.now())
    if (health === before || (health === HEALTHY && before.failures === 0)) return
    known.set(target, health)
    const hasMoved = await replaceHealth(env.DB, target, before, health)
    if (!hasMoved || health.state === before.state) return
    tools.log({ at: 'target', target, state: health.state, failures: health.failures })
    await recordSystemEvent(env, config, targetChange(target, health), tools)
    if (health.state !== 'active') return
    const released = await releaseHeld(env.DB, target, ['backing_off'], tools.now(), FIRST_RELEASED)
    await enqueueDeliveries(env.RETRIES, released, tools)
  }

  return { of, claim, learn }
}

/**
 * Pauses a target, or makes it active whatever its state was; the next sweep sends what is held. Returns its health after
 * that. Throws when the event about it is not recorded; the change is made all the same.
 */
export async function setTargetState(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  target: string,
  action: 'pause' | 'resume',
  tools: Tools,
): Promise<Health> {
  for (let tries = 1; ; tries++) {
    const before = (await listHealth(env.DB)).get(target) ?? HEALTHY
    const health = action === 'pause' ? paused(before) : HEALTHY
    if (health.state === before.state) return before
    if (await replaceHealth(env.DB, target, before, health)) {
      const fact = targetChange(target, health, action === 'resume')
      await recordSystemEvent(env, config, fact, tools)
      return health
    }
    if (tries === 3) throw new Error('the state of the target changes too fast')
  }
}

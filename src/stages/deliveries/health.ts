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
import type { Attempt, DueDelivery, NextState } from '../../core/deliveries/delivery.ts'
import { targetChange } from '../../core/deliveries/target-change.ts'
import { isSystemEvent, type NewSystemEvent } from '../../core/events/system-event.ts'
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
   * Takes an attempt into account: the health of its target, a release of held deliveries when that has recovered, and
   * an event about a dead delivery. The attempt is recorded already: the sweep or the next attempt makes up for a
   * failure here, which is logged.
   */
  learn: (
    delivery: DueDelivery,
    attempt: Attempt,
    next: NextState,
    isProbe: boolean,
  ) => Promise<void>
}

/** Follows the health of targets from what D1 had when the batch was loaded. Writes only changes. */
export function followHealths(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  known: Map<string, Health>,
  tools: Tools,
): Healths {
  const of = (target: string) => known.get(target) ?? HEALTHY
  const report = (fact: NewSystemEvent) => recordSystemEvent(env, config, fact, tools)

  async function claim(target: string): Promise<'send' | 'probe' | 'hold'> {
    const health = of(target)
    const now = tools.now()
    const allowed = admission(health, now)
    if (allowed !== 'probe') return allowed
    const probing = whileProbing(health, now)
    known.set(target, probing)
    return (await replaceHealth(env.DB, target, health, probing)) ? 'probe' : 'hold'
  }

  async function note(target: string, next: NextState, isProbe: boolean): Promise<void> {
    const result =
      next.state === 'delivered' ? 'delivered' : next.state === 'held' ? 'gone' : 'failed'
    const before = of(target)
    const health = afterAttempt(before, result, isProbe, tools.now())
    if (health === before || (health === HEALTHY && before.failures === 0)) return
    known.set(target, health)
    const hasMoved = await replaceHealth(env.DB, target, before, health)
    if (!hasMoved || health.state === before.state) return
    tools.log({ at: 'target', target, state: health.state, failures: health.failures })
    await report(targetChange(target, health))
    if (health.state !== 'active') return
    const released = await releaseHeld(env.DB, target, ['backing_off'], tools.now(), FIRST_RELEASED)
    await enqueueDeliveries(env.RETRIES, released, tools)
  }

  async function learn(
    delivery: DueDelivery,
    attempt: Attempt,
    next: NextState,
    isProbe: boolean,
  ): Promise<void> {
    const { event, target, content } = delivery
    const steps: (() => Promise<void>)[] = []
    // A fault of ours is not the target's, and the failure of a replay is not news. But a probe is a probe, and 410 is
    // final.
    const counts = !delivery.isReplay || isProbe || next.state === 'held'
    if (attempt.error !== 'fault' && counts) steps.push(() => note(target, next, isProbe))
    // A dead delivery of the relay's own event is not reported: that would have no end.
    if (next.state === 'dead' && !isSystemEvent(content)) {
      const reason = attempt.error ?? 'unknown'
      const data = { target, event, type: content.type, attempts: attempt.attempt, reason }
      steps.push(() => report({ type: 'relay.delivery_dead', data }))
    }
    for (const step of steps) {
      await step().catch((error) => {
        const fault = 'the consequences of an attempt were not recorded'
        tools.log({ at: 'deliver', event, target, fault, detail: String(error) })
      })
    }
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

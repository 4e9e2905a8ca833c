// The health of targets: what attempts and operators change of it, kept in D1 and reported as the relay's own events.
import type { Config } from '../../config.ts'
import {
  admission,
  afterAttempt,
  afterReport,
  HEALTHY,
  type Health,
  nextProbeAt,
  paused,
  type Verdict,
  whileProbing,
} from '../../core/deliveries/breaker.ts'
import { type DueDelivery, PROBE_CLAIMED } from '../../core/deliveries/delivery.ts'
import { targetChange } from '../../core/deliveries/target-change.ts'
import type { Env, Tools } from '../../env.ts'
import { releaseHeld } from '../../store/deliveries/deliveries.ts'
import { listHealth, replaceHealth, updateHealth } from '../../store/deliveries/targets.ts'
import { enqueueDeliveries } from './enqueue.ts'
import { recordSystemEvent } from './system-events.ts'

/** How many deliveries a target that has recovered gets at once; the sweep releases the others. */
const FIRST_RELEASED = 100

/** The health of the targets while a batch is handled. */
export type Healths = {
  of: (target: string) => Health
  /** Whether a delivery may be sent now. `probe` is returned to one caller only, between all isolates. */
  claim: (delivery: DueDelivery) => Promise<'send' | 'probe' | 'hold'>
  /** Keeps the probe of a delivery that has claimed it until a later time (epoch milliseconds), when it is sent. */
  keepClaim: (target: string, until: number) => Promise<void>
  /**
   * Takes what an attempt says of its target into account. A change of state is reported as an event, and a target that
   * has recovered gets the first of its held deliveries. `known`: the health when the attempt was recorded, by D1.
   */
  learn: (target: string, verdict: Verdict, known: Health | undefined) => Promise<void>
}

/** Follows the health of targets from what D1 had when the batch was loaded. Writes only changes. */
export function followHealths(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  known: Map<string, Health>,
  tools: Tools,
): Healths {
  /** Verdicts that are being written: what they mean is in force at once. */
  const pending = new Map<string, Set<Verdict>>()
  const inD1 = (target: string) => known.get(target) ?? HEALTHY
  const of = (target: string) =>
    [...(pending.get(target) ?? [])].reduce(
      (health, verdict) => afterAttempt(health, verdict, tools.now()),
      inD1(target),
    )

  async function probing(target: string, at: number): Promise<boolean> {
    const before = inD1(target)
    const health = whileProbing(before, at)
    known.set(target, health)
    return replaceHealth(env.DB, target, before, health)
  }

  async function claim(delivery: DueDelivery): Promise<'send' | 'probe' | 'hold'> {
    const { target, reason } = delivery
    const now = tools.now()
    const allowed = admission(of(target), now, reason === PROBE_CLAIMED)
    if (allowed !== 'probe') return allowed
    return (await probing(target, now)) ? 'probe' : 'hold'
  }

  async function keepClaim(target: string, until: number): Promise<void> {
    // Where that fails, the health has changed: the claim is judged by it when the delivery is due.
    await probing(target, until)
  }

  async function learn(target: string, verdict: Verdict, recorded = HEALTHY): Promise<void> {
    const own = pending.get(target) ?? new Set()
    pending.set(target, own.add(verdict))
    const change = (health: Health) => afterAttempt(health, verdict, tools.now())
    try {
      const { before, after } = await updateHealth(env.DB, target, change, recorded)
      known.set(target, after)
      own.delete(verdict)
      await react(target, before, after)
    } finally {
      own.delete(verdict)
    }
  }

  /** Reports a change of state, and releases the first held deliveries of a target that can be sent to again. */
  async function react(target: string, before: Health, after: Health): Promise<void> {
    if (after.state !== before.state) await report(target, after)
    const isOpenAgain = admits(after) && !admits(before)
    if (!isOpenAgain) return
    const released = await releaseHeld(env.DB, target, ['backing_off'], tools.now(), FIRST_RELEASED)
    await enqueueDeliveries(env.RETRIES, released, tools)
  }

  async function report(target: string, health: Health): Promise<void> {
    const { state, failures, timesBackedOff } = health
    tools.log({ at: 'target', target, state, failures, timesBackedOff })
    // A flapping target is reported once, and its recovery once that lasts (reportRecoveries).
    const isCoalesced = state === 'active' || (state === 'backing_off' && timesBackedOff > 1)
    if (!isCoalesced) await recordSystemEvent(env, config, targetChange(target, health), tools)
  }

  return { of, claim, keepClaim, learn }
}

/** Whether a target gets its deliveries, and not only a probe. */
function admits(health: Health): boolean {
  return health.state === 'active' && nextProbeAt(health) === undefined
}

/** Reports the targets that have been well for a while after they had backed off, each once. */
export async function reportRecoveries(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  tools: Tools,
): Promise<void> {
  for (const [target, health] of await listHealth(env.DB)) {
    await reportRecovery(env, config, target, health, tools).catch((error) => {
      const fault = 'a recovery was not reported; the next run will'
      tools.log({ at: 'target', target, fault, detail: String(error) })
    })
  }
}

/** Records first: what D1 does not take then is reported by the next run. Its identity lets two runs report it once. */
async function reportRecovery(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  target: string,
  health: Health,
  tools: Tools,
): Promise<void> {
  const change = (known: Health) => afterReport(known, tools.now())
  const after = change(health)
  if (after === health) return
  const { timesBackedOff, wellSince } = health
  const fact = targetChange(target, { ...after, timesBackedOff })
  await recordSystemEvent(env, config, fact, tools, `${target} well ${wellSince}`)
  await updateHealth(env.DB, target, change, health)
}

/**
 * Pauses a target, or makes it active whatever its state was; the next sweep sends what is held. Returns its health after
 * that. An event about it that is not recorded is logged: the change is made all the same.
 */
export async function setTargetState(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  target: string,
  action: 'pause' | 'resume',
  tools: Tools,
): Promise<Health> {
  const { before, after } = await updateHealth(env.DB, target, (health) => {
    if (action === 'pause') return health.state === 'paused' ? health : paused(health)
    return admits(health) ? health : HEALTHY
  })
  if (after === before) return before
  const fact = targetChange(target, after, action === 'resume')
  await recordSystemEvent(env, config, fact, tools).catch((error) => {
    const fault = 'the change of a target was not reported'
    tools.log({ at: 'target', target, state: after.state, fault, detail: String(error) })
  })
  return after
}

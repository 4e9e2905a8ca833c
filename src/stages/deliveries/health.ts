// What attempts teach of a target: kept in D1, and told as an event when its state changes.
import type { Config } from '../../config.ts'
import {
  admit,
  afterAttempt,
  HEALTHY,
  type Health,
  paused,
  whileProbing,
} from '../../core/deliveries/breaker.ts'
import type { PlannedDelivery } from '../../core/deliveries/delivery.ts'
import { route } from '../../core/deliveries/routing.ts'
import { targetChange } from '../../core/deliveries/target-change.ts'
import {
  composeSystemEvent,
  type NewSystemEvent,
  RELAY_SOURCE,
  type SystemEvent,
} from '../../core/events/system-event.ts'
import { type EventId, ID_RANDOM_RANGE, newEventId } from '../../core/id.ts'
import { fingerprint } from '../../core/intake/dedupe.ts'
import type { Env, Log } from '../../env.ts'
import { listHealth, moveHealth } from '../../store/deliveries/targets.ts'
import type { NewRecord } from '../../store/intake/new-record.ts'
import { recordEvents } from '../../store/intake/records.ts'
import { firstMessages, setAlarms } from './enqueue.ts'

export type HealthTools = {
  now: () => number
  random: () => number
  log: Log
}

/** What an operator's acts take beside; `origin` is the relay's own, under which its schemas are found. */
export type OperatorTools = HealthTools & { origin: string }

/** What is known of the targets while a batch is handled, and how it changes. */
export type Healths = {
  of: (target: string) => Health
  /** Whether a delivery may go out: `probe` is given to one only. */
  admit: (target: string) => Promise<'send' | 'probe' | 'hold'>
  /** Takes an attempt in. Gives true when the target has come back. */
  note: (
    target: string,
    result: 'delivered' | 'failed' | 'gone',
    isProbe: boolean,
  ) => Promise<boolean>
}

/** Follows the health of targets from what D1 knew when the batch was loaded. Writes only what changes. */
export function followHealths(
  known: Map<string, Health>,
  db: D1Database,
  tell: (fact: NewSystemEvent) => Promise<void>,
  tools: HealthTools,
): Healths {
  const of = (target: string) => known.get(target) ?? HEALTHY
  return {
    of,
    admit: async (target) => {
      const health = of(target)
      const verdict = admit(health, tools.now())
      if (verdict !== 'probe') return verdict
      const probing = whileProbing(health, tools.now())
      known.set(target, probing)
      return (await moveHealth(db, target, health, probing)) ? 'probe' : 'hold'
    },
    note: async (target, result, isProbe) => {
      const before = of(target)
      const health = afterAttempt(before, result, isProbe, tools.now())
      if (health === before || (health === HEALTHY && before.failures === 0)) return false
      known.set(target, health)
      const moved = await moveHealth(db, target, before, health)
      if (!moved || health.state === before.state) return false
      tools.log({ at: 'target', target, state: health.state, failures: health.failures })
      await tell(targetChange(target, health))
      return health.state === 'active'
    },
  }
}

/**
 * Pauses a target, or makes it active again whatever its state was; what is held goes out with the next sweep. Gives
 * its health after that. Telling of it may fail; the change stands.
 */
export async function steerTarget(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  target: string,
  wish: 'pause' | 'resume',
  tools: HealthTools,
): Promise<Health> {
  for (let tries = 1; ; tries++) {
    const before = (await listHealth(env.DB)).get(target) ?? HEALTHY
    const health = wish === 'pause' ? paused(before) : HEALTHY
    if (health.state === before.state) return before
    if (await moveHealth(env.DB, target, before, health)) {
      await tellOf(env, config, targetChange(target, health, wish === 'resume'), tools)
      return health
    }
    if (tries === 3) throw new Error('the state of the target changes too fast')
  }
}

/**
 * Records an event of the relay's own and sends it to the targets that want it, but never to the one that it is
 * about: telling a target that it does not answer would be one more thing that it does not answer.
 */
export async function tellOf(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  fact: NewSystemEvent,
  tools: HealthTools,
): Promise<void> {
  const event = composeSystemEvent(freshId(tools), fact)
  const about = 'target' in fact.data ? fact.data.target : undefined
  const others = config.targets.filter(({ name }) => name !== about)
  const record = await recordOf(event, await route(event, others, tools.now()))
  await recordEvents(env.DB, [record])
  await setAlarms(env.RETRIES, firstMessages(record), tools.now(), tools.log)
}

/** A fresh id for an event of the relay's own. */
export function freshId({ now, random }: HealthTools): EventId {
  return newEventId(now(), Math.floor(random() * ID_RANDOM_RANGE))
}

/** The record of an event of the relay's own, with its planned deliveries. */
export async function recordOf(event: SystemEvent, planned: PlannedDelivery[]): Promise<NewRecord> {
  const { id } = event
  return {
    id,
    source: RELAY_SOURCE,
    vendor: RELAY_SOURCE,
    type: event.type,
    vendorType: undefined,
    contactId: undefined,
    content: { event: JSON.stringify(event) },
    planned,
    hops: 0,
    dedupKey: await fingerprint([RELAY_SOURCE, id]),
    dedupStamp: undefined,
    raw: { text: '', encoding: 'utf8' as const },
    headers: {},
    eventName: undefined,
  }
}

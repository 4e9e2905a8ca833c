// cron → D1 remembers which targets are configured. The deliveries of one that nobody has had for a day are cancelled.
import { type Config, isEveryTargetKnown, targetOf } from '../../config.ts'
import { changesOfKnown, heldUntil, type KnownTarget } from '../../core/deliveries/known-targets.ts'
import type { Env, Tools } from '../../env.ts'
import {
  cancelDeliveries,
  countUnfinished,
  forgetTarget,
  readKnownTargets,
  writeKnownTargets,
} from '../../store/deliveries/known-targets.ts'
import { recordSystemEvent } from './system-events.ts'

/** Deliveries that one run cancels for a target; the next comes in a minute. */
const MAX_A_RUN = 1000

const REASON = 'its target has not been configured for a day'

/** Runs once. Safe to run twice, or beside itself. Reads a few rows, and writes only what has changed. */
export async function updateKnownTargets(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  tools: Tools,
): Promise<void> {
  const now = tools.now()
  const { known, latestHeld } = await readKnownTargets(env.DB)
  const isComplete = isEveryTargetKnown(config)
  const view = { configured: config.targets, isComplete, latestHeld }
  const changes = changesOfKnown(known, view, now)
  if (changes.length > 0) await writeKnownTargets(env.DB, changes)
  if (!isComplete) return
  const unchanged = known.filter(({ name }) => !changes.some((change) => change.name === name))
  const ended = [...changes, ...unchanged].filter(
    (target) =>
      targetOf(config, target.name) === undefined && (heldUntil(target) ?? Infinity) <= now,
  )
  for (const target of ended) await endTarget(env, config, target, tools)
}

/** Cancels what is owed to a target that is no longer configured: all of it is reported by one event, before. */
async function endTarget(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  target: KnownTarget,
  tools: Tools,
): Promise<void> {
  const { name, unknownSince, endedAt } = target
  const owed = await countUnfinished(env.DB, name)
  if (owed === 0) return forgetTarget(env.DB, name)
  const now = tools.now()
  if (endedAt === undefined) {
    const data = { target: name, deliveries: owed, reason: REASON }
    const fact = { type: 'relay.deliveries_cancelled', data } as const
    await recordSystemEvent(env, config, fact, tools, `${name} ${unknownSince}`)
    await writeKnownTargets(env.DB, [{ ...target, endedAt: now }])
  }
  const cancelled = await cancelDeliveries(env.DB, name, REASON, now, MAX_A_RUN)
  tools.log({ at: 'targets', target: name, cancelled })
}

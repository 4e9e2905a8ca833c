// Why a held delivery waits at present. The log has why it was held at first.
import { type Config, isEveryTargetKnown, targetOf } from '../config.ts'
import { HEALTHY, type Health } from '../core/deliveries/breaker.ts'
import { isBroken } from '../core/deliveries/target.ts'
import { listHealth } from '../store/deliveries/targets.ts'

type Shown = { target: string; state: string; reason: string | null }

/**
 * The reason of a delivery as it is now. One that is held as `broken` keeps that word in the log, as its target is asked
 * afterwards whether it wants the event; when nothing is wrong with the configuration any more, the state of the target is
 * what holds it. Null where nothing does: it is about to be released.
 */
export function presentReason(
  { target: name, state, reason }: Shown,
  config: Config,
  healths: ReadonlyMap<string, Health>,
): string | null {
  if (state !== 'held' || reason !== 'broken') return reason
  const target = targetOf(config, name)
  if (target === undefined) return isEveryTargetKnown(config) ? 'unknown' : reason
  if (isBroken(target)) return reason
  if (!target.enabled) return 'disabled'
  const health = healths.get(name) ?? HEALTHY
  return health.state === 'active' ? null : health.state
}

/** Deliveries with their present reasons. Reads the states of the targets only where one is held as `broken`. */
export async function withPresentReasons<D extends Shown>(
  db: D1Database,
  config: Config,
  deliveries: readonly D[],
): Promise<D[]> {
  const isUnsure = deliveries.some(({ state, reason }) => state === 'held' && reason === 'broken')
  if (!isUnsure) return [...deliveries]
  const healths = await listHealth(db)
  return deliveries.map((one) => ({ ...one, reason: presentReason(one, config, healths) }))
}

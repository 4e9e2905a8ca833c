// The targets that events are routed to: the configured ones, and those of before while the configuration cannot be read.
import { type Config, isEveryTargetKnown, unreadableTexts } from '../../config.ts'
import { heldForTargets } from '../../core/deliveries/known-targets.ts'
import { listKnownTargets } from '../../store/deliveries/known-targets.ts'
import type { BatchDatabase } from '../../store/group-commit.ts'

/**
 * The configuration as events are routed by it. While TARGETS cannot be read, the targets that were configured before
 * are in it as broken, so that events are held for them. Reads D1 only then.
 */
export async function withHeldForTargets(db: BatchDatabase, config: Config): Promise<Config> {
  if (isEveryTargetKnown(config)) return config
  const known = await listKnownTargets(db)
  const reason = unreadableTexts(config, 'targets').join('; ')
  const heldFor = heldForTargets(known, config.targets, reason)
  return { ...config, targets: [...config.targets, ...heldFor] }
}

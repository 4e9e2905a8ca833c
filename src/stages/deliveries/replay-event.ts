// One event → its deliveries again, because an operator asked for it.
import type { Config } from '../../config.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Env, Tools } from '../../env.ts'
import { restartDeliveries } from '../../store/deliveries/restart-deliveries.ts'
import type { EventDetail } from '../../store/events/events.ts'
import { enqueueDeliveries } from './enqueue.ts'

/** Why an event is not sent again: its status, or targets that are not configured. */
type ReplayRefusal = { notReplayable: true } | { unknown: string[] }

/**
 * Sends an event again to the named targets, whether they want it or not, or to all that had it. Returns those, and the
 * ones that get it now: a delivery that waits for an attempt is left as it is.
 */
export async function replayEventTo(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  { id, status, deliveries }: Pick<EventDetail, 'id' | 'status' | 'deliveries'>,
  { targets: named, isDryRun = false }: { targets?: string[] | undefined; isDryRun?: boolean },
  tools: Tools,
): Promise<Result<{ targets: string[]; replayed: string[] }, ReplayRefusal>> {
  if (status !== 'accepted' && status !== 'inferred') return err({ notReplayable: true })
  const known = config.targets.map(({ name }) => name)
  const unknown = (named ?? []).filter((name) => !known.includes(name))
  if (unknown.length > 0) return err({ unknown })
  const wanted = named ?? deliveries.map(({ target }) => target)
  const targets = wanted.filter((name) => known.includes(name))
  if (isDryRun) return ok({ targets, replayed: [] })
  const unconditional = named !== undefined
  const restart = { targets, now: tools.now(), unconditional }
  const messages = await restartDeliveries(env.DB, id, restart)
  await enqueueDeliveries(env.RETRIES, messages, tools)
  return ok({ targets, replayed: messages.map(({ target }) => target) })
}

// One event → its deliveries once more, because an operator asked for it.
import type { Config } from '../../config.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Env, Log } from '../../env.ts'
import { replayEvent } from '../../store/deliveries/replay-event.ts'
import type { EventDetail } from '../../store/events/events.ts'
import { setAlarms } from './enqueue.ts'

/** Why an event is not sent again: what it is, or which of the named targets nobody knows. */
export type NotSent = { notReplayable: true } | { unknown: string[] }

/**
 * Sends an event again to the targets that are named, whatever they want, or to all that had it. Gives to whom it may
 * go, and to whom it goes: what waits for an attempt is left as it is. `now` in epoch milliseconds.
 */
export async function sendAgain(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  { id, status, deliveries }: Pick<EventDetail, 'id' | 'status' | 'deliveries'>,
  { targets: named, isDryRun = false }: { targets?: string[] | undefined; isDryRun?: boolean },
  { now, log }: { now: number; log: Log },
): Promise<Result<{ targets: string[]; replayed: string[] }, NotSent>> {
  if (status !== 'accepted' && status !== 'derived') return err({ notReplayable: true })
  const known = config.targets.map(({ name }) => name)
  const unknown = (named ?? []).filter((name) => !known.includes(name))
  if (unknown.length > 0) return err({ unknown })
  const wanted = named ?? deliveries.map(({ target }) => target)
  const targets = wanted.filter((name) => known.includes(name))
  if (isDryRun) return ok({ targets, replayed: [] })
  const options = { isNamed: named !== undefined }
  const messages = await replayEvent(env.DB, id, targets, now, options)
  await setAlarms(env.RETRIES, messages, now, log)
  return ok({ targets, replayed: messages.map(({ target }) => target) })
}

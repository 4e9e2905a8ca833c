// One event → its deliveries again, because an operator asked for it.
import type { Config } from '../../config.ts'
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { route } from '../../core/deliveries/routing.ts'
import type { RelayEvent } from '../../core/events/event.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import type { EventId } from '../../core/id.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Env, Tools } from '../../env.ts'
import { type Restart, restartDeliveries } from '../../store/deliveries/restart-deliveries.ts'
import type { EventDetail } from '../../store/events/events.ts'
import type { PackEnv } from '../../store/events/packs/packs.ts'
import { restoreEvents } from '../../store/ledger/packs/restore.ts'
import { enqueueDeliveries } from './enqueue.ts'
import { audienceOf } from './system-events.ts'

/** Why an event is not sent again: its status, targets that are not configured, or such as never wanted it. */
type ReplayRefusal = { notReplayable: true } | { unknown: string[] } | { unwanted: string[] }

/** An event, as far as sending it again takes it. */
type Replayable = Pick<EventDetail, 'id' | 'status' | 'event' | 'deliveries'>

/** What is asked for. `force`: to send it also to targets that never wanted it. */
export type ReplayOptions = {
  targets?: string[] | undefined
  isDryRun?: boolean
  force?: boolean
}

/**
 * Sends an event again to the named targets, or to all that had it. Returns those, the ones of them that never wanted it,
 * and the ones that get it now: a delivery that waits for an attempt is left as it is. Without `force`, targets that
 * never wanted it are refused, except in a dry run.
 */
export async function replayEventTo(
  env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>,
  config: Config,
  event: Replayable,
  { targets: named, isDryRun = false, force = false }: ReplayOptions,
  tools: Tools,
): Promise<Result<{ targets: string[]; unwanted: string[]; replayed: string[] }, ReplayRefusal>> {
  const { id, deliveries } = event
  if (!isReplayable(event)) return err({ notReplayable: true })
  const known = config.targets.map(({ name }) => name)
  const unknown = (named ?? []).filter((name) => !known.includes(name))
  if (unknown.length > 0) return err({ unknown })
  const wanted = named ?? deliveries.map(({ target }) => target)
  const targets = wanted.filter((name) => known.includes(name))
  const right = named === undefined ? targets : await rightTargets(event, config, tools.now())
  const unwanted = targets.filter((name) => !right.includes(name))
  if (isDryRun) return ok({ targets, unwanted, replayed: [] })
  if (unwanted.length > 0 && !force) return err({ unwanted })
  const unconditional = named !== undefined
  const messages = await restart(env, id, { targets, now: tools.now(), unconditional })
  await enqueueDeliveries(env.RETRIES, messages, tools)
  return ok({ targets, unwanted, replayed: messages.map(({ target }) => target) })
}

/** How often it is tried again when the event is packed between the two steps. */
const TRIES = 3

/**
 * Restarts the deliveries of an event to some targets, as `restartDeliveries` does it, after restoring the event if it is packed;
 * none of an event that is no longer in the log. Throws like `restoreEvents`.
 */
export async function restart(
  env: PackEnv,
  event: EventId,
  options: Restart,
): Promise<DeliveryMessage[]> {
  for (let tries = TRIES; tries > 0; tries--) {
    await restoreEvents(env, [event])
    const messages = await restartDeliveries(env.DB, event, options)
    if (messages !== undefined) return messages
  }
  return []
}

/** Whether an event can be sent: a message in quarantine or a repeat cannot. */
function isReplayable({ status }: Pick<Replayable, 'status'>): boolean {
  return status === 'accepted' || status === 'inferred'
}

/**
 * The targets that an event may be sent to without a question: those that had it, and those that want it now. A delivery
 * that was cancelled before its first attempt was not wanted. `now` in epoch milliseconds.
 */
export async function rightTargets(
  event: Omit<Replayable, 'id'>,
  config: Config,
  now: number,
): Promise<string[]> {
  if (!isReplayable(event)) return []
  const had = event.deliveries
    .filter(({ state, attempts }) => state !== 'cancelled' || attempts.length > 0)
    .map(({ target }) => target)
  const content = event.event as RelayEvent | null
  if (content === null) return had
  const asked = isSystemEvent(content) ? audienceOf(content, config) : config.targets
  const wanting = await route(content, asked, now)
  return [...new Set([...had, ...wanting.map(({ target }) => target)])]
}

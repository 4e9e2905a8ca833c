// Acts on events: sending one again, and reading stored events with the current mapping.

import { type EventId, idOfKey, isEventId, keyOfId, timeOfId } from '../../../core/id.ts'
import type { Period } from '../../../core/period.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import { pluralize } from '../../../core/text.ts'
import type { Tools } from '../../../env.ts'
import { getEvent } from '../../../store/events/events.ts'
import { type ReplayOptions, replayEventTo } from '../../deliveries/replay-event.ts'
import { type RenormalizeResult, renormalize } from '../renormalize.ts'
import { audit, type Operator, type Refusal } from './audit.ts'

/**
 * The targets that an event may go to, those of them that never wanted it, and those to which it is sent again; none in
 * a dry run.
 */
export type EventReplay = {
  id: EventId
  targets: string[]
  unwanted: string[]
  replayed: string[]
}

/**
 * Sends an event again to the named targets, or to all that it has deliveries for. Deliveries that await an attempt are
 * left alone. Refuses an unknown event or target, an event that is not deliverable, and without `force` a target that
 * never wanted it. Audited when anything is sent.
 */
export async function replayEvent(
  operator: Operator,
  id: string,
  options: ReplayOptions,
  tools: Tools,
): Promise<Result<EventReplay, Refusal>> {
  const { env, config } = operator
  const event = isEventId(id) ? await getEvent(env, id) : undefined
  if (event === undefined) return err({ kind: 'unknown_event' })
  const sent = await replayEventTo(env, config, event, options, tools)
  if (!sent.ok) {
    if ('unknown' in sent.error) return err({ kind: 'unknown_target', names: sent.error.unknown })
    if ('unwanted' in sent.error) return err({ kind: 'not_wanted', names: sent.error.unwanted })
    return err({ kind: 'not_replayable', status: event.status })
  }
  const { replayed } = sent.value
  if (replayed.length > 0) {
    await audit(operator, 'replayed an event', `${event.id} to ${replayed.join(', ')}`, tools)
  }
  return ok({ id: event.id, ...sent.value })
}

/** Events that one call renormalizes: each takes a few round trips to D1. */
const MAX_RENORMALIZED = 50

type RenormalizePage = {
  period: Period
  source: string | undefined
  after: EventId | undefined
  isDryRun: boolean
  /** Whether changed events are sent again to the targets that want them now. */
  deliver: boolean
}

/** Renormalizes a page of the accepted events of a period. Audited when any has changed. */
export function renormalizeEvents(
  operator: Operator,
  page: RenormalizePage,
  tools: Tools,
): Promise<RenormalizeResult> {
  return renormalizeUpTo(MAX_RENORMALIZED, operator, page, tools)
}

/** The changes of an event by the current mapping; `refused`: why it does not understand the event, which stays then. */
export type Renormalization = {
  id: EventId
  was: string
  is: string
  differences: RenormalizeResult['changed'][number]['differences']
  refused: readonly string[]
}

/**
 * Renormalizes one event. Refuses an unknown event, one that was not accepted, and one whose payload is past its
 * retention. Audited when it has changed.
 */
export async function renormalizeEvent(
  operator: Operator,
  id: string,
  { isDryRun, deliver }: { isDryRun: boolean; deliver: boolean },
  tools: Tools,
): Promise<Result<Renormalization, Refusal>> {
  const event = isEventId(id) ? await getEvent(operator.env, id) : undefined
  if (event === undefined) return err({ kind: 'unknown_event' })
  const isPruned = event.raw.text === null && event.raw.unreadable === undefined
  if (event.status !== 'accepted' || isPruned) {
    return err({ kind: 'not_renormalizable' })
  }
  const at = timeOfId(event.id)
  const page = {
    period: { since: at, until: at + 1 },
    source: event.source,
    after: idBefore(event.id),
    isDryRun,
    deliver,
  }
  const { changed, refused } = await renormalizeUpTo(1, operator, page, tools)
  const { was = '', is = '', differences = [] } = changed[0] ?? {}
  return ok({ id: event.id, was, is, differences, refused: refused[0]?.issues ?? [] })
}

async function renormalizeUpTo(
  limit: number,
  operator: Operator,
  page: RenormalizePage,
  tools: Tools,
): Promise<RenormalizeResult> {
  const { env, config, origin } = operator
  const result = await renormalize(env, config, { ...page, limit, origin }, tools)
  const [first, ...others] = result.changed
  if (first !== undefined && !page.isDryRun) {
    const on = others.length === 0 ? first.id : pluralize(result.changed.length, 'event')
    await audit(operator, 'renormalized events', on, tools)
  }
  return result
}

function idBefore(id: EventId): EventId {
  return idOfKey(BigInt(keyOfId(id)) - 1n)
}

// Other events of an event's contact, and the events that are inferred from them.
import type { EventId } from '../id.ts'
import { instantOf, type MembershipEvent } from './event.ts'

/** What the log contains about the contact of an event. */
export type History = {
  /**
   * Events of the related kinds, before and after the event: at most `EVENTS_PER_SIDE` of each kind on either side. Where no
   * kind is related, those that announced the contact before.
   */
  past: readonly MembershipEvent[]
  /** Whether another contact of the source has the same id. */
  isIdTaken: boolean
  /** Events of other contacts with the same vendor type, received about when it was; empty unless the vendor needs them. */
  peers: readonly MembershipEvent[]
  /** Those of `past` that are packed and of which no target was told: a correction of one is of no use. */
  untold?: readonly EventId[]
}

/** Events of each kind read before and after an event's time: the two of a plan switch, and one around each. */
export const EVENTS_PER_SIDE = 4

/**
 * How far apart the times of two events of one act may be, such as the end and the payment of a plan switch, in either
 * order. A member who buys another plan after an end takes longer.
 */
export const SAME_ACT_WINDOW_MS = 2 * 60_000

/** The history of an unknown contact. */
export const NO_HISTORY: History = { past: [], isIdTaken: false, peers: [] }

/** An event that the vendor did not send, but that follows from an event and its history. */
export type InferredEvent = {
  type: 'subscription.plan_changed' | 'subscription.corrected' | 'payment.corrected'
  data: MembershipEvent['data']
  /** Values that identify the conclusion: with equal ones, the event is recorded once. */
  identity: string[]
  /** The event that is corrected. Targets that never got that event do not get the correction. */
  corrects?: EventId
}

/** An event completed from its history, and the events inferred from both. */
export type Interpretation = { event: MembershipEvent; inferred: InferredEvent[] }

/**
 * The event, marked `late` if one of the related events has a later time. Times from the vendor and times received are
 * not compared with each other.
 */
export function markIfLate(
  event: MembershipEvent,
  related: readonly MembershipEvent[],
): MembershipEvent {
  const isReceipt = ({ timebasis }: MembershipEvent) => timebasis === 'received'
  const isLate = related.some(
    (other) => isReceipt(other) === isReceipt(event) && instantOf(other) > instantOf(event),
  )
  return isLate ? { ...event, late: true } : event
}

/** The inferred event in full: it has the vendor, contact and time of the event that caused it. */
export function composeInferred(
  cause: MembershipEvent,
  inferred: InferredEvent,
  id: EventId,
): MembershipEvent {
  const { late: _late, test, ...envelope } = cause
  return {
    ...envelope,
    id,
    type: inferred.type,
    dataschema: cause.dataschema.replace(cause.type, inferred.type),
    typebasis: 'history',
    ...(test ? { test } : {}),
    data: inferred.data,
  } as MembershipEvent
}

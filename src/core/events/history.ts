// What the log knows of a contact, as far as an event needs it to be understood.

import type { EventId } from '../id.ts'
import { instantOf, type MembershipEvent } from './event.ts'

/** What the log knows. `isKnown` and `sites`: whether and where the contact was seen; `past`: its events of the
 * kinds that matter, those closest to a time. */
export type History = {
  isKnown: boolean
  sites: readonly string[]
  past: readonly MembershipEvent[]
}

/** Events of each kind on either side of a time that are looked at: a switch, and what was before and came after it. */
export const EVENTS_PER_SIDE = 4

/** How far apart two events may be that are one act, as the two halves of a switch; their order is not kept. */
export const SAME_ACT_WINDOW_MS = 10 * 60_000

/** Nothing is known. */
export const NO_HISTORY: History = { isKnown: false, sites: [], past: [] }

/** What else follows from an event once the log is asked: an event that the vendor did not send. */
export type InferredEvent = {
  type: 'subscription.plan_changed' | 'subscription.corrected' | 'payment.corrected'
  data: MembershipEvent['data']
  /** What makes it this one: the same conclusion is drawn once. */
  identity: string[]
  /** The event that is corrected: nobody needs that who was not told of it. */
  corrects?: EventId
}

/** An event in the light of the log, and what follows from it. */
export type Interpretation = { event: MembershipEvent; inferred: InferredEvent[] }

/** Marks an event that happened before one of the same kind that is known already, by times of the same sort. */
export function markIfLate(
  event: MembershipEvent,
  kin: readonly MembershipEvent[],
): MembershipEvent {
  const isReceipt = ({ timebasis }: MembershipEvent) => timebasis === 'received'
  const isLate = kin.some(
    (other) => isReceipt(other) === isReceipt(event) && instantOf(other) > instantOf(event),
  )
  return isLate ? { ...event, late: true } : event
}

/** Completes what follows from an event: it is told as if by the same vendor, of the same contact and time. */
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

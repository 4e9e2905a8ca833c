// Conclusions about one of Hype's events: by itself, and from the other events of its contact.
import { signOf } from '../../core/events/amount.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import type { EventType, Inference, Subscription } from '../../core/events/vocabulary.ts'
import { inferEnd, isFromPeers } from './ends.ts'
import { byTime, subscriptionOf, withType } from './event.ts'
import { inferPayment } from './payments.ts'
import { inferUpdate } from './updates.ts'

/**
 * The type of an event and its concluded data from its vendor type, actor and subscription alone. `inference` contains how
 * certain this is; the contact's history can change it.
 */
export function inferAlone(
  type: string,
  actor: string,
  subscription: Subscription = {},
): { type: EventType; data: object } {
  const inference = (confidence: Inference['confidence'], ...basis: string[]): Inference => ({
    basis: [`actor_${actor}`, ...basis],
    confidence,
    evidence: [],
  })
  if (type === 'payment.deleted') {
    return {
      type: 'subscription.ended',
      data: { reason: 'unknown', inference: inference('none') },
    }
  }
  if (type !== 'payment.updated') return { type: type as EventType, data: {} }
  const { free_access, first_payment_at, total_paid_amount: total } = subscription
  // An admin also grants free access, and nothing is paid back where nothing was paid.
  if (actor !== 'dashboard' || free_access || first_payment_at === null) {
    const basis = free_access ? ['free_access'] : []
    return { type, data: { inference: inference('none', 'no_earlier_total', ...basis) } }
  }
  const full = total && signOf(total) <= 0 ? true : null
  return {
    type: 'payment.refunded',
    data: { refund: { amount: null, full }, inference: inference('likely', 'no_earlier_total') },
  }
}

/**
 * The event with the conclusions from the contact's other events, and from `peers`: events of other contacts at the same
 * moment. Earlier conclusions about it are replaced, but for one from peers where these were not read.
 */
export function inferAmong(
  original: MembershipEvent,
  others: readonly MembershipEvent[],
  peers?: readonly MembershipEvent[],
): MembershipEvent {
  const event = withOwnConclusion(original)
  const before = others.filter((other) => byTime(other, event) < 0).sort(byTime)
  const after = others.filter((other) => byTime(other, event) > 0).sort(byTime)
  switch (event.vendortype) {
    case 'payment.updated':
      return inferUpdate(event, before)
    case 'payment.created':
      return inferPayment(event, before, after)
    case 'payment.deleted':
      return inferEnd(peers === undefined && isFromPeers(original) ? original : event, {
        before,
        after,
        peers: peers ?? [],
      })
    default:
      return event
  }
}

/** The event with the conclusion that it allows by itself, without those from other events. */
function withOwnConclusion(event: MembershipEvent): MembershipEvent {
  const { actor = 'unknown', inference: _, ...data } = event.data
  const own = inferAlone(event.vendortype, actor, subscriptionOf(event))
  const { payment: __, ...facts } = data as { payment?: unknown }
  // The actor comes last, as in every event that was sent before: the same event has the same bytes.
  const ordered = { ...facts, ...('actor' in event.data ? { actor } : {}) }
  return withType({ ...event, data: ordered } as MembershipEvent, own.type, own.data)
}

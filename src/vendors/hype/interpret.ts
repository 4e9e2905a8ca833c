// Conclusions about Hype's payment events from the other events of the contact. Hype sends no id of a payment or a
// subscription, one event type for refunds and failed charges, and one for cancellations and plan switches. The running
// total, the actor and the events shortly before or after distinguish them. Every conclusion is in `data.inference`, with
// its reasons and its confidence.
import type { MembershipEvent } from '../../core/events/event.ts'
import { type History, type Interpretation, markIfLate } from '../../core/events/history.ts'
import type { EventKind } from '../../core/events/vocabulary.ts'
import { corrections } from './corrections.ts'
import { isFromPeers } from './ends.ts'
import { subscriptionOf } from './event.ts'
import { inferAmong } from './inference.ts'
import { planChanges } from './switches.ts'

/** `Vendor.relatedKinds` of Hype: a payment needs payments and ends, a contact's change only `late`. */
export function relatedKinds(vendorType: string): readonly EventKind[] {
  return vendorType.startsWith('payment.') ? ['payment', 'subscription'] : ['contact']
}

/** `Vendor.remembered` of Hype: what is concluded is concluded again, but for a reason that other contacts gave. */
export function remembered(event: MembershipEvent): object {
  const { vendortype, data } = event
  if (!vendortype.startsWith('payment.')) return {}
  const { actor, inference } = data
  const subscription = subscriptionOf(event)
  return {
    ...(subscription === undefined ? {} : { subscription }),
    ...(isFromPeers(event) && 'reason' in data
      ? { reason: data.reason, inference: { ...inference, evidence: [] } }
      : {}),
    ...(actor === undefined ? {} : { actor }),
  }
}

/** `Vendor.needsPeers` of Hype: a price change ends the plans of all members of a tier, and an admin's stop that of one. */
export function needsPeers({ vendortype, data }: MembershipEvent): boolean {
  return vendortype === 'payment.deleted' && data.actor === 'dashboard'
}

/** `Vendor.interpret` of Hype. */
export function interpret(
  event: MembershipEvent,
  { past, peers }: Pick<History, 'past' | 'peers'>,
): Interpretation {
  // Inferred events are conclusions from the others, not facts.
  const others = past.filter(({ typebasis }) => typebasis !== 'history')
  const marked = markIfLate(event, others)
  if (!event.vendortype.startsWith('payment.')) return { event: marked, inferred: [] }
  return {
    event: inferAmong(marked, others, peers),
    inferred: [...planChanges(marked, others), ...corrections(marked, others)],
  }
}

// Hype's events as facts among others: their order, what they say of a subscription, and one of them under another type.
import type { Amount } from '../../core/events/amount.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import type { EventType, Subscription } from '../../core/events/vocabulary.ts'

/** Orders events by their times. Of one second, an end comes before a payment: what was bought is what counts. */
export function byTime(a: MembershipEvent, b: MembershipEvent): number {
  const isEnd = ({ vendortype }: MembershipEvent) => (vendortype === 'payment.deleted' ? 0 : 1)
  return instantOf(a) - instantOf(b) || isEnd(a) - isEnd(b) || (a.id < b.id ? -1 : 1)
}

/** The event under another type, with what that type says; what it said as its old type is left behind. */
export function withType(event: MembershipEvent, type: EventType, said: object): MembershipEvent {
  const { refund: _refund, ...data } = event.data as { refund?: unknown }
  return {
    ...event,
    type,
    dataschema: event.dataschema.replace(event.type, type),
    data: { ...data, ...said },
  } as MembershipEvent
}

/** What an event says of the subscription, if anything. */
export function subscriptionOf({ data }: MembershipEvent): Subscription | undefined {
  return 'subscription' in data ? data.subscription : undefined
}

/** What the contact has paid for it so far, as far as the event tells. */
export function totalOf(event: MembershipEvent): Amount | undefined {
  return subscriptionOf(event)?.total_paid_amount ?? undefined
}

/** What a renewal costs, as far as the event tells. */
export function recurringOf(event: MembershipEvent): Amount | undefined {
  return subscriptionOf(event)?.recurring_amount ?? undefined
}

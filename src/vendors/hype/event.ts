// Helpers for Hype's events: order, subscription fields, and change of type.
import { type Amount, subtract } from '../../core/events/amount.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import type { EventType, Subscription } from '../../core/events/vocabulary.ts'

/**
 * Compares events by time. In the same second, an end is before a payment: the plan that was paid is the present one.
 */
export function byTime(a: MembershipEvent, b: MembershipEvent): number {
  const rank = ({ vendortype }: MembershipEvent) => (vendortype === 'payment.deleted' ? 0 : 1)
  return instantOf(a) - instantOf(b) || rank(a) - rank(b) || (a.id < b.id ? -1 : 1)
}

/** Whether all of some events have a time of the vendor's: others are only known to have arrived one after the other. */
export function areTimed(...events: readonly MembershipEvent[]): boolean {
  return events.every(({ timebasis }) => timebasis !== 'received')
}

/** The event under another type with the given data. The refund of its old type is removed. */
export function withType(event: MembershipEvent, type: EventType, added: object): MembershipEvent {
  const { refund: _refund, ...data } = event.data as { refund?: unknown }
  return {
    ...event,
    type,
    dataschema: event.dataschema.replace(event.type, type),
    data: { ...data, ...added },
  } as MembershipEvent
}

/** The subscription in an event, if any. */
export function subscriptionOf({ data }: MembershipEvent): Subscription | undefined {
  return 'subscription' in data ? data.subscription : undefined
}

/** The total that the contact has paid, if the event contains it. */
export function totalOf(event: MembershipEvent): Amount | undefined {
  return subscriptionOf(event)?.total_paid_amount ?? undefined
}

/** By how much the total of an event differs from that of an earlier one; undefined if one of them has none. */
export function changeOf(last: MembershipEvent, event: MembershipEvent): Amount | undefined {
  const [before, now] = [totalOf(last), totalOf(event)]
  return before && now && subtract(now, before)
}

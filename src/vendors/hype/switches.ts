// The plan switch, which Hype tells as an end and a payment of one moment: its halves, and what follows from both.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { type InferredEvent, SAME_ACT_WINDOW_MS } from '../../core/events/history.ts'
import type { Subscription } from '../../core/events/vocabulary.ts'
import { byTime, subscriptionOf } from './event.ts'
import { isOneTime, isOtherPlan } from './plans.ts'

/** The payment of another plan that an end is one half of a switch with: the closest within the window. */
export function switchPayment(
  ended: MembershipEvent,
  others: readonly MembershipEvent[],
): { paid: MembershipEvent; confidence: 'strong' | 'likely' } | undefined {
  const distance = (other: MembershipEvent) => Math.abs(instantOf(other) - instantOf(ended))
  const candidates = others
    .filter((one) => one.vendortype === 'payment.created' && distance(one) <= SAME_ACT_WINDOW_MS)
    .filter((one) => !isOneTime(subscriptionOf(one)))
    .toSorted((a, b) => distance(a) - distance(b))
  for (const paid of candidates) {
    const [old, plan] = [endedPlan(ended, paid, others), subscriptionOf(paid)]
    const isOther = old !== undefined && isOtherPlan(old, plan)
    const isUntold = old === undefined || plan?.tier === undefined
    // The same plan paid before its end is a charge, or a purchase thought better of; paid after it, it goes on.
    if (isOther || isUntold || byTime(paid, ended) > 0) {
      return { paid, confidence: isOther ? 'strong' : 'likely' }
    }
  }
  return undefined
}

/** The plan that ended: as the end says, or as the last event before both says. */
function endedPlan(
  ended: MembershipEvent,
  paid: MembershipEvent,
  others: readonly MembershipEvent[],
): Subscription | undefined {
  const own = subscriptionOf(ended)
  if (own?.tier) return own
  const before = others.filter((one) => byTime(one, ended) < 0 && one.id !== paid.id)
  return before
    .toSorted(byTime)
    .map(subscriptionOf)
    .findLast((one) => one?.tier)
}

/** The plan change that this event completes, told once both of its halves are there: one for each end. */
export function planChanges(
  event: MembershipEvent,
  others: readonly MembershipEvent[],
): InferredEvent[] {
  const facts = [...others, event]
  const ends =
    event.vendortype === 'payment.deleted'
      ? [event]
      : event.vendortype === 'payment.created'
        ? others.filter(({ vendortype }) => vendortype === 'payment.deleted')
        : []
  return ends.flatMap((ended): InferredEvent[] => {
    const half = switchPayment(ended, facts)
    if (half === undefined || (half.paid !== event && ended !== event)) return []
    const { paid, confidence } = half
    const { contact, account, actor } = event.data
    const [previous, subscription] = [endedPlan(ended, paid, facts), subscriptionOf(paid)]
    const data = {
      contact,
      ...(account === undefined ? {} : { account }),
      ...(actor === undefined ? {} : { actor }),
      ...(subscription === undefined ? {} : { subscription }),
      ...(previous === undefined ? {} : { previous_subscription: previous }),
      inference: {
        basis: ['ended_and_paid_within_window'],
        confidence,
        evidence: [ended.id, paid.id],
      },
    } as InferredEvent['data']
    return [{ type: 'subscription.plan_changed', data, identity: [ended.id] }]
  })
}

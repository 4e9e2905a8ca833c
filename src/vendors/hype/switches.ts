// The plan switch: Hype sends it as the end of one plan and a payment for another at about the same time.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { type InferredEvent, SAME_ACT_WINDOW_MS } from '../../core/events/history.ts'
import type { Subscription } from '../../core/events/vocabulary.ts'
import { byTime, subscriptionOf } from './event.ts'
import { isOneTime, isOtherPlan } from './plans.ts'

/** The payment for another plan that makes an end a plan switch: the closest within `SAME_ACT_WINDOW_MS`. */
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
    const isUnknown = old === undefined || plan?.tier === undefined
    // The same plan paid before its end is a charge or a withdrawn purchase, paid after its end a continuation.
    if (isOther || isUnknown || byTime(paid, ended) > 0) {
      return { paid, confidence: isOther ? 'strong' : 'likely' }
    }
  }
  return undefined
}

/** The plan that ended: the one in the end event, else the one in the last event before both. */
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

/** The plan changes that `event` completes, as the end or the payment: one for each end. */
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
    const payment = switchPayment(ended, facts)
    if (payment === undefined || (payment.paid !== event && ended !== event)) return []
    const { paid, confidence } = payment
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

// The kind of a payment, and whether an update is a failed charge or a refund, from the contact's other events.
import { signOf, subtract } from '../../core/events/amount.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import type { Inference, PaymentKind } from '../../core/events/vocabulary.ts'
import { recurringOf, subscriptionOf, totalOf, withType } from './event.ts'
import { giftOrDonation, isOneTime, isRepriced } from './plans.ts'
import { switchPayment } from './switches.ts'

/** How far the time of an event may be from `first_payment_at` for it to be that payment. */
const FIRST_PAYMENT_WINDOW_MS = 2 * 86_400_000

/**
 * An update as a refund if the total paid fell, a failed charge if it is unchanged, else an update. `before`: the
 * contact's earlier events, sorted by time.
 */
export function inferUpdate(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
): MembershipEvent {
  const { actor = 'unknown' } = event.data
  const total = totalOf(event)
  // Not the total of an event in the same second: the order of the two is not known.
  const earlier = before.filter(
    (other) => totalOf(other) !== undefined && instantOf(other) < instantOf(event),
  )
  const last = earlier.at(-1)
  const lastTotal = last && totalOf(last)
  const change = total && lastTotal ? subtract(total, lastTotal) : undefined
  if (last === undefined || total === undefined || change === undefined) return event
  const evidence = [last.id]
  const by = `actor_${actor}`
  if (signOf(change) < 0) {
    const inference = { basis: ['total_fell', by], confidence: 'strong' as const, evidence }
    const amount = { ...change, value: change.value.replace('-', '') }
    return withType(event, 'payment.refunded', {
      refund: { amount, full: signOf(total) === 0 },
      inference,
    })
  }
  if (signOf(change) === 0 && (actor === 'system' || actor === 'user')) {
    const inference = { basis: ['total_unchanged', by], confidence: 'likely' as const, evidence }
    return withType(event, 'payment.failed', { inference })
  }
  const basis = [signOf(change) === 0 ? 'total_unchanged' : 'total_rose', by]
  return withType(event, 'payment.updated', {
    inference: { basis, confidence: 'none' as const, evidence },
  })
}

/** The payment with its kind. `before` and `after`: the contact's other events, sorted by time. */
export function inferPayment(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
  after: readonly MembershipEvent[],
): MembershipEvent {
  const [kind, inference] = inferKind(event, before, after)
  return { ...event, data: { ...event.data, payment: { kind }, inference } } as MembershipEvent
}

function inferKind(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
  after: readonly MembershipEvent[],
): [PaymentKind, Inference] {
  const subscription = subscriptionOf(event)
  const because = (
    kind: PaymentKind,
    confidence: Inference['confidence'],
    basis: string[],
    evidence: string[] = [],
  ): [PaymentKind, Inference] => [kind, { basis, confidence, evidence }]

  const named = giftOrDonation(subscription)
  if (named) return because(named, 'likely', ['named_so'])
  if (isOneTime(subscription)) return because('one_time', 'likely', ['interval'])
  const others = [...before, ...after]
  const ended = others.find(
    (other) =>
      other.vendortype === 'payment.deleted' &&
      switchPayment(other, [...others.filter((one) => one !== other), event])?.paid === event,
  )
  if (ended) return because('plan_switch', 'strong', ['ended_within_window'], [ended.id])
  const last = before.findLast(
    (one) =>
      one.vendortype === 'payment.deleted' ||
      (subscriptionOf(one)?.tier && !isOneTime(subscriptionOf(one))),
  )
  if (last !== undefined) {
    if (last.vendortype === 'payment.deleted') {
      return last.data.actor === 'dashboard' && isRepriced(last, event)
        ? because('renewal', 'likely', ['same_tier_at_another_price'], [last.id])
        : because('first_purchase', 'likely', ['subscription_had_ended'], [last.id])
    }
    if (subscription?.tier === undefined) {
      return because('unknown', 'none', ['tier_not_told'], [last.id])
    }
    if (subscriptionOf(last)?.tier !== subscription.tier) {
      return because('plan_switch', 'likely', ['tier_changed'], [last.id])
    }
    const step = stepFrom(last, event)
    if (step === 'recurring') {
      return because('renewal', 'strong', ['same_tier', 'total_rose_by_recurring'], [last.id])
    }
    return step === 'other'
      ? because('unknown', 'none', ['same_tier', 'total_rose_otherwise'], [last.id])
      : because('renewal', 'likely', ['same_tier'], [last.id])
  }
  const first = subscription?.first_payment_at
  if (first) {
    const age = instantOf(event) - Date.parse(first)
    if (Math.abs(age) <= FIRST_PAYMENT_WINDOW_MS) {
      return because('first_purchase', 'likely', ['first_payment_now'])
    }
    if (age > 0) return because('renewal', 'likely', ['first_payment_earlier'])
  }
  return because('unknown', 'none', ['no_history'])
}

/** Whether the total rose by the price of a renewal or by another amount; undefined if an amount is missing. */
function stepFrom(
  last: MembershipEvent,
  event: MembershipEvent,
): 'recurring' | 'other' | undefined {
  const [total, lastTotal, recurring] = [totalOf(event), totalOf(last), recurringOf(event)]
  const change = total && lastTotal && subtract(total, lastTotal)
  const difference = change && recurring && subtract(change, recurring)
  if (difference === undefined) return undefined
  return signOf(difference) === 0 ? 'recurring' : 'other'
}

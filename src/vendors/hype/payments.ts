// The kind of a payment, from the contact's other events.
import { signOf, subtract } from '../../core/events/amount.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import type { Inference, PaymentKind, Subscription } from '../../core/events/vocabulary.ts'
import { areTimed, byTime, changeOf, subscriptionOf, totalOf } from './event.ts'
import {
  giftOrDonation,
  isNearRenewal,
  isOneTime,
  isOtherPlan,
  isPlan,
  renewalAfter,
  renewalOf,
} from './plans.ts'
import { switchOf } from './switches.ts'
import { failedCharges } from './updates.ts'

const DAY_MS = 86_400_000

/** How far the time of an event may be from `first_payment_at` for it to be that payment. */
const FIRST_PAYMENT_WINDOW_MS = 2 * DAY_MS

/** How long after the end of a period it may still be renewed: Hype tries to charge for 21 days. */
const MAX_DELAY_MS = 25 * DAY_MS

type Kind = [PaymentKind, Inference]

function because(
  kind: PaymentKind,
  confidence: Inference['confidence'],
  basis: string[],
  evidence: readonly MembershipEvent[] = [],
): Kind {
  return [kind, { basis, confidence, evidence: evidence.map(({ id }) => id) }]
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
): Kind {
  const plan = subscriptionOf(event) ?? {}
  if (plan.free_access) return because('unknown', 'none', ['free_access'])
  if (isOneTime(plan)) {
    const named = giftOrDonation(plan)
    return because(named ?? 'one_time', 'likely', [named ? 'named_so' : 'interval'])
  }
  const others = [...before, ...after]
  const isEnd = (other: MembershipEvent) => other.vendortype === 'payment.deleted'
  const switchFrom = (ended: MembershipEvent) =>
    switchOf(ended, [...others.filter((one) => one !== ended), event])
  const ended = others.find((other) => isEnd(other) && switchFrom(other)?.paid === event)
  if (ended) {
    const confidence = switchFrom(ended)?.confidence ?? 'likely'
    return because('plan_switch', confidence, ['ended_within_window', 'plans_differ'], [ended])
  }
  if (isTrial(event)) return because('unknown', 'none', ['trial'])
  const last = before.findLast((one) => {
    if (!isEnd(one)) return isPlan(one)
    // The end that comes after the payment of its switch is of the plan before.
    const paid = switchFrom(one)?.paid
    return paid === undefined || byTime(paid, one) > 0
  })
  if (last === undefined) return withoutPlan(event)
  const earlier = before.filter((one) => byTime(one, last) < 0)
  return isEnd(last) ? afterEnd(event, last, earlier) : afterPlan(event, last, earlier)
}

/** The kind of a payment after `last`, the end of a plan. `earlier`: the events before that. */
function afterEnd(
  event: MembershipEvent,
  last: MembershipEvent,
  earlier: readonly MembershipEvent[],
): Kind {
  switch (renewalAfter(last, event, earlier)) {
    case 'other_price':
      return because('renewal', 'likely', ['same_tier_at_another_price'], [last])
    case 'none':
      return because('first_purchase', 'likely', ['subscription_had_ended'], [last])
    default:
      return because('unknown', 'none', ['subscription_had_ended', 'may_be_renewal'], [last])
  }
}

/** Whether a trial begins: nothing was paid yet. */
function isTrial(event: MembershipEvent): boolean {
  return isInTrial(event) && hasPaidNothing(event)
}

function hasPaidNothing(event: MembershipEvent): boolean {
  const total = totalOf(event)
  return total !== undefined && signOf(total) === 0
}

/** Whether a trial runs at an event. The total may be that of earlier plans. */
function isInTrial(event: MembershipEvent): boolean {
  const end = subscriptionOf(event)?.trial_end_at
  return end != null && Date.parse(end) > instantOf(event)
}

/** The kind of a payment before which no plan is known: a renewal, one migrated from elsewhere, or a return look the same. */
function withoutPlan(event: MembershipEvent): Kind {
  const first = subscriptionOf(event)?.first_payment_at
  if (hasPaidNothing(event)) return because('unknown', 'none', ['nothing_paid'])
  if (!first) return because('unknown', 'none', ['no_history'])
  const age = instantOf(event) - Date.parse(first)
  return Math.abs(age) <= FIRST_PAYMENT_WINDOW_MS
    ? because('first_purchase', 'likely', ['first_payment_now'])
    : because('unknown', 'none', ['no_earlier_plan', 'first_payment_earlier'])
}

/** The kind of a payment after `last`, the last event of a plan that is not known to have ended, and those before it. */
function afterPlan(
  event: MembershipEvent,
  last: MembershipEvent,
  earlier: readonly MembershipEvent[],
): Kind {
  const [old, plan] = [subscriptionOf(last) ?? {}, subscriptionOf(event) ?? {}]
  const kind = (kind: PaymentKind, confidence: Inference['confidence'], ...basis: string[]) =>
    because(kind, confidence, basis, [last])
  if (plan.tier == null) return kind('unknown', 'none', 'tier_not_told')
  const change = changeOf(last, event)
  if (change && signOf(change) <= 0) return kind('unknown', 'none', 'nothing_paid')
  if (change && wasFree(last, earlier)) return kind('first_purchase', 'likely', 'free_before')
  if (isInTrial(last)) return kind('unknown', 'none', 'trial_before')
  const renewal = renewalOf(old, [...earlier, last])
  const late = renewal === undefined ? 0 : instantOf(event) - renewal
  const isDue = old.period_end_at ? Math.abs(late) <= DAY_MS : isNearRenewal(event, renewal)
  if (isOtherPlan(old, plan)) {
    // At a renewal it may be the same plan under a new name, and after it a return.
    return late < 0 && !isDue
      ? kind('plan_switch', 'likely', 'tier_changed', 'period_running')
      : kind('unknown', 'none', 'tier_changed')
  }
  const period = periodAfter(old, plan)
  if (period === 'same') return kind('unknown', 'none', 'same_tier', 'period_unchanged')
  // A renewal is late only when charges have failed.
  const isRecovery =
    late > 0 && late <= MAX_DELAY_MS && failedCharges([...earlier, last]).length > 0
  const isInTime = isDue || renewal === undefined || isRecovery
  if (!isInTime) return kind('unknown', 'none', 'same_tier', 'not_due')
  if (change === undefined) return kind('renewal', 'likely', 'same_tier')
  const price = plan.recurring_amount
  const difference = price && subtract(change, price)
  if (difference && signOf(difference) === 0) {
    const isSure = period === 'next' && Math.abs(late) < DAY_MS / 2 && event.data.actor === 'user'
    return isSure && areTimed(last, event)
      ? kind('renewal', 'strong', 'same_tier', 'total_rose_by_recurring', 'period_renewed')
      : kind('renewal', 'likely', 'same_tier', 'total_rose_by_recurring')
  }
  return period !== undefined && isDue
    ? kind('renewal', 'likely', 'same_tier', 'period_renewed')
    : kind('unknown', 'none', 'same_tier', 'total_rose_otherwise')
}

/** Whether nothing was paid up to an event: access was free, a trial, or discounted to nothing. What was paid back was paid. */
function wasFree(last: MembershipEvent, earlier: readonly MembershipEvent[]): boolean {
  const { free_access, trial_end_at, first_payment_at } = subscriptionOf(last) ?? {}
  const isFree = free_access || trial_end_at != null || first_payment_at === null
  const isOfNothing = (one: MembershipEvent) =>
    one.vendortype === 'payment.created' && hasPaidNothing(one)
  return hasPaidNothing(last) && (isFree || [...earlier, last].every(isOfNothing))
}

/**
 * How the paid period compares with the last one: the same, the one that follows it (it ends whole days later, at the same
 * second of the day), or another later one. Undefined where one of the two ends is not known.
 */
function periodAfter(
  { period_end_at: old }: Subscription,
  { period_end_at: now }: Subscription,
): 'same' | 'next' | 'other' | undefined {
  const step = old && now ? Date.parse(now) - Date.parse(old) : undefined
  if (step === undefined) return undefined
  if (step <= 0) return 'same'
  return step % DAY_MS === 0 ? 'next' : 'other'
}

// Comparison of plans: plans and one-time payments, two plans, and when a plan renews.
import { signOf, subtract } from '../../core/events/amount.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { fold } from '../../core/events/fields.ts'
import type { Subscription } from '../../core/events/vocabulary.ts'
import { byTime, subscriptionOf } from './event.ts'

const DAY_MS = 86_400_000

/** How far a renewal may be from the end of the period: months differ by three days in length. */
const RENEWAL_WINDOW_MS = 3 * DAY_MS

const INTERVAL_MS: Partial<Record<string, number>> = { month: 30.4 * DAY_MS, year: 365.2 * DAY_MS }

/** True for a gift, a donation or anything else that is paid once, and so is not a plan. */
export function isOneTime(subscription: Subscription | undefined): boolean {
  if (subscription === undefined) return false
  const { interval, interval_raw, period_end_at } = subscription
  if (interval === 'one_time') return true
  // Whatever has an interval is a plan, whatever it is called. Not all of Hype's words for intervals are known.
  if (interval_raw) return false
  // Hype sends null as the interval of a one-time payment.
  if (interval_raw === null) return true
  return !period_end_at && giftOrDonation(subscription) !== undefined
}

/**
 * The plan that an end is about: the one in the end, else the one that ran before it. `before`: the contact's earlier
 * events, sorted by time. `until`: the payment that may be the other half of a switch.
 */
export function planOf(
  ended: MembershipEvent,
  before: readonly MembershipEvent[],
  until?: MembershipEvent,
): Subscription | undefined {
  const own = subscriptionOf(ended)
  if (own?.tier) return own
  const last = before.findLast(
    (one) =>
      (until === undefined || byTime(one, until) < 0) &&
      (one.vendortype === 'payment.deleted' || isPlan(one)),
  )
  return last?.vendortype === 'payment.deleted' ? undefined : last && subscriptionOf(last)
}

/** Whether an event names the plan that its contact has. */
export function isPlan(event: MembershipEvent): boolean {
  const subscription = subscriptionOf(event)
  return Boolean(subscription?.tier) && !isOneTime(subscription)
}

/** `gift` or `donation` if the name of a one-time payment contains it. */
export function giftOrDonation({ kind, tier }: Subscription): 'gift' | 'donation' | undefined {
  const words = `${kind ?? ''} ${tier ?? ''}`.toLowerCase()
  if (/\bgifts?\b/.test(words)) return 'gift'
  return /\bdonat(e|ions?)\b/.test(words) ? 'donation' : undefined
}

/** Whether two plans differ in tier or interval, where both are known. */
export function isOtherPlan(a: Subscription, b: Subscription = {}): boolean {
  const differ = (one: string | null | undefined, other: string | null | undefined) =>
    one != null && other != null && one !== other
  return differ(a.tier, b.tier) || differ(intervalOf(a), intervalOf(b))
}

/** The interval of a plan: the vocabulary's word, else the vendor's. */
function intervalOf({ interval, interval_raw }: Subscription): string | null | undefined {
  return interval === 'unknown' ? interval_raw && fold(interval_raw) : interval
}

/**
 * When a plan renews, in epoch milliseconds: at the end of its period, else an interval after it was paid. `before`: the
 * contact's events until then, sorted by time.
 */
export function renewalOf(
  plan: Subscription | undefined,
  before: readonly MembershipEvent[],
): number | undefined {
  if (plan?.period_end_at) return Date.parse(plan.period_end_at)
  const paid = before.findLast(
    (one) =>
      one.vendortype === 'payment.created' &&
      isPlan(one) &&
      subscriptionOf(one)?.tier === plan?.tier,
  )
  const end = paid && subscriptionOf(paid)?.period_end_at
  if (end) return Date.parse(end)
  const length = INTERVAL_MS[plan?.interval ?? '']
  return paid && length && instantOf(paid) + length
}

/** Whether an event is within a few days of a renewal. */
export function isNearRenewal(event: MembershipEvent, renewal: number | undefined): boolean {
  return renewal !== undefined && Math.abs(instantOf(event) - renewal) <= RENEWAL_WINDOW_MS
}

/**
 * Whether a plan that an admin may have ended is paid again when it renews: `same_price`, or `other_price` if its price was
 * changed. `unclear` where that is not known. `before`: the events before the end, sorted by time.
 */
export function renewalAfter(
  ended: MembershipEvent,
  paid: MembershipEvent,
  before: readonly MembershipEvent[],
): 'same_price' | 'other_price' | 'unclear' | 'none' {
  const { actor } = ended.data
  if (actor === 'system' || actor === 'user') return 'none'
  const [old, plan] = [planOf(ended, before), subscriptionOf(paid)]
  if (old !== undefined && isOtherPlan(old, plan)) return 'none'
  const renewal = renewalOf(old, before)
  if (renewal === undefined || plan?.tier == null) return 'unclear'
  if (!isNearRenewal(paid, renewal)) return 'none'
  const [price, now] = [old?.recurring_amount, plan.recurring_amount]
  const change = price && now && subtract(now, price)
  if (change == null) return 'unclear'
  return signOf(change) === 0 ? 'same_price' : 'other_price'
}

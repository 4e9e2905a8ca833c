// Comparison of plans: plans and one-time payments, two plans, and when a plan renews.
import { signOf, subtract } from '../../core/events/amount.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { fold } from '../../core/events/fields.ts'
import type { Subscription } from '../../core/events/vocabulary.ts'
import { subscriptionOf } from './event.ts'

const DAY_MS = 86_400_000

/** How far a renewal may be from the end of the period: months differ by three days in length. */
const RENEWAL_WINDOW_MS = 3 * DAY_MS

const INTERVAL_MS: Partial<Record<string, number>> = { month: 30.4 * DAY_MS, year: 365.2 * DAY_MS }

/** True for a gift, a donation or anything else that is paid once, and so is not a plan. */
export function isOneTime(subscription: Subscription | undefined): boolean {
  if (subscription === undefined) return false
  const { tier, interval, interval_raw, period_end_at } = subscription
  if (interval === 'one_time') return true
  // Whatever has an interval is a plan, whatever it is called. Not all of Hype's words for intervals are known.
  if (interval_raw ?? (interval_raw === undefined && period_end_at)) return false
  // Hype sends null as the interval of a one-time payment; with a tier it may be a plan without an end.
  return (interval_raw === null && !tier) || giftOrDonation(subscription) !== undefined
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
 * When the plan of an event renews, in epoch milliseconds: at the end of its period, else an interval after it was paid.
 * `before`: the contact's earlier events, sorted by time.
 */
export function renewalOf(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
): number | undefined {
  const plan = subscriptionOf(event)
  if (plan?.period_end_at) return Date.parse(plan.period_end_at)
  const paid = [...before, event].findLast(
    (one) =>
      one.vendortype === 'payment.created' && (subscriptionOf(one)?.tier ?? '') === plan?.tier,
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
 * Whether a plan ended because its price was changed: an admin did it, and it was paid at another price when it renewed.
 * `before`: the events before the end, sorted by time.
 */
export function isPriceChange(
  ended: MembershipEvent,
  paid: MembershipEvent,
  before: readonly MembershipEvent[],
): boolean {
  const [old, plan] = [subscriptionOf(ended), subscriptionOf(paid)]
  const [price, now] = [old?.recurring_amount, plan?.recurring_amount]
  const change = price && now && subtract(now, price)
  return (
    ended.data.actor === 'dashboard' &&
    old?.tier != null &&
    old.tier === plan?.tier &&
    !isOtherPlan(old, plan) &&
    change != null &&
    signOf(change) !== 0 &&
    isNearRenewal(paid, renewalOf(ended, before))
  )
}

// Comparison of plans: plans and one-time payments, two plans, and one plan at two prices.
import { signOf, subtract } from '../../core/events/amount.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import type { Subscription } from '../../core/events/vocabulary.ts'
import { recurringOf, subscriptionOf } from './event.ts'

/** True for a gift, a donation or anything else that is paid once, and so is not a plan. */
export function isOneTime(subscription: Subscription | undefined): boolean {
  if (subscription === undefined) return false
  const { tier, interval, interval_raw } = subscription
  // Hype sends null as the interval of a one-time payment; with a tier it may be a plan without an end.
  const isNothing = interval_raw === null && !tier
  return giftOrDonation(subscription) !== undefined || interval === 'one_time' || isNothing
}

/** `gift` or `donation` if the name of the subscription contains it. */
export function giftOrDonation(
  subscription: Subscription | undefined,
): 'gift' | 'donation' | undefined {
  const words = `${subscription?.kind ?? ''} ${subscription?.tier ?? ''}`.toLowerCase()
  if (/\bgift/.test(words)) return 'gift'
  return /\bdonat/.test(words) ? 'donation' : undefined
}

/** Whether two plans differ in tier or interval, where both are known. */
export function isOtherPlan(a: Subscription, b: Subscription = {}): boolean {
  return (['tier', 'interval'] as const).some(
    (name) => a[name] !== undefined && b[name] !== undefined && a[name] !== b[name],
  )
}

/** Whether a payment is for the plan that ended, at another price. */
export function isRepriced(ended: MembershipEvent, renewal: MembershipEvent): boolean {
  const [old, now] = [recurringOf(ended), recurringOf(renewal)]
  const tier = subscriptionOf(ended)?.tier
  const change = old && now && subtract(now, old)
  return (
    typeof tier === 'string' &&
    tier === subscriptionOf(renewal)?.tier &&
    change !== undefined &&
    signOf(change) !== 0
  )
}

// What tells plans apart: from gifts and donations, from each other, and from themselves at another price.
import { signOf, subtract } from '../../core/events/amount.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import type { Subscription } from '../../core/events/vocabulary.ts'
import { recurringOf, subscriptionOf } from './event.ts'

/** A gift, a donation, or anything else that is paid once: no plan. */
export function isOneTime(subscription: Subscription | undefined): boolean {
  if (subscription === undefined) return false
  const { tier, interval, interval_raw } = subscription
  // Hype says null for the interval of what is paid once; with a tier it may be a plan without an end.
  const isNothing = interval_raw === null && !tier
  return giftOrDonation(subscription) !== undefined || interval === 'one_time' || isNothing
}

/** What a subscription is by its name, if that is no plan. */
export function giftOrDonation(
  subscription: Subscription | undefined,
): 'gift' | 'donation' | undefined {
  const words = `${subscription?.kind ?? ''} ${subscription?.tier ?? ''}`.toLowerCase()
  if (/\bgift/.test(words)) return 'gift'
  return /\bdonat/.test(words) ? 'donation' : undefined
}

/** Whether two plans differ in what is told of both. */
export function isOtherPlan(a: Subscription, b: Subscription = {}): boolean {
  return (['tier', 'interval'] as const).some(
    (name) => a[name] !== undefined && b[name] !== undefined && a[name] !== b[name],
  )
}

/** Whether what ended was paid again as the same plan at another price. */
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

// Whether an update is a failed charge or a refund, from the totals of the contact's earlier events.
import { signOf } from '../../core/events/amount.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import type { EventType, Inference } from '../../core/events/vocabulary.ts'
import { areTimed, changeOf, subscriptionOf, totalOf, withType } from './event.ts'
import { isOneTime } from './plans.ts'

/**
 * An update as a refund if the total paid fell, a failed charge if it is unchanged, else an update. `before`: the
 * contact's earlier events, sorted by time.
 */
export function inferUpdate(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
): MembershipEvent {
  const { actor = 'unknown' } = event.data
  const subscription = subscriptionOf(event)
  // Not the total of an event in the same second: the order of the two is not known.
  const last = before.findLast(
    (other) => totalOf(other) !== undefined && instantOf(other) < instantOf(event),
  )
  const change = last && changeOf(last, event)
  if (last === undefined || change === undefined) return event
  const because = (
    type: EventType,
    confidence: Inference['confidence'],
    basis: string[],
    added: object = {},
  ) => {
    const inference = { basis: [...basis, `actor_${actor}`], confidence, evidence: [last.id] }
    return withType(event, type, { ...added, inference })
  }
  const sign = signOf(change)
  if (sign < 0) {
    const amount = { ...change, value: change.value.slice(1) }
    const full =
      subscription?.total_paid_amount != null && signOf(subscription.total_paid_amount) <= 0
    // An earlier event may still be on its way, and the total may have been another one before.
    const refund = { amount, full, confidence: 'likely' }
    // Only an admin refunds: told by another, it may be the copy of an older message.
    const isSure = actor === 'dashboard' && !subscription?.free_access && areTimed(last, event)
    const isCopy = before.some((other) => isSameState(other, event))
    return because('payment.refunded', isSure && !isCopy ? 'strong' : 'likely', ['total_fell'], {
      refund,
    })
  }
  if (sign > 0) return because('payment.updated', 'none', ['total_rose'])
  if (subscription?.free_access) {
    return because('payment.updated', 'none', ['total_unchanged', 'free_access'])
  }
  if (isFinalPaymentChanged(last, event)) {
    return because('payment.updated', 'none', ['total_unchanged', 'final_payment_changed'])
  }
  const isCharge = actor === 'system' || actor === 'user'
  return isCharge
    ? because('payment.failed', 'likely', ['total_unchanged'])
    : because('payment.updated', 'none', ['total_unchanged'])
}

/** Whether an earlier update had the same content. */
function isSameState(other: MembershipEvent, event: MembershipEvent): boolean {
  return (
    other.vendortype === event.vendortype &&
    other.data.actor === event.data.actor &&
    JSON.stringify(subscriptionOf(other)) === JSON.stringify(subscriptionOf(event))
  )
}

/** Whether a member declined the renewal, or took that back: then nothing was charged. */
function isFinalPaymentChanged(last: MembershipEvent, event: MembershipEvent): boolean {
  const now = subscriptionOf(event)?.final_payment_at
  return now !== undefined && now !== (subscriptionOf(last)?.final_payment_at ?? null)
}

/** The failed charges since the plan was last paid. `before`: the contact's earlier events, sorted by time. */
export function failedCharges(before: readonly MembershipEvent[]): MembershipEvent[] {
  const paid = before.findLastIndex(
    (one) => one.vendortype === 'payment.created' && !isOneTime(subscriptionOf(one)),
  )
  return before.filter(
    (one, i) =>
      i > paid &&
      one.vendortype === 'payment.updated' &&
      inferUpdate(one, before.slice(0, i)).type === 'payment.failed',
  )
}

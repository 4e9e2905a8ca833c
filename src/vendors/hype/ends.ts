// The reason why a subscription ended, from the contact's other events.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import type { EndReason, Inference } from '../../core/events/vocabulary.ts'
import { byTime } from './event.ts'
import { isRepriced } from './plans.ts'
import { switchPayment } from './switches.ts'

/** How long after its end a subscription can be paid at a new price: until its next yearly renewal. */
const RENEWAL_WINDOW_MS = 370 * 86_400_000

/**
 * The event with its reason: a plan switch, a price change, or the reason it has by itself. `before` and `after` sorted
 * by time.
 */
export function inferEnd(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
  after: readonly MembershipEvent[],
): MembershipEvent {
  const { actor = 'unknown' } = event.data
  const by = `actor_${actor}`
  const because = (reason: EndReason, inference: Inference) =>
    ({ ...event, data: { ...event.data, reason, inference } }) as MembershipEvent

  const payment = switchPayment(event, [...before, ...after])
  if (payment) {
    const { paid, confidence } = payment
    const side = byTime(paid, event) < 0 ? 'paid_before_within_window' : 'paid_after_within_window'
    return because('plan_switch', { basis: [side, by], confidence, evidence: [paid.id] })
  }
  const renewal = after.find(
    (other) =>
      other.vendortype === 'payment.created' &&
      instantOf(other) - instantOf(event) <= RENEWAL_WINDOW_MS,
  )
  if (actor === 'dashboard' && renewal && isRepriced(event, renewal)) {
    const basis = ['same_tier_at_another_price', by]
    return because('price_change', { basis, confidence: 'likely', evidence: [renewal.id] })
  }
  return event
}

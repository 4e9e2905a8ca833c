// What the end of a subscription means among the other events of its contact: its reason.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import type { EndReason, Inference } from '../../core/events/vocabulary.ts'
import { byTime } from './event.ts'
import { isRepriced } from './plans.ts'
import { switchPayment } from './switches.ts'

/** How long after its end a re-priced subscription may be paid at the new price: at its next renewal. */
const RENEWAL_WINDOW_MS = 370 * 86_400_000

/** A cancellation, one half of a switch, or a new price. */
export function inferEnd(
  event: MembershipEvent,
  before: readonly MembershipEvent[],
  after: readonly MembershipEvent[],
): MembershipEvent {
  const { actor = 'unknown' } = event.data
  const by = `actor_${actor}`
  const because = (reason: EndReason, inference: Inference) =>
    ({ ...event, data: { ...event.data, reason, inference } }) as MembershipEvent

  const half = switchPayment(event, [...before, ...after])
  if (half) {
    const { paid, confidence } = half
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

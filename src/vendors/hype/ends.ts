// The reason why a subscription ended, from the contact's other events, and from ends of others at the same moment.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import type { EndReason, Inference } from '../../core/events/vocabulary.ts'
import { byTime, subscriptionOf } from './event.ts'
import { isOneTime, isOtherPlan, renewalAfter } from './plans.ts'
import { switchOf, unpaidCharges } from './switches.ts'

/** How many other ends of the same tier at the same moment show that it was not one member who was stopped. */
const MANY_ENDS = 3

/** Within which time: Hype ends the subscriptions of a tier when its price is changed. */
const SAME_MOMENT_MS = 60_000

const FROM_PEERS = 'tier_ended_for_many'

/** Whether the reason of an end was concluded from ends of other contacts. */
export function isFromPeers({ data }: MembershipEvent): boolean {
  return data.inference?.basis.includes(FROM_PEERS) ?? false
}

/** What an end is seen beside: the contact's events before and after it, sorted by time, and ends of other contacts. */
type Surroundings = {
  before: readonly MembershipEvent[]
  after: readonly MembershipEvent[]
  peers: readonly MembershipEvent[]
}

/** The event with its reason: unpaid charges, a plan switch, a price change, or the reason it has by itself. */
export function inferEnd(
  event: MembershipEvent,
  { before, after, peers }: Surroundings,
): MembershipEvent {
  const by = `actor_${event.data.actor ?? 'unknown'}`
  const because = (
    reason: EndReason,
    basis: string,
    evidence: readonly MembershipEvent[],
    confidence: Inference['confidence'] = 'likely',
  ) => {
    const inference = { basis: [basis, by], confidence, evidence: evidence.map(({ id }) => id) }
    return { ...event, data: { ...event.data, reason, inference } } as MembershipEvent
  }
  const unpaid = unpaidCharges(event, before)
  if (unpaid.length > 0) return because('dunning', 'charges_failed', unpaid)
  const change = switchOf(event, [...before, ...after])
  if (change) {
    const side = byTime(change.paid, event) < 0 ? 'before' : 'after'
    return because('plan_switch', `paid_${side}_within_window`, [change.paid], change.confidence)
  }
  const renewal = after.find(
    (other) => other.vendortype === 'payment.created' && !isOneTime(subscriptionOf(other)),
  )
  if (renewal && renewalAfter(event, renewal, before) === 'other_price') {
    return because('price_change', 'same_tier_at_another_price', [renewal])
  }
  const ended = endedTogether(event, peers)
  // The first ones alone, by id: the same ones when they are looked for again. Not certain: a tier may be given up as well.
  if (ended.length >= MANY_ENDS) {
    return because('price_change', FROM_PEERS, ended.slice(0, MANY_ENDS), 'none')
  }
  return event
}

/** The ends of other contacts' plans of the same tier, by an admin, at the same moment; the first ones recorded first. */
function endedTogether(
  event: MembershipEvent,
  peers: readonly MembershipEvent[],
): MembershipEvent[] {
  const own = subscriptionOf(event)
  if (!own?.tier || event.data.actor !== 'dashboard') return []
  const contactOf = ({ data }: MembershipEvent) =>
    data.contact.vendor_id ?? data.contact.email_normalized
  const contacts = new Set([contactOf(event)])
  return peers
    .filter(({ id }) => id !== event.id)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .filter((peer) => {
      const plan = subscriptionOf(peer)
      const isSame =
        peer.vendortype === 'payment.deleted' &&
        peer.source === event.source &&
        peer.test === event.test &&
        peer.data.actor === 'dashboard' &&
        plan?.tier === own.tier &&
        !isOtherPlan(own, plan) &&
        Math.abs(instantOf(peer) - instantOf(event)) <= SAME_MOMENT_MS
      if (!isSame || contacts.has(contactOf(peer))) return false
      contacts.add(contactOf(peer))
      return true
    })
}

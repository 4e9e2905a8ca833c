// The plan switch: Hype sends it as the end of one plan and a payment for another at about the same time.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { type InferredEvent, SAME_ACT_WINDOW_MS } from '../../core/events/history.ts'
import type { Inference, Subscription } from '../../core/events/vocabulary.ts'
import { areTimed, byTime, subscriptionOf } from './event.ts'
import { isOneTime, isOtherPlan, planOf } from './plans.ts'
import { failedCharges } from './updates.ts'

/** Within which time nobody ends one plan and buys another by hand. */
const ONE_ACT_MS = 10_000

const DAY_MS = 86_400_000

/** A plan switch, from its end: the payment for the other plan, and the plan that ended. */
type Switch = {
  paid: MembershipEvent
  previous: Subscription
  confidence: Exclude<Inference['confidence'], 'none'>
}

/**
 * The switch that an end is half of, if the closest payment within `SAME_ACT_WINDOW_MS` is for another plan. That the two
 * are near in time alone says nothing, and an end that has a reason keeps it. `others`: the contact's other events.
 */
export function switchOf(
  ended: MembershipEvent,
  others: readonly MembershipEvent[],
): Switch | undefined {
  const distance = (other: MembershipEvent) => Math.abs(instantOf(other) - instantOf(ended))
  const candidates = others
    .filter((one) => one.vendortype === 'payment.created' && distance(one) <= SAME_ACT_WINDOW_MS)
    .filter((one) => !isOneTime(subscriptionOf(one)) && !subscriptionOf(one)?.free_access)
    .toSorted((a, b) => distance(a) - distance(b))
  if (candidates.length === 0) return undefined
  const before = others.filter((one) => byTime(one, ended) < 0).sort(byTime)
  if (unpaidCharges(ended, before).length > 0) return undefined
  for (const paid of candidates) {
    const previous = planOf(ended, before, paid)
    if (previous === undefined || !isOtherPlan(previous, subscriptionOf(paid))) continue
    const isOneAct =
      distance(paid) <= ONE_ACT_MS &&
      areTimed(ended, paid) &&
      ended.data.actor !== 'system' &&
      subscriptionOf(ended)?.tier === previous.tier &&
      isRunning(previous, ended) &&
      beginsAt(paid)
    return { paid, previous, confidence: isOneAct ? 'strong' : 'likely' }
  }
  return undefined
}

/**
 * Whether the paid period of a plan goes on at an event. When it is over, the plan may have run out, and the payment be a return:
 * where the vendor stamps what it sends late with the time of sending, days may lie between the two.
 */
function isRunning({ period_end_at }: Subscription, event: MembershipEvent): boolean {
  return period_end_at != null && Date.parse(period_end_at) > instantOf(event)
}

/**
 * Whether the paid period begins at a payment: it ends whole days later, at the same time of the day. Otherwise the payment was
 * made at another time than its message was stamped, as when a vendor catches up, and may be of another day than the end.
 */
function beginsAt(paid: MembershipEvent): boolean {
  const end = subscriptionOf(paid)?.period_end_at
  if (end == null) return false
  const rest = Math.abs(Date.parse(end) - instantOf(paid)) % DAY_MS
  return Math.min(rest, DAY_MS - rest) <= SAME_ACT_WINDOW_MS
}

/**
 * The failed charges because of which a plan was ended, if it was: by the system, or three weeks after the first, which is
 * how long Hype tries. `before`: the contact's earlier events, sorted by time.
 */
export function unpaidCharges(
  ended: MembershipEvent,
  before: readonly MembershipEvent[],
): MembershipEvent[] {
  const { actor } = ended.data
  if (actor !== 'system' && actor !== 'dashboard') return []
  const failed = failedCharges(before)
  const [first] = failed
  const days = first === undefined ? 0 : (instantOf(ended) - instantOf(first)) / DAY_MS
  return actor === 'system' || Math.abs(days - 21) <= 2 ? failed : []
}

/** The plan changes that `event` completes, as the end or the payment: one for each end. */
export function planChanges(
  event: MembershipEvent,
  others: readonly MembershipEvent[],
): InferredEvent[] {
  const facts = [...others, event]
  const ends =
    event.vendortype === 'payment.deleted'
      ? [event]
      : event.vendortype === 'payment.created'
        ? others.filter(({ vendortype }) => vendortype === 'payment.deleted')
        : []
  return ends.flatMap((ended): InferredEvent[] => {
    const change = switchOf(ended, facts)
    if (change === undefined || (change.paid !== event && ended !== event)) return []
    const { paid, previous, confidence } = change
    const { contact, account, actor } = event.data
    const subscription = subscriptionOf(paid)
    const data = {
      contact,
      ...(account === undefined ? {} : { account }),
      ...(actor === undefined ? {} : { actor }),
      ...(subscription === undefined ? {} : { subscription }),
      previous_subscription: previous,
      inference: {
        basis: ['ended_and_paid_within_window', 'plans_differ'],
        confidence,
        evidence: [ended.id, paid.id],
      },
    } as InferredEvent['data']
    return [{ type: 'subscription.plan_changed', data, identity: [ended.id] }]
  })
}

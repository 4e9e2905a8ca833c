// Corrections: earlier conclusions that a new event changes.

import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { conclusionOf, isSame } from '../../core/events/explain/conclusion.ts'
import {
  EVENTS_PER_SIDE,
  type InferredEvent,
  SAME_ACT_WINDOW_MS,
} from '../../core/events/history.ts'
import { byTime, subscriptionOf } from './event.ts'
import { inferAmong } from './inference.ts'

/**
 * A correction for each event whose conclusion differs now that `event` is known. `others`: the contact's other events.
 */
export function corrections(
  event: MembershipEvent,
  others: readonly MembershipEvent[],
): InferredEvent[] {
  // The kind of a payment is a hint, and is not corrected.
  const candidates = others.filter(({ vendortype }) => vendortype !== 'payment.created')
  const complete = candidates.filter((one) => hasAllNeighbours(one, event, others))
  return complete.flatMap((one): InferredEvent[] => {
    const rest = others.filter(({ id }) => id !== one.id)
    const [was, is] = [
      conclusionOf(inferAmong(one, rest)),
      conclusionOf(inferAmong(one, [...rest, event])),
    ]
    if (isSame(was, is)) return []
    const type = one.type === 'subscription.ended' ? 'subscription.corrected' : 'payment.corrected'
    const { contact, account } = event.data
    const subscription = subscriptionOf(one)
    const data = {
      contact,
      ...(account === undefined ? {} : { account }),
      ...(subscription === undefined ? {} : { subscription }),
      corrects: one.id,
      was,
      is,
      inference: { basis: ['new_facts'], confidence: 'likely', evidence: [one.id, event.id] },
    } as InferredEvent['data']
    return [{ type, data, identity: [one.id, event.id], corrects: one.id }]
  })
}

/**
 * Whether `others`, which were read for `event`, contain all events that the conclusion about `one` depends on. If not,
 * the conclusion could differ from the real one.
 */
function hasAllNeighbours(
  one: MembershipEvent,
  event: MembershipEvent,
  others: readonly MembershipEvent[],
): boolean {
  const payments = others.filter(({ type }) => type.startsWith('payment.'))
  const side = payments.filter(
    (other) => Math.sign(byTime(other, event)) === Math.sign(byTime(one, event)),
  )
  const distance = (other: MembershipEvent) => Math.abs(instantOf(other) - instantOf(event))
  const furthest = Math.max(0, ...side.map(distance))
  return side.length < EVENTS_PER_SIDE || furthest > distance(one) + SAME_ACT_WINDOW_MS
}

// Corrections: what an event makes of those that were understood without it.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import {
  EVENTS_PER_SIDE,
  type InferredEvent,
  SAME_ACT_WINDOW_MS,
} from '../../core/events/history.ts'
import type { Conclusion } from '../../core/events/vocabulary.ts'
import { byTime } from './event.ts'
import { inferAmong } from './inference.ts'

/** What was said of other events, and is seen otherwise now that this one is known. */
export function corrections(
  event: MembershipEvent,
  others: readonly MembershipEvent[],
): InferredEvent[] {
  // A payment's kind is a hint, and not corrected.
  const concluded = others.filter(({ vendortype }) => vendortype !== 'payment.created')
  const seen = concluded.filter((one) => isCovered(one, event, others))
  return seen.flatMap((one): InferredEvent[] => {
    const rest = others.filter(({ id }) => id !== one.id)
    const [was, is] = [
      conclusionOf(inferAmong(one, rest)),
      conclusionOf(inferAmong(one, [...rest, event])),
    ]
    if (JSON.stringify(was) === JSON.stringify(is)) return []
    const type = one.type === 'subscription.ended' ? 'subscription.corrected' : 'payment.corrected'
    const { contact, account } = event.data
    const data = {
      contact,
      ...(account === undefined ? {} : { account }),
      corrects: one.id,
      was,
      is,
      inference: { basis: ['new_facts'], confidence: 'likely', evidence: [one.id, event.id] },
    } as InferredEvent['data']
    return [{ type, data, identity: [one.id, event.id], corrects: one.id }]
  })
}

/**
 * Whether all that could say what an event means is among those closest to another: else a conclusion from what is seen
 * of its surroundings is none.
 */
function isCovered(
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

/** What an event says happened, as far as it is concluded. */
function conclusionOf(event: MembershipEvent): Conclusion {
  const { type, data } = event
  return {
    type,
    ...('reason' in data ? { reason: data.reason } : {}),
    ...('refund' in data ? { refund: data.refund } : {}),
  }
}

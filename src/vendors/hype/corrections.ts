// Corrections: what an event makes of those that were understood without it.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { type Derived, NEIGHBOURS, ONE_ACT_MS } from '../../core/events/history.ts'
import type { Reading } from '../../core/events/vocabulary.ts'
import { inTime } from './event.ts'
import { read } from './reading.ts'

/** What was said of other events, and is seen otherwise now that this one is known. */
export function correctionsBy(
  event: MembershipEvent,
  others: readonly MembershipEvent[],
): Derived[] {
  // A payment's kind is a hint, and not corrected.
  const concluded = others.filter(({ vendortype }) => vendortype !== 'payment.created')
  const seen = concluded.filter((one) => isCovered(one, event, others))
  return seen.flatMap((one): Derived[] => {
    const rest = others.filter(({ id }) => id !== one.id)
    const [was, is] = [readingOf(read(one, rest)), readingOf(read(one, [...rest, event]))]
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
    } as Derived['data']
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
    (other) => Math.sign(inTime(other, event)) === Math.sign(inTime(one, event)),
  )
  const distance = (other: MembershipEvent) => Math.abs(instantOf(other) - instantOf(event))
  const furthest = Math.max(0, ...side.map(distance))
  return side.length < NEIGHBOURS || furthest > distance(one) + ONE_ACT_MS
}

/** What an event says happened, as far as it is concluded. */
function readingOf(event: MembershipEvent): Reading {
  const { type, data } = event
  return {
    type,
    ...('reason' in data ? { reason: data.reason } : {}),
    ...('refund' in data ? { refund: data.refund } : {}),
  }
}

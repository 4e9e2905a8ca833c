// Conclusions about one of Hype's events: by itself, and from the other events of its contact.
import type { Amount } from '../../core/events/amount.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import type { EventType, Inference } from '../../core/events/vocabulary.ts'
import { inferEnd } from './ends.ts'
import { byTime, totalOf, withType } from './event.ts'
import { inferPayment, inferUpdate } from './payments.ts'

/**
 * The type of an event and its concluded data from its vendor type, actor and total paid alone. `inference` contains how
 * certain this is; the contact's history can change it.
 */
export function inferAlone(
  type: string,
  actor: string,
  total: Amount | null | undefined,
): { type: EventType; data: object } {
  const inference = (confidence: Inference['confidence'], ...basis: string[]): Inference => ({
    basis,
    confidence,
    evidence: [],
  })
  const by = `actor_${actor}`
  if (type === 'payment.updated') {
    if (actor !== 'dashboard') {
      return { type, data: { inference: inference('none', by, 'no_earlier_total') } }
    }
    const full = total && !/[1-9]/.test(total.value) ? true : null
    return {
      type: 'payment.refunded',
      data: {
        refund: { amount: null, full },
        inference: inference('likely', by, 'no_earlier_total'),
      },
    }
  }
  if (type === 'payment.deleted') {
    const isDunning = actor === 'system'
    return {
      type: 'subscription.ended',
      data: {
        reason: isDunning ? 'dunning' : 'unknown',
        inference: inference(isDunning ? 'likely' : 'none', by),
      },
    }
  }
  return { type: type as EventType, data: {} }
}

/** The event with the conclusions from the contact's other events. Earlier conclusions about it are replaced. */
export function inferAmong(
  original: MembershipEvent,
  others: readonly MembershipEvent[],
): MembershipEvent {
  const event = withOwnConclusion(original)
  const before = others.filter((other) => byTime(other, event) < 0).sort(byTime)
  const after = others.filter((other) => byTime(other, event) > 0).sort(byTime)
  switch (event.vendortype) {
    case 'payment.updated':
      return inferUpdate(event, before)
    case 'payment.created':
      return inferPayment(event, before, after)
    case 'payment.deleted':
      return inferEnd(event, before, after)
    default:
      return event
  }
}

/** The event with the conclusion that it allows by itself, without those from other events. */
function withOwnConclusion(event: MembershipEvent): MembershipEvent {
  const { actor = 'unknown', inference: _, ...data } = event.data
  const own = inferAlone(event.vendortype, actor, totalOf(event))
  const { payment: __, ...facts } = data as { payment?: unknown }
  // The actor comes last, as in every event that was sent before: the same event has the same bytes.
  const ordered = { ...facts, ...('actor' in event.data ? { actor } : {}) }
  return withType({ ...event, data: ordered } as MembershipEvent, own.type, own.data)
}

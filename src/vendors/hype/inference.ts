// How one of Hype's events is understood: by itself, and among the others of its contact.
import type { Amount } from '../../core/events/amount.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import type { EventType, Inference } from '../../core/events/vocabulary.ts'
import { inferEnd } from './ends.ts'
import { byTime, totalOf, withType } from './event.ts'
import { inferPayment, inferUpdate } from './payments.ts'

/**
 * What an event of one of Hype's types says by itself, who did it and the running total given. The log may know more;
 * until it is asked, the inference says how little this is.
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
    const dunning = actor === 'system'
    return {
      type: 'subscription.ended',
      data: {
        reason: dunning ? 'dunning' : 'unknown',
        inference: inference(dunning ? 'likely' : 'none', by),
      },
    }
  }
  return { type: type as EventType, data: {} }
}

/** One event as it is understood among others, whatever it was understood as before. */
export function inferAmong(
  said: MembershipEvent,
  others: readonly MembershipEvent[],
): MembershipEvent {
  const event = withoutInference(said)
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

/** An event as it is by itself: without any conclusion from others. */
function withoutInference(event: MembershipEvent): MembershipEvent {
  const { actor = 'unknown', inference: _, ...said } = event.data
  const { type, data } = inferAlone(event.vendortype, actor, totalOf(event))
  const { payment: __, ...rest } = said as { payment?: unknown }
  const whole = { ...rest, ...('actor' in event.data ? { actor } : {}) }
  return withType({ ...event, data: whole } as MembershipEvent, type, data)
}

// What is concluded about an event, in the words of a correction.
import { isObject } from '../../intake/json.ts'
import type { MembershipEvent } from '../event.ts'
import type { Conclusion } from '../vocabulary.ts'

/** The types of events that say that an earlier one was something else. */
export const CORRECTIONS: readonly string[] = ['subscription.corrected', 'payment.corrected']

/** The parts of an event that are concluded: type, reason and refund. */
export function conclusionOf({ type, data }: Pick<MembershipEvent, 'type' | 'data'>): Conclusion {
  return {
    type,
    ...('reason' in data ? { reason: data.reason } : {}),
    ...('refund' in data ? { refund: data.refund } : {}),
  }
}

/** Whether two conclusions say the same; how certain they are is no part of that. */
export function isSame(a: Conclusion, b: Conclusion): boolean {
  const wordsOf = ({ type, reason, refund }: Conclusion) =>
    JSON.stringify([type, reason, refund?.amount?.value, refund?.full])
  return wordsOf(a) === wordsOf(b)
}

/**
 * What a body said about the event with an id: what is concluded in the event itself, or in a correction of it. Undefined
 * for a body in another form than the event's.
 */
export function conclusionIn(body: string, id: string): Conclusion | undefined {
  try {
    const event = JSON.parse(body)
    if (!isObject(event) || !isObject(event.data)) return undefined
    if (event.data.corrects === id) return event.data.is as Conclusion
    return event.id === id ? conclusionOf(event as unknown as MembershipEvent) : undefined
  } catch {
    return undefined
  }
}

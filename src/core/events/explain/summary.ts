// What an event is and why, in a sentence.
import { isObject } from '../../intake/json.ts'
import { decisionsOf, type ExplainedEvent } from './decisions.ts'

/** An event as the API returns it, as far as the sentence depends on it. */
export type SummarizedEvent = ExplainedEvent & {
  id: string
  vendor: string
  issues: readonly { path: string; message: string }[] | null
}

/**
 * The sentence: what the vendor sent, what is concluded from it and how certainly, and the events that it was compared with.
 * It may contain texts of the sender.
 */
export function summaryOf(event: SummarizedEvent): string {
  const { type, vendortype, status, matched, issues } = event
  if (vendortype === null && status !== 'quarantined') return `The relay itself reports ${type}.`
  const sent = `${nameOf(event.vendor)} sent ${vendortype ?? 'a message without a type'}`
  if (status === 'quarantined') return `${sent}; it is not understood: ${reasonsIn(issues)}.`
  if (status === 'duplicate')
    return `${sent} again: it repeats ${matched?.id ?? 'an earlier event'}.`
  const inference = decisionsOf(event).find(({ what }) => what === 'inference')
  if (inference === undefined) {
    return type === vendortype ? `${sent}.` : `${sent}, which is ${type}.`
  }
  const { is, because, events } = inference
  const compared = events.length > 0 ? `, compared with ${events.join(' and ')}` : ''
  const what = status === 'inferred' ? `${type}: ${is}` : is
  return `${sent}; we conclude ${what}${refundIn(event.event)}: ${because}${compared}.`
}

/** A vendor's id as its name. */
function nameOf(vendor: string): string {
  return vendor.slice(0, 1).toUpperCase() + vendor.slice(1)
}

function reasonsIn(issues: SummarizedEvent['issues']): string {
  return (
    (issues ?? []).map(({ path, message }) => `${path} ${message}`).join('; ') ||
    'no reason is known'
  )
}

/** The amount of a refund: ` of 10.00`; empty where there is none. */
function refundIn(event: unknown): string {
  const data = isObject(event) && isObject(event.data) ? event.data : {}
  const amount = isObject(data.refund) ? data.refund.amount : undefined
  return isObject(amount) ? ` of ${String(amount.value)}` : ''
}

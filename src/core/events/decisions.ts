// Why an event is what it is: every decision that was taken over a message, with the rule or the inference behind it.
import { isObject } from '../intake/json.ts'

/** What is looked at: an event as the API gives it. */
export type ExplainedEvent = {
  type: string
  vendortype: string | null
  status: string
  personid: string | null
  matched: { id: string; rung: string } | null
  /** The normalized event; null when the message was not understood. */
  event: unknown
}

/** A decision: what was settled, what it came to, and why. `events`: the events of the log that it rests on. */
export type Decision = { what: string; is: string; because: string; events: string[] }

const TYPE_BASIS: Record<string, string> = {
  url: 'the ingest URL names it (?event=)',
  body: 'the body names it',
  header: 'a header names it',
  shape: 'nothing names it: the body has the shape of one',
  history: 'it follows from what came before',
}
const TIME_BASIS: Record<string, string> = {
  vendor_field: 'a field of the message says so',
  envelope: 'the envelope of the message says so',
  received: 'the vendor gives no time: it is when it came in',
}
const RUNG: Record<string, string> = {
  identity: 'the same identity by the vendor',
  content: 'the same content a moment before',
  twin: 'the same content earlier, too long ago for a repeat: both were kept',
}

/** The decisions over a message, in the order in which they were taken. */
export function decisionsOf(decided: ExplainedEvent): Decision[] {
  const { type, vendortype, status, personid, matched, event } = decided
  const made = isObject(event) ? event : {}
  const data = isObject(made.data) ? made.data : {}
  const because = (texts: Record<string, string>, key: unknown) => texts[String(key)] ?? ''
  const one = (what: string, is: string, why: string, ...events: string[]): Decision => ({
    what,
    is,
    because: why,
    events,
  })
  return [
    one(
      'type',
      type,
      [
        because(TYPE_BASIS, made.typebasis),
        vendortype === null ? '' : `the vendor says ${vendortype}`,
      ]
        .filter(Boolean)
        .join('; '),
    ),
    ...(typeof made.time === 'string'
      ? [one('time', made.time, because(TIME_BASIS, made.timebasis))]
      : []),
    ...inferenceOf(data),
    ...(matched === null
      ? []
      : [
          one(
            status === 'duplicate' ? 'duplicate' : 'possible duplicate',
            'yes',
            because(RUNG, matched.rung),
            matched.id,
          ),
        ]),
    ...(made.late === true
      ? [one('late', 'yes', 'something later of the same contact and kind was known already')]
      : []),
    ...(made.test === true ? [one('test', 'yes', 'its sender marked it as a test')] : []),
    ...(personid === null
      ? []
      : [one('person', personid, 'by the contact id, else by the e-mail address')]),
  ]
}

/** What was concluded beyond what the vendor said. */
function inferenceOf({ inference, reason, refund, payment }: Record<string, unknown>): Decision[] {
  if (!isObject(inference)) return []
  const { basis, confidence, evidence } = inference
  const texts = (value: unknown) => (Array.isArray(value) ? value.map(String) : [])
  const kind = isObject(payment) ? payment.kind : undefined
  const is = [reason, kind, refund === undefined ? undefined : 'refund'].filter(Boolean).map(String)
  const why = texts(basis).map((word) => word.replaceAll('_', ' '))
  return [
    {
      what: 'inference',
      is: `${is.join(', ') || 'its type'} (${confidence === 'none' ? 'not sure' : confidence})`,
      because: why.join(', '),
      events: texts(evidence),
    },
  ]
}

// Why an event is what it is: every decision made about a message, with the rule or the inference behind it.
import { isObject } from '../intake/json.ts'

/** An event as the API returns it, as far as decisions depend on it. */
export type ExplainedEvent = {
  type: string
  vendortype: string | null
  status: string
  personid: string | null
  matched: { id: string; by: string } | null
  /** The normalized event; null for a message that is quarantined or a repeat. */
  event: unknown
}

/** A decision: its subject, its result, and the reason. `events`: ids of the events that the reason refers to. */
type Decision = { what: string; is: string; because: string; events: string[] }

const TYPE_BASIS: Record<string, string> = {
  url: 'named by ?event= in the ingest URL',
  body: 'named in the body',
  header: 'named in a header',
  shape: 'named nowhere; recognized by the keys of the body',
  history: 'inferred from other events',
}
const TIME_BASIS: Record<string, string> = {
  vendor_field: 'from a field of the message',
  envelope: 'from the envelope of the message',
  received: 'the vendor sent no time: the time received',
}
const MATCHED_BY: Record<string, string> = {
  identity: 'same identifiers as',
  content: 'same content, shortly after',
  possible_duplicate: 'same content, but too late for a retry; both are kept',
}

/** Words of `data.inference.basis` (vendors/) that do not explain themselves. The others are shown with spaces. */
const INFERENCE_BASIS: Record<string, string> = {
  actor_user: 'made by the member',
  actor_dashboard: 'made in the dashboard',
  actor_system: "made by the vendor's system",
  actor_unknown: 'made by an unknown actor',
  ended_and_paid_within_window: 'one plan ended and another was paid within minutes',
  ended_within_window: 'another plan ended within minutes',
  history_not_read: 'earlier events were not read',
  interval: 'paid once',
  named_so: 'by its name',
  new_facts: 'by a later message',
  no_history: 'no earlier events',
  paid_after_within_window: 'another plan was paid within minutes after',
  paid_before_within_window: 'another plan was paid within minutes before',
  tier_not_told: 'the plan is not named',
  total_rose_by_recurring: 'total rose by the price of the plan',
  total_rose_otherwise: 'total did not rise by the price of the plan',
}

/** The decisions about a message, in the order in which they were made. */
export function decisionsOf(explained: ExplainedEvent): Decision[] {
  const { type, vendortype, status, personid, matched } = explained
  const event = isObject(explained.event) ? explained.event : {}
  const data = isObject(event.data) ? event.data : {}
  const vendorType = vendortype === null ? '' : `the vendor sent ${vendortype}`
  const typeBasis = textOf(TYPE_BASIS, event.typebasis)
  return [
    decision('type', type, [vendorType, typeBasis].filter(Boolean).join('; ')),
    ...(typeof event.time === 'string'
      ? [decision('time', event.time, textOf(TIME_BASIS, event.timebasis))]
      : []),
    ...inferenceIn(type, data),
    ...(matched === null
      ? []
      : [
          decision(
            status === 'duplicate' ? 'duplicate' : 'possible duplicate',
            'yes',
            textOf(MATCHED_BY, matched.by),
            [matched.id],
          ),
        ]),
    ...(event.late === true
      ? [decision('late', 'yes', 'a later event of the same contact and kind came before it')]
      : []),
    ...(event.test === true ? [decision('test', 'yes', 'the sender marked it as a test')] : []),
    ...(personid === null
      ? []
      : [decision('person', personid, 'by the contact id, else by the e-mail address')]),
  ]
}

function decision(what: string, is: string, because: string, events: string[] = []): Decision {
  return { what, is, because, events }
}

function textOf(texts: Record<string, string>, key: unknown): string {
  return texts[String(key)] ?? ''
}

/** The inference of an event, if it has one: its reason, payment kind or type, and how certain that is. */
function inferenceIn(
  type: string,
  { inference, reason, payment }: Record<string, unknown>,
): Decision[] {
  if (!isObject(inference)) return []
  const { basis, confidence, evidence } = inference
  const kind = isObject(payment) ? payment.kind : undefined
  const certainty = confidence === 'none' ? 'uncertain' : confidence
  const because = textsIn(basis)
    .map((word) => INFERENCE_BASIS[word] ?? word.replaceAll('_', ' '))
    .join(', ')
  return [
    decision('inference', `${reason ?? kind ?? type} (${certainty})`, because, textsIn(evidence)),
  ]
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

// Why an event is what it is: every decision made about a message, with the rule or the inference behind it.
import { isObject } from '../../intake/json.ts'

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
  shape: 'recognized by the keys of the body',
}
const TIME_BASIS: Record<string, string> = {
  vendor_field: 'from a field of the message',
  envelope: 'from the envelope of the message',
  received: 'the vendor sent no time: the time received',
}
const MATCHED_BY: Record<string, string> = {
  identity: 'same identifiers as',
  content: 'same content, shortly after',
  possible_duplicate: 'same content, but perhaps not a retry',
}

/** Words of `data.inference.basis` (vendors/) as clauses; `#` is the total paid. The others are read as they are. */
const INFERENCE_BASIS: Record<string, string> = {
  actor_dashboard: 'the staff acted',
  actor_system: "the vendor's system acted",
  actor_user: 'the member acted',
  client_unseen: 'the client is new',
  ended_and_paid_within_window: 'one plan ended and another was paid within two minutes',
  ended_within_window: 'a plan ended within two minutes',
  final_payment_changed: 'the member declined the renewal, or took that back',
  first_payment_earlier: 'the first payment was earlier',
  first_payment_now: 'it is the first payment',
  free_access: 'access is free',
  free_before: 'nothing was paid until then',
  history_not_read: 'earlier events were not read',
  interval: 'it is paid once',
  may_be_renewal: 'it may be the renewal at a new price',
  name_differs: 'the name is another one there',
  named_so: 'it is paid once and has such a name',
  new_facts: 'a later message changed it',
  no_earlier_plan: 'no earlier plan is known',
  no_earlier_total: 'there is no earlier total',
  no_history: 'there are no earlier events',
  not_due: 'the plan was not due for renewal',
  nothing_paid: 'nothing was paid',
  paid_after_within_window: 'another plan was paid within two minutes after',
  paid_before_within_window: 'another plan was paid within two minutes before',
  period_renewed: 'the next period was paid',
  period_running: 'the period before is not over',
  period_unchanged: 'the period is the same as before',
  same_tier: 'the tier is the same',
  same_tier_at_another_price: 'the plan was paid at another price when it was due for renewal',
  site_unseen: 'the site is new',
  tier_ended_for_many: 'the staff ended the tier for several members in the same minute',
  tier_not_told: 'the tier is not named',
  total_fell: 'the total fell to #',
  total_rose: 'the total rose to #',
  total_rose_by_recurring: 'the total rose by the price of the plan',
  total_rose_otherwise: 'the total did not rise by the price of the plan',
  total_unchanged: 'the total stayed at #',
  trial_before: 'a trial was running',
  trial: 'a trial begins',
}

/** The decisions about an event, in the order in which they were made. One without a reason is left out. */
export function decisionsOf(explained: ExplainedEvent): Decision[] {
  const { type, status, personid, matched } = explained
  const event = isObject(explained.event) ? explained.event : {}
  const data = isObject(event.data) ? event.data : {}
  const time = status === 'inferred' ? 'that of its cause' : TIME_BASIS[String(event.timebasis)]
  const match = matched?.by === undefined ? undefined : MATCHED_BY[matched.by]
  const late = event.late && 'a later event of the same contact and kind came before it'
  const test = type === 'relay.test' ? 'a test by an operator' : 'the sender marked it as a test'
  const matchName = status === 'duplicate' ? 'duplicate' : 'possible duplicate'
  return [
    decision('type', type, typeReason(explained, event, data)),
    decision('time', event.time, time),
    inferenceIn(type, data),
    decision(matchName, 'yes', match, [matched?.id ?? '']),
    decision('late', 'yes', late),
    decision('test', 'yes', event.test && test),
    decision('person', personid, personid && 'by the contact id, else by the e-mail address'),
  ].filter(({ because }) => because !== '')
}

/** A decision. Its reason is empty unless it is a text. */
function decision(what: string, is: unknown, because: unknown, events: string[] = []): Decision {
  return { what, is: String(is), because: typeof because === 'string' ? because : '', events }
}

/** Why an event has its type; empty for the relay's own events, and for a message without a type. */
function typeReason(
  { type, vendortype, status }: ExplainedEvent,
  { typebasis }: Record<string, unknown>,
  data: Record<string, unknown>,
): string {
  if (status === 'inferred') return 'inferred from other events'
  if (vendortype === null) return ''
  const basis = TYPE_BASIS[String(typebasis)]
  const sent = `the vendor sent ${vendortype}${basis ? ` (${basis})` : ''}`
  const isInferred = isObject(data.inference) && conclusionOf(data) === undefined
  return isInferred && type !== vendortype ? `${sent}; inferred as ${type}, see below` : sent
}

/** The concluded reason or payment kind; undefined if the type itself is concluded. */
function conclusionOf({ reason, payment }: Record<string, unknown>): unknown {
  return reason ?? (isObject(payment) ? payment.kind : undefined)
}

/** The inference of an event: its conclusion, how certain that is, and the reasons as a sentence. */
function inferenceIn(type: string, data: Record<string, unknown>): Decision {
  const { basis, confidence, evidence } = isObject(data.inference) ? data.inference : {}
  const certainty = confidence === 'none' ? 'uncertain' : confidence
  const because = textsIn(basis)
    .map(
      (word) =>
        INFERENCE_BASIS[word] ??
        `the ${word.replace(/_(?=(un)?known)/, ' is ').replaceAll('_', ' ')}`,
    )
    .join(', and ')
    .replace('#', totalIn(data))
  const is = `${conclusionOf(data) ?? type} (${certainty})`
  return decision('inference', is, because, textsIn(evidence))
}

function totalIn({ subscription }: Record<string, unknown>): string {
  const { total_paid_amount: total } = isObject(subscription) ? subscription : {}
  return isObject(total) ? String(total.value) : 'an unknown amount'
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

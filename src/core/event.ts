// The event: a vendor's message in our vocabulary, as a CloudEvent 1.0 (https://github.com/cloudevents/spec).
import * as v from 'valibot'
import { Amount } from './amount.ts'
import type { Warning } from './fields.ts'
import { type EventId, timeOfId } from './id.ts'
import { RELAY_EVENT_DATA, type SystemEvent } from './system-event.ts'
import { formatInstant } from './time.ts'

const text = v.exactOptional(v.string())
const nullableText = v.exactOptional(v.nullable(v.string()))
const nullableAmount = v.exactOptional(v.nullable(Amount))
const anything = v.exactOptional(v.unknown())

const Contact = v.object({
  vendor_id: text,
  email: text,
  email_normalized: text,
  full_name: text,
  given_name: text,
  family_name: text,
  phone: text,
  gender: text,
  birth_date: text,
  joined_on: text,
  lead_source: text,
  barcode: text,
  address: anything,
  image_url: text,
  emergency_contact: v.exactOptional(
    v.object({ given_name: text, family_name: text, full_name: text, email: text, phone: text }),
  ),
  custom_properties: anything,
})
export type Contact = v.InferOutput<typeof Contact>

const Package = v.object({ vendor_id: text, name: text })

/** What was concluded beyond what the vendor said: on which grounds, how surely, from which earlier events. */
const Inference = v.object({
  basis: v.array(v.string()),
  confidence: v.picklist(['strong', 'likely', 'none']),
  evidence: v.array(v.string()),
})
export type Inference = v.InferOutput<typeof Inference>

const Membership = v.object({
  status: v.picklist(['intro_offer', 'active', 'suspended', 'inactive', 'unknown']),
  status_raw: v.string(),
  packages: v.exactOptional(
    v.array(v.object({ ...Package.entries, category: text, extra: anything })),
  ),
})
export type Membership = v.InferOutput<typeof Membership>

const Purchase = v.object({
  package: v.object({
    ...Package.entries,
    type: v.exactOptional(v.picklist(['membership', 'session_package', 'unknown'])),
    type_raw: text,
    category: text,
  }),
  amount: v.nullable(Amount),
})
export type Purchase = v.InferOutput<typeof Purchase>

const Subscription = v.object({
  kind: nullableText,
  tier: nullableText,
  interval: v.exactOptional(v.picklist(['month', 'year', 'one_time', 'unknown'])),
  interval_raw: nullableText,
  period_end_at: nullableText,
  trial_end_at: nullableText,
  first_payment_at: nullableText,
  final_payment_at: nullableText,
  cancel_at_period_end: v.exactOptional(v.boolean()),
  free_access: v.exactOptional(v.nullable(v.boolean())),
  discount_code: nullableText,
  recurring_amount: nullableAmount,
  total_paid_amount: nullableAmount,
})
export type Subscription = v.InferOutput<typeof Subscription>

const Checkin = v.object({
  at: text,
  at_local: text,
  status: v.picklist(['valid', 'valid_with_alerts', 'invalid', 'unknown']),
  message: text,
  alerts: v.exactOptional(v.array(v.string())),
  fob_number: text,
  session: v.exactOptional(
    v.object({
      vendor_id: text,
      name: text,
      type: text,
      starts_at: text,
      starts_local: text,
      instructor: text,
    }),
  ),
  package: v.exactOptional(Package),
  custom_properties: anything,
})
export type Checkin = v.InferOutput<typeof Checkin>

const MessageSent = v.object({
  vendor_id: text,
  channel: v.picklist(['sms', 'email', 'unknown']),
  to: text,
  from: text,
  subject: text,
  body: text,
  body_format: v.exactOptional(v.picklist(['text', 'html'])),
})
export type MessageSent = v.InferOutput<typeof MessageSent>

const Acquisition = v.object({
  audience: text,
  region: text,
  source: text,
  device: text,
  adblock: v.exactOptional(v.boolean()),
  extra: anything,
})

/** What every event's `data` may hold, whatever its type. */
const common = {
  contact: Contact,
  site: v.exactOptional(v.object({ vendor_id: v.string() })),
  account: v.exactOptional(v.object({ vendor_id: v.string() })),
  actor: v.exactOptional(v.picklist(['user', 'dashboard', 'system', 'unknown'])),
  acquisition: v.exactOptional(Acquisition),
  inference: v.exactOptional(Inference),
  extra: v.exactOptional(v.record(v.string(), v.unknown())),
  warnings: v.exactOptional(v.array(v.string())),
}
const subscription = v.exactOptional(Subscription)
const paid = v.object({ ...common, subscription })

/** The vocabulary: each type that we send, and the schema of its `data`. */
export const EVENT_DATA = {
  'contact.created': paid,
  'contact.site_linked': v.object(common),
  'contact.updated': paid,
  'contact.upserted': v.object(common),
  'membership.status_changed': v.object({ ...common, membership: Membership }),
  'purchase.completed': v.object({ ...common, purchase: Purchase }),
  'payment.created': paid,
  'payment.refunded': v.object({
    ...common,
    subscription,
    refund: v.object({ amount: v.nullable(Amount), full: v.nullable(v.boolean()) }),
  }),
  'payment.failed': paid,
  'payment.updated': paid,
  'subscription.ended': v.object({
    ...common,
    subscription,
    reason: v.picklist(['plan_switch', 'stopped_by_admin', 'price_change', 'dunning', 'unknown']),
  }),
  'checkin.recorded': v.object({ ...common, checkin: Checkin }),
  'checkin.rejected': v.object({ ...common, checkin: Checkin }),
  'message.sent': v.object({ ...common, message: MessageSent }),
}
export type EventType = keyof typeof EVENT_DATA

/** Every type of event that a target can be sent, the relay's own included. */
export const EVENT_TYPES = [...Object.keys(EVENT_DATA), ...Object.keys(RELAY_EVENT_DATA)]

/** The type of a proven message that we do not understand. It is only ever quarantined, never sent. */
export const UNRECOGNIZED = 'vendor.unrecognized'

/** The version of the schemas above, the last part of an event's `dataschema`. */
export const SCHEMA_VERSION = 1

type Typed = {
  [T in EventType]: { type: T; data: v.InferOutput<(typeof EVENT_DATA)[T]> }
}[EventType]

/** What a vendor's mapping makes of a message; the relay adds id, times and names. */
export type EventDraft = Typed & {
  /** CloudEvents `source`: the site or account where it happened. */
  origin: string
  contactId: string | undefined
  /** The vendor's time as RFC 3339 in UTC, and where it stood; undefined when only the receipt is known. */
  occurred: { at: string; basis: 'vendor_field' | 'envelope' } | undefined
  vendorType: string
  vendorVersion: string | undefined
  typeBasis: 'url' | 'body' | 'header' | 'shape'
  isTest: boolean
}

/** A vendor's message, normalized: a CloudEvent with our extensions. */
export type MembershipEvent = Typed & {
  specversion: '1.0'
  id: EventId
  source: string
  subject?: string
  time: string
  datacontenttype: 'application/json'
  dataschema: string
  relaysource: string
  vendor: string
  vendortype: string
  vendorversion?: string
  receivedat: string
  timebasis: 'vendor_field' | 'envelope' | 'received'
  typebasis: 'url' | 'body' | 'header' | 'shape'
  mappingversion: number
  possibleduplicate?: true
  test?: true
}

/** Any event of the log: what a vendor said, or what the relay says of itself. */
export type RelayEvent = MembershipEvent | SystemEvent

/** Completes a draft. `origin` is the relay's own public origin, under which `/schemas` is served. */
export function composeEvent(
  draft: EventDraft,
  context: {
    id: EventId
    source: string
    vendor: string
    mappingVersion: number
    origin: string
    warnings: Warning[]
  },
): MembershipEvent {
  const { id, warnings } = context
  const receivedat = formatInstant(timeOfId(id))
  return {
    specversion: '1.0',
    id,
    type: draft.type,
    source: draft.origin,
    ...(draft.contactId === undefined ? {} : { subject: `contact/${draft.contactId}` }),
    time: draft.occurred?.at ?? receivedat,
    datacontenttype: 'application/json',
    dataschema: `${context.origin}/schemas/${draft.type}/${SCHEMA_VERSION}`,
    relaysource: context.source,
    vendor: context.vendor,
    vendortype: draft.vendorType,
    ...(draft.vendorVersion === undefined ? {} : { vendorversion: draft.vendorVersion }),
    receivedat,
    timebasis: draft.occurred?.basis ?? 'received',
    typebasis: draft.typeBasis,
    mappingversion: context.mappingVersion,
    ...(draft.isTest ? { test: true } : {}),
    data: {
      ...draft.data,
      ...(warnings.length === 0 ? {} : { warnings: warningTexts(warnings) }),
    },
  } as MembershipEvent
}

/** The `source` of an event: where it happened, as a URI path. Ids are opaque, and may be no text at all. */
export function sourcePath(...segments: string[]): string {
  return segments.map((segment) => `/${encodeURIComponent(segment.toWellFormed())}`).join('')
}

/** More warnings than these say that something is wrong with the whole, and fill rows. */
const MAX_WARNINGS = 20

/** Warnings as lines; the first of them, when there are too many. */
export function warningTexts(warnings: Warning[]): string[] {
  const first = warnings.slice(0, MAX_WARNINGS).map(warningText)
  const rest = warnings.length - first.length
  return rest > 0 ? [...first, `and ${rest} more`] : first
}

/** A warning as one line: the vendor's key, and what is odd about it. */
function warningText({ path, message }: Warning): string {
  return `${path.slice(0, 100)}: ${message}`
}

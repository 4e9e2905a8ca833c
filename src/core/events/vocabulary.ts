// The vocabulary: the types of events, and the schema of each type's `data`.
import * as v from 'valibot'
import { NullableAmount } from './amount.ts'
import { Day, Instant } from './time.ts'

const text = v.exactOptional(v.string())
const nullableText = v.exactOptional(v.nullable(v.string()))
const nullableAmount = v.exactOptional(NullableAmount)
const nullableInstant = v.exactOptional(v.nullable(Instant))
const anything = v.exactOptional(v.unknown())

export const Contact = v.object({
  vendor_id: text,
  email: text,
  email_normalized: text,
  full_name: text,
  given_name: text,
  family_name: text,
  phone: text,
  gender: text,
  birth_date: v.exactOptional(Day),
  joined_on: v.exactOptional(Day),
  lead_source: text,
  barcode: text,
  address: anything,
  image_url: text,
  emergency_contact: v.exactOptional(
    v.object({ given_name: text, family_name: text, full_name: text, email: text, phone: text }),
  ),
  custom_properties: anything,
  empty: v.exactOptional(
    v.pipe(
      v.array(v.string()),
      v.description('The members that the vendor sent without a value, which may mean: deleted'),
    ),
  ),
})
export type Contact = v.InferOutput<typeof Contact>

export const Package = v.object({ vendor_id: text, name: text })

export const Confidence = v.pipe(
  v.picklist(['strong', 'likely', 'none']),
  v.description(
    'How sure a conclusion is: `refund` has that of the amount, `inference` of the type',
  ),
)

/** How a conclusion was made that is not in the message: reasons, confidence, and the ids of other events used. */
export const Inference = v.object({
  basis: v.array(v.string()),
  confidence: Confidence,
  evidence: v.array(v.string()),
})
export type Inference = v.InferOutput<typeof Inference>

export const MembershipStatus = v.picklist([
  'intro_offer',
  'active',
  'suspended',
  'inactive',
  'unknown',
])

export const Membership = v.object({
  status: MembershipStatus,
  status_raw: v.string(),
  previous_status: v.exactOptional(MembershipStatus),
  packages: v.exactOptional(
    v.array(v.object({ ...Package.entries, category: text, extra: anything })),
  ),
})
export type Membership = v.InferOutput<typeof Membership>

export const Purchase = v.object({
  package: v.object({
    ...Package.entries,
    type: v.exactOptional(v.picklist(['membership', 'session_package', 'unknown'])),
    type_raw: text,
    category: text,
  }),
  amount: NullableAmount,
})
export type Purchase = v.InferOutput<typeof Purchase>

export const Subscription = v.object({
  kind: nullableText,
  tier: nullableText,
  interval: v.exactOptional(v.picklist(['month', 'year', 'one_time', 'unknown'])),
  interval_raw: nullableText,
  period_end_at: nullableInstant,
  trial_end_at: nullableInstant,
  first_payment_at: nullableInstant,
  final_payment_at: nullableInstant,
  cancel_at_period_end: v.exactOptional(v.boolean()),
  free_access: v.exactOptional(v.nullable(v.boolean())),
  discount_code: nullableText,
  recurring_amount: nullableAmount,
  total_paid_amount: nullableAmount,
})
export type Subscription = v.InferOutput<typeof Subscription>

export const Checkin = v.object({
  at: v.exactOptional(Instant),
  at_local: text,
  at_zone: text,
  status: v.picklist(['valid', 'valid_with_alerts', 'invalid', 'unknown']),
  message: text,
  alerts: v.exactOptional(v.array(v.string())),
  first: v.exactOptional(v.boolean()),
  fob_number: text,
  session: v.exactOptional(
    v.object({
      vendor_id: text,
      name: text,
      type: text,
      starts_at: v.exactOptional(Instant),
      starts_local: text,
      starts_zone: text,
      instructor: text,
    }),
  ),
  package: v.exactOptional(Package),
  custom_properties: anything,
})
export type Checkin = v.InferOutput<typeof Checkin>

export const Message = v.object({
  vendor_id: text,
  channel: v.picklist(['sms', 'email', 'unknown']),
  to: text,
  from: text,
  subject: text,
  body: text,
  body_format: v.exactOptional(v.picklist(['text', 'html'])),
})

export const Acquisition = v.object({
  audience: text,
  region: text,
  source: text,
  device: text,
  adblock: v.exactOptional(v.boolean()),
  extra: anything,
})

/** Who caused an event. */
export const Actor = v.picklist(['user', 'dashboard', 'system', 'unknown'])

/** Members of the `data` of every type. */
const common = {
  contact: Contact,
  site: v.exactOptional(v.object({ vendor_id: v.string() })),
  account: v.exactOptional(v.object({ vendor_id: v.string() })),
  actor: v.exactOptional(Actor),
  acquisition: v.exactOptional(Acquisition),
  inference: v.exactOptional(Inference),
  extra: v.exactOptional(v.record(v.string(), v.unknown())),
  warnings: v.exactOptional(v.array(v.string())),
}
const subscription = v.exactOptional(Subscription)
const paid = v.object({ ...common, subscription })

export const Refund = v.object({
  amount: NullableAmount,
  full: v.nullable(v.boolean()),
  confidence: v.exactOptional(Confidence),
})

/** Why a subscription ended. */
export const EndReason = v.picklist([
  'plan_switch',
  'stopped_by_admin',
  'price_change',
  'dunning',
  'unknown',
])
export type EndReason = v.InferOutput<typeof EndReason>

/** The purpose of a payment. */
export const PaymentKind = v.picklist([
  'first_purchase',
  'renewal',
  'plan_switch',
  'donation',
  'gift',
  'one_time',
  'unknown',
])
export type PaymentKind = v.InferOutput<typeof PaymentKind>

/** The conclusion about an event, before or after a correction. */
export const Conclusion = v.object({
  type: v.string(),
  reason: v.exactOptional(EndReason),
  refund: v.exactOptional(Refund),
})
export type Conclusion = v.InferOutput<typeof Conclusion>

const corrected = v.object({
  ...common,
  subscription,
  corrects: v.pipe(v.string(), v.description('The id of the corrected event')),
  was: Conclusion,
  is: Conclusion,
})

/** Each type of event, and the schema of its `data`. */
export const EVENT_DATA = {
  'contact.created': paid,
  'contact.site_linked': v.object(common),
  'contact.updated': paid,
  'contact.upserted': v.object(common),
  'membership.status_changed': v.object({ ...common, membership: Membership }),
  'purchase.completed': v.object({ ...common, purchase: Purchase }),
  'payment.created': v.object({
    ...common,
    subscription,
    payment: v.exactOptional(v.object({ kind: PaymentKind })),
  }),
  'payment.refunded': v.object({
    ...common,
    subscription,
    refund: Refund,
  }),
  'payment.failed': paid,
  'payment.updated': paid,
  'subscription.ended': v.object({
    ...common,
    subscription,
    reason: EndReason,
  }),
  'checkin.recorded': v.object({ ...common, checkin: Checkin }),
  'checkin.rejected': v.object({ ...common, checkin: Checkin }),
  'message.sent': v.object({ ...common, message: Message }),
  'subscription.plan_changed': v.object({
    ...common,
    subscription,
    previous_subscription: subscription,
  }),
  'subscription.corrected': corrected,
  'payment.corrected': corrected,
}
export type EventType = keyof typeof EVENT_DATA

/** The subject of a type: its first word. */
export type EventKind = EventType extends infer T
  ? T extends `${infer Kind}.${string}`
    ? Kind
    : never
  : never

/** All subjects of types. */
export const EVENT_KINDS = [
  ...new Set(Object.keys(EVENT_DATA).map((type) => type.split('.')[0])),
] as EventKind[]

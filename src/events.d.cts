// The events that targets get, for TypeScript receivers. Made from the schemas by `node test/event-types/make.ts`.
//
// Attributes, keys, types and values of text may be added in later versions: ignore those that you do not know.

/** Any event, told apart by its `type`. */
export type Event = VendorEvent | SystemEvent

/** The type of an event. */
export type EventType = Event['type']

/** The event of a type: `EventOf<'payment.created'>`. */
export type EventOf<Type extends EventType> = Extract<Event, { type: Type }>

/** An event of a vendor, in the vocabulary. */
export type VendorEvent =
  | CheckinRecordedEvent
  | CheckinRejectedEvent
  | ContactCreatedEvent
  | ContactSiteLinkedEvent
  | ContactUpdatedEvent
  | ContactUpsertedEvent
  | MembershipStatusChangedEvent
  | MessageSentEvent
  | PaymentCorrectedEvent
  | PaymentCreatedEvent
  | PaymentFailedEvent
  | PaymentRefundedEvent
  | PaymentUpdatedEvent
  | PurchaseCompletedEvent
  | SubscriptionCorrectedEvent
  | SubscriptionEndedEvent
  | SubscriptionPlanChangedEvent

/** An event of the relay’s own. */
export type SystemEvent =
  | ContactErasedEvent
  | RelayDeliveriesCancelledEvent
  | RelayDeliveryDeadEvent
  | RelayEventsDismissedEvent
  | RelayEventsReleasedEvent
  | RelayEventsRenormalizedEvent
  | RelayIssueClosedEvent
  | RelayIssueOpenedEvent
  | RelayOperatorActedEvent
  | RelayOperatorSignedInEvent
  | RelayOperatorSignedOutEvent
  | RelayPeopleMergedEvent
  | RelayPersonSplitEvent
  | RelayTargetBackingOffEvent
  | RelayTargetFailingEvent
  | RelayTargetGoneEvent
  | RelayTargetOpenedEvent
  | RelayTargetPausedEvent
  | RelayTargetRecoveredEvent
  | RelayTargetResumedEvent
  | RelayTestEvent

export interface VendorAttributes {
  specversion: '1.0'
  /** The id of the event: the same for every attempt and replay. */
  id: string
  /** The site or account where it happened, as a path. */
  source: string
  /** What it is about: `contact/`, `person/`, `source/` or `target/`, and its id or name. */
  subject?: string
  /** When it happened; where nothing tells, when it was received. */
  time: string
  datacontenttype: 'application/json'
  /** The name of the configured source. */
  relaysource: string
  /** When the relay received or recorded it. */
  receivedat: string
  /** The URL of the JSON Schema of `data`. */
  dataschema: string
  /** The vendor of the source. */
  vendor: string
  /** The type as the vendor calls it. */
  vendortype: string
  /** The version of the message, where the vendor states one. */
  vendorversion?: string
  timebasis: TimeBasis
  typebasis: TypeBasis
  /** The version of the mapping that made the event of the message. */
  mappingversion: number
  /** The same content was received before, and nothing tells whether it is a repeat: do not drop it unread. */
  possibleduplicate?: true
  /** An event of the same contact and kind with a later time was received before. */
  late?: true
  /** A test: nothing of it happened. */
  test?: true
  /** The person, the same for its contacts of all sources. */
  personid?: string
  personbasis?: PersonBasis
}

export interface SystemAttributes {
  specversion: '1.0'
  /** The id of the event: the same for every attempt and replay. */
  id: string
  source: '/relay'
  /** What it is about: `contact/`, `person/`, `source/` or `target/`, and its id or name. */
  subject?: string
  /** When it happened; where nothing tells, when it was received. */
  time: string
  datacontenttype: 'application/json'
  relaysource: 'relay'
  /** When the relay received or recorded it. */
  receivedat: string
  /** A test of a target. */
  test?: true
}

export interface CheckinRecordedEvent extends VendorAttributes {
  type: 'checkin.recorded'
  data: CheckinRecordedData
}

export interface CheckinRejectedEvent extends VendorAttributes {
  type: 'checkin.rejected'
  data: CheckinRejectedData
}

export interface ContactCreatedEvent extends VendorAttributes {
  type: 'contact.created'
  data: ContactCreatedData
}

export interface ContactSiteLinkedEvent extends VendorAttributes {
  type: 'contact.site_linked'
  data: ContactSiteLinkedData
}

export interface ContactUpdatedEvent extends VendorAttributes {
  type: 'contact.updated'
  data: ContactUpdatedData
}

export interface ContactUpsertedEvent extends VendorAttributes {
  type: 'contact.upserted'
  data: ContactUpsertedData
}

export interface MembershipStatusChangedEvent extends VendorAttributes {
  type: 'membership.status_changed'
  data: MembershipStatusChangedData
}

export interface MessageSentEvent extends VendorAttributes {
  type: 'message.sent'
  data: MessageSentData
}

export interface PaymentCorrectedEvent extends VendorAttributes {
  type: 'payment.corrected'
  data: PaymentCorrectedData
}

export interface PaymentCreatedEvent extends VendorAttributes {
  type: 'payment.created'
  data: PaymentCreatedData
}

export interface PaymentFailedEvent extends VendorAttributes {
  type: 'payment.failed'
  data: PaymentFailedData
}

export interface PaymentRefundedEvent extends VendorAttributes {
  type: 'payment.refunded'
  data: PaymentRefundedData
}

export interface PaymentUpdatedEvent extends VendorAttributes {
  type: 'payment.updated'
  data: PaymentUpdatedData
}

export interface PurchaseCompletedEvent extends VendorAttributes {
  type: 'purchase.completed'
  data: PurchaseCompletedData
}

export interface SubscriptionCorrectedEvent extends VendorAttributes {
  type: 'subscription.corrected'
  data: SubscriptionCorrectedData
}

export interface SubscriptionEndedEvent extends VendorAttributes {
  type: 'subscription.ended'
  data: SubscriptionEndedData
}

export interface SubscriptionPlanChangedEvent extends VendorAttributes {
  type: 'subscription.plan_changed'
  data: SubscriptionPlanChangedData
}

export interface ContactErasedEvent extends SystemAttributes {
  type: 'contact.erased'
  data: ContactErasedData
}

export interface RelayDeliveriesCancelledEvent extends SystemAttributes {
  type: 'relay.deliveries_cancelled'
  data: RelayDeliveriesCancelledData
}

export interface RelayDeliveryDeadEvent extends SystemAttributes {
  type: 'relay.delivery_dead'
  data: RelayDeliveryDeadData
}

export interface RelayEventsDismissedEvent extends SystemAttributes {
  type: 'relay.events_dismissed'
  data: RelayEventsDismissedData
}

export interface RelayEventsReleasedEvent extends SystemAttributes {
  type: 'relay.events_released'
  data: RelayEventsReleasedData
}

export interface RelayEventsRenormalizedEvent extends SystemAttributes {
  type: 'relay.events_renormalized'
  data: RelayEventsRenormalizedData
}

export interface RelayIssueClosedEvent extends SystemAttributes {
  type: 'relay.issue_closed'
  data: RelayIssueClosedData
}

export interface RelayIssueOpenedEvent extends SystemAttributes {
  type: 'relay.issue_opened'
  data: RelayIssueOpenedData
}

export interface RelayOperatorActedEvent extends SystemAttributes {
  type: 'relay.operator_acted'
  data: RelayOperatorActedData
}

export interface RelayOperatorSignedInEvent extends SystemAttributes {
  type: 'relay.operator_signed_in'
  data: RelayOperatorSignedInData
}

export interface RelayOperatorSignedOutEvent extends SystemAttributes {
  type: 'relay.operator_signed_out'
  data: RelayOperatorSignedOutData
}

export interface RelayPeopleMergedEvent extends SystemAttributes {
  type: 'relay.people_merged'
  data: RelayPeopleMergedData
}

export interface RelayPersonSplitEvent extends SystemAttributes {
  type: 'relay.person_split'
  data: RelayPersonSplitData
}

export interface RelayTargetBackingOffEvent extends SystemAttributes {
  type: 'relay.target_backing_off'
  data: RelayTargetBackingOffData
}

export interface RelayTargetFailingEvent extends SystemAttributes {
  type: 'relay.target_failing'
  data: RelayTargetFailingData
}

export interface RelayTargetGoneEvent extends SystemAttributes {
  type: 'relay.target_gone'
  data: RelayTargetGoneData
}

export interface RelayTargetOpenedEvent extends SystemAttributes {
  type: 'relay.target_opened'
  data: RelayTargetOpenedData
}

export interface RelayTargetPausedEvent extends SystemAttributes {
  type: 'relay.target_paused'
  data: RelayTargetPausedData
}

export interface RelayTargetRecoveredEvent extends SystemAttributes {
  type: 'relay.target_recovered'
  data: RelayTargetRecoveredData
}

export interface RelayTargetResumedEvent extends SystemAttributes {
  type: 'relay.target_resumed'
  data: RelayTargetResumedData
}

export interface RelayTestEvent extends SystemAttributes {
  type: 'relay.test'
  data: RelayTestData
}

/** The data of an event of the type checkin.recorded. */
export interface CheckinRecordedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  checkin: Checkin
}

/** The data of an event of the type checkin.rejected. */
export interface CheckinRejectedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  checkin: Checkin
}

/** The data of an event of the type contact.created. */
export interface ContactCreatedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
}

/** The data of an event of the type contact.site_linked. */
export interface ContactSiteLinkedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
}

/** The data of an event of the type contact.updated. */
export interface ContactUpdatedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
}

/** The data of an event of the type contact.upserted. */
export interface ContactUpsertedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
}

/** The data of an event of the type membership.status_changed. */
export interface MembershipStatusChangedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  membership: Membership
}

/** The data of an event of the type message.sent. */
export interface MessageSentData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  message: Message
}

/** The data of an event of the type payment.corrected. */
export interface PaymentCorrectedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
  /** The id of the corrected event. */
  corrects: string
  was: Conclusion
  is: Conclusion
}

/** The data of an event of the type payment.created. */
export interface PaymentCreatedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
  payment?: {
    kind: PaymentKind
  }
}

/** The data of an event of the type payment.failed. */
export interface PaymentFailedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
}

/** The data of an event of the type payment.refunded. */
export interface PaymentRefundedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
  refund: Refund
}

/** The data of an event of the type payment.updated. */
export interface PaymentUpdatedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
}

/** The data of an event of the type purchase.completed. */
export interface PurchaseCompletedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  purchase: Purchase
}

/** The data of an event of the type subscription.corrected. */
export interface SubscriptionCorrectedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
  /** The id of the corrected event. */
  corrects: string
  was: Conclusion
  is: Conclusion
}

/** The data of an event of the type subscription.ended. */
export interface SubscriptionEndedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
  reason: EndReason
}

/** The data of an event of the type subscription.plan_changed. */
export interface SubscriptionPlanChangedData {
  contact: Contact
  site?: {
    vendor_id: string
  }
  account?: {
    vendor_id: string
  }
  actor?: Actor
  acquisition?: Acquisition
  inference?: Inference
  extra?: Record<string, unknown>
  warnings?: Array<string>
  subscription?: Subscription
  previous_subscription?: Subscription
}

/** The data of an event of the type contact.erased. */
export interface ContactErasedData {
  person: string
  contacts: Array<{
    source: string
    vendor: string
    vendor_id: string | null
    account?: string
    /** Of a contact without an id: the SHA-256 of its e-mail address in lower case, in hexadecimal. */
    email_sha256?: string
  }>
}

/** The data of an event of the type relay.deliveries_cancelled. */
export interface RelayDeliveriesCancelledData {
  target: string
  deliveries: number
  reason: string
}

/** The data of an event of the type relay.delivery_dead. */
export interface RelayDeliveryDeadData {
  target: string
  event: string
  type: string
  attempts: number
  reason: string
}

/** The data of an event of the type relay.events_dismissed. */
export interface RelayEventsDismissedData {
  events: Array<string>
  reason: string
}

/** The data of an event of the type relay.events_released. */
export interface RelayEventsReleasedData {
  events: Array<string>
}

/** The data of an event of the type relay.events_renormalized. */
export interface RelayEventsRenormalizedData {
  events: Array<string>
  delivered: boolean
}

/** The data of an event of the type relay.issue_closed. */
export interface RelayIssueClosedData {
  cause: string
  about: string
  name: string | null
  words: string
  opened_at: string
}

/** The data of an event of the type relay.issue_opened. */
export interface RelayIssueOpenedData {
  cause: string
  about: string
  name: string | null
  words: string
  opened_at: string
}

/** The data of an event of the type relay.operator_acted. */
export interface RelayOperatorActedData {
  by: string
  via?: 'console' | 'api' | 'command line'
  act: 'replayed an event' | 'renormalized events' | 'started a replay' | 'stopped a replay' | 'resumed a replay' | 'paused a target' | 'resumed a target' | 'tested a target' | 'released from quarantine' | 'dismissed from quarantine' | 'split a person' | 'split people' | 'merged people' | 'simulated messages' | 'erased a person' | 'changed who is kept out' | 'imported a log' | 'began a replay' | 'normalized an event again' | 'simulated'
  on: string
}

/** The data of an event of the type relay.operator_signed_in. */
export interface RelayOperatorSignedInData {
  by: string
}

/** The data of an event of the type relay.operator_signed_out. */
export interface RelayOperatorSignedOutData {
  by: string
}

/** The data of an event of the type relay.people_merged. */
export interface RelayPeopleMergedData {
  person: string
  merged_person: string
  contacts: number
}

/** The data of an event of the type relay.person_split. */
export interface RelayPersonSplitData {
  person: string
  source: string
  contact: string | null
  new_person: string
}

/** The data of an event of the type relay.target_backing_off. */
export interface RelayTargetBackingOffData {
  target: string
  state: NewTargetState
  failures: number
  failing_since: string | null
  next_probe_at: string | null
  times_backed_off?: number
}

/** The data of an event of the type relay.target_failing. */
export interface RelayTargetFailingData {
  target: string
  state: NewTargetState
  failures: number
  failing_since: string | null
  next_probe_at: string | null
  times_backed_off?: number
}

/** The data of an event of the type relay.target_gone. */
export interface RelayTargetGoneData {
  target: string
  state: NewTargetState
  failures: number
  failing_since: string | null
  next_probe_at: string | null
  times_backed_off?: number
}

/** The data of an event of the type relay.target_opened. */
export interface RelayTargetOpenedData {
  target: string
  state: 'open'
  failures: number
  failing_since: string | null
  next_probe_at: string | null
  times_backed_off?: number
}

/** The data of an event of the type relay.target_paused. */
export interface RelayTargetPausedData {
  target: string
  state: NewTargetState
  failures: number
  failing_since: string | null
  next_probe_at: string | null
  times_backed_off?: number
}

/** The data of an event of the type relay.target_recovered. */
export interface RelayTargetRecoveredData {
  target: string
  state: NewTargetState
  failures: number
  failing_since: string | null
  next_probe_at: string | null
  times_backed_off?: number
}

/** The data of an event of the type relay.target_resumed. */
export interface RelayTargetResumedData {
  target: string
  state: NewTargetState
  failures: number
  failing_since: string | null
  next_probe_at: string | null
  times_backed_off?: number
}

/** The data of an event of the type relay.test. */
export interface RelayTestData {
  target: string
  /** Another one for each test: who knows it has read the data. */
  code?: string
  /** Characters of two, three and four bytes. */
  text?: string
}

export interface Acquisition {
  audience?: string
  region?: string
  source?: string
  device?: string
  adblock?: boolean
  extra?: unknown
}

export type Actor = 'user' | 'dashboard' | 'system' | 'unknown'

export interface Amount {
  value: string
  unit: AmountUnit
  currency: string | null
}

export type AmountUnit = 'major' | 'minor' | 'unspecified'

export interface Checkin {
  at?: string
  at_local?: string
  at_zone?: string
  status: 'valid' | 'valid_with_alerts' | 'invalid' | 'unknown'
  message?: string
  alerts?: Array<string>
  first?: boolean
  fob_number?: string
  session?: {
    vendor_id?: string
    name?: string
    type?: string
    starts_at?: string
    starts_local?: string
    starts_zone?: string
    instructor?: string
  }
  package?: Package
  custom_properties?: unknown
}

export interface Conclusion {
  type: string
  reason?: EndReason
  refund?: Refund
}

/** How sure a conclusion is: `refund` has that of the amount, `inference` of the type. */
export type Confidence = 'strong' | 'likely' | 'none'

export interface Contact {
  vendor_id?: string
  email?: string
  email_normalized?: string
  full_name?: string
  given_name?: string
  family_name?: string
  phone?: string
  gender?: string
  birth_date?: string
  joined_on?: string
  lead_source?: string
  barcode?: string
  address?: unknown
  image_url?: string
  emergency_contact?: {
    given_name?: string
    family_name?: string
    full_name?: string
    email?: string
    phone?: string
  }
  custom_properties?: unknown
  /** The members that the vendor sent without a value, which may mean: deleted. */
  empty?: Array<string>
}

export type EndReason = 'plan_switch' | 'stopped_by_admin' | 'price_change' | 'dunning' | 'unknown'

export interface Inference {
  basis: Array<string>
  confidence: Confidence
  evidence: Array<string>
}

export interface Membership {
  status: MembershipStatus
  status_raw: string
  previous_status?: MembershipStatus
  packages?: Array<{
    vendor_id?: string
    name?: string
    category?: string
    extra?: unknown
  }>
}

export type MembershipStatus = 'intro_offer' | 'active' | 'suspended' | 'inactive' | 'unknown'

export interface Message {
  vendor_id?: string
  channel: 'sms' | 'email' | 'unknown'
  to?: string
  from?: string
  subject?: string
  body?: string
  body_format?: 'text' | 'html'
}

export type NewTargetState = 'active' | 'backing_off' | 'paused' | 'failing' | 'gone'

export interface Package {
  vendor_id?: string
  name?: string
}

export type PaymentKind = 'first_purchase' | 'renewal' | 'plan_switch' | 'donation' | 'gift' | 'one_time' | 'unknown'

/** How the contact came to a person that was another contact’s before. */
export type PersonBasis = 'address' | 'former_address' | 'id' | 'operator'

export interface Purchase {
  package: {
    vendor_id?: string
    name?: string
    type?: 'membership' | 'session_package' | 'unknown'
    type_raw?: string
    category?: string
  }
  amount: Amount | null
}

export interface Refund {
  amount: Amount | null
  full: boolean | null
  confidence?: Confidence
}

export interface Subscription {
  kind?: string | null
  tier?: string | null
  interval?: 'month' | 'year' | 'one_time' | 'unknown'
  interval_raw?: string | null
  period_end_at?: string | null
  trial_end_at?: string | null
  first_payment_at?: string | null
  final_payment_at?: string | null
  cancel_at_period_end?: boolean
  free_access?: boolean | null
  discount_code?: string | null
  recurring_amount?: Amount | null
  total_paid_amount?: Amount | null
}

/** Where `time` is from: a field of the message, what is around it, or its receipt. */
export type TimeBasis = 'vendor_field' | 'envelope' | 'received'

/** What told the type: a name in the request, the keys of the message, or history. */
export type TypeBasis = 'url' | 'body' | 'header' | 'shape' | 'history'

// Responses about events and deliveries.

import * as v from 'valibot'
import { MATCHES } from '../../../core/intake/dedupe.ts'
import * as basic from './basic.ts'
import { count, DeliveryState, EventStatus, eventId, personId, Time } from './basic.ts'

export const Issue = v.object({ path: v.string(), message: v.string() })

const summary = {
  id: eventId,
  receivedat: Time,
  source: basic.source,
  vendor: basic.vendor,
  status: EventStatus,
  type: basic.eventType,
  vendortype: v.nullable(basic.eventType),
  subject: v.nullable(v.string()),
  personid: v.nullable(personId),
  deliveries_created: count,
}
export const EventSummary = v.strictObject(summary)

export const AttemptError = v.picklist([
  'dns',
  'connect',
  'tls',
  'timeout',
  'redirect',
  'status',
  'fault',
])
export const Attempt = v.strictObject({
  attempt: count,
  at: Time,
  ms: basic.milliseconds,
  status: v.exactOptional(basic.status),
  error: v.exactOptional(AttemptError),
  response: v.exactOptional(v.string()),
  retry_after: v.exactOptional(basic.milliseconds),
  digest: v.exactOptional(v.pipe(v.string(), v.description('SHA-256 of the body, in base64'))),
  content_type: v.exactOptional(
    v.pipe(v.string(), v.description('Absent for application/cloudevents+json; charset=utf-8')),
  ),
  format_headers: v.exactOptional(
    v.pipe(v.record(v.string(), v.string()), v.description('What its format says in headers')),
  ),
  replay: v.exactOptional(v.literal(true)),
  skipped: v.exactOptional(v.array(eventId)),
  later: v.exactOptional(eventId),
})

export const EventDelivery = v.strictObject({
  target: basic.target,
  state: DeliveryState,
  reason: v.nullable(v.string()),
  attempt: v.pipe(count, v.description('The number of the next attempt')),
  due: v.nullable(Time),
  replayed: v.pipe(v.boolean(), v.description('Whether an operator has replayed it')),
  attempts: v.array(Attempt),
})

const last = v.nullable(
  v.strictObject({
    at: Time,
    status: v.nullable(basic.status),
    error: v.nullable(v.picklist(AttemptError.options)),
    ms: basic.milliseconds,
  }),
)
export const Delivery = v.strictObject({
  event: eventId,
  type: basic.eventType,
  source: basic.source,
  receivedat: v.pipe(Time, v.description('When the event came in')),
  target: basic.target,
  state: DeliveryState,
  reason: v.nullable(v.string()),
  attempts: v.pipe(count, v.description('How many attempts were made')),
  due: v.nullable(Time),
  last,
  replayed: v.boolean(),
})

export const TimelineEntry = v.strictObject({
  ...summary,
  deliveries: v.array(v.strictObject({ target: basic.target, state: DeliveryState, last })),
})

export const Event = v.strictObject({
  ...summary,
  hops: count,
  matched: v.nullable(v.strictObject({ id: eventId, by: v.picklist(MATCHES) })),
  issues: v.nullable(v.array(Issue)),
  event: v.pipe(
    basic.anything,
    v.description('The normalized event; null for a quarantined message'),
  ),
  raw: v.strictObject({
    text: v.pipe(
      v.nullable(v.string()),
      v.description('Null when it is past its retention, or cannot be read now'),
    ),
    encoding: v.picklist(['utf8', 'base64']),
    headers: v.record(v.string(), v.string()),
    unreadable: v.pipe(
      v.optional(v.string()),
      v.description(
        'Why `text` cannot be read now: a large one is in R2. Long strings of `event` are null then',
      ),
    ),
  }),
  deliveries: v.array(EventDelivery),
})

export const EventReplay = v.strictObject({
  id: eventId,
  targets: v.array(basic.target),
  unwanted: v.pipe(
    v.array(basic.target),
    v.description('Those of the targets that never wanted it'),
  ),
  replayed: v.array(basic.target),
})

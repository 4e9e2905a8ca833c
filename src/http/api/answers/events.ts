// Responses about events and deliveries.

import * as v from 'valibot'
import { DELIVERY_STATES } from '../../../core/deliveries/delivery.ts'
import { EVENT_STATUSES } from '../../../core/events/event.ts'
import { MATCHES } from '../../../core/intake/dedupe.ts'
import { anything, count, eventId, name, personId, Time } from './basic.ts'

const Issue = v.object({ path: v.string(), message: v.string() })

const summary = {
  id: eventId,
  receivedat: Time,
  source: name,
  vendor: name,
  status: v.picklist(EVENT_STATUSES),
  type: v.string(),
  vendortype: v.nullable(v.string()),
  subject: v.nullable(v.string()),
  personid: v.nullable(personId),
  deliveries_created: count,
}
export const EventSummary = v.strictObject(summary)

const attemptError = v.picklist(['dns', 'connect', 'tls', 'timeout', 'redirect', 'status', 'fault'])
export const Attempt = v.strictObject({
  attempt: count,
  at: Time,
  ms: v.number(),
  status: v.exactOptional(v.number()),
  error: v.exactOptional(attemptError),
  response: v.exactOptional(v.string()),
  retry_after: v.exactOptional(v.number()),
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

const state = v.picklist(DELIVERY_STATES)
export const EventDelivery = v.strictObject({
  target: name,
  state,
  reason: v.nullable(v.string()),
  attempt: v.pipe(count, v.description('The number of the next attempt')),
  due: v.nullable(Time),
  replayed: v.pipe(v.boolean(), v.description('Whether an operator has replayed it')),
  attempts: v.array(Attempt),
})

const last = v.nullable(
  v.strictObject({
    at: Time,
    status: v.nullable(v.number()),
    error: v.nullable(attemptError),
    ms: v.number(),
  }),
)
export const Delivery = v.strictObject({
  event: eventId,
  type: v.string(),
  source: name,
  receivedat: v.pipe(Time, v.description('When the event came in')),
  target: name,
  state,
  reason: v.nullable(v.string()),
  attempts: v.pipe(count, v.description('How many attempts were made')),
  due: v.nullable(Time),
  last,
  replayed: v.boolean(),
})

export const TimelineEntry = v.strictObject({
  ...summary,
  deliveries: v.array(v.strictObject({ target: name, state, last })),
})

export const Event = v.strictObject({
  ...summary,
  hops: count,
  matched: v.nullable(v.strictObject({ id: eventId, by: v.picklist(MATCHES) })),
  issues: v.nullable(v.array(Issue)),
  event: v.pipe(anything, v.description('The normalized event; null for a quarantined message')),
  raw: v.strictObject({
    text: v.pipe(v.nullable(v.string()), v.description('Null when it is past its retention')),
    encoding: v.picklist(['utf8', 'base64']),
    headers: v.record(v.string(), v.string()),
  }),
  deliveries: v.array(EventDelivery),
})

export const EventReplay = v.strictObject({
  id: eventId,
  targets: v.array(name),
  unwanted: v.pipe(v.array(name), v.description('Those of the targets that never wanted it')),
  replayed: v.array(name),
})

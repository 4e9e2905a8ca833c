// The deliveries to targets, for the document: one webhook for each event type.
import * as v from 'valibot'
import { ENVELOPE, VENDOR_ENVELOPE } from '../../core/events/event.ts'
import { RELAY_EVENT_DATA } from '../../core/events/system-event.ts'
import { EVENT_DATA } from '../../core/events/vocabulary.ts'
import { type Json, jsonSchema } from './schema.ts'

/** The headers of a delivery. */
const HEADERS: [name: string, description: string, required: boolean][] = [
  ['webhook-id', 'The ID of the event: the same for every attempt and replay', true],
  ['webhook-timestamp', 'When the attempt was made, in seconds since 1970', true],
  [
    'webhook-signature',
    'Standard Webhooks: `v1,` and a signature for each secret, separated by spaces',
    false,
  ],
  [
    'content-digest',
    'The digest of the body (RFC 9530): distinguishes a changed body from a wrong secret',
    true,
  ],
  ['relay-attempt', 'The number of the attempt, from 1', true],
  ['relay-hops', 'How many relays the event has passed through', true],
  ['relay-test', '`true` for a test event', false],
  ['relay-replay', '`true` for a replay by an operator', false],
  [
    'relay-skipped',
    'IDs of earlier events of the person that were not delivered, for an ordered target',
    false,
  ],
  [
    'relay-out-of-order',
    'The ID of a later event of the person that was delivered before, for an ordered target',
    false,
  ],
]

const OTHER_FORMATS =
  'The body of `format = "cloudevents"`. `raw` sends the body and the `content-type` from the vendor, `slack` `{"text": …}`, `transform` the result of the expression.'

/** The webhooks by the type of their event. */
export function webhooks(): Json {
  const vendors = Object.entries(EVENT_DATA).map(([type, data]) =>
    webhook(type, VENDOR_ENVELOPE, data),
  )
  const own = Object.entries(RELAY_EVENT_DATA).map(([type, data]) => webhook(type, ENVELOPE, data))
  return Object.fromEntries([...vendors, ...own])
}

function webhook(
  type: string,
  envelope: v.ObjectEntries,
  data: v.GenericSchema,
): [name: string, path: Json] {
  const event = v.object({ ...envelope, type: v.literal(type), data })
  const parameters = HEADERS.map(([name, description, required]) => ({
    name,
    in: 'header',
    description,
    ...(required ? { required } : {}),
    schema: { type: 'string' },
  }))
  const post = {
    operationId: type,
    summary: type,
    description: OTHER_FORMATS,
    tags: ['webhooks'],
    security: [],
    parameters,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: jsonSchema(event) } },
    },
    responses: {
      '2XX': { description: 'Delivered' },
      410: { description: 'Holds all deliveries to this target until an operator resumes it' },
      default: { description: 'Retried by the schedule; `Retry-After` is honoured' },
    },
  }
  return [type, { post }]
}

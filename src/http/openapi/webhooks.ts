// The deliveries to targets, for the document: one webhook for each event type.
import { EVENT_TYPES } from '../../core/events/event.ts'
import { nameOfType } from '../../core/events/named-parts.ts'
import { FORMER_EVENT_DATA } from '../../core/events/system-event.ts'
import { type Json, reference } from './schema.ts'

/** The tag of deliveries in the document. */
export const WEBHOOKS = 'webhooks'

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

const FORMER = 'A type of an earlier version: only a replay of such an event sends it. '

const OTHER_FORMATS =
  'The body of `format = "cloudevents"`, with the `content_type` of the target, which is `application/json` by default. `cloudevents-binary` sends `data`, and the attributes in headers; `raw` the body and the `content-type` from the vendor, `slack` `{"text": …}`, `transform` the result of the expression.'

/** The headers of deliveries, for the components of the document. */
export function headers(): Json {
  const parameters = HEADERS.map(([name, description, required]) => [
    name,
    {
      name,
      in: 'header',
      description,
      ...(required ? { required } : {}),
      schema: { type: 'string' },
    },
  ])
  return Object.fromEntries(parameters)
}

/** The webhooks by the type of their event. */
export function webhooks(): Json {
  return Object.fromEntries([
    ...EVENT_TYPES.map((type) => [type, webhook(type)]),
    ...Object.keys(FORMER_EVENT_DATA).map((type) => [type, webhook(type, FORMER)]),
  ])
}

function webhook(type: string, about = ''): Json {
  const name = nameOfType(type)
  const post = {
    operationId: `on${name}`,
    summary: type,
    description: `${about}${OTHER_FORMATS}`,
    tags: [WEBHOOKS],
    security: [],
    parameters: HEADERS.map(([name]) => ({ $ref: `#/components/parameters/${name}` })),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: reference(`${name}Event`) } } },
    },
    responses: {
      '2XX': { description: 'Delivered' },
      410: { description: 'Holds all deliveries to this target until an operator resumes it' },
      default: { description: 'Retried by the schedule; `Retry-After` is honoured' },
    },
  }
  return { post }
}

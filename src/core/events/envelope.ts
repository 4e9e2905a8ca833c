// The attributes of events: those of CloudEvents 1.0 (https://github.com/cloudevents/spec), and our extensions.
import * as v from 'valibot'
import {
  EVENT_ID_PATTERN,
  type EventId,
  isEventId,
  isPersonId,
  PERSON_ID_PATTERN,
  type PersonId,
} from '../id.ts'
import { Instant } from './time.ts'

const text = (description: string) => v.pipe(v.string(), v.description(description))
const instant = (description: string) => v.pipe(Instant, v.description(description))

/** An attribute that is either true or absent. */
export const mark = (description: string) =>
  v.exactOptional(v.pipe(v.literal(true), v.description(description)))

/**
 * The schema of the attributes that every event has, except `type` and `data`: those of CloudEvents and our extensions.
 */
export const ENVELOPE = {
  specversion: v.literal('1.0'),
  id: v.pipe(
    v.string(),
    v.regex(EVENT_ID_PATTERN),
    v.guard((id): id is EventId => isEventId(id)),
    v.description('The id of the event: the same for every attempt and replay'),
  ),
  source: v.pipe(
    v.string(),
    v.metadata({
      description: 'The site or account where it happened, as a path',
      format: 'uri-reference',
    }),
  ),
  subject: v.exactOptional(
    text('What it is about: `contact/`, `person/`, `source/` or `target/`, and its id or name'),
  ),
  time: instant('When it happened; where nothing tells, when it was received'),
  datacontenttype: v.literal('application/json'),
  relaysource: text('The name of the configured source'),
  receivedat: instant('When the relay received or recorded it'),
}

/** Where the time of an event is from. */
export const TimeBasis = v.pipe(
  v.picklist(['vendor_field', 'envelope', 'received']),
  v.description('Where `time` is from: a field of the message, what is around it, or its receipt'),
)

/** What told the type of an event. */
export const TypeBasis = v.pipe(
  v.picklist(['url', 'body', 'header', 'shape', 'history']),
  v.description('What told the type: a name in the request, the keys of the message, or history'),
)

/** How a contact came to a person that was another contact's before. */
export const PERSON_BASES = ['address', 'former_address', 'id', 'operator'] as const
export const PersonBasis = v.pipe(
  v.picklist(PERSON_BASES),
  v.description('How the contact came to a person that was another contact’s before'),
)
export type PersonBasis = v.InferOutput<typeof PersonBasis>

/** The schema of a vendor event's attributes, except `type` and `data`. */
export const VENDOR_ENVELOPE = {
  ...ENVELOPE,
  dataschema: v.pipe(
    v.string(),
    v.metadata({ description: 'The URL of the JSON Schema of `data`', format: 'uri' }),
  ),
  vendor: text('The vendor of the source'),
  vendortype: text('The type as the vendor calls it'),
  vendorversion: v.exactOptional(text('The version of the message, where the vendor states one')),
  timebasis: TimeBasis,
  typebasis: TypeBasis,
  mappingversion: v.pipe(
    v.number(),
    v.integer(),
    v.description('The version of the mapping that made the event of the message'),
  ),
  possibleduplicate: mark(
    'The same content was received before, and nothing tells whether it is a repeat: do not drop it unread',
  ),
  late: mark('An event of the same contact and kind with a later time was received before'),
  test: mark('A test: nothing of it happened'),
  personid: v.exactOptional(
    v.pipe(
      v.string(),
      v.regex(PERSON_ID_PATTERN),
      v.guard((id): id is PersonId => isPersonId(id)),
      v.description('The person, the same for its contacts of all sources'),
    ),
  ),
  personbasis: v.exactOptional(PersonBasis),
}

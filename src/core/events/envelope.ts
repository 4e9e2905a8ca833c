// The attributes of events: those of CloudEvents 1.0 (https://github.com/cloudevents/spec), and our extensions.
import * as v from 'valibot'
import { type EventId, isEventId, isPersonId, type PersonId } from '../id.ts'
import { Instant } from './time.ts'

/**
 * The schema of the attributes that every event has, except `type` and `data`: those of CloudEvents and our extensions.
 */
export const ENVELOPE = {
  specversion: v.literal('1.0'),
  id: v.pipe(
    v.string(),
    v.guard((id): id is EventId => isEventId(id)),
  ),
  source: v.pipe(
    v.string(),
    v.metadata({
      description: 'The site or account where it happened, as a path',
      format: 'uri-reference',
    }),
  ),
  subject: v.exactOptional(v.string()),
  time: Instant,
  datacontenttype: v.literal('application/json'),
  relaysource: v.pipe(v.string(), v.description('The name of the configured source')),
  receivedat: Instant,
}

/** How a contact came to a person that was another contact's before. */
export const PERSON_BASES = ['address', 'former_address', 'id', 'operator'] as const
export type PersonBasis = (typeof PERSON_BASES)[number]

/** The schema of a vendor event's attributes, except `type` and `data`. */
export const VENDOR_ENVELOPE = {
  ...ENVELOPE,
  dataschema: v.pipe(
    v.string(),
    v.metadata({ description: 'The URL of the JSON Schema of `data`', format: 'uri' }),
  ),
  vendor: v.string(),
  vendortype: v.string(),
  vendorversion: v.exactOptional(v.string()),
  timebasis: v.picklist(['vendor_field', 'envelope', 'received']),
  typebasis: v.picklist(['url', 'body', 'header', 'shape', 'history']),
  mappingversion: v.pipe(v.number(), v.integer()),
  possibleduplicate: v.exactOptional(v.literal(true)),
  late: v.exactOptional(
    v.pipe(
      v.literal(true),
      v.description('An event of the same contact and kind with a later time was received before'),
    ),
  ),
  test: v.exactOptional(v.literal(true)),
  personid: v.exactOptional(
    v.pipe(
      v.string(),
      v.guard((id): id is PersonId => isPersonId(id)),
    ),
  ),
  personbasis: v.exactOptional(
    v.pipe(
      v.picklist(PERSON_BASES),
      v.description('How the contact came to a person that was another contact’s before'),
    ),
  ),
}

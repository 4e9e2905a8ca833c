// The event: a vendor's message in our vocabulary, as a CloudEvent 1.0 (https://github.com/cloudevents/spec).
import * as v from 'valibot'
import { type EventId, isEventId, isPersonId, type PersonId, timeOfId } from '../id.ts'
import type { Warning } from './fields.ts'
import { RELAY_EVENT_DATA, type SystemEvent } from './system-event.ts'
import { formatInstant } from './time.ts'
import { EVENT_DATA, type EventType } from './vocabulary.ts'

/** Every type of event that a target can be sent, the relay's own included. */
export const EVENT_TYPES = [...Object.keys(EVENT_DATA), ...Object.keys(RELAY_EVENT_DATA)]

/** The statuses of received messages. Each message has one of these. */
export const RECEIVED_STATUSES = ['accepted', 'quarantined', 'duplicate'] as const

/** The statuses of all events in the log: those of received messages, and `inferred` for inferred events. */
export const EVENT_STATUSES = [...RECEIVED_STATUSES, 'inferred'] as const
export type EventStatus = (typeof EVENT_STATUSES)[number]

const Instant = v.pipe(v.string(), v.isoTimestamp())

/** The type of an authenticated message of unknown type. It is quarantined and never delivered. */
export const UNRECOGNIZED = 'vendor.unrecognized'

/** The version of the vocabulary's schemas, the last part of an event's `dataschema`. */
export const SCHEMA_VERSION = 1

/** A type with its data, for each type of the vocabulary. */
type Typed = {
  [T in EventType]: { type: T; data: v.InferOutput<(typeof EVENT_DATA)[T]> }
}[EventType]

/** A message as a vendor's mapping returns it. `composeEvent` adds id, times and names. */
export type EventDraft = Typed & {
  /** CloudEvents `source`: the path of the site or account where it happened. */
  origin: string
  contactId: string | undefined
  /** The vendor's time as RFC 3339 in UTC, its place and its key in the message; undefined if the message has no time. */
  occurred: { at: string; basis: 'vendor_field' | 'envelope'; path: string } | undefined
  vendorType: string
  vendorVersion: string | undefined
  typeBasis: 'url' | 'body' | 'header' | 'shape'
  isTest: boolean
}

/**
 * The schema of the attributes that every event has, except `type` and `data`: those of CloudEvents and our extensions.
 */
export const ENVELOPE = {
  specversion: v.literal('1.0'),
  id: v.pipe(
    v.string(),
    v.guard((id): id is EventId => isEventId(id)),
  ),
  source: v.pipe(v.string(), v.description('The site or account where it happened, as a path')),
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
  dataschema: v.string(),
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

/** A vendor's message, normalized: a CloudEvent with our extensions. */
export type MembershipEvent = Typed &
  v.InferOutput<v.ObjectSchema<typeof VENDOR_ENVELOPE, undefined>>

/** Any event of the log: a vendor's, or one of the relay's own. */
export type RelayEvent = MembershipEvent | SystemEvent

const instants = new WeakMap<object, number>()

/** An event's time in epoch milliseconds, cached by event: sorting reads it often. */
export function instantOf(event: Pick<RelayEvent, 'time'>): number {
  const known = instants.get(event)
  if (known !== undefined) return known
  const instant = Date.parse(event.time)
  instants.set(event, instant)
  return instant
}

/** How far a vendor's clock may be ahead, in milliseconds. Nothing is reported before it happens: a later time is wrong. */
export const MAX_AHEAD_MS = 5 * 60_000

const AHEAD = 'is later than the receipt of the message; the time received is used'

const isAhead = (time: number, id: EventId) => time > timeOfId(id) + MAX_AHEAD_MS

/** A stored event with the time received in place of a wrong one: those of older versions were not checked. */
export function withCredibleTime(event: MembershipEvent): MembershipEvent {
  const { id, receivedat: time } = event
  return isAhead(instantOf(event), id) ? { ...event, time, timebasis: 'received' } : event
}

/**
 * The event of a draft. The time received is that of the id. `origin` is the relay's public origin, which serves
 * `/schemas`.
 */
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
  const { id } = context
  const receivedat = formatInstant(timeOfId(id))
  const wrong = draft.occurred && isAhead(Date.parse(draft.occurred.at), id) && draft.occurred
  const occurred = wrong ? undefined : draft.occurred
  const warnings = wrong
    ? [...context.warnings, { path: wrong.path, message: AHEAD }]
    : context.warnings
  return {
    specversion: '1.0',
    id,
    type: draft.type,
    source: draft.origin,
    ...(draft.contactId === undefined ? {} : { subject: `contact/${draft.contactId}` }),
    time: occurred?.at ?? receivedat,
    datacontenttype: 'application/json',
    dataschema: `${context.origin}/schemas/${draft.type}/${SCHEMA_VERSION}`,
    relaysource: context.source,
    vendor: context.vendor,
    vendortype: draft.vendorType,
    ...(draft.vendorVersion === undefined ? {} : { vendorversion: draft.vendorVersion }),
    receivedat,
    timebasis: occurred?.basis ?? 'received',
    typebasis: draft.typeBasis,
    mappingversion: context.mappingVersion,
    ...(draft.isTest ? { test: true } : {}),
    data: {
      ...draft.data,
      ...(warnings.length === 0 ? {} : { warnings: warningTexts(warnings) }),
    },
  } as MembershipEvent
}

/**
 * The `source` of an event as a URI path. Ids are opaque and may contain lone surrogates, which have no URI encoding.
 */
export function sourcePath(...segments: string[]): string {
  return segments.map((segment) => `/${encodeURIComponent(segment.toWellFormed())}`).join('')
}

/** Warnings kept with an event: with more, the whole message is wrong and the row gets too large. */
const MAX_WARNINGS = 20

/** Warnings as `key: message`; the first `MAX_WARNINGS` and the number of the others. */
export function warningTexts(warnings: Warning[]): string[] {
  const first = warnings.slice(0, MAX_WARNINGS).map(warningText)
  const rest = warnings.length - first.length
  return rest > 0 ? [...first, `and ${rest} more`] : first
}

function warningText({ path, message }: Warning): string {
  return `${path.slice(0, 100)}: ${message}`
}

/** What a message or an event did when our mapping threw an error: its kind, without any data of the event. */
export function mappingFailure(error: unknown): string {
  return `made our mapping fail: ${error instanceof Error ? error.name : 'unknown'}`
}

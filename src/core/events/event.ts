// The event: a vendor's message in our vocabulary, as a CloudEvent 1.0 (https://github.com/cloudevents/spec).
import type * as v from 'valibot'
import { type EventId, timeOfId } from '../id.ts'
import type { VENDOR_ENVELOPE } from './envelope.ts'
import type { Warning } from './fields.ts'
import { RELAY_EVENT_DATA, type SystemEvent } from './system-event.ts'
import { formatInstant } from './time.ts'
import { EVENT_DATA, type EventType } from './vocabulary.ts'

/** Every type of event that a target can be sent, the relay's own included. */
export const EVENT_TYPES = [...Object.keys(EVENT_DATA), ...Object.keys(RELAY_EVENT_DATA)]

/** The statuses of received messages. Each message has one of these. `erased`: without any value of its person. */
export const RECEIVED_STATUSES = ['accepted', 'quarantined', 'duplicate', 'erased'] as const

/** The statuses of all events in the log: those of received messages, and `inferred` for inferred events. */
export const EVENT_STATUSES = [...RECEIVED_STATUSES, 'inferred'] as const
export type EventStatus = (typeof EVENT_STATUSES)[number]

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
    ...(draft.contactId === undefined ? {} : { subject: subjectOfContact(draft.contactId) }),
    time: occurred?.at ?? receivedat,
    datacontenttype: 'application/json',
    dataschema: `${context.origin}/schemas/${draft.type}/${SCHEMA_VERSION}`,
    relaysource: context.source,
    vendor: context.vendor,
    vendortype: attributeText(draft.vendorType),
    ...(draft.vendorVersion === undefined
      ? {}
      : { vendorversion: attributeText(draft.vendorVersion) }),
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

/** What no attribute of a CloudEvent may contain: control characters, noncharacters and halves of a surrogate pair. */
const NO_ATTRIBUTE = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu

/** The longest attribute of a vendor's text, in characters: as a header it takes nine bytes for each of some. */
const MAX_ATTRIBUTE_LENGTH = 500

/**
 * The beginning of a vendor's text as an attribute, with U+FFFD for each character that CloudEvents forbids there
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#type-system). `data` has it as it was sent.
 */
function attributeText(text: string): string {
  return text.slice(0, MAX_ATTRIBUTE_LENGTH).replace(NO_ATTRIBUTE, '\ufffd')
}

/** The `subject` of an event about the contact with an id. */
export function subjectOfContact(contactId: string): string {
  return `contact/${attributeText(contactId)}`
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

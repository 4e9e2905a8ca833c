// One proven message → the record that the log keeps of it: normalized, or quarantined with the reason.
import { type Config, type ConfiguredSource, isBrokenSource } from '../../config.ts'
import {
  composeEvent,
  type EventDraft,
  type MembershipEvent,
  UNRECOGNIZED,
} from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import type { EventId } from '../../core/id.ts'
import { fingerprint } from '../../core/intake/dedupe.ts'
import { type Message, readMessages } from '../../core/intake/json.ts'
import { isTestMessage, RAW_GONE, type RawBody, TEST_HEADER } from '../../core/intake/request.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { EMAIL_PREFIX, TEST_PREFIX } from '../../store/events/contacts.ts'
import type { Kept } from '../../store/events/stored-message.ts'
import type { NewRecord } from '../../store/intake/new-record.ts'
import { VENDORS } from '../../vendors/index.ts'
import type { NormalizationError, Vendor } from '../../vendors/vendor.ts'

/** A D1 row holds 2,000,000 bytes: the message as it came, the event, and a little beside. */
const MAX_ROW_BYTES = 1_950_000

/** What is kept of a text that stands in a column of its own: no vendor's words are nearly as long. */
const MAX_WORD_LENGTH = 500

const MAX_KEPT_HEADER_LENGTH = 1000
const MAX_KEPT_HEADERS = 20

/** A message with what came around it. */
export type Incoming = {
  message: Message
  raw: RawBody
  headers: Headers
  eventName: string | undefined
  hops: number
  /** The relay's own origin, under which its schemas are found. */
  origin: string
}

/** What is made of a message by itself; `event` is undefined when it was not understood. */
export type Made = { record: NewRecord; event: MembershipEvent | undefined; warnings: Warning[] }

/** Makes the record of a message under an id that also says when it came; nobody is planned to be told of it yet. */
export async function makeRecord(
  id: EventId,
  source: ConfiguredSource,
  incoming: Incoming,
): Promise<Made> {
  const { message, raw, hops } = incoming
  const base = {
    id,
    source: source.name,
    vendor: source.vendor,
    raw,
    hops,
    headers: keptHeaders(source, incoming.headers),
    eventName: incoming.eventName?.slice(0, MAX_WORD_LENGTH),
    planned: [],
  }
  const isTest = isTestMessage(incoming.headers)
  // A real message is never a repeat of a test, nor a test of a real one.
  const scope = isTest ? `${TEST_PREFIX}${source.name}` : source.name
  const normalized = normalize(source, incoming)
  if (!normalized.ok) {
    const { type, vendorType, issues } = normalized.error
    const dedupKey = await fingerprint([scope, 'quarantined', message.text])
    const nobody = { contactId: undefined, dedupStamp: undefined }
    const word = vendorType?.slice(0, MAX_WORD_LENGTH)
    const record = { ...base, ...nobody, type, vendorType: word, dedupKey, content: { issues } }
    return { record, event: undefined, warnings: [] }
  }
  const { identity, warnings } = normalized.value
  const draft = { ...normalized.value.event, isTest: isTest || normalized.value.event.isTest }
  const event = composeEvent(draft, {
    id,
    source: source.name,
    vendor: source.vendor,
    mappingVersion: VENDORS[source.vendor].mappingVersion,
    origin: incoming.origin,
    warnings,
  })
  const record = {
    ...base,
    type: event.type,
    vendorType: event.vendortype,
    contactId: contactKeyOf(draft),
    content: { event: '' },
    dedupKey: await fingerprint([scope, ...identity.key]),
    dedupStamp: identity.stamp,
  }
  return { record, event, warnings }
}

/**
 * Makes the record of a kept message anew, by the present mapping and settings. Refuses, in words, when its source is not
 * usable or its bytes are gone.
 */
export async function remakeRecord(
  config: Config,
  kept: Kept,
  origin: string,
): Promise<Result<Made, string>> {
  const source = config.sources.get(kept.source)
  if (source === undefined || isBrokenSource(source)) {
    return err('its source is not configured, or not completely')
  }
  const { raw } = kept
  if (raw === undefined) return err(RAW_GONE)
  const [message] = raw.encoding === 'utf8' ? (readMessages(raw.text)?.messages ?? []) : []
  const made = await makeRecord(kept.id, source, {
    message: message ?? { text: raw.text, value: undefined },
    raw,
    headers: new Headers(kept.headers),
    eventName: kept.eventName,
    hops: kept.hops,
    origin,
  })
  return ok(made)
}

function normalize(source: ConfiguredSource, incoming: Incoming): ReturnType<Vendor['normalize']> {
  const { message, raw, headers, eventName } = incoming
  if (raw.encoding !== 'utf8') return unreadable('is not UTF-8; kept byte by byte')
  if (message.value === undefined) return unreadable('nests too deep to be read')
  try {
    const request = { body: message.value, headers, eventName }
    const normalized = VENDORS[source.vendor].normalize(request, source.settings)
    if (!normalized.ok) return normalized
    const { event } = normalized.value
    const { type, vendorType } = event
    // The vendor's word stands in a column of its own too.
    const rowBytes = bytesOf(raw.text) + bytesOf(JSON.stringify(event)) + bytesOf(vendorType)
    if (rowBytes <= MAX_ROW_BYTES) return normalized
    return unreadable(`takes more than ${MAX_ROW_BYTES} bytes once normalized`, type, vendorType)
  } catch (error) {
    // A mistake of ours must not cost an event: it can be normalized again when that is mended.
    return unreadable(`made our mapping fail: ${error instanceof Error ? error.name : 'unknown'}`)
  }
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

function unreadable(
  message: string,
  type: NormalizationError['type'] = UNRECOGNIZED,
  vendorType?: string,
): { ok: false; error: NormalizationError } {
  return { ok: false, error: { type, vendorType, issues: [{ path: 'body', message }] } }
}

/** Under what an event stands in its contact's history: the vendor's id, else the e-mail address, marked as one. */
function contactKeyOf({ contactId, data, isTest }: EventDraft): string | undefined {
  const email = data.contact.email_normalized?.slice(0, MAX_WORD_LENGTH)
  const key = contactId ?? (email === undefined ? undefined : `${EMAIL_PREFIX}${email}`)
  // A test is a story of its own: what is true in it says nothing of anybody.
  return isTest && key !== undefined ? `${TEST_PREFIX}${key}` : key
}

/** The headers that say something about the message, without the one that proves the sender. */
function keptHeaders(source: ConfiguredSource, headers: Headers): Record<string, string> {
  const secret = source.credentials.header?.toLowerCase()
  const { keepsHeader } = VENDORS[source.vendor]
  // A few are asked for: going through all of them is dear.
  const own = keepsHeader === undefined ? [] : [...headers.keys()].filter(keepsHeader)
  const kept = ['content-type', 'user-agent', TEST_HEADER, ...own].flatMap((name) => {
    const value = name === secret ? null : headers.get(name)
    return value === null ? [] : [[name, value.slice(0, MAX_KEPT_HEADER_LENGTH)] as const]
  })
  return Object.fromEntries(kept.slice(0, MAX_KEPT_HEADERS))
}

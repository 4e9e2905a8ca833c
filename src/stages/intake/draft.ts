// One message → the record of it: normalized into an event, or quarantined with the reason. What it means beside other
// events, and who gets it, comes later (commit.ts).
import { type Config, type ConfiguredSource, isBrokenSource } from '../../config.ts'
import {
  claimOf,
  contactKeyOf,
  MAX_WORD_LENGTH,
  TEST_PREFIX,
} from '../../core/events/contact-key.ts'
import {
  composeEvent,
  type EventDraft,
  mappingFailure,
  UNRECOGNIZED,
} from '../../core/events/event.ts'
import type { EventId } from '../../core/id.ts'
import { fingerprint } from '../../core/intake/dedupe.ts'
import {
  CONTENT_ENCODING,
  isTestMessage,
  RAW_GONE,
  storedMessage,
  TEST_HEADER,
  type VendorMessage,
} from '../../core/intake/request.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { StoredMessage } from '../../store/events/stored-message.ts'
import type { Alternative, EventRecord } from '../../store/intake/records.ts'
import { VENDORS } from '../../vendors/index.ts'
import type { NormalizationError, Vendor } from '../../vendors/vendor.ts'

/** A D1 row holds 2,000,000 bytes: the message, its event, its headers, and some small columns. */
const MAX_ROW_BYTES = 1_950_000

/** Whether D1 can store an event: beside the message, of which a row of the log holds both. */
export function fitsRow(
  event: object,
  {
    raw,
    headers,
    vendorType = '',
  }: Pick<EventRecord, 'raw' | 'headers'> & { vendorType?: string | undefined },
): boolean {
  // The vendor's type has a column of its own too.
  const texts = [raw.text, JSON.stringify(event), JSON.stringify(headers), vendorType]
  return texts.reduce((sum, text) => sum + bytesOf(text), 0) <= MAX_ROW_BYTES
}

const MAX_HEADER_LENGTH = 1000
const MAX_HEADERS = 20

/**
 * The record of a message, without deliveries. `id` also holds the time of receipt; `origin` is the relay's own, where
 * its schemas are. Never refuses: a message that cannot be read is a record with issues.
 */
export async function draftRecord(
  id: EventId,
  source: ConfiguredSource,
  message: VendorMessage,
  origin: string,
): Promise<EventRecord> {
  const { raw, hops } = message
  const base = {
    id,
    source: source.name,
    vendor: source.vendor,
    raw,
    hops,
    headers: storedHeaders(source, message.headers),
    deliveryHeader: (VENDORS[source.vendor] as Vendor).deliveryHeader,
    eventName: message.eventName?.slice(0, MAX_WORD_LENGTH),
    entry: 'received' as const,
    deliveries: [],
  }
  const isTest = isTestMessage(message.headers)
  // A real message never repeats a test, nor a test a real one.
  const scope = isTest ? `${TEST_PREFIX}${source.name}` : source.name
  const normalized = normalize(source, message, base.headers)
  const alternatives = await alternativesOf(source, message)
  if (!normalized.ok) {
    const { type, vendorType, issues } = normalized.error
    return {
      ...base,
      type,
      vendorType: vendorType?.slice(0, MAX_WORD_LENGTH),
      contactId: undefined,
      content: { issues },
      dedupKey: await quarantineKey(scope, message),
      dedupStamp: signedStamp(source, message),
      nature: 'act', // as far as is known
      ...alternatives,
    }
  }
  const { identity, warnings } = normalized.value
  const draft = { ...normalized.value.event, isTest: isTest || normalized.value.event.isTest }
  const event = composeEvent(draft, {
    id,
    source: source.name,
    vendor: source.vendor,
    mappingVersion: VENDORS[source.vendor].mappingVersion,
    origin,
    warnings: [...ambiguity(message), ...warnings],
  })
  return {
    ...base,
    type: event.type,
    vendorType: event.vendortype,
    contactId: contactKeyOf(draft.contactId, draft.data.contact.email_normalized, draft.isTest),
    content: { event },
    dedupKey: await fingerprint([scope, ...identity.key]),
    dedupStamp: identity.stamp,
    nature: identity.nature,
    ...alternatives,
  }
}

const quarantineKey = (scope: string, { text }: VendorMessage) =>
  fingerprint([scope, 'quarantined', text])

/** What distinguishes a signed message from another with the same content. */
function signedStamp({ vendor }: ConfiguredSource, message: VendorMessage): string | undefined {
  const { signed }: Vendor = VENDORS[vendor]
  return message.isSigned ? signed?.stamp(message.headers) : undefined
}

/**
 * The dedup keys of a signed message as any other type, in quarantine, and as a test or not: the URL and the headers that
 * say so are not signed, so the same signed message can be sent again with others.
 */
async function alternativesOf(
  source: ConfiguredSource,
  message: VendorMessage,
): Promise<Pick<EventRecord, 'alternatives'>> {
  const { signed }: Vendor = VENDORS[source.vendor]
  const stamp = signedStamp(source, message)
  if (signed === undefined || stamp === undefined || message.unreadable !== undefined) return {}
  const readings = readingsOf(signed, source, message)
  const all = [false, true].flatMap((isTest) => {
    const scope = isTest ? `${TEST_PREFIX}${source.name}` : source.name
    return [
      quarantineKey(scope, message).then((key): Alternative => ({ key, stamp })),
      ...readings.map(
        async ({ identity, event }): Promise<Alternative> => ({
          key: await fingerprint([scope, ...identity.key]),
          stamp: identity.stamp ?? stamp,
          ...placeOf({ ...event, isTest: isTest || event.isTest }),
        }),
      ),
    ]
  })
  const found = new Map((await Promise.all(all)).map((one) => [one.key, one]))
  return { alternatives: [...found.values()] }
}

/** Where the log would have an event. */
function placeOf({ type, contactId, data, isTest }: EventDraft): Partial<Alternative> {
  const contact = contactKeyOf(contactId, data.contact.email_normalized, isTest)
  if (contact === undefined) return {}
  return { contact, scoped: claimOf(contact, data).scoped, kind: type.split('.')[0] ?? '' }
}

function readingsOf(
  { readings }: NonNullable<Vendor['signed']>,
  { settings }: ConfiguredSource,
  message: VendorMessage,
) {
  try {
    return readings(message, settings)
  } catch {
    return [] // a bug of ours in another reading must not lose an event
  }
}

/** The record of a stored message by the present mapping and settings. Refuses, in words, what cannot be read again. */
export async function redraftRecord(
  config: Config,
  stored: StoredMessage,
  origin: string,
): Promise<Result<EventRecord, string>> {
  const source = config.sources.get(stored.source)
  if (source === undefined || isBrokenSource(source)) {
    return err('its source is not configured, or not completely')
  }
  if (stored.raw === undefined) return err(stored.unreadable ?? RAW_GONE)
  const { eventName, hops, apart } = stored
  const context = { headers: new Headers(stored.headers), eventName, hops }
  const record = await draftRecord(stored.id, source, storedMessage(stored.raw, context), origin)
  return ok(apart === undefined ? record : { ...record, apart })
}

function normalize(
  source: ConfiguredSource,
  message: VendorMessage,
  headers: Record<string, string>,
): ReturnType<Vendor['normalize']> {
  if (message.unreadable !== undefined) return unreadable(message.unreadable)
  try {
    const normalized = VENDORS[source.vendor].normalize(message, source.settings)
    if (!normalized.ok) return normalized
    const { event } = normalized.value
    const { type, vendorType } = event
    if (fitsRow(event, { raw: message.raw, headers, vendorType })) return normalized
    return unreadable(`takes more than ${MAX_ROW_BYTES} bytes once normalized`, type, vendorType)
  } catch (error) {
    // A bug of ours must not lose an event: it can be normalized again once that is fixed.
    return unreadable(mappingFailure(error))
  }
}

/** The warning of a message whose free-form content has a key twice. */
function ambiguity({ ambiguousIn: path }: VendorMessage) {
  const message = 'has a key twice, with different values; the last one is used'
  return path === undefined ? [] : [{ path, message }]
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

/** The headers that are stored with a message. The one with the sender's secret is never among them. */
function storedHeaders(source: ConfiguredSource, headers: Headers): Record<string, string> {
  const secret = source.credentials.header?.toLowerCase()
  const { keepsHeader } = VENDORS[source.vendor]
  // A fixed list is read: iterating over all headers is slow.
  const own = keepsHeader === undefined ? [] : [...headers.keys()].filter(keepsHeader)
  const stored = ['content-type', CONTENT_ENCODING, 'user-agent', TEST_HEADER, ...own].flatMap(
    (name) => {
      const value = name === secret ? null : headers.get(name)
      return value === null ? [] : [[name, value.slice(0, MAX_HEADER_LENGTH)] as const]
    },
  )
  return Object.fromEntries(stored.slice(0, MAX_HEADERS))
}

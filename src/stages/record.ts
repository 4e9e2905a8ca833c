// One proven message → the record that the log keeps of it: normalized and routed, or quarantined with the reason.
import type { Config, ConfiguredSource } from '../config.ts'
import { fingerprint } from '../core/dedupe.ts'
import { composeEvent, UNRECOGNIZED } from '../core/event.ts'
import type { Warning } from '../core/fields.ts'
import { type EventId, timeOfId } from '../core/id.ts'
import type { Message } from '../core/json.ts'
import type { RawBody } from '../core/request.ts'
import { route } from '../core/routing.ts'
import type { NewRecord } from '../store/records.ts'
import { VENDORS } from '../vendors/index.ts'
import type { NotUnderstood } from '../vendors/vendor.ts'

/** A normalized event shares a D1 row of 2,000,000 bytes with the raw body. */
const MAX_EVENT_BYTES = 1_000_000

const MAX_KEPT_HEADER_LENGTH = 1000

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

/** Makes the record of a message under an id that also says when it came. */
export async function makeRecord(
  id: EventId,
  source: ConfiguredSource,
  config: Config,
  incoming: Incoming,
): Promise<{ record: NewRecord; warnings: Warning[] }> {
  const { message, raw, hops } = incoming
  const base = {
    id,
    source: source.name,
    vendor: source.vendor,
    raw,
    hops,
    headers: keptHeaders(source, incoming.headers),
  }
  const normalized = normalize(source, incoming)
  if (!normalized.ok) {
    const { type, vendorType, issues } = normalized.error
    const dedupKey = await fingerprint([source.name, 'quarantined', message.text])
    const nobody = { contactId: undefined, dedupStamp: undefined, planned: [] }
    const record = { ...base, ...nobody, type, vendorType, dedupKey, content: { issues } }
    return { record, warnings: [] }
  }
  const { event: draft, identity, warnings } = normalized.value
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
    contactId: draft.contactId,
    content: { event: JSON.stringify(event) },
    dedupKey: await fingerprint([source.name, ...identity.key]),
    dedupStamp: identity.stamp,
    planned: await route(event, config.targets, timeOfId(id)),
  }
  return { record, warnings }
}

function normalize(source: ConfiguredSource, incoming: Incoming) {
  const { message, raw, headers, eventName } = incoming
  if (raw.encoding !== 'utf8') return unreadable('is not UTF-8; kept byte by byte')
  if (message.value === undefined) return unreadable('nests too deep to be read')
  const normalized = VENDORS[source.vendor].normalize(
    { body: message.value, headers, eventName },
    source.settings,
  )
  if (!normalized.ok) return normalized
  const { data, type, vendorType } = normalized.value.event
  if (new TextEncoder().encode(JSON.stringify(data)).length <= MAX_EVENT_BYTES) return normalized
  return unreadable(`is larger than ${MAX_EVENT_BYTES} bytes once normalized`, type, vendorType)
}

function unreadable(
  message: string,
  type: NotUnderstood['type'] = UNRECOGNIZED,
  vendorType?: string,
): { ok: false; error: NotUnderstood } {
  return { ok: false, error: { type, vendorType, issues: [{ path: 'body', message }] } }
}

/** The headers that say something about the message, without the one that proves the sender. */
function keptHeaders(source: ConfiguredSource, headers: Headers): Record<string, string> {
  const secret = source.credentials.header?.toLowerCase()
  const { keepsHeader } = VENDORS[source.vendor]
  const kept = [...headers].filter(
    ([name]) => name !== secret && (/^(content-type|user-agent)$/.test(name) || keepsHeader(name)),
  )
  return Object.fromEntries(
    kept.map(([name, value]) => [name, value.slice(0, MAX_KEPT_HEADER_LENGTH)]),
  )
}

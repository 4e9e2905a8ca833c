// What of an event a target gets. Only what is known to be harmless needs no permission: sensitive fields of the vocabulary,
// and whatever the mapping does not know, are sent only to targets whose `include` names them.
import { isObject, type JsonObject } from '../intake/json.ts'
import { readMessages } from '../intake/messages.ts'
import type { RelayEvent } from './event.ts'
import { fold } from './fields.ts'

/** The sensitive fields by their name in `include`, and the folded keys under which vendors send them. */
const SENSITIVE = {
  birth_date: /^(client|contact|member)?(birth|dob$|dateofbirth)/,
  gender: /^(client|contact|member)?(gender|sex$)/,
  address:
    /^(client|contact|member)?((full|home|mailing|postal|billing|residential|street)?address|street|postcode|postalcode|zip)/,
  emergency_contact: /^(client|contact|member)?emergency/,
  message_body: /^(messagebody|messagehtml|messagetext|htmlbody)$/,
  notes: /(^|client|contact|member|medical|health|staff|admin)notes?$/,
} satisfies Record<string, RegExp>

/** A message's body under other keys of the vendor. Only in `extra`: elsewhere, `message` is the reason of a check-in. */
const MESSAGE_BODY = /^(message|html|text|content|body(html|text)?)$/

/** Whether a folded key is that of a sensitive field, under whatever name it has there. */
export function isSensitiveKey(folded: string): boolean {
  return Object.values(SENSITIVE).some((pattern) => pattern.test(folded))
}

type SensitiveField = keyof typeof SENSITIVE
/** The names of sensitive fields in `include`. */
export const SENSITIVE_FIELDS = Object.keys(SENSITIVE) as SensitiveField[]

/** The parts of an event whose keys a vendor or a customer of it has chosen: what they hold is not known. */
export const OPEN_PARTS = ['extra', 'custom_properties'] as const
type OpenPart = (typeof OPEN_PARTS)[number]

/** Whether `include` may have an entry: a sensitive field, an open part, or one key of an open part as `extra.city`. */
export function isIncludable(entry: string): boolean {
  const [part, key] = partOf(entry)
  return isOpen(part) ? key !== '' : Object.hasOwn(SENSITIVE, entry)
}

/** The entries of `include`, keys of open parts as they are compared. */
type Included = ReadonlySet<string>

/**
 * A copy of the event for a target. Of the open parts it has only the keys that `include` allows, and nowhere a sensitive
 * field that `include` does not name.
 *
 * @example
 * redact(event, ['birth_date', 'extra.city']) // with data.contact.birth_date and data.extra.city, without gender …
 */
export function redact<E extends RelayEvent>(event: E, include: readonly string[]): E {
  const included = new Set(include.map((entry) => partOf(entry).join('.')))
  const data = mapped(event.data, included) as JsonObject
  if (!included.has('message_body') && isObject(data.message)) {
    const { body: _body, ...message } = data.message
    data.message = message
  }
  return { ...event, data }
}

/** `extra.City` → `extra` and `city`, the key as it is compared. */
function partOf(entry: string): [part: string, key?: string] {
  const dot = entry.indexOf('.')
  return dot < 0 ? [entry] : [entry.slice(0, dot), fold(entry.slice(dot))]
}

function isOpen(part: string): part is OpenPart {
  return OPEN_PARTS.includes(part as OpenPart)
}

/** A value of the vocabulary without what is withheld at any depth. */
function mapped(value: unknown, included: Included): unknown {
  if (Array.isArray(value)) return value.map((item) => mapped(item, included))
  if (!isObject(value)) return value
  const kept: [key: string, item: unknown][] = []
  for (const key of Object.keys(value)) {
    if (isWithheld(key, included)) continue
    const item = isOpen(key) ? open(key, value[key], included) : mapped(value[key], included)
    if (item !== undefined) kept.push([key, item])
  }
  return Object.fromEntries(kept)
}

/**
 * What a target gets of an open part, undefined if that is nothing. It may be an object, a list (of objects, or of names
 * with values), or the JSON of either in a text; anything else has no keys, and is sent only with the whole part.
 */
function open(part: OpenPart, value: unknown, included: Included): unknown {
  const allows = (key: string) => isAllowed(part, key, included)
  if (Array.isArray(value)) {
    const items = value.map((item) => {
      const names = propertyNames(item)
      if (names.length === 0) return open(part, item, included)
      const isSent =
        names.some(allows) && names.every((name) => allows(name) || !isWithheld(name, included))
      return isSent ? membersOf(item as JsonObject, included) : undefined
    })
    const kept = items.filter((item) => item !== undefined)
    return kept.length > 0 ? kept : undefined
  }
  if (isObject(value)) {
    const kept = membersOf(value, included, allows)
    return Object.keys(kept).length === 0 ? undefined : kept
  }
  const json = typeof value === 'string' ? objectsIn(value) : undefined
  if (json === undefined) return included.has(part) ? value : undefined
  const kept = open(part, json, included)
  return kept === undefined ? undefined : JSON.stringify(kept)
}

/** A value inside of what may be sent, without sensitive fields at any depth; undefined if it is the value of one. */
function inner(value: unknown, included: Included): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => inner(item, included)).filter((item) => item !== undefined)
  }
  if (isObject(value)) {
    const isSensitive = propertyNames(value).some((name) => isWithheld(name, included))
    return isSensitive ? undefined : membersOf(value, included)
  }
  const json = typeof value === 'string' ? objectsIn(value) : undefined
  if (json === undefined) return value
  const kept = inner(json, included)
  // What loses nothing keeps its spelling.
  return JSON.stringify(kept) === JSON.stringify(json) ? value : JSON.stringify(kept)
}

/** The members of an object inside of what may be sent. */
function membersOf(
  object: JsonObject,
  included: Included,
  allows = (key: string) => !isWithheld(key, included),
): JsonObject {
  return Object.fromEntries(
    Object.keys(object)
      .filter(allows)
      .map((key) => [key, inner(object[key], included)])
      .filter(([, item]) => item !== undefined),
  )
}

function isWithheld(key: string, included: Included): boolean {
  return !sensitiveFields(key).every((field) => included.has(field))
}

/** The object, or the list of objects, of which a text is the JSON. */
function objectsIn(text: string): JsonObject | JsonObject[] | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  const { batch, messages } = readMessages(text)
  const objects = messages.flatMap(({ value }) => (value === undefined ? [] : [value]))
  if (objects.length < messages.length) return undefined
  return batch ? objects : objects[0]
}

/** The keys under which a list of properties has their names, folded. */
const NAME_KEY = /^((property|field)?name|key|label|title|field|property)$/

/** The names of a property: `Shirt` of `{ "name": "Shirt", "value": "M" }`. */
function propertyNames(item: unknown): string[] {
  if (!isObject(item)) return []
  return Object.keys(item)
    .filter((key) => NAME_KEY.test(fold(key)))
    .map((key) => item[key])
    .filter((name) => typeof name === 'string')
}

/** Whether a key of an open part may be sent: named itself, or of a sensitive field that is named, or with the whole part. */
function isAllowed(part: OpenPart, key: string, included: Included): boolean {
  const comparable = comparableKey(key)
  if (included.has(`${part}.${comparable}`)) return true
  const isBody = part === 'extra' && MESSAGE_BODY.test(comparable)
  const fields = isBody ? ['message_body'] : sensitiveFields(key)
  return fields.length > 0 ? fields.every((field) => included.has(field)) : included.has(part)
}

const knownKeys = new Map<string, readonly SensitiveField[]>()

/** Vendors have a few hundred keys. The limit keeps random keys from filling the memory. */
const MAX_KNOWN_KEYS = 1000

/** The sensitive fields that a key contains, cached by key: most keys contain none, and come with every event. */
function sensitiveFields(key: string): readonly SensitiveField[] {
  const known = knownKeys.get(key)
  if (known !== undefined) return known
  const comparable = comparableKey(key)
  const fields = SENSITIVE_FIELDS.filter((field) => SENSITIVE[field].test(comparable))
  if (knownKeys.size < MAX_KNOWN_KEYS) knownKeys.set(key, fields)
  return fields
}

/** A key as it is compared: folded, without the prefix of colliding keys (vendors/extra.ts). */
function comparableKey(key: string): string {
  return fold(key.replace(/^envelope\./, ''))
}

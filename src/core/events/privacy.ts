// Sensitive personal fields: a target gets none of them unless its `include` names them.

import { isObject, type JsonObject } from '../intake/json.ts'
import type { RelayEvent } from './event.ts'
import { fold } from './fields.ts'

/** The sensitive fields by their name in `include`, and the folded keys under which vendors send them. */
const SENSITIVE = {
  birth_date: /^(birth|dob$|dateofbirth)/,
  gender: /^(gender|sex$)/,
  address:
    /^((full|home|mailing|postal|billing|residential|street)?address|street|postcode|postalcode|zip)/,
  emergency_contact: /^emergency/,
  message_body: /^(messagebody|messagehtml|messagetext|htmlbody)$/,
  notes: /(^|client|contact|member|medical|health|staff|admin)notes?$/,
} satisfies Record<string, RegExp>

/** A message's body under the vendor's own key. Only in `extra`: elsewhere, `message` is the reason of a check-in. */
const MESSAGE_BODY = /^message$/

export type SensitiveField = keyof typeof SENSITIVE
/** The valid names in `include`. */
export const SENSITIVE_FIELDS = Object.keys(SENSITIVE) as SensitiveField[]

/**
 * A copy of the event for a target, without the sensitive fields that its `include` does not name: those of `data` and
 * those of the vendor's unmapped keys in `data.extra`.
 *
 * @example
 * redact(event, ['birth_date']) // with data.contact.birth_date, without gender, address, notes …
 */
export function redact<E extends RelayEvent>(event: E, include: readonly SensitiveField[]): E {
  const withheld = SENSITIVE_FIELDS.filter((field) => !include.includes(field))
  const data = withoutFields(event.data, withheld) as JsonObject
  if (withheld.includes('message_body')) {
    if (isObject(data.message)) data.message = withoutMatching(data.message, /^body$/)
    if (isObject(data.extra)) data.extra = withoutMatching(data.extra, MESSAGE_BODY)
  }
  return { ...event, data }
}

/** The value without the withheld fields at any depth. */
function withoutFields(value: unknown, withheld: SensitiveField[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutFields(item, withheld))
  if (!isObject(value)) return value
  const kept: [key: string, item: unknown][] = []
  for (const key of Object.keys(value)) {
    const isWithheld = sensitiveFields(key).some((field) => withheld.includes(field))
    if (!isWithheld) kept.push([key, withoutFields(value[key], withheld)])
  }
  return Object.fromEntries(kept)
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

/** The object without the keys that match. */
function withoutMatching(object: JsonObject, keys: RegExp): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([key]) => !keys.test(comparableKey(key))),
  )
}

/** A key as it is compared: folded, without the prefix of colliding keys (vendors/extra.ts). */
function comparableKey(key: string): string {
  return fold(key.replace(/^envelope\./, ''))
}

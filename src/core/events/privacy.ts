// Which personal fields leave, and to whom: none of these, unless a target's `include` names them.

import { isObject, type JsonObject } from '../intake/json.ts'
import type { RelayEvent } from './event.ts'
import { fold } from './fields.ts'

/** The sensitive fields by the names that `include` takes, and the folded keys under which vendors send them. */
const SENSITIVE = {
  birth_date: /^(birth|dob$|dateofbirth)/,
  gender: /^(gender|sex$)/,
  address:
    /^((full|home|mailing|postal|billing|residential|street)?address|street|postcode|postalcode|zip)/,
  emergency_contact: /^emergency/,
  message_body: /^(messagebody|messagehtml|messagetext|htmlbody)$/,
  notes: /(^|client|contact|member|medical|health|staff|admin)notes?$/,
} satisfies Record<string, RegExp>

/** A key that is a message's body only where the vendor's own keys stand: a check-in's `message` is its reason. */
const MESSAGE = /^message$/

export type SensitiveField = keyof typeof SENSITIVE
/** The names that `include` takes. */
export const SENSITIVE_FIELDS = Object.keys(SENSITIVE) as SensitiveField[]

/**
 * The event as a target may see it: withoutMatching the sensitive fields that it did not ask for, in `data` and in
 * whatever the vendor sent beside it. The event itself is not changed.
 */
export function redact<E extends RelayEvent>(event: E, include: readonly SensitiveField[]): E {
  const withheld = SENSITIVE_FIELDS.filter((field) => !include.includes(field))
  const data = withoutFields(event.data, withheld) as JsonObject
  if (withheld.includes('message_body')) {
    if (isObject(data.message)) data.message = withoutMatching(data.message, /^body$/)
    if (isObject(data.extra)) data.extra = withoutMatching(data.extra, MESSAGE)
  }
  return { ...event, data }
}

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

/** Vendors have some hundreds of keys. Of more than these each is looked at every time. */
const MAX_KNOWN_KEYS = 1000

/** The sensitive fields that a key stands for: mostly none, and it comes with every event. */
function sensitiveFields(key: string): readonly SensitiveField[] {
  const known = knownKeys.get(key)
  if (known !== undefined) return known
  const meaning = comparableKey(key)
  const fields = SENSITIVE_FIELDS.filter((field) => SENSITIVE[field].test(meaning))
  if (knownKeys.size < MAX_KNOWN_KEYS) knownKeys.set(key, fields)
  return fields
}

function withoutMatching(object: JsonObject, keys: RegExp): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([key]) => !keys.test(comparableKey(key))),
  )
}

/** A key as it is compared, withoutMatching the prefix that it has when two levels collide (vendors/extra.ts). */
function comparableKey(key: string): string {
  return fold(key.replace(/^envelope\./, ''))
}

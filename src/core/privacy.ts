// Which personal fields leave, and to whom: none of these, unless a target's `include` names them.
import type { RelayEvent } from './event.ts'
import { fold } from './fields.ts'
import { isObject, type JsonObject } from './json.ts'

/** The sensitive fields by the names that `include` takes, and the folded keys under which vendors send them. */
const SENSITIVE = {
  birth_date: /^(birth|dob$|dateofbirth)/,
  gender: /^(gender|sex$)/,
  address: /^(address|street|postcode|postalcode|zip|homeaddress|mailingaddress)/,
  emergency_contact: /^emergency/,
  message_body: /^(messagebody|messagehtml|messagetext|htmlbody)$/,
  notes: /(^|client|contact|member|medical|health|staff|admin)notes?$/,
} satisfies Record<string, RegExp>

export type SensitiveField = keyof typeof SENSITIVE
export const SENSITIVE_FIELDS = Object.keys(SENSITIVE) as SensitiveField[]

/**
 * The event as a target may see it: without the sensitive fields that it did not ask for, in `data` and in
 * whatever the vendor sent beside it. The event itself is not changed.
 */
export function redact(event: RelayEvent, include: readonly SensitiveField[]): RelayEvent {
  const withheld = SENSITIVE_FIELDS.filter((field) => !include.includes(field))
  const data = withoutKeys(event.data, withheld) as JsonObject
  if (withheld.includes('message_body') && isObject(data.message)) {
    data.message = Object.fromEntries(
      Object.entries(data.message).filter(([key]) => key !== 'body'),
    )
  }
  return { ...event, data } as RelayEvent
}

function withoutKeys(value: unknown, withheld: SensitiveField[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutKeys(item, withheld))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !withheld.some((field) => SENSITIVE[field].test(fold(key))))
      .map(([key, item]) => [key, withoutKeys(item, withheld)]),
  )
}

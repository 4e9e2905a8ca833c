// The vendor's keys that no mapping reads.
import type { Fields } from '../core/events/fields.ts'
import type { JsonObject } from '../core/intake/json.ts'

/**
 * Adds the unread keys of a message to an event's data as `extra`. Of two keys with the same name, the one of the
 * envelope becomes `envelope.<key>`.
 */
export function withExtra<T extends object>(
  data: T,
  inner: Fields,
  outer: Fields,
): T & { extra?: JsonObject } {
  const extra = new Map(Object.entries(inner.rest()))
  for (const [key, value] of Object.entries(outer.rest())) {
    extra.set(extra.has(key) ? `envelope.${key}` : key, value)
  }
  return extra.size === 0 ? data : { ...data, extra: Object.fromEntries(extra) }
}

// What a vendor sent beside what we map: kept, by its own keys.
import type { Fields } from '../core/events/fields.ts'
import type { JsonObject } from '../core/intake/json.ts'

/**
 * Adds to an event's data every key that nobody read. Where a message has two levels, the inner one keeps its
 * names; an outer key of the same name becomes `envelope.<key>`.
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

// What answers are made of, and the pages of lists.
import * as v from 'valibot'

export const Time = v.pipe(v.string(), v.isoTimestamp())
export const count = v.pipe(v.number(), v.integer(), v.minValue(0))
export const name = v.string()
export const eventId = v.pipe(v.string(), v.regex(/^evt_[0-7][0-9a-hjkmnp-tv-z]{12}$/))
export const personId = v.pipe(v.string(), v.regex(/^per_[0-7][0-9a-hjkmnp-tv-z]{12}$/))
export const anything = v.unknown()

/** A page of a list; `next` is what the query `next` of the following one takes, null at the end. */
export const pageOf = <K extends string, S extends v.GenericSchema>(key: K, item: S) =>
  v.strictObject({ [key]: v.array(item), next: v.nullable(v.string()) })

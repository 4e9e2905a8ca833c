// The parts of responses, and the pages of lists.
import * as v from 'valibot'
import { EVENT_ID_PATTERN, PERSON_ID_PATTERN } from '../../../core/id.ts'

export const Time = v.pipe(v.string(), v.isoTimestamp())
export const count = v.pipe(v.number(), v.integer(), v.minValue(0))
export const name = v.string()
export const eventId = v.pipe(v.string(), v.regex(EVENT_ID_PATTERN))
export const personId = v.pipe(v.string(), v.regex(PERSON_ID_PATTERN))
export const anything = v.unknown()

/** A page of a list; `next` is the query `next` of the following page, null at the end. */
export const pageOf = <K extends string, S extends v.GenericSchema>(key: K, item: S) =>
  v.strictObject({ [key]: v.array(item), next: v.nullable(v.string()) })

// The fields of requests to the API: their schemas and their meaning.
import * as v from 'valibot'
import { formatInstant } from '../../core/events/time.ts'
import {
  EVENT_ID_PATTERN,
  type EventId,
  isEventId,
  isPersonId,
  PERSON_ID_PATTERN,
  type PersonId,
} from '../../core/id.ts'
import { type Period, parseTime, TIME_PATTERN } from '../../core/period.ts'
import type { EventFilter } from '../../store/events/event-filter.ts'
import { CURSOR_PATTERN, decodeCursor, MAX_CURSOR } from '../../store/pages.ts'

const MAX_LIMIT = 200

const MAX_TEXT = 500

/** A string that is not empty, and no longer than any name or address. */
export const text = v.pipe(
  v.string('must be a string'),
  v.nonEmpty('must not be empty'),
  v.maxCodePoints(MAX_TEXT, `must have at most ${MAX_TEXT} characters`),
)

/** A boolean of a body. */
export const flag = (byDefault: boolean) =>
  v.optional(v.boolean('must be true or false'), byDefault)

/** One value or several: a key of a query may be repeated. `description`: of all of them. */
export const oneOrMore = <S extends v.GenericSchema<string>>(item: S, description: string) =>
  v.exactOptional(
    v.pipe(
      // The document has the list alone. Of a value that fits neither, the error of the item is the clearest.
      v.union([v.array(item), item], ({ issues = [] }) => issues.at(-1)?.message ?? 'is invalid'),
      v.transform((value) => [value].flat() as v.InferOutput<S>[]),
      v.array(item),
      v.description(description),
    ),
  )

/** What a list of type patterns is. */
export const TYPES = 'Exact types, or a prefix and `*`: `payment.*`'

/** An event type, or a prefix of types and `*`. */
export const TypePattern = v.pipe(
  text,
  v.regex(/^[^*]*\*?$/, 'may contain one * only, at its end'),
  v.examples(['payment.*']),
)

/** The size of a page: 50 by default, at most 200. */
export const Limit = v.optional(
  v.pipe(
    v.string('must be a single number'),
    v.regex(/^\d+$/, 'must be a whole number'),
    v.transform(Number),
    v.number(),
    v.integer(),
    v.minValue(1, 'must be at least 1'),
    v.maxValue(MAX_LIMIT, `must be at most ${MAX_LIMIT}`),
    v.description(`The size of a page, at most ${MAX_LIMIT}`),
  ),
  '50',
)

/** A boolean of a query. */
export const Flag = v.optional(
  v.pipe(
    v.picklist(['true', 'false'], 'must be true or false'),
    v.transform((value) => value === 'true'),
    v.boolean(),
  ),
  'false',
)

/** An event ID. */
export const Id = v.pipe(
  v.string('must be an event ID (evt_…)'),
  v.regex(EVENT_ID_PATTERN, 'must be an event ID (evt_…)'),
  v.guard((id): id is EventId => isEventId(id)),
  v.examples(['evt_1jm3jqgq5fh']),
)

/** A person ID. */
export const Person = v.pipe(
  v.string('must be a person ID (per_…)'),
  v.regex(PERSON_ID_PATTERN, 'must be a person ID (per_…)'),
  v.guard((id): id is PersonId => isPersonId(id)),
  v.examples(['per_1jm3jqgq5fh']),
)

const BAD_TIME = 'must be a time: 2026-11-30, 2026-11-30T04:00Z, or 30m, 24h, 7d'

/** A time as text; `parseTime` converts it, as relative times need the clock. */
export const Time = v.pipe(
  v.string('must be a string'),
  v.regex(TIME_PATTERN, BAD_TIME),
  v.check((value) => parseTime(value, 0) !== undefined, BAD_TIME),
  v.description('A date or time (RFC 3339), or relative to now: `30m`, `24h`, `7d`'),
  v.examples(['7d']),
)

const BAD_CURSOR = 'must be the `next` of a previous page'

/** The start of a page: `next` of the page before. */
const Cursor = v.pipe(
  v.string('must be a single value'),
  v.regex(CURSOR_PATTERN, BAD_CURSOR),
  v.maxLength(MAX_CURSOR, BAD_CURSOR),
  v.check((text) => decodeCursor(text) !== undefined, BAD_CURSOR),
  v.description('`next` of the previous page'),
)

/** How pages of events and deliveries work. */
export const PAGES =
  'A page may have fewer than `limit` entries, or none, and still have a `next`. Lists of one person, e-mail address or contact are ordered by the time of the event, others by its arrival.'

/** The query of a page of a list. */
export const pageEntries = { limit: Limit, next: v.exactOptional(Cursor) }

/** The query that selects events, in lists of events and of deliveries. */
export const eventEntries = {
  source: oneOrMore(text, 'Names of sources'),
  vendor: oneOrMore(text, 'Vendors'),
  type: oneOrMore(TypePattern, TYPES),
  person: v.exactOptional(v.pipe(Person, v.description('The person, across sources'))),
  email: v.exactOptional(
    v.pipe(text, v.description('The last known e-mail address of the contact')),
  ),
  q: v.exactOptional(
    v.pipe(text, v.description('The ID of an event, a person or a contact, or a prefix of it')),
  ),
  since: v.exactOptional(Time),
  until: v.exactOptional(Time),
}

/** The filter of a query of `eventEntries`. `now` in epoch milliseconds. */
export function eventFilterOf(
  query: v.InferOutput<v.ObjectSchema<typeof eventEntries, undefined>>,
  now: number,
): EventFilter {
  const { source, vendor, type, person, email, q, since, until } = query
  return {
    sources: source,
    vendors: vendor,
    types: type,
    person,
    email,
    text: q,
    since: since === undefined ? undefined : parseTime(since, now),
    until: until === undefined ? undefined : parseTime(until, now),
  }
}

/** A time for a response: RFC 3339, or null for none. `ms` in epoch milliseconds. */
export function instant(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : formatInstant(ms)
}

/** The query that selects a period. */
export const PeriodQuery = v.strictObject({
  since: v.optional(Time, '24h'),
  until: v.exactOptional(Time),
})

/** The period of a query, until now by default. */
export function periodOf(
  { since, until }: { since: string; until?: string | undefined },
  now: number,
): Period {
  return {
    since: parseTime(since, now) ?? 0,
    // The current millisecond belongs to the period.
    until: until === undefined ? now + 1 : (parseTime(until, now) ?? now),
  }
}

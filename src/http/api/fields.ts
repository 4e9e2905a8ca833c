// What requests to the API are made of.
import * as v from 'valibot'
import { formatInstant } from '../../core/events/time.ts'
import { type EventId, isEventId, isPersonId, type PersonId } from '../../core/id.ts'
import { type Period, parseTime } from '../../core/period.ts'
import type { EventFilter } from '../../store/events/event-filter.ts'
import { decodeCursor } from '../../store/pages.ts'

const MAX_LIMIT = 200

/** A text with something in it. */
export const text = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'))

/** A yes or no in a body. */
export const flag = (byDefault: boolean) =>
  v.optional(v.boolean('must be true or false'), byDefault)

/** One value, or several: a key of a query may stand several times. */
export const oneOrMore = <S extends v.GenericSchema<string>>(item: S) =>
  v.exactOptional(
    v.pipe(
      // What the item says of a value that is neither says it best.
      v.union([v.array(item), item], ({ issues = [] }) => issues.at(-1)?.message ?? 'is odd'),
      v.transform((value) => [value].flat() as v.InferOutput<S>[]),
      v.array(item),
    ),
  )

/** A type of events, or several by their beginning. */
export const TypePattern = v.pipe(
  text,
  v.regex(/^[^*]*\*?$/, 'may hold one * only, at its end'),
  v.description('An exact type, or its beginning and `*`: `payment.*`'),
)

/** How many a page has: 50 unless asked, at most 200. */
export const Limit = v.optional(
  v.pipe(
    v.string('must be one number'),
    v.regex(/^\d+$/, 'must be a whole number'),
    v.transform(Number),
    v.number(),
    v.integer(),
    v.minValue(1, 'must be at least 1'),
    v.maxValue(MAX_LIMIT, `must be at most ${MAX_LIMIT}`),
    v.description(`How many a page has, at most ${MAX_LIMIT}`),
  ),
  '50',
)

/** A yes or no in a query. */
export const Flag = v.optional(
  v.pipe(
    v.picklist(['true', 'false'], 'must be true or false'),
    v.transform((value) => value === 'true'),
    v.boolean(),
  ),
  'false',
)

/** The id of an event. */
export const Id = v.pipe(
  v.string('must be an event id'),
  v.guard((id): id is EventId => isEventId(id), 'must be an event id'),
)

/** The id of a person. */
export const Person = v.pipe(
  v.string('must be a person id'),
  v.guard((id): id is PersonId => isPersonId(id), 'must be a person id'),
)

/** A time; `parseTime` reads it once the present is known. */
export const Time = v.pipe(
  v.string('must be a text'),
  v.check(
    (value) => parseTime(value, 0) !== undefined,
    'must be RFC 3339, or such as 30m, 24h, 7d',
  ),
  v.description('RFC 3339, or how long ago: `30m`, `24h`, `7d`'),
)

/** Where a page begins: what the page before called `next`. */
const Cursor = v.pipe(
  v.string('must be one text'),
  v.check((text) => decodeCursor(text) !== undefined, 'must be the `next` of a page'),
  v.description('The `next` of the page before'),
)

/** What there is to know of the pages of events and deliveries. */
export const PAGES =
  'A page reads at most three rows for each that it may hold, and twenty: it may hold fewer than `limit`, or none, and still have a `next`. Lists of a person, an address or a contact go by when it happened, others by when it came in.'

/** The query of a list: how much of it, and from where. */
export const pageEntries = { limit: Limit, next: v.exactOptional(Cursor) }

/** The query of which events are meant, in a list of them or of their deliveries. */
export const eventEntries = {
  source: oneOrMore(text),
  vendor: oneOrMore(text),
  type: oneOrMore(TypePattern),
  person: v.exactOptional(v.pipe(Person, v.description('Of whom, across sources'))),
  email: v.exactOptional(v.pipe(text, v.description('The last known address of the contact'))),
  q: v.exactOptional(
    v.pipe(text, v.description('An id of an event, a person or a contact, or its beginning')),
  ),
  since: v.exactOptional(Time),
  until: v.exactOptional(Time),
}

/** What a query of `eventEntries` means. `now` in epoch milliseconds. */
export function eventFilterOf(
  asked: v.InferOutput<v.ObjectSchema<typeof eventEntries, undefined>>,
  now: number,
): EventFilter {
  const { source, vendor, type, person, email, q, since, until } = asked
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

/** A time as it is answered; null when there is none. `ms` in epoch milliseconds. */
export function instant(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : formatInstant(ms)
}

/** The query of what is asked about a period. */
export const PeriodQuery = v.strictObject({
  since: v.optional(Time, '24h'),
  until: v.exactOptional(Time),
})

/** The period that was asked for, until now unless it says otherwise. */
export function periodOf(
  { since, until }: { since: string; until?: string | undefined },
  now: number,
): Period {
  return {
    since: parseTime(since, now) ?? 0,
    // The present millisecond is part of it.
    until: until === undefined ? now + 1 : (parseTime(until, now) ?? now),
  }
}

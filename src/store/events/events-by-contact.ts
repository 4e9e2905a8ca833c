// Events of a few contacts in the order in which they happened, the latest first: that is how a contact's history is kept.

import { EVENT_KINDS } from '../../core/events/vocabulary.ts'
import { isPersonId, keyOfId, type PersonId } from '../../core/id.ts'
import { mergeSorted, type SortedQuery } from '../merge.ts'
import type { Position, RowBudget } from '../pages.ts'
import { TEST_PREFIX } from './contacts.ts'
import {
  contactTextOf,
  type EventFilter,
  keyRangeOf,
  matchesContact,
  matchesKind,
  matchesTraits,
} from './event-filter.ts'
import { EVENT_COLUMNS, type EventReader, type EventRow, type FinderOptions } from './event-rows.ts'
import { kindOf } from './history.ts'

/** A contact of a source, and its person where one is known. */
export type Contact = { source: string; contact: string; person: string | null }

/** Finds the events of contacts that match a filter and come after a place. */
export function eventsByContact(
  db: D1Database,
  budget: RowBudget,
  contacts: readonly Contact[],
  filter: EventFilter,
  start: Position | undefined,
  { of }: FinderOptions,
): EventReader {
  const { from, before } = keyRangeOf(filter)
  const isWanted = (row: EventRow) =>
    matchesTraits(filter, row) &&
    (!filter.unrouted || row.planned === 0) &&
    matchesContact(filter, row.contact) &&
    BigInt(row.key) >= from &&
    BigInt(row.key) < before
  const streams = contacts
    .filter(({ source }) => filter.sources?.includes(source) ?? true)
    .flatMap((contact) => streamsOf(db, contact, filter, start))
  const merged = mergeSorted(budget, streams, isLater, isWanted, of === 'deliveries' ? 2 : 0)
  return {
    next: (n) => merged.next(n),
    positionOf,
    rest() {
      const last = merged.last()
      return merged.isEnd() || last === undefined ? undefined : positionOf(last)
    },
  }
}

function positionOf({ key, at }: EventRow): Position {
  return { key: BigInt(key), target: null, at: at ?? 0 }
}

function isLater(a: EventRow, b: EventRow): boolean {
  const [one, other] = [positionOf(a), positionOf(b)]
  return one.at === other.at ? one.key > other.key : (one.at ?? 0) > (other.at ?? 0)
}

/** One stream for each kind of a contact's history, and one for its repeats. */
function streamsOf(
  db: D1Database,
  { source, contact, person }: Contact,
  filter: EventFilter,
  start: Position | undefined,
): SortedQuery<EventRow>[] {
  const { statuses } = filter
  const streamOf =
    (condition: string, ...values: string[]): SortedQuery<EventRow> =>
    (after, limit) => {
      const place = after === undefined ? start : positionOf(after)
      const last = place?.target == null ? (place?.key ?? 0n) : place.key + 1n
      return db
        .prepare(
          `SELECT ${EVENT_COLUMNS}, ?3 AS person FROM events AS e
           WHERE ${condition} AND e.source = ?1 AND e.contact = ?2
             ${place === undefined ? '' : `AND (e.at, e.key) < (${place.at ?? 0}, ${last})`}
           ORDER BY e.at DESC, e.key DESC LIMIT ?4`,
        )
        .bind(source, contact, person, limit, ...values)
    }
  const histories = EVENT_KINDS.filter((kind) => matchesKind(filter, kind)).map((kind) =>
    streamOf(`e.status IN ('accepted', 'derived') AND ${kindOf('e.type')} = ?5`, kind),
  )
  const isRepeat = (status: string) => status === 'duplicate'
  return [
    ...(statuses?.every(isRepeat) ? [] : histories),
    ...((statuses?.some(isRepeat) ?? true) ? [streamOf(`e.status = 'duplicate'`)] : []),
  ]
}

const CONTACTS = 'SELECT source, contact, CAST(person AS TEXT) AS person FROM contacts WHERE'
const BY_PERSON = `person = COALESCE(
  (SELECT merged_into FROM merged_people WHERE person = CAST(?1 AS INTEGER)), CAST(?1 AS INTEGER))`

/** More contacts than these are not read one by one, unless the page before was. */
const MAX_NAMED = 4
const MAX_GROWN = 100

/**
 * The contacts whose events a filter wants: those of a person, of an address, or whose id begins with a text; undefined
 * when it asks for none of these, or when the text is the beginning of too many.
 */
export async function contactsOfFilter(
  db: D1Database,
  budget: RowBudget,
  filter: EventFilter,
  start: Position | undefined,
): Promise<Contact[] | undefined> {
  const { email, person } = personOf(filter)
  if (person !== undefined && !isPersonId(person)) return []
  if (person !== undefined) {
    const [contacts = []] = await budget.read<Contact & { email: string | null }>([
      db
        .prepare(
          `${CONTACTS.replace(' FROM', ', email FROM')} ${BY_PERSON} ORDER BY source, contact`,
        )
        .bind(keyOfId(person)),
    ])
    return contacts.filter((contact) => email === undefined || contact.email === email)
  }
  if (email !== undefined) {
    const [contacts = []] = await budget.read<Contact>([
      db.prepare(`${CONTACTS} email = ?1 ORDER BY source, contact`).bind(email),
    ])
    return contacts
  }
  const text = contactTextOf(filter)
  if (text === undefined || start?.at === null) return undefined
  return namedContacts(db, budget, text, start === undefined ? MAX_NAMED : MAX_GROWN)
}

function personOf({ person, email, text }: EventFilter) {
  const named = text?.startsWith('per_') ? (text as PersonId) : undefined
  return { email: email?.trim().toLowerCase(), person: person ?? named }
}

// Each step finds the next contact of the index, so that it reads a row for each.
const SOURCES = `WITH RECURSIVE known(source) AS (
  SELECT min(source) FROM contacts
  UNION ALL
  SELECT (SELECT min(source) FROM contacts WHERE source > known.source) FROM known WHERE source IS NOT NULL)
SELECT source FROM known WHERE source IS NOT NULL`

async function namedContacts(
  db: D1Database,
  budget: RowBudget,
  text: string,
  max: number,
): Promise<Contact[] | undefined> {
  const [sources = []] = await budget.read<{ source: string }>([db.prepare(SOURCES)])
  const beginnings = [text, TEST_PREFIX + text]
  const found = await budget.read<Contact>(
    sources.flatMap(({ source }) =>
      beginnings.map((beginning) =>
        db
          .prepare(
            `${CONTACTS} source = ?1 AND contact >= ?2 AND contact < ?3 ORDER BY contact LIMIT ?4`,
          )
          .bind(source, beginning, `${beginning}\u{10ffff}`, max + 1),
      ),
    ),
  )
  const contacts = found.flat()
  return contacts.length > max ? undefined : contacts
}

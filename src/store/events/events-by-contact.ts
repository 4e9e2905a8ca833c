// Events of a few contacts, sorted by when they happened, the latest first: the order of the index of a contact's history.

import { foldEmail, TEST_PREFIX } from '../../core/events/contact-key.ts'
import { EVENT_KINDS } from '../../core/events/vocabulary.ts'
import { isPersonId, keyOfId, type PersonId } from '../../core/id.ts'
import { mergeSorted, type SortedQuery } from '../merge.ts'
import type { Position, RowBudget } from '../pages.ts'
import {
  contactTextOf,
  type EventFilter,
  keyRangeOf,
  matchesContact,
  matchesKind,
  matchesTraits,
} from './event-filter.ts'
import { EVENT_COLUMNS, type EventQuery, type EventReader, type EventRow } from './event-rows.ts'
import { kindOf } from './history.ts'

/** A contact of a source, and the key of its person if it has one. */
export type Contact = { source: string; contact: string; person: string | null }

/** Returns a reader of the events of these contacts that match a query. */
export function eventsByContact(
  db: D1Database,
  budget: RowBudget,
  { filter, start, shows }: EventQuery,
  contacts: readonly Contact[],
): EventReader {
  const { from, before } = keyRangeOf(filter)
  const matches = (row: EventRow) =>
    matchesTraits(filter, row) &&
    (!filter.unrouted || row.planned === 0) &&
    matchesContact(filter, row.contact) &&
    BigInt(row.key) >= from &&
    BigInt(row.key) < before
  const merged = mergeSorted({
    budget,
    queries: contacts
      .filter(({ source }) => filter.sources?.includes(source) ?? true)
      .flatMap((contact) => queriesFor(db, contact, filter, start)),
    isBefore: isLater,
    matches,
    reserve: shows === 'deliveries' ? 2 : 0,
  })
  return {
    next: (n) => merged.next(n),
    positionOf,
    nextPosition() {
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

/** Returns one query for each kind of event in a contact's history, and one for its duplicates: an index serves each. */
function queriesFor(
  db: D1Database,
  { source, contact, person }: Contact,
  filter: EventFilter,
  start: Position | undefined,
): SortedQuery<EventRow>[] {
  const { statuses } = filter
  const queryFor =
    (condition: string, ...values: string[]): SortedQuery<EventRow> =>
    (after, limit) => {
      const position = after === undefined ? start : positionOf(after)
      // A position within an event starts with that event.
      const last = position?.target == null ? (position?.key ?? 0n) : position.key + 1n
      return db
        .prepare(
          `SELECT ${EVENT_COLUMNS}, ?3 AS person FROM events AS e
           WHERE ${condition} AND e.source = ?1 AND e.contact = ?2
             ${position === undefined ? '' : `AND (e.at, e.key) < (${position.at ?? 0}, ${last})`}
           ORDER BY e.at DESC, e.key DESC LIMIT ?4`,
        )
        .bind(source, contact, person, limit, ...values)
    }
  const histories = EVENT_KINDS.filter((kind) => matchesKind(filter, kind)).map((kind) =>
    queryFor(`e.status IN ('accepted', 'derived') AND ${kindOf('e.type')} = ?5`, kind),
  )
  const isDuplicate = (status: string) => status === 'duplicate'
  return [
    ...(statuses?.every(isDuplicate) ? [] : histories),
    ...((statuses?.some(isDuplicate) ?? true) ? [queryFor(`e.status = 'duplicate'`)] : []),
  ]
}

const CONTACTS = 'SELECT source, contact, CAST(person AS TEXT) AS person FROM contacts WHERE'
const BY_PERSON = `person = COALESCE(
  (SELECT merged_into FROM merged_people WHERE person = CAST(?1 AS INTEGER)), CAST(?1 AS INTEGER))`

/**
 * The most contacts that an id prefix may match for events to be read by contact. A later page accepts more, so that
 * contacts added since the first page do not change the order of the list.
 */
const MAX_CONTACTS = 4
const MAX_CONTACTS_LATER = 100

/**
 * Returns the contacts whose events a filter asks for: those of a person, those with an e-mail address, or those whose id
 * starts with the filter's text. Undefined if it asks for none of these, or if too many ids start with that text.
 */
export async function contactsOfFilter(
  db: D1Database,
  budget: RowBudget,
  { filter, start }: EventQuery,
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
  const prefix = contactTextOf(filter)
  // The page before was sorted by receipt.
  if (prefix === undefined || start?.at === null) return undefined
  return contactsByPrefix(
    db,
    budget,
    prefix,
    start === undefined ? MAX_CONTACTS : MAX_CONTACTS_LATER,
  )
}

function personOf({ person, email, text }: EventFilter) {
  const named = text?.startsWith('per_') ? (text as PersonId) : undefined
  return { email: email === undefined ? undefined : foldEmail(email), person: person ?? named }
}

// Each step seeks the next source in the index, so that it reads one row for each source and not for each contact.
const SOURCES = `WITH RECURSIVE known(source) AS (
  SELECT min(source) FROM contacts
  UNION ALL
  SELECT (SELECT min(source) FROM contacts WHERE source > known.source) FROM known WHERE source IS NOT NULL)
SELECT source FROM known WHERE source IS NOT NULL`

/** Returns the contacts whose id starts with `prefix`, test contacts included; undefined if there are more than `max`. */
async function contactsByPrefix(
  db: D1Database,
  budget: RowBudget,
  prefix: string,
  max: number,
): Promise<Contact[] | undefined> {
  const [sources = []] = await budget.read<{ source: string }>([db.prepare(SOURCES)])
  const prefixes = [prefix, TEST_PREFIX + prefix]
  const found = await budget.read<Contact>(
    sources.flatMap(({ source }) =>
      prefixes.map((first) =>
        db
          .prepare(
            `${CONTACTS} source = ?1 AND contact >= ?2 AND contact < ?3 ORDER BY contact LIMIT ?4`,
          )
          .bind(source, first, `${first}\u{10ffff}`, max + 1),
      ),
    ),
  )
  const contacts = found.flat()
  return contacts.length > max ? undefined : contacts
}

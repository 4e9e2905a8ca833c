// The contacts whose events a list shows.
import { foldEmail, TEST_PREFIX } from '../../../core/events/contact-key.ts'
import { isPersonId, keyOfId, type PersonId } from '../../../core/id.ts'
import { contactTextOf, type EventFilter } from '../event-filter.ts'
import type { EventQuery } from '../event-rows.ts'
import type { PageReader } from './page-reader.ts'

/** A contact of a source, and the key of its person if it has one. */
export type Contact = { source: string; contact: string; person: string | null }

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
  reader: PageReader,
  { filter, start }: EventQuery,
): Promise<Contact[] | undefined> {
  const { db, budget } = reader
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
  return contactsByPrefix(reader, prefix, start === undefined ? MAX_CONTACTS : MAX_CONTACTS_LATER)
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
  { db, budget }: PageReader,
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

// Persons: the contacts behind each, found, split and merged. Nothing of a contact's events is touched.

import { contactIdOf, foldEmail } from '../../core/events/contact-key.ts'
import type { PersonBasis } from '../../core/events/envelope.ts'
import { keyOfId, type PersonId, personIdOfKey } from '../../core/id.ts'
import { encodeCursor, type Page, type Paged, startOfPage } from '../pages.ts'
import { HAS_SHARED_ADDRESS } from './joins.ts'

/** A contact of a person. */
export type PersonContact = {
  source: string
  vendor: string
  /** The vendor's id of the contact; null if only the e-mail address is known. */
  contact: string | null
  /** The account of the vendor (Hype's publisher), where it is known. */
  account: string | null
  email: string | null
  sites: string[]
  /** How it came to the person; null if the person is its own, or it came by earlier rules. */
  joined_by: PersonBasis | null
}

/** A person: all contacts that are taken for one human being. */
export type Person = { id: PersonId; contacts: PersonContact[] }

type Row = {
  person: string
  source: string
  vendor: string
  contact: string
  account: string | null
  email: string | null
  sites: string
  basis: PersonBasis | null
}

const COLUMNS =
  'CAST(person AS TEXT) AS person, source, vendor, contact, account, email, sites, basis'

/** SQL: whether a key is that of a vendor's id, bare or scoped (`SCOPE_MARK` sorts before a space). */
export const isKeyOf = (key: string, id: string) => `(${key} >= ${id} AND ${key} < ${id} || ' ')`

/**
 * Returns a page of the persons, with all their contacts, that have an e-mail address (case does not matter) or a vendor's
 * contact id in one of the sources. The persons known longest come first. Throws a RangeError for an invalid cursor.
 */
export async function findPeople(
  db: D1Database,
  wanted: { email: string } | { contact: string; sources: readonly string[] },
  page: Page,
): Promise<Paged<Person>> {
  const after = String(startOfPage(page)?.key ?? -1)
  const found =
    'email' in wanted
      ? db
          .prepare(
            `SELECT DISTINCT CAST(c.person AS TEXT) AS person FROM contacts AS c
             WHERE c.email = ?1 AND c.person > CAST(?2 AS INTEGER) ORDER BY c.person LIMIT ?3`,
          )
          .bind(foldEmail(wanted.email), after, page.limit + 1)
      : db
          .prepare(
            `SELECT DISTINCT CAST(c.person AS TEXT) AS person FROM json_each(?1) AS wanted
             CROSS JOIN contacts AS c ON c.source = wanted.value AND ${isKeyOf('c.contact', '?4')}
             WHERE c.person > CAST(?2 AS INTEGER) ORDER BY c.person LIMIT ?3`,
          )
          .bind(JSON.stringify(wanted.sources), after, page.limit + 1, wanted.contact)
  const { results } = await found.all<{ person: string }>()
  const keys = results.slice(0, page.limit).map(({ person }) => person)
  const last = results.length > page.limit ? keys.at(-1) : undefined
  return {
    items: await peopleOf(db, keys),
    next: last && encodeCursor({ key: BigInt(last), target: null, at: null }),
  }
}

/** Returns a person with all contacts, or `mergedInto`, the person it was merged into; undefined if there is none with this id. */
export async function getPerson(
  db: D1Database,
  id: PersonId,
): Promise<Person | { mergedInto: PersonId } | undefined> {
  const key = keyOfId(id)
  const [person] = await peopleOf(db, [key])
  if (person !== undefined) return person
  const into = await db
    .prepare(
      'SELECT CAST(merged_into AS TEXT) AS merged_into FROM merged_people WHERE person = CAST(?1 AS INTEGER)',
    )
    .bind(key)
    .first<string>('merged_into')
  return into === null ? undefined : { mergedInto: personIdOfKey(into) }
}

async function peopleOf(db: D1Database, keys: readonly string[]): Promise<Person[]> {
  if (keys.length === 0) return []
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM json_each(?1) AS wanted CROSS JOIN contacts ON person = CAST(wanted.value AS INTEGER)
       ORDER BY person, source, contact`,
    )
    .bind(JSON.stringify(keys))
    .all<Row>()
  const people = Map.groupBy(results, ({ person }) => person)
  return [...people].map(([person, rows]) => ({
    id: personIdOfKey(person),
    contacts: rows.map(contactOf),
  }))
}

/** A contact as it is shown. */
export function contactOf(row: Omit<Row, 'person'>): PersonContact {
  const { source, vendor, contact, account, email, sites, basis } = row
  const id = contactIdOf(contact) ?? null
  return { source, vendor, contact: id, account, email, sites: JSON.parse(sites), joined_by: basis }
}

/**
 * Moves a contact from its person to a new person `to`: all that have its key, of one account if it is given. The contact's
 * e-mail address no longer joins new contacts to it. Returns false if it does not belong to that person or is its only one.
 */
export async function splitContact(
  db: D1Database,
  person: PersonId,
  { source, contact, account }: { source: string; contact: string; account?: string | undefined },
  to: PersonId,
): Promise<boolean> {
  const isIt = `source = ?1 AND ${isKeyOf('contact', '?2')} AND (?5 IS NULL OR account = ?5)`
  const { meta } = await db
    .prepare(
      `UPDATE contacts SET person = CAST(?4 AS INTEGER), apart = 1, basis = NULL
       WHERE ${isIt} AND person = CAST(?3 AS INTEGER)
         AND EXISTS (SELECT 1 FROM contacts WHERE person = CAST(?3 AS INTEGER) AND NOT (${isIt}))`,
    )
    .bind(source, contact, keyOfId(person), keyOfId(to), account ?? null)
    .run()
  return meta.changes > 0
}

/**
 * Moves all contacts of the person `from` to the person `into` and returns how many there were. The old id keeps leading to
 * the merged person (`getPerson`).
 */
export async function mergePeople(db: D1Database, into: PersonId, from: PersonId): Promise<number> {
  const keys = [keyOfId(into), keyOfId(from)]
  const [moved] = await db.batch([
    db
      .prepare(
        `UPDATE contacts SET person = CAST(?1 AS INTEGER), basis = 'operator'
         WHERE person = CAST(?2 AS INTEGER) AND EXISTS (SELECT 1 FROM contacts WHERE person = CAST(?1 AS INTEGER))`,
      )
      .bind(...keys),
    db
      .prepare(
        `INSERT INTO merged_people (person, merged_into) SELECT CAST(?2 AS INTEGER), CAST(?1 AS INTEGER)
         WHERE changes() > 0 ON CONFLICT (person) DO UPDATE SET merged_into = excluded.merged_into`,
      )
      .bind(...keys),
    db
      .prepare(
        'UPDATE merged_people SET merged_into = CAST(?1 AS INTEGER) WHERE merged_into = CAST(?2 AS INTEGER)',
      )
      .bind(...keys),
  ])
  return moved?.meta.changes ?? 0
}

/** Deletes the old ids of merged persons without contacts. Reads two rows for each merge. */
export function deleteObsoleteMerges(db: D1Database): D1PreparedStatement {
  return db.prepare(
    'DELETE FROM merged_people WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE person = merged_into)',
  )
}

/** The addresses of a person's contacts that join nobody: many contacts of a source have them. */
export async function sharedAddressesOf(db: D1Database, person: PersonId): Promise<string[]> {
  const { results } = await db
    .prepare(
      `SELECT DISTINCT email FROM contacts AS c WHERE person = CAST(?1 AS INTEGER) AND ${HAS_SHARED_ADDRESS}`,
    )
    .bind(keyOfId(person))
    .all<{ email: string }>()
  return results.map(({ email }) => email)
}

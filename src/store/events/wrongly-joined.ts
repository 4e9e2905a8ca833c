// People whose contacts were joined by earlier rules, and would not be joined by those of now.
import { isPersonal, nameOf } from '../../core/events/contact-key.ts'
import { type JoinedContact, partsOf } from '../../core/events/people.ts'
import type { Contact } from '../../core/events/vocabulary.ts'
import { keyOfId, type PersonId, personIdOfKey } from '../../core/id.ts'
import { HAS_SHARED_ADDRESS } from './joins.ts'
import { contactOf, type PersonContact } from './people.ts'

/** A person of several humans: `parts` of contacts that belong together. The first part keeps the id. */
export type WronglyJoined = { id: PersonId; parts: (PersonContact & { key: string })[][] }

/** How many people and contacts are looked at in one page. */
const PEOPLE_A_PAGE = 100
const CONTACTS_A_PAGE = 1000

// First the contact whose event gave the person its id; where that is packed, the one that joined nobody. A name that is not in `contacts` yet is that of an event. People whom
// an operator merged before that was noted for each contact are left alone.
const CANDIDATES = `
WITH many AS (
  SELECT person FROM contacts WHERE person > CAST(?1 AS INTEGER) AND person NOT IN (SELECT merged_into FROM merged_people)
  GROUP BY person HAVING count(*) > 1 ORDER BY person LIMIT ${PEOPLE_A_PAGE})
SELECT CAST(c.person AS TEXT) AS person, c.source, c.vendor, c.contact, c.account, c.email, c.sites, c.name, c.former, c.basis,
  ${HAS_SHARED_ADDRESS} AS shared,
  CASE WHEN c.name IS NULL THEN (
    SELECT e.event -> '$.data.contact' FROM events AS e
    WHERE e.status IN ('accepted', 'derived') AND e.source = c.source AND e.contact = c.contact
      AND COALESCE(e.event ->> '$.data.contact.given_name', e.event ->> '$.data.contact.full_name') IS NOT NULL LIMIT 1) END
    AS told
FROM many CROSS JOIN contacts AS c ON c.person = many.person
ORDER BY c.person, COALESCE((SELECT e.source = c.source AND e.contact = c.contact FROM events AS e WHERE e.key = c.person), c.basis IS NULL) DESC,
  c.source, c.contact
LIMIT ${CONTACTS_A_PAGE}`

type Row = Omit<PersonContact, 'contact' | 'sites' | 'joined_by'> & {
  basis: PersonContact['joined_by']
  person: string
  contact: string
  sites: string
  name: string | null
  former: string | null
  shared: number
  told: string | null
}

/**
 * Returns the people after `after` whose contacts would not be one person by the present rules, of those that are looked at in
 * one page, and the last person that was; undefined at the end. `shared`: addresses that join nobody.
 */
export async function findWronglyJoined(
  db: D1Database,
  after: PersonId | undefined,
  shared: readonly string[],
): Promise<{ people: WronglyJoined[]; next: PersonId | undefined }> {
  const { results } = await db
    .prepare(CANDIDATES)
    .bind(after === undefined ? '0' : keyOfId(after))
    .all<Row>()
  const byPerson = [...Map.groupBy(results, ({ person }) => person)]
  const isFull = results.length === CONTACTS_A_PAGE
  // The last one may have more contacts than were read.
  const whole = isFull && byPerson.length > 1 ? byPerson.slice(0, -1) : byPerson
  const last = whole.at(-1)?.[0]
  return {
    people: whole.flatMap(([person, rows]) => {
      const parts = partsOf(rows.map((row) => joinedContactOf(row, shared)))
      const shown = parts.map((part) =>
        part.map(({ row }) => ({ ...contactOf(row), key: row.contact })),
      )
      return parts.length < 2 ? [] : [{ id: personIdOfKey(person), parts: shown }]
    }),
    next:
      last !== undefined && (isFull || byPerson.length === PEOPLE_A_PAGE)
        ? personIdOfKey(last)
        : undefined,
  }
}

function joinedContactOf(row: Row, shared: readonly string[]): JoinedContact & { row: Row } {
  const { source, vendor, contact, account, email, former, told } = row
  const joins = (address: string | null) =>
    isPersonal(address) && !shared.includes(address) ? address : null
  return {
    row,
    source,
    vendor,
    contact,
    account,
    name: row.name ?? (told === null ? null : nameOf(JSON.parse(told) as Contact)),
    address: row.shared ? null : joins(email),
    former: joins(former),
    basis: row.basis,
  }
}

/** A part of a person that becomes a person of its own. */
export type Leaving = {
  from: PersonId
  to: PersonId
  part: readonly { source: string; key: string }[]
}

/** Moves contacts to new people, in one statement, if they still belong to the old ones. */
export async function splitWronglyJoined(
  db: D1Database,
  leaving: readonly Leaving[],
): Promise<void> {
  const moves = leaving.flatMap(({ from, to, part }) =>
    part.map(({ source, key }, i) => {
      const basis = i === 0 ? null : 'address'
      return { source, key, from: keyOfId(from), to: keyOfId(to), basis }
    }),
  )
  await db
    .prepare(
      `UPDATE contacts SET person = CAST(m.value ->> 'to' AS INTEGER), basis = m.value ->> 'basis'
       FROM json_each(?1) AS m
       WHERE source = m.value ->> 'source' AND contact = m.value ->> 'key' AND person = CAST(m.value ->> 'from' AS INTEGER)`,
    )
    .bind(JSON.stringify(moves))
    .run()
}

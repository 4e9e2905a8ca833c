// The beginning of an erasure: in one transaction a person loses all contacts, and they are noted as erased.
import { firstKeyAt, keyOfId, type PersonId } from '../../../core/id.ts'
import { notesOf } from '../../../core/operate/erasure/contact.ts'
import { keyedHash } from '../../../core/operate/erasure/words.ts'
import type { ErasedContactRow } from './erasures.ts'

/** The columns of such a contact, for a query over `contacts AS c`. */
const CONTACT_COLUMNS = `c.source, c.vendor, c.contact, c.account, c.email, c.former, c.name,
  EXISTS (SELECT 1 FROM contacts AS o WHERE o.email = c.email AND o.person <> c.person) AS is_shared`

/** Returns the contacts of a person as an erasure takes them. */
export async function listContactsOf(
  db: D1Database,
  person: PersonId,
): Promise<ErasedContactRow[]> {
  const { results } = await db
    .prepare(`SELECT ${CONTACT_COLUMNS} FROM contacts AS c WHERE person = CAST(?1 AS INTEGER)`)
    .bind(keyOfId(person))
    .all<ErasedContactRow>()
  return results
}

/** What is asked for. `version`: a random number that is not 0; `now` in epoch milliseconds. */
export type ErasureRequest = { suppress: boolean; version: number; now: number }

const TAKEN = `(SELECT count(*) FROM contacts WHERE (source, contact) IN (
  SELECT value ->> 'source', value ->> 'contact' FROM json_each(?4)))`

/**
 * Begins an erasure, or continues one: in one transaction the person loses all contacts, which are noted as erased, so that
 * from then on their messages are another person's. What was recorded before is below `cut`. Returns how many contacts
 * there were: none when the person has none (any more).
 */
export async function takeContacts(
  db: D1Database,
  person: PersonId,
  { suppress, version, now }: ErasureRequest,
): Promise<number> {
  const key = keyOfId(person)
  const contacts = await listContactsOf(db, person)
  if (contacts.length === 0) return 0
  const secret = (await db.prepare('SELECT key FROM erasing').first<string>('key')) ?? ''
  const notes = contacts.flatMap((contact) =>
    notesOf({
      ...contact,
      addresses: contact.email !== null && contact.is_shared === 0 ? [contact.email] : [],
    }),
  )
  const hashes = await Promise.all(notes.map((note) => keyedHash(note, secret)))
  const taken = JSON.stringify(contacts)
  await db.batch([
    db
      .prepare(
        `INSERT INTO erasures (person, asked_at, cut, step, contacts, salt, counts, suppress)
         VALUES (CAST(?1 AS INTEGER), ?2, max(CAST(?3 AS INTEGER), (SELECT COALESCE(max(key), 0) + 1 FROM events)),
           'events', ?4, lower(hex(randomblob(16))), json_object('contacts', ${TAKEN}), ?5)
         ON CONFLICT (person) DO UPDATE SET step = 'events', place = NULL, done_at = NULL, cut = excluded.cut,
           contacts = (SELECT json_group_array(json(value)) FROM (
             SELECT value FROM json_each(COALESCE(contacts, '[]')) UNION SELECT value FROM json_each(?4))),
           counts = json_set(counts, '$.contacts', (counts ->> '$.contacts') + ${TAKEN})`,
      )
      .bind(key, now, firstKeyAt(now), taken, suppress ? 1 : 0),
    db
      .prepare(
        `INSERT INTO erased_contacts (hash, person) SELECT value, CAST(?1 AS INTEGER) FROM json_each(?2) WHERE true
         ON CONFLICT DO NOTHING`,
      )
      .bind(key, JSON.stringify(hashes)),
    db
      .prepare(
        `DELETE FROM contacts WHERE (source, contact) IN (
           SELECT value ->> 'source', value ->> 'contact' FROM json_each(?1))`,
      )
      .bind(taken),
    db.prepare('UPDATE erasing SET version = ?1').bind(version),
  ])
  return contacts.length
}

// Whose some events are: what tells the values of another person from those of an erased one.
import type { PersonalParts } from '../../../core/operate/erasure/values.ts'

/**
 * Who something is about: the contact of an event, what it says of them, and their person (decimal text). `isKnown`: whether
 * the log still has the contact.
 */
export type Owner = {
  source: string
  contact: string | null
  person: string | undefined
  isKnown: boolean
  parts: PersonalParts
}

// What is left of somebody may be anything.
const EVENT = 'CASE WHEN json_valid(e.event) THEN e.event END'

/** Returns the owners of events by their keys (decimal texts). */
export async function readOwners(
  db: D1Database,
  keys: readonly string[],
): Promise<Map<string, Owner>> {
  if (keys.length === 0) return new Map()
  const { results } = await db
    .prepare(
      `SELECT CAST(e.key AS TEXT) AS key, e.source, e.contact, CAST(c.person AS TEXT) AS person,
         (${EVENT}) -> '$.data.contact' AS parts, (${EVENT}) ->> '$.data.message.to' AS "to", (${EVENT}) ->> '$.data.checkin.fob_number' AS fob
       FROM json_each(?1) AS wanted CROSS JOIN events AS e ON e.key = CAST(wanted.value AS INTEGER)
       LEFT JOIN contacts AS c ON c.source = e.source AND c.contact = e.contact`,
    )
    .bind(JSON.stringify([...new Set(keys)]))
    .all<
      Record<'key' | 'source', string> &
        Record<'contact' | 'person' | 'parts' | 'to' | 'fob', string | null>
    >()
  return new Map(
    results.map(({ key, source, contact, person, parts, to, fob }) => [
      key,
      {
        ...{ source, contact, person: undefined, isKnown: person !== null },
        parts: { contact: parts === null ? null : JSON.parse(parts), to, fob },
      },
    ]),
  )
}

/** Returns the persons (decimal texts) of contacts, in their order; undefined for a contact that the log does not have. */
export async function readPersons(
  db: D1Database,
  contacts: readonly { source: string; contact: string | null }[],
): Promise<(string | undefined)[]> {
  if (contacts.length === 0) return []
  const { results } = await db
    .prepare(
      `SELECT (SELECT CAST(c.person AS TEXT) FROM contacts AS c
         WHERE c.source = wanted.value ->> 'source' AND c.contact = wanted.value ->> 'contact') AS person
       FROM json_each(?1) AS wanted ORDER BY wanted.key`,
    )
    .bind(JSON.stringify(contacts))
    .all<{ person: string | null }>()
  return results.map(({ person }) => person ?? undefined)
}

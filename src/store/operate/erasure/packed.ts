// Where the packed events of erased contacts are, and which bytes of packs still have them.
import { type EventId, firstKeyAt, idOfKey } from '../../../core/id.ts'
import type { PackVersion } from '../../events/packs/bytes.ts'
import type { Pack } from '../../events/packs/packs.ts'
import type { ErasedContactRow } from './erasures.ts'

const OWN = `FROM json_each(?1) AS own CROSS JOIN packed_contacts AS c
  ON c.source = own.value ->> 'source' AND c.contact = own.value ->> 'contact'
  CROSS JOIN packed_events AS p ON p.contact = c.number`

type Contacts = readonly Pick<ErasedContactRow, 'source' | 'contact'>[]

/** Returns the first packed event of some contacts with a key below `cut` (decimal text); undefined if there is none. */
export async function firstPacked(
  db: D1Database,
  contacts: Contacts,
  cut: string,
): Promise<EventId | undefined> {
  const key = await db
    .prepare(`SELECT CAST(min(p.key) AS TEXT) AS key ${OWN} WHERE p.key < CAST(?2 AS INTEGER)`)
    .bind(JSON.stringify(contacts), cut)
    .first<string>('key')
  return key === null ? undefined : idOfKey(key)
}

/** Returns the events of some contacts that are packed in a pack, with keys below `cut` (decimal text). */
export async function listPacked(
  db: D1Database,
  contacts: Contacts,
  { start, until }: Pick<Pack, 'start' | 'until'>,
  cut: string,
): Promise<EventId[]> {
  const { results } = await db
    .prepare(
      `SELECT DISTINCT CAST(p.key AS TEXT) AS key ${OWN}
       WHERE p.key < CAST(?2 AS INTEGER) AND p.key >= CAST(?3 AS INTEGER) AND p.key < CAST(?4 AS INTEGER)`,
    )
    .bind(JSON.stringify(contacts), cut, firstKeyAt(start), firstKeyAt(until))
    .all<{ key: string }>()
  return results.map(({ key }) => idOfKey(key))
}

/** Forgets the contacts in the index of packs, of which no event is packed any more. */
export function forgetPacked(db: D1Database, contacts: Contacts): D1PreparedStatement {
  return db
    .prepare(
      `DELETE FROM packed_contacts WHERE (source, contact) IN (
         SELECT value ->> 'source', value ->> 'contact' FROM json_each(?1))
       AND NOT EXISTS (SELECT 1 FROM packed_events AS p WHERE p.contact = packed_contacts.number)`,
    )
    .bind(JSON.stringify(contacts))
}

/** Returns the versions of some packs, by their starts, whose bytes belong to no pack any more, and since when (epoch milliseconds). */
export async function listFormerBytes(
  db: D1Database,
  starts: readonly number[],
): Promise<(PackVersion & { since: number })[]> {
  const { results } = await db
    .prepare(
      'SELECT start, version, place, since FROM pack_garbage WHERE start IN (SELECT value FROM json_each(?1))',
    )
    .bind(JSON.stringify(starts))
    .all<PackVersion & { since: number }>()
  return results
}

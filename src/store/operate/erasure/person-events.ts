// The events of erased contacts: the next ones of them, and all of them in numbers.
import type { PersonalParts } from '../../../core/operate/erasure/values.ts'
import type { ErasedContactRow } from './erasures.ts'

/** An event to erase: its key (decimal text), and what of it identifies its person. */
export type PersonalEvent = { key: string; source: string } & PersonalParts

// The conditions are those of the partial indexes: a contact's history, and its repeats.
const OF_CONTACT = ["status IN ('accepted', 'derived')", "status = 'duplicate'"]

const PARTS = `CAST(e.key AS TEXT) AS key, e.source, e.event -> '$.data.contact' AS contact, e.event ->> '$.data.message.to' AS "to",
  e.event ->> '$.data.checkin.fob_number' AS fob`

/** Returns the next events of some contacts with keys below `cut` (decimal text), at most `limit`, in any order. */
export async function listPersonalEvents(
  db: D1Database,
  contacts: readonly Pick<ErasedContactRow, 'source' | 'contact'>[],
  cut: string,
  limit: number,
): Promise<PersonalEvent[]> {
  const parts = OF_CONTACT.map(
    (status) => `SELECT ${PARTS} FROM json_each(?1) AS own CROSS JOIN events AS e
      ON ${status.replace('status', 'e.status')} AND e.source = own.value ->> 'source' AND e.contact = own.value ->> 'contact'
      WHERE e.key < CAST(?2 AS INTEGER)`,
  )
  const { results } = await db
    .prepare(`${parts.join(' UNION ALL ')} LIMIT ?3`)
    .bind(JSON.stringify(contacts), cut, limit)
    .all<{
      key: string
      source: string
      contact: string | null
      to: string | null
      fob: string | null
    }>()
  return results.map(({ contact, ...row }) => ({
    ...row,
    contact: contact === null ? null : JSON.parse(contact),
  }))
}

/** How much of some contacts an erasure would erase. */
export type ErasurePlan = { events: number; deliveries: number; cancelled: number }

/** Counts what there is of some contacts. */
export async function countPersonal(
  db: D1Database,
  contacts: readonly Pick<ErasedContactRow, 'source' | 'contact'>[],
): Promise<ErasurePlan> {
  const keys = OF_CONTACT.map(
    (status) => `SELECT e.key FROM json_each(?1) AS own CROSS JOIN events AS e
      ON ${status.replace('status', 'e.status')} AND e.source = own.value ->> 'source' AND e.contact = own.value ->> 'contact'`,
  ).join(' UNION ALL ')
  const [events, deliveries] = await db.batch([
    db.prepare(`SELECT count(*) AS count FROM (${keys})`).bind(JSON.stringify(contacts)),
    db
      .prepare(
        `SELECT count(*) AS count, sum(d.state IN ('pending', 'retrying', 'held')) AS unfinished
         FROM (${keys}) AS e CROSS JOIN deliveries AS d ON d.event = e.key`,
      )
      .bind(JSON.stringify(contacts)),
  ])
  const counted = events?.results as { count: number }[] | undefined
  const owed = deliveries?.results as { count: number; unfinished: number | null }[] | undefined
  return {
    events: counted?.[0]?.count ?? 0,
    deliveries: owed?.[0]?.count ?? 0,
    cancelled: owed?.[0]?.unfinished ?? 0,
  }
}

// Keeps the facts of packed events (store/events/packs/facts.ts), in the transactions that pack events, restore them and drop
// packs. Whoever writes has read the revision before, and the transaction fails when there is a later one.
import {
  type ContactFacts,
  type PackedEvent,
  receivedFrom,
  withoutEvents,
  withPacked,
} from '../../../core/events/facts/contact-facts.ts'
import type { FactOwner } from '../../../core/events/facts/fact-text.ts'
import { type EventId, keyOfId } from '../../../core/id.ts'
import { columnsOf, listStored, type StoredFacts } from '../../events/packs/facts.ts'
import { onlyIf } from './frozen.ts'

/** How long a parameter gets: a row of D1 has 2,000,000 bytes, and a character up to three. */
const MAX_LENGTH = 600_000

/** An event that is packed, and its contact. */
export type OwnedEvent = FactOwner & { event: PackedEvent }

/**
 * Returns the statements that keep what there is to be kept of packed events, for the transaction that packs them, after the
 * one that numbers their contacts (`freeze`). With no events there are none.
 */
export async function keepFacts(
  db: D1Database,
  events: readonly OwnedEvent[],
): Promise<D1PreparedStatement[]> {
  return change(db, events, (known, own) =>
    withPacked(
      known,
      own.map(({ event }) => event),
    ),
  )
}

/** Returns the statements that forget facts of events, for the transaction that restores them. */
export async function forgetFacts(
  db: D1Database,
  events: readonly (FactOwner & { id: EventId })[],
): Promise<D1PreparedStatement[]> {
  return change(db, events, (known, own) => withoutEvents(known, new Set(own.map(({ id }) => id))))
}

/**
 * Returns the statements that forget of some contacts what was received before an event, for the transaction that drops what
 * is past its retention: none for contacts of which only later facts are kept.
 */
export async function forgetFactsBefore(
  db: D1Database,
  owners: readonly FactOwner[],
  first: EventId,
): Promise<D1PreparedStatement[]> {
  const { results } = await db
    .prepare(
      `SELECT DISTINCT c.source, c.contact FROM json_each(?1) AS t
       CROSS JOIN packed_contacts AS c ON c.source = t.value ->> 'source' AND c.contact = t.value ->> 'contact'
       CROSS JOIN packed_facts AS f ON f.contact = c.number WHERE f.first < CAST(?2 AS INTEGER)`,
    )
    .bind(
      JSON.stringify(owners.map(({ source, contact }) => ({ source, contact }))),
      keyOfId(first),
    )
    .all<FactOwner>()
  return change(db, results, (known) => receivedFrom(known, first))
}

async function change<O extends FactOwner>(
  db: D1Database,
  events: readonly O[],
  changed: (known: ContactFacts, own: readonly O[]) => ContactFacts,
): Promise<D1PreparedStatement[]> {
  if (events.length === 0) return []
  const byOwner = [
    ...Map.groupBy(events, ({ source, contact }) => JSON.stringify([source, contact])).values(),
  ]
  const owners = byOwner.flatMap(([one]) =>
    one === undefined ? [] : [{ source: one.source, contact: one.contact }],
  )
  const kept = await listStored(db, owners)
  const next = kept.map((one, i) => ({ ...one, known: changed(one.known, byOwner[i] ?? []) }))
  return written(db, next)
}

const IS_SAME = `NOT EXISTS (
  SELECT 1 FROM json_each(?1) AS t
  LEFT JOIN packed_contacts AS c ON c.source = t.value ->> 'source' AND c.contact = t.value ->> 'contact'
  LEFT JOIN packed_facts AS f ON f.contact = c.number
  WHERE COALESCE(f.revision, 0) <> t.value ->> 'revision')`

const WRITE = `
INSERT OR REPLACE INTO packed_facts (contact, revision, first, facts, delivered, addressed, addressed_received)
SELECT c.number, t.value ->> 'revision' + 1, CAST(t.value ->> 'first' AS INTEGER), t.value ->> 'facts', t.value ->> 'delivered',
  t.value ->> 'addressed', t.value ->> 'received'
FROM json_each(?1) AS t
CROSS JOIN packed_contacts AS c ON c.source = t.value ->> 'source' AND c.contact = t.value ->> 'contact'`

const DELETE = `
DELETE FROM packed_facts WHERE contact IN (
  SELECT c.number FROM json_each(?1) AS t
  CROSS JOIN packed_contacts AS c ON c.source = t.value ->> 'source' AND c.contact = t.value ->> 'contact')`

function written(db: D1Database, kept: readonly StoredFacts[]): D1PreparedStatement[] {
  const rows = kept.flatMap((one) => columnsOf(one) ?? [])
  const gone = kept
    .filter((one) => one.revision > 0 && columnsOf(one) === undefined)
    .map(({ owner, revision }) => ({ ...owner, revision }))
  return [
    ...chunks(rows).flatMap((text) => [onlyIf(db, IS_SAME, text), db.prepare(WRITE).bind(text)]),
    ...chunks(gone).flatMap((text) => [onlyIf(db, IS_SAME, text), db.prepare(DELETE).bind(text)]),
  ]
}

/** Values as JSON lists that parameters hold. */
function chunks(values: readonly object[]): string[] {
  const lists: string[][] = []
  let length = 0
  for (const value of values) {
    const text = JSON.stringify(value)
    length += text.length
    const list = lists.at(-1)
    if (list !== undefined && length <= MAX_LENGTH) list.push(text)
    else {
      lists.push([text])
      length = text.length
    }
  }
  return lists.map((list) => `[${list.join()}]`)
}

// The queries of a contact's events, each sorted by when they happened, the latest first: an index serves each.
import { EVENT_KINDS } from '../../../core/events/vocabulary.ts'
import type { SortedQuery } from '../../merge.ts'
import type { Position } from '../../pages.ts'
import { type EventFilter, matchesKind } from '../event-filter.ts'
import { EVENT_COLUMNS, type EventRow } from '../event-rows.ts'
import { kindOf } from '../history.ts'
import { KIND_OF_REPEATS, numberOfKind } from '../packs/kinds.ts'
import type { Contact } from './contacts-of-filter.ts'
import type { PageReader } from './page-reader.ts'

/** An event of a contact: its row, or, where it is packed, what the index of packed events has of it. */
export type ContactRow =
  | (EventRow & { isPacked?: never })
  | (Pick<EventRow, 'key' | 'source' | 'contact' | 'person'> & { at: number; isPacked: 1 })

/** The kinds of a contact's packed events, as numbers, and the number of the contact. */
export type PackedKind = { source: string; contact: string; number: number; kind: number }

/** Returns the position of an event in lists by contact. */
export function positionOf({ key, at }: Pick<ContactRow, 'key' | 'at'>): Position {
  return { key: BigInt(key), target: null, at: at ?? 0 }
}

/** Which kinds of events a filter asks for, as numbers. */
function kindsOf(filter: EventFilter): Set<number> {
  const isDuplicate = (status: string) => status === 'duplicate'
  const kinds = EVENT_KINDS.filter((kind) => matchesKind(filter, kind)).map(numberOfKind)
  return new Set([
    ...(filter.statuses?.every(isDuplicate) ? [] : kinds),
    ...((filter.statuses?.some(isDuplicate) ?? true) ? [KIND_OF_REPEATS] : []),
  ])
}

/** Returns a query for each kind of event that a filter asks for: of a contact's rows, and of its packed events. */
export function queriesFor(
  db: D1Database,
  { source, contact, person }: Contact,
  filter: EventFilter,
  start: Position | undefined,
  packedKinds: readonly PackedKind[],
): SortedQuery<ContactRow>[] {
  const wanted = kindsOf(filter)
  const isAfter = (after: ContactRow | undefined, table: string) => {
    const position = after === undefined ? start : positionOf(after)
    if (position === undefined) return ''
    // A position within an event starts with that event.
    const last = position.target === null ? position.key : position.key + 1n
    return `AND (${table}.at, ${table}.key) < (${position.at ?? 0}, ${last})`
  }
  const rowsOf =
    (kind: number): SortedQuery<ContactRow> =>
    (after, limit) => {
      const isOfKind =
        kind === KIND_OF_REPEATS
          ? `e.status = 'duplicate'`
          : `e.status IN ('accepted', 'derived') AND ${kindOf('e.type')} = '${EVENT_KINDS[kind]}'`
      return db
        .prepare(
          `SELECT ${EVENT_COLUMNS}, ?3 AS person FROM events AS e
           WHERE ${isOfKind} AND e.source = ?1 AND e.contact = ?2 ${isAfter(after, 'e')}
           ORDER BY e.at DESC, e.key DESC LIMIT ?4`,
        )
        .bind(source, contact, person, limit)
    }
  const packedOf =
    ({ number, kind }: PackedKind): SortedQuery<ContactRow> =>
    (after, limit) =>
      db
        .prepare(
          `SELECT CAST(p.key AS TEXT) AS key, ?1 AS source, ?2 AS contact, p.at, ?3 AS person, 1 AS isPacked
           FROM packed_events AS p WHERE p.contact = ?5 AND p.kind = ?6 ${isAfter(after, 'p')}
           ORDER BY p.at DESC, p.key DESC LIMIT ?4`,
        )
        .bind(source, contact, person, limit, number, kind)
  const isOwn = (one: PackedKind) => one.source === source && one.contact === contact
  return [
    ...[...wanted].map(rowsOf),
    ...packedKinds.filter((one) => isOwn(one) && wanted.has(one.kind)).map(packedOf),
  ]
}

// Each step seeks the next kind in the index, so that it reads a row or two for each kind and not for each event.
const KINDS = `
WITH RECURSIVE known(source, contact, number, kind) AS (
  SELECT source, contact, number, (SELECT min(kind) FROM packed_events WHERE contact = number)
  FROM own CROSS JOIN packed_contacts USING (source, contact)
  UNION ALL
  SELECT source, contact, number, (
    SELECT min(kind) FROM packed_events AS p WHERE p.contact = number AND p.kind > known.kind)
  FROM known WHERE kind IS NOT NULL)
SELECT source, contact, number, kind FROM known WHERE kind IS NOT NULL`

/** Reads which kinds of packed events some contacts have. */
export async function readPackedKinds(
  { db, budget }: PageReader,
  contacts: readonly Contact[],
): Promise<PackedKind[]> {
  if (contacts.length === 0) return []
  const names = contacts.map(({ source, contact }) => [source, contact])
  const values = names.map((_, i) => `(?1 -> ${i} ->> 0, ?1 -> ${i} ->> 1)`)
  const own = `own(source, contact) AS (VALUES ${values})`
  const [kinds = []] = await budget.read<PackedKind>([
    db
      .prepare(KINDS.replace('WITH RECURSIVE ', `WITH RECURSIVE ${own}, `))
      .bind(JSON.stringify(names)),
  ])
  return kinds
}

// Reads the events of a list by their keys: rows of D1, and for those without a row what their packs have of them.
import { idOfKey } from '../../../core/id.ts'
import { PERSON_OF_E } from '../contacts.ts'
import { EVENT_COLUMNS, type EventRow } from '../event-rows.ts'
import type { PackedEvent } from './packed-event.ts'
import type { PageReader } from './page-reader.ts'

/** An event to read, with what is known of it from its pack. */
type Wanted = { key: bigint; packed?: PackedEvent | undefined }

/**
 * Reads events in their order, as far as the page may read packs: `unread` are those after that. `withPerson`: costs one more
 * row each; without it, `person` is null. An event that is gone is left out.
 */
export async function readEventRows<W extends Wanted>(
  reader: PageReader,
  wanted: readonly W[],
  withPerson: boolean,
): Promise<{ rows: EventRow[]; unread: W[] }> {
  const unknown = wanted.filter(({ packed }) => packed === undefined).map(({ key }) => key)
  const hot = await readHotRows(reader, unknown, withPerson)
  const missing = unknown.filter((key) => !hot.has(String(key))).map((key) => idOfKey(key))
  const { events, unread } = await reader.packs.readEvents(missing)
  const isUnread = ({ key, packed }: W) => packed === undefined && unread.has(idOfKey(key))
  const end = wanted.findIndex(isUnread)
  const known = end === -1 ? wanted : wanted.slice(0, end)
  const packed = known.flatMap(({ key, packed }) => packed ?? events.get(idOfKey(key)) ?? [])
  const persons = withPerson ? await readPersons(reader, packed) : new Map<string, string>()
  const cold = new Map(packed.map((one) => [one.event.key, packedRowOf(one, persons)]))
  return {
    rows: known.flatMap(({ key }) => hot.get(String(key)) ?? cold.get(String(key)) ?? []),
    unread: end === -1 ? [] : wanted.slice(end),
  }
}

async function readHotRows(
  { db, budget }: PageReader,
  keys: readonly bigint[],
  withPerson: boolean,
): Promise<Map<string, EventRow>> {
  if (keys.length === 0) return new Map()
  // D1 does not count the rows of VALUES as read, unlike those of json_each.
  const [rows = []] = await budget.read<EventRow>([
    db.prepare(
      `WITH wanted(key) AS (VALUES ${keys.map((key) => `(${key})`)})
       SELECT ${EVENT_COLUMNS}, ${withPerson ? PERSON_OF_E : 'NULL'} AS person
       FROM wanted CROSS JOIN events AS e ON e.key = wanted.key`,
    ),
  ])
  return new Map(rows.map((row) => [row.key, row]))
}

const nameOf = ({ source, contact }: { source: string; contact: string | null }) =>
  JSON.stringify([source, contact])

/** The persons of packed events by the source and id of their contacts. */
async function readPersons(
  { db, budget }: PageReader,
  packed: readonly PackedEvent[],
): Promise<Map<string, string>> {
  const contacts = packed.filter(({ event }) => event.contact !== null)
  const names = [...new Set(contacts.map(({ event }) => nameOf(event)))]
  if (names.length === 0) return new Map()
  const values = names.map((_, i) => `(?1 -> ${i} ->> 0, ?1 -> ${i} ->> 1)`)
  const [rows = []] = await budget.read<{ source: string; contact: string; person: string }>([
    db
      .prepare(
        `WITH e(source, contact) AS (VALUES ${values})
         SELECT e.source, e.contact, ${PERSON_OF_E} AS person FROM e`,
      )
      .bind(`[${names}]`),
  ])
  return new Map(rows.map((row) => [nameOf(row), row.person]))
}

/** A packed event as a row. */
export function packedRowOf(packed: PackedEvent, persons: ReadonlyMap<string, string>): EventRow {
  return { ...packed.event, person: persons.get(nameOf(packed.event)) ?? null, packed }
}

// Events of a few contacts, sorted by when they happened, the latest first: the order of the index of a contact's history.
import { mergeSorted } from '../../merge.ts'
import { type EventFilter, keyRangeOf, matchesContact, matchesTraits } from '../event-filter.ts'
import type { EventQuery, EventReader, EventRow } from '../event-rows.ts'
import { type ContactRow, positionOf, queriesFor, readPackedKinds } from './contact-queries.ts'
import type { Contact } from './contacts-of-filter.ts'
import type { PageReader } from './page-reader.ts'
import { readEventRows } from './read-rows.ts'

/** Returns a reader of the events of these contacts that match a query. */
export async function eventsByContact(
  reader: PageReader,
  { filter, start, shows }: EventQuery,
  contacts: readonly Contact[],
): Promise<EventReader> {
  const own = contacts.filter(({ source }) => filter.sources?.includes(source) ?? true)
  const kinds = await readPackedKinds(reader, own)
  const merged = mergeSorted({
    budget: reader.budget,
    queries: own.flatMap((contact) => queriesFor(reader.db, contact, filter, start, kinds)),
    isBefore: isLater,
    matches: (row) => isInRange(filter, row) && (row.isPacked === 1 || matches(filter, row)),
    reserve: (shows === 'deliveries' ? 2 : 0) + (kinds.length > 0 ? 1 : 0),
  })
  /** Merged and not returned yet: the page may read no pack for them. */
  let pending: ContactRow[] = []
  let last: ContactRow | undefined

  /** Reads the next merged events; those that match are fewer. */
  async function read(next: readonly ContactRow[]): Promise<EventRow[]> {
    const packed = next.flatMap((row) =>
      row.isPacked === 1 ? [{ ...row, key: BigInt(row.key) }] : [],
    )
    const { rows, unread } = await readEventRows(reader, packed, false)
    // One that has a row is found among the rows, where it belongs now.
    const found = new Map(rows.flatMap((row) => (row.packed ? [[row.key, row]] : [])))
    const end = next.findIndex((row) => row.isPacked === 1 && BigInt(row.key) === unread[0]?.key)
    const known = end === -1 ? next : next.slice(0, end)
    pending = end === -1 ? [] : next.slice(end)
    last = known.at(-1) ?? last
    return known.flatMap((row): EventRow | [] => {
      if (row.isPacked === undefined) return row
      const event = found.get(row.key)
      return event !== undefined && matches(filter, event) ? { ...event, person: row.person } : []
    })
  }

  return {
    async next(n) {
      const rows: EventRow[] = []
      while (rows.length < n && pending.length === 0 && reader.packs.left() > 0) {
        const wanted = n - rows.length
        const next = await merged.next(wanted)
        rows.push(...(await read(next)))
        // The budget is spent, but for what is reserved for these.
        if (next.length < wanted) break
      }
      return rows
    },
    positionOf,
    nextPosition() {
      if (pending.length > 0) return last && positionOf(last)
      const seen = merged.last()
      return merged.isEnd() || seen === undefined ? undefined : positionOf(seen)
    },
  }
}

function isInRange(filter: EventFilter, { key, contact }: ContactRow): boolean {
  const { from, before } = keyRangeOf(filter)
  return BigInt(key) >= from && BigInt(key) < before && matchesContact(filter, contact)
}

function matches(filter: EventFilter, row: EventRow): boolean {
  return matchesTraits(filter, row) && (!filter.unrouted || row.planned === 0)
}

function isLater(a: ContactRow, b: ContactRow): boolean {
  const [one, other] = [positionOf(a), positionOf(b)]
  return one.at === other.at ? one.key > other.key : (one.at ?? 0) > (other.at ?? 0)
}

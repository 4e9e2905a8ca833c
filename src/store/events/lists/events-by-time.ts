// Events sorted by receipt, the latest first.
import {
  contactTextOf,
  filtersByTraits,
  keyRangeOf,
  matchesContact,
  matchesTraits,
  rangeAfter,
} from '../event-filter.ts'
import type { EventQuery, EventReader, EventRow } from '../event-rows.ts'
import { type Conditions, type Found, ROWS_PER_EVENT, searchLog } from './log-search.ts'
import type { PageReader } from './page-reader.ts'
import { readEventRows } from './read-rows.ts'

/** A scan of fewer rows than these is not worth a query. */
const MIN_SCAN = 5

/** Returns a reader of the events that match a query. In segments without postings, `targets` only requires any delivery. */
export function eventsByTime(reader: PageReader, query: EventQuery): EventReader {
  const { budget, packs } = reader
  const { from, before } = rangeAfter(keyRangeOf(query.filter), query.start)
  const conditions = conditionsOf(query)
  const search = searchLog(reader, { from, before }, conditions)
  const { found } = search

  /** Whether the page may search on, and read what it has found and finds then. */
  const isAffordable = () =>
    packs.left() > 0 &&
    budget.left() - ROWS_PER_EVENT * found.length >= (ROWS_PER_EVENT + 1) * MIN_SCAN

  /** Reads the next found events, except those that have changed since their segment was posted and match no longer. */
  async function read(next: readonly Found[]): Promise<EventRow[]> {
    const facets = new Map(next.map(({ key, facet }) => [String(key), facet]))
    const { rows, unread } = await readEventRows(reader, next, query.shows === 'events')
    found.unshift(...unread)
    return rows
      .filter(conditions.matchesRow)
      .map((row) => ({ ...row, targets: facets.get(row.key)?.targets }))
  }

  return {
    async next(n) {
      const rows: EventRow[] = []
      while (rows.length < n) {
        const wanted = n - rows.length
        while (found.length < wanted && search.searchedTo() > from && isAffordable()) {
          await search.step(wanted - found.length)
        }
        const left = found.length
        const affordable = Math.floor(budget.left() / ROWS_PER_EVENT)
        rows.push(...(await read(found.splice(0, Math.min(wanted, affordable)))))
        if (found.length === left) break
      }
      return rows
    },
    positionOf: ({ key }) => ({ key: BigInt(key), target: null, at: null }),
    nextPosition() {
      const [next] = found
      const key = next === undefined ? search.searchedTo() : next.key + 1n
      return key > from ? { key, target: null, at: null } : undefined
    },
  }
}

function conditionsOf({ filter, targets }: EventQuery): Conditions {
  const matchesTargets = (own: readonly string[]) =>
    targets === undefined ||
    (targets === 'any' ? own.length > 0 : own.some((target) => targets.includes(target)))
  const isAnyFacet = !filtersByTraits(filter) && targets === undefined
  return {
    matchesFacet: (facet) =>
      matchesTraits(filter, facet) &&
      (!filter.unrouted || facet.targets.length === 0) &&
      matchesTargets(facet.targets),
    matchesRow: (row) =>
      matchesTraits(filter, row) &&
      (!filter.unrouted || row.planned === 0) &&
      (targets === undefined || row.planned > 0) &&
      matchesContact(filter, row.contact),
    isAnyFacet,
    isAnyEvent: isAnyFacet && contactTextOf(filter) === undefined,
  }
}

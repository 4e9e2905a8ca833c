// Events sorted by receipt, the latest first. Segments with postings are read by those, the others are scanned.
import { firstKeyAt, timeOfKey } from '../../core/id.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { Position, RowBudget } from '../pages.ts'
import {
  contactTextOf,
  filtersByTraits,
  type KeyRange,
  keyRangeOf,
  matchesContact,
  matchesTraits,
} from './event-filter.ts'
import { type EventQuery, type EventReader, type EventRow, readEventRows } from './event-rows.ts'
import {
  type CandidateSegment,
  type Facet,
  listCandidateSegments,
  readPostings,
} from './postings.ts'

/** A scan of fewer rows than these is not worth a query. */
const MIN_SCAN = 5

/** The rows to read for each event found: its own, and that of its person or delivery. */
const ROWS_PER_EVENT = 2

/** An event that was found and is not read yet, with its facet if it was found by postings. */
type Found = { key: bigint; facet?: Facet }

/** Returns a reader of the events that match a query. In segments without postings, `targets` only requires any delivery. */
export function eventsByTime(db: D1Database, budget: RowBudget, query: EventQuery): EventReader {
  const { from, before } = rangeAfter(keyRangeOf(query.filter), query.start)
  const conditions = conditionsOf(query)
  const search = searchLog(db, budget, { from, before }, conditions)
  const { found } = search

  /** Reads found events, except those that have changed since their segment was posted and match no longer. */
  async function read(next: readonly Found[]): Promise<EventRow[]> {
    const facets = new Map(next.map(({ key, facet }) => [String(key), facet]))
    const keys = next.map(({ key }) => key)
    const rows = await readEventRows(db, budget, keys, query.shows === 'events')
    return rows
      .filter(conditions.matchesRow)
      .map((row) => ({ ...row, targets: facets.get(row.key)?.targets }))
  }

  return {
    async next(n) {
      const rows: EventRow[] = []
      while (rows.length < n) {
        const wanted = n - rows.length
        const isAffordable = () =>
          budget.left() - ROWS_PER_EVENT * found.length >= (ROWS_PER_EVENT + 1) * MIN_SCAN
        while (found.length < wanted && search.searchedTo() > from && isAffordable()) {
          await search.step(wanted - found.length)
        }
        const affordable = Math.floor(budget.left() / ROWS_PER_EVENT)
        const next = found.splice(0, Math.min(wanted, affordable))
        if (next.length === 0) break
        rows.push(...(await read(next)))
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

type Conditions = {
  matchesFacet: (facet: Facet) => boolean
  matchesRow: (row: Omit<EventRow, 'person'>) => boolean
  /** True if every facet matches, so that postings would narrow nothing down. */
  isAnyFacet: boolean
  /** True if every event in the key range matches. */
  isAnyEvent: boolean
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

/** A search through the log, from the latest key down. */
type LogSearch = {
  /** The events found and not taken yet, the latest first. */
  found: Found[]
  /** The lowest key that was searched: everything from it up is in `found`, or was taken, or does not match. */
  searchedTo: () => bigint
  /** Searches on for `wanted` events, in one query or two. */
  step: (wanted: number) => Promise<void>
}

function searchLog(
  db: D1Database,
  budget: RowBudget,
  { from, before }: KeyRange,
  { matchesFacet, matchesRow, isAnyFacet, isAnyEvent }: Conditions,
): LogSearch {
  const found: Found[] = []
  let searchedTo = before
  /** The next segments to search, and the key from which on the segments are known. */
  let segments: CandidateSegment[] = []
  let knownTo = before

  async function scan(first: bigint, limit: number): Promise<void> {
    const [rows = []] = await budget.read<Omit<EventRow, 'person'>>([
      db
        .prepare(
          `SELECT CAST(e.key AS TEXT) AS key, e.source, e.vendor, e.status, e.type, e.contact, e.planned FROM events AS e
           WHERE e.key >= ${first} AND e.key < ${searchedTo} ORDER BY e.key DESC LIMIT ?1`,
        )
        .bind(limit),
    ])
    found.push(...rows.filter(matchesRow).map(({ key }) => ({ key: BigInt(key) })))
    const end = rows.at(-1)
    searchedTo = rows.length < limit || end === undefined ? first : BigInt(end.key)
  }

  /** Takes the events of the next posted segments, as many segments as it needs for `wanted` events. */
  async function takePosted(wanted: number): Promise<void> {
    const posted: CandidateSegment[] = []
    for (let count = 0; count < wanted && segments[0]?.posted !== undefined; ) {
      const segment = segments.shift() as CandidateSegment
      count += segment.posted?.count ?? 0
      posted.push(segment)
    }
    const postings = await readPostings(db, budget, posted)
    const inRange = postings.filter(({ key }) => key >= from && key < searchedTo)
    found.push(...inRange.sort((a, b) => (a.key < b.key ? 1 : -1)))
    searchedTo = max(from, firstKeyAtTime(posted.at(-1)?.start ?? 0))
  }

  async function listSegments(): Promise<void> {
    searchedTo = min(searchedTo, knownTo)
    // A segment lies within one hour.
    const first = timeOfKey(from) - (timeOfKey(from) % HOUR_MS)
    const bounds: [number, number] = [first, timeOfKey(searchedTo - 1n)]
    const listed = await listCandidateSegments(db, budget, matchesFacet, bounds)
    segments = listed.segments
    knownTo = listed.knownTo <= first ? from : firstKeyAtTime(listed.knownTo)
  }

  async function step(wanted: number): Promise<void> {
    // Scans no more rows than leaves enough budget to read the events that it finds.
    const spare = budget.left() - ROWS_PER_EVENT * found.length
    const limit = Math.max(
      Math.floor(spare / (ROWS_PER_EVENT + 1)),
      spare - ROWS_PER_EVENT * wanted,
    )
    if (isAnyFacet) return scan(from, isAnyEvent ? Math.min(limit, wanted) : limit)
    const [next] = segments
    if (next === undefined) {
      if (knownTo > from) return listSegments()
      searchedTo = from
    } else if (next.posted === undefined) {
      const first = max(from, firstKeyAtTime(next.start))
      searchedTo = min(searchedTo, firstKeyAtTime(next.until))
      await scan(first, limit)
      if (searchedTo <= first) segments.shift()
    } else {
      await takePosted(Math.min(wanted, limit))
    }
  }

  return { found, searchedTo: () => searchedTo, step }
}

/** Returns the part of a key range that starts at a position; a position within an event starts with that event. */
function rangeAfter({ from, before }: KeyRange, position: Position | undefined): KeyRange {
  if (position === undefined) return { from, before }
  return { from, before: min(before, position.target === null ? position.key : position.key + 1n) }
}

const firstKeyAtTime = (time: number) => BigInt(firstKeyAt(time))
const min = (a: bigint, b: bigint) => (a < b ? a : b)
const max = (a: bigint, b: bigint) => (a > b ? a : b)

// A search through the log by receipt, from the latest event down. Segments with postings are read by those; the others are
// scanned: their rows, and the blocks of their packs.
import { firstKeyAt, timeOfKey } from '../../../core/id.ts'
import { HOUR_MS } from '../../../core/period.ts'
import type { KeyRange } from '../event-filter.ts'
import {
  type CandidateSegment,
  type Facet,
  listCandidateSegments,
  readPostings,
} from '../postings.ts'
import type { PackedEvent } from './packed-event.ts'
import type { PageReader } from './page-reader.ts'
import { logScanner, type Traits } from './scan-log.ts'

/** An event that was found: with its facet if it was found by postings, and as it was read if that was from a pack. */
export type Found = { key: bigint; facet?: Facet; packed?: PackedEvent }

/** The rows to read for each event found: its own, and that of its person or delivery. */
export const ROWS_PER_EVENT = 2

/** What is searched for. */
export type Conditions = {
  matchesFacet: (facet: Facet) => boolean
  matchesRow: (row: Traits) => boolean
  /** True if every facet matches, so that postings would narrow nothing down. */
  isAnyFacet: boolean
  /** True if every event in the key range matches. */
  isAnyEvent: boolean
}

export type LogSearch = {
  /** The events found and not taken yet, the latest first. */
  found: Found[]
  /** The lowest key that was searched: everything from it up is in `found`, or was taken, or does not match. */
  searchedTo: () => bigint
  /** Searches on for `wanted` events, in a query or two and with a block of a pack at most. */
  step: (wanted: number) => Promise<void>
}

/** Searches the keys of a range. */
export function searchLog(
  reader: PageReader,
  { from, before }: KeyRange,
  conditions: Conditions,
): LogSearch {
  const { matchesFacet, matchesRow, isAnyFacet, isAnyEvent } = conditions
  const found: Found[] = []
  let searchedTo = before
  /** The next segments to search, and the key from which on the segments are known. */
  let segments: CandidateSegment[] = []
  let knownTo = before
  const scanRange = logScanner(reader, matchesRow)

  async function scan(first: bigint, limit: number): Promise<void> {
    const scanned = await scanRange({ from: first, before: searchedTo }, limit)
    found.push(...scanned.found)
    searchedTo = scanned.to
  }

  /** Takes the events of the next posted segments, as many segments as it needs for `wanted` events. */
  async function takePosted(wanted: number): Promise<void> {
    const posted: CandidateSegment[] = []
    for (let count = 0; count < wanted && segments[0]?.posted !== undefined; ) {
      const segment = segments.shift() as CandidateSegment
      count += segment.posted?.count ?? 0
      posted.push(segment)
    }
    const postings = await readPostings(reader.db, reader.budget, posted)
    const inRange = postings.filter(({ key }) => key >= from && key < searchedTo)
    found.push(...inRange.sort((a, b) => (a.key < b.key ? 1 : -1)))
    searchedTo = max(from, firstKeyAtTime(posted.at(-1)?.start ?? 0))
  }

  async function listSegments(): Promise<void> {
    searchedTo = min(searchedTo, knownTo)
    // A segment lies within one hour.
    const first = timeOfKey(from) - (timeOfKey(from) % HOUR_MS)
    const bounds: [number, number] = [first, timeOfKey(searchedTo - 1n)]
    const listed = await listCandidateSegments(reader.db, reader.budget, matchesFacet, bounds)
    segments = listed.segments
    knownTo = listed.knownTo <= first ? from : firstKeyAtTime(listed.knownTo)
  }

  async function step(wanted: number): Promise<void> {
    // Scans no more rows than leaves enough budget to read the events that it finds.
    const spare = reader.budget.left() - ROWS_PER_EVENT * found.length
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

const firstKeyAtTime = (time: number) => BigInt(firstKeyAt(time))
const min = (a: bigint, b: bigint) => (a < b ? a : b)
const max = (a: bigint, b: bigint) => (a > b ? a : b)

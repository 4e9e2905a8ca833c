// Events in the order of their receipt, the newest first: found by postings where a segment has them, else looked through.
import { ID_RANDOM_RANGE } from '../../core/id.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { Position, RowBudget } from '../pages.ts'
import type { EventFilter, KeyRange } from './event-filter.ts'
import {
  contactTextOf,
  filtersByTraits,
  keyRangeOf,
  matchesContact,
  matchesTraits,
} from './event-filter.ts'
import { type EventReader, type EventRow, type FinderOptions, readEventRows } from './event-rows.ts'
import {
  type CandidateSegment,
  type Facet,
  listCandidateSegments,
  readPostings,
} from './postings.ts'

/** Fewer rows than these are not worth a look. */
const MIN_LOOK = 5

/** What an event that is found has still to read: its row, and its person or delivery. */
const READS = 2

/** An event that is found and not read yet; with its facet, where that is posted. */
type Found = { key: bigint; facet?: Facet }

/**
 * Finds the events of a filter that come after a place. `targets`: only those that go to one of them; of segments that are
 * not posted it gives those that go to others too.
 */
export function eventsByTime(
  db: D1Database,
  budget: RowBudget,
  filter: EventFilter,
  start: Position | undefined,
  { of, targets }: FinderOptions,
): EventReader {
  const { from, before } = startingAt(keyRangeOf(filter), start)
  const isWanted = (facet: Facet) =>
    matchesTraits(filter, facet) &&
    (!filter.unrouted || facet.targets.length === 0) &&
    (targets === undefined || isFor(facet.targets))
  const isFor = (own: readonly string[]) =>
    targets === 'any' ? own.length > 0 : own.some((target) => targets?.includes(target))
  const matches = (row: Omit<EventRow, 'person'>) =>
    matchesTraits(filter, row) &&
    (!filter.unrouted || row.planned === 0) &&
    (targets === undefined || row.planned > 0) &&
    matchesContact(filter, row.contact)
  const isAnyFacet = !filtersByTraits(filter) && targets === undefined
  const isAny = isAnyFacet && contactTextOf(filter) === undefined

  /** What is found and not given yet; everything from `seen` on is looked at. */
  const found: Found[] = []
  let seen = before
  let ahead: CandidateSegment[] = []
  let horizon = before

  async function lookThrough(first: bigint, limit: number): Promise<void> {
    const [rows = []] = await budget.read<Omit<EventRow, 'person'>>([
      db
        .prepare(
          `SELECT CAST(e.key AS TEXT) AS key, e.source, e.vendor, e.status, e.type, e.contact, e.planned FROM events AS e
           WHERE e.key >= ${first} AND e.key < ${seen} ORDER BY e.key DESC LIMIT ?1`,
        )
        .bind(limit),
    ])
    found.push(...rows.filter(matches).map(({ key }) => ({ key: BigInt(key) })))
    const end = rows.at(-1)
    seen = rows.length < limit || end === undefined ? first : BigInt(end.key)
  }

  async function takePosted(wanted: number): Promise<void> {
    const run: CandidateSegment[] = []
    for (let count = 0; count < wanted && ahead[0]?.posted !== undefined; ) {
      const segment = ahead.shift() as CandidateSegment
      count += segment.posted?.count ?? 0
      run.push(segment)
    }
    const postings = await readPostings(db, budget, run)
    const inRange = postings.filter(({ key }) => key >= from && key < seen)
    found.push(...inRange.sort((a, b) => (a.key < b.key ? 1 : -1)))
    seen = max(from, firstKeyOf(run.at(-1)?.start ?? 0))
  }

  /** Looks on, at no more rows than leave enough to read what is found. */
  async function look(wanted: number): Promise<void> {
    const spare = budget.left() - READS * found.length
    const limit = Math.max(Math.floor(spare / (READS + 1)), spare - READS * wanted)
    if (isAnyFacet) return lookThrough(from, isAny ? Math.min(limit, wanted) : limit)
    const [next] = ahead
    if (next !== undefined) {
      const first = max(from, firstKeyOf(next.start))
      if (next.posted !== undefined) return takePosted(Math.min(wanted, limit))
      seen = min(seen, firstKeyOf(next.until))
      await lookThrough(first, limit)
      if (seen <= first) ahead.shift()
    } else if (horizon <= from) {
      seen = from
    } else {
      seen = min(seen, horizon)
      // No segment is of two hours.
      const first = timeOf(from) - (timeOf(from) % HOUR_MS)
      const looked = await listCandidateSegments(db, budget, isWanted, [first, timeOf(seen - 1n)])
      ahead = looked.segments
      horizon = looked.horizon <= first ? from : firstKeyOf(looked.horizon)
    }
  }

  /** Reads what is found; postings may have been overtaken by a change since they were read. */
  async function read(next: readonly Found[]): Promise<EventRow[]> {
    const facets = new Map(next.map(({ key, facet }) => [String(key), facet]))
    const keys = next.map(({ key }) => key)
    const rows = (await readEventRows(db, budget, keys, of === 'events')).filter(matches)
    return rows.map((row) => ({ ...row, targets: facets.get(row.key)?.targets }))
  }

  return {
    async next(n) {
      const rows: EventRow[] = []
      while (rows.length < n) {
        const wanted = n - rows.length
        const isAffordable = () => budget.left() - READS * found.length >= (READS + 1) * MIN_LOOK
        while (found.length < wanted && seen > from && isAffordable()) {
          await look(wanted - found.length)
        }
        const next = found.splice(0, Math.min(wanted, Math.floor(budget.left() / READS)))
        if (next.length === 0) break
        rows.push(...(await read(next)))
      }
      return rows
    },
    positionOf: ({ key }) => ({ key: BigInt(key), target: null, at: null }),
    rest() {
      const [next] = found
      const key = next === undefined ? seen : next.key + 1n
      return key > from ? { key, target: null, at: null } : undefined
    },
  }
}

/** A range from a place on; one within an event begins with that event. */
function startingAt({ from, before }: KeyRange, place: Position | undefined): KeyRange {
  if (place === undefined) return { from, before }
  return { from, before: min(before, place.target === null ? place.key : place.key + 1n) }
}

const timeOf = (key: bigint) => Number(key / BigInt(ID_RANDOM_RANGE))
const firstKeyOf = (time: number) => BigInt(time) * BigInt(ID_RANDOM_RANGE)
const min = (a: bigint, b: bigint) => (a < b ? a : b)
const max = (a: bigint, b: bigint) => (a > b ? a : b)

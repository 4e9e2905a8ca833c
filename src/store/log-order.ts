// Events in the order of their receipt, the newest first: found by postings where an hour has them, else looked through.
import type { EventFilter, KeyRange } from './event-filter.ts'
import {
  asksForTraits,
  contactTextOf,
  matchesContact,
  matchesTraits,
  rangeOf,
} from './event-filter.ts'
import { type EventRow, type Finder, readEvents } from './finder.ts'
import type { Meter, Place } from './pages.ts'
import { type Facet, listStretches, readPostings, type Stretch } from './postings.ts'

/** Fewer rows than these are not worth a look. */
const MIN_LOOK = 5

/**
 * Finds the events of a filter that come after a place. `targets`: only those that go to one of them; of hours that are
 * not posted it gives those that go to others too. Without `isPersonWanted` nobody looks up whose they are.
 */
export function inLogOrder(
  db: D1Database,
  meter: Meter,
  filter: EventFilter,
  start: Place | undefined,
  { targets, isPersonWanted }: { targets?: readonly string[] | 'any'; isPersonWanted: boolean },
): Finder {
  const { from, before } = startingAt(rangeOf(filter), start)
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
  const isAnyFacet = !asksForTraits(filter) && targets === undefined
  const isAny = isAnyFacet && contactTextOf(filter) === undefined

  /** What is found and not given yet; everything from `seen` on is looked at. */
  let found: bigint[] = []
  let seen = before
  let last: bigint | undefined
  let ahead: Stretch[] = []
  let horizon = before

  async function lookThrough(first: bigint, limit: number): Promise<void> {
    const [rows = []] = await meter.read<Omit<EventRow, 'person'>>([
      db
        .prepare(
          `SELECT CAST(key AS TEXT) AS key, source, vendor, status, type, contact, planned FROM events
           WHERE key >= ${first} AND key < ${seen} ORDER BY key DESC LIMIT ?1`,
        )
        .bind(limit),
    ])
    found.push(...rows.filter(matches).map(({ key }) => BigInt(key)))
    const end = rows.at(-1)
    seen = rows.length < limit || end === undefined ? first : BigInt(end.key)
  }

  async function takePosted(wanted: number): Promise<void> {
    const run: Stretch[] = []
    for (let count = 0; count < wanted && ahead[0]?.posted !== undefined; ) {
      const stretch = ahead.shift() as Stretch
      count += stretch.posted?.count ?? 0
      run.push(stretch)
    }
    const postings = await readPostings(db, meter, run)
    const keys = postings.map(({ key }) => key).filter((key) => key >= from && key < seen)
    found.push(...keys.sort((a, b) => (a < b ? 1 : -1)))
    seen = max(from, firstKeyOf(run.at(-1)?.hour ?? 0))
  }

  /** Looks on, at no more rows than leave enough to read what is found. */
  async function look(wanted: number): Promise<void> {
    const spare = meter.left() - 2 * found.length
    const limit = Math.max(Math.floor(spare / 3), spare - 2 * wanted)
    if (isAnyFacet) return lookThrough(from, isAny ? Math.min(limit, wanted) : limit)
    const [next] = ahead
    if (next !== undefined) {
      const first = max(from, firstKeyOf(next.hour))
      if (next.posted !== undefined) return takePosted(Math.min(wanted, limit))
      seen = min(seen, firstKeyOf(next.hour + 1))
      await lookThrough(first, limit)
      if (seen <= first) ahead.shift()
    } else if (horizon <= from) {
      seen = from
    } else {
      seen = min(seen, horizon)
      const hours: [number, number] = [hourOf(from), hourOf(seen - 1n)]
      const looked = await listStretches(db, meter, isWanted, hours)
      ahead = looked.stretches
      horizon = looked.horizon <= hours[0] ? from : firstKeyOf(looked.horizon)
    }
  }

  return {
    async next(n) {
      const rows: EventRow[] = []
      const isAffordable = () => meter.left() - 2 * found.length >= 3 * MIN_LOOK
      while (rows.length < n) {
        const wanted = n - rows.length
        while (found.length < wanted && seen > from && isAffordable())
          await look(wanted - found.length)
        const keys = found.slice(0, wanted)
        if (keys.length === 0) break
        found = found.slice(wanted)
        last = keys.at(-1)
        // Postings may have been overtaken by a change since they were read.
        rows.push(...(await readEvents(db, meter, keys, isPersonWanted)).filter(matches))
      }
      return rows
    },
    placeOf: ({ key }) => ({ key: BigInt(key), target: null, at: null }),
    rest() {
      if (found.length > 0 && last !== undefined) return { key: last, target: null, at: null }
      return seen > from ? { key: seen, target: null, at: null } : undefined
    },
  }
}

/** A range from a place on; one within an event begins with that event. */
function startingAt({ from, before }: KeyRange, place: Place | undefined): KeyRange {
  if (place === undefined) return { from, before }
  return { from, before: min(before, place.target === null ? place.key : place.key + 1n) }
}

const hourOf = (key: bigint) => Number(key / BigInt(KEYS_AN_HOUR))
const firstKeyOf = (hour: number) => BigInt(hour) * BigInt(KEYS_AN_HOUR)
const min = (a: bigint, b: bigint) => (a < b ? a : b)
const max = (a: bigint, b: bigint) => (a > b ? a : b)

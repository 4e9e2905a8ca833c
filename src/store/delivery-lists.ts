// Deliveries as lists show them: pages of them, and those of a person's events.
import type { AttemptError, DeliveryState } from '../core/delivery.ts'
import { type EventId, idOfKey, type PersonId, timeOfId } from '../core/id.ts'
import { formatInstant } from '../core/time.ts'
import { contactTextOf, type EventFilter, matchesTraits, rangeOf } from './event-filter.ts'
import { type EventSummary, summaryOf } from './events.ts'
import { findEvents } from './find-events.ts'
import { type EventRow, readEvents } from './finder.ts'
import { merge } from './merge.ts'
import {
  cursorOf,
  type Meter,
  meterFor,
  type Page,
  type Paged,
  type Place,
  startOf,
} from './pages.ts'

/** Which deliveries are meant: all conditions hold. What is said of events is as in lists of events. */
export type DeliveryFilter = Omit<EventFilter, 'statuses' | 'unrouted'> & {
  targets?: readonly string[] | undefined
  states?: readonly DeliveryState[] | undefined
}

/** The last attempt at a delivery. `ms`: how long it took. */
export type LastAttempt = {
  at: string
  status: number | null
  error: AttemptError | null
  ms: number
}

/** A delivery as a list shows it. */
export type DeliverySummary = {
  event: EventId
  type: string
  source: string
  /** When its event came in. */
  receivedat: string
  target: string
  state: DeliveryState
  reason: string | null
  /** How many attempts were made. */
  attempts: number
  due: string | null
  last: LastAttempt | null
  /** True when an operator asked for it once more. */
  replayed: boolean
}

/**
 * A page of the deliveries that match a filter, in the order of their events as `listEvents` has them, and of their
 * targets' names. It reads at most three rows for each delivery that it may hold and twenty, and may therefore hold
 * fewer than there are, and `next` (pages.ts).
 */
export async function listDeliveries(
  db: D1Database,
  filter: DeliveryFilter,
  page: Page,
): Promise<Paged<DeliverySummary>> {
  const [meter, start] = [meterFor(db, page), startOf(page)]
  const pages = isOfTrouble(filter) ? inTrouble : ofEvents
  const { found, rest } = await pages(db, meter, filter, start, page.limit)
  return { items: found.map(deliveryOf), next: rest && cursorOf(rest) }
}

/** An event of a person, and how its deliveries stand. */
export type TimelineEntry = EventSummary & {
  deliveries: Pick<DeliverySummary, 'target' | 'state' | 'last'>[]
}

/** A page of a person's events across all contacts and vendors, in the order in which they happened, the latest first. */
export async function getTimeline(
  db: D1Database,
  person: PersonId,
  page: Page,
): Promise<Paged<TimelineEntry>> {
  const meter = meterFor(db, page)
  const options = { of: 'events' as const }
  const finder = await findEvents(db, meter, { person }, startOf(page), options)
  const events = await finder.next(page.limit)
  const wanted = events.map((event) => ({ event, targets: undefined }))
  const owed = Map.groupBy(await readDeliveries(db, meter, wanted), ({ event }) => event.key)
  const items = events.map((event) => ({
    ...summaryOf(event),
    deliveries: (owed.get(event.key) ?? [])
      .map(deliveryOf)
      .map(({ target, state, last }) => ({ target, state, last })),
  }))
  const rest = finder.rest()
  return { items, next: rest && cursorOf(rest) }
}

type DeliveryRow = {
  key: string
  target: string
  state: DeliveryState
  reason: string | null
  attempt: number
  due: number | null
  replayed: number
  last: string | null
}
type Found = { event: EventRow; delivery: DeliveryRow }
type FoundPage = { found: Found[]; rest: Place | undefined }

function deliveryOf({ event, delivery }: Found): DeliverySummary {
  const { target, state, reason, attempt, due, replayed, last } = delivery
  const id = idOfKey(event.key)
  return {
    event: id,
    type: event.type,
    source: event.source,
    receivedat: formatInstant(timeOfId(id)),
    target,
    state,
    reason,
    attempts: attempt - 1,
    due: due === null ? null : formatInstant(due),
    last: last === null ? null : lastOf(JSON.parse(last)),
    replayed: replayed === 1,
  }
}

function lastOf({ at, ms, status, error }: Partial<LastAttempt>): LastAttempt {
  return { at: at ?? '', status: status ?? null, error: error ?? null, ms: ms ?? 0 }
}

/** Reads deliveries, all of an event or those to the targets that are named, in the order of events and targets. */
async function readDeliveries(
  db: D1Database,
  meter: Meter,
  wanted: readonly { event: EventRow; targets: readonly string[] | undefined }[],
): Promise<Found[]> {
  const names = [...new Set(wanted.flatMap(({ targets }) => targets ?? []))]
  const named = wanted.flatMap(({ event, targets = [] }) =>
    targets.map((target) => `(${event.key}, ?1 ->> ${names.indexOf(target)})`),
  )
  const unnamed = wanted.filter(({ targets }) => targets === undefined)
  const results = await meter.read<DeliveryRow>([
    ...(named.length === 0
      ? []
      : [
          db
            .prepare(selectDeliveries(named, 'AND d.target = w.target'))
            .bind(JSON.stringify(names)),
        ]),
    ...(unnamed.length === 0
      ? []
      : [db.prepare(selectDeliveries(unnamed.map(({ event }) => `(${event.key}, NULL)`)))]),
  ])
  const byEvent = Map.groupBy(results.flat(), ({ key }) => key)
  return wanted.flatMap(({ event }) =>
    (byEvent.get(event.key) ?? [])
      .sort((a, b) => (a.target < b.target ? -1 : 1))
      .map((delivery) => ({ event, delivery })),
  )
}

function selectDeliveries(wanted: readonly string[], condition = ''): string {
  return `WITH w(event, target) AS (VALUES ${wanted})
    SELECT CAST(d.event AS TEXT) AS key, d.target, d.state, d.reason, d.attempt, d.due, d.replayed,
      d.attempts -> '$[#-1]' AS last
    FROM w CROSS JOIN deliveries AS d ON d.event = w.event ${condition}`
}

/** Finds deliveries by their events. */
async function ofEvents(
  db: D1Database,
  meter: Meter,
  { targets, states, ...filter }: DeliveryFilter,
  start: Place | undefined,
  limit: number,
): Promise<FoundPage> {
  const options = { of: 'deliveries' as const, targets: targets ?? ('any' as const) }
  const finder = await findEvents(db, meter, filter, start, options)
  const isBehind = ({ event, delivery }: Found) =>
    start?.target == null || event.key !== String(start.key) || delivery.target > start.target
  const found: Found[] = []
  let events: EventRow[] = []
  let last: EventRow | undefined
  while (found.length < limit) {
    if (events.length === 0) events = await finder.next(limit - found.length)
    if (events.length === 0) break
    const taken = events.splice(0, enough(events, targets, limit - found.length))
    last = taken.at(-1)
    const deliveries = await readDeliveries(
      db,
      meter,
      taken.map((event) => ({ event, targets: namedTargets(event, targets) })),
    )
    found.push(
      ...deliveries.filter(
        (one) => isBehind(one) && (states?.includes(one.delivery.state) ?? true),
      ),
    )
  }
  const [cut] = found.splice(limit).length > 0 ? found.slice(-1) : []
  if (cut !== undefined) {
    return { found, rest: { ...finder.placeOf(cut.event), target: cut.delivery.target } }
  }
  return { found, rest: last && events.length > 0 ? finder.placeOf(last) : finder.rest() }
}

/** To whom the deliveries go that are wanted of an event, as far as that is known; it is cheaper then. */
function namedTargets(
  { targets: own }: EventRow,
  wanted: readonly string[] | undefined,
): readonly string[] | undefined {
  if (own === undefined || wanted === undefined) return own ?? wanted
  return own.filter((target) => wanted.includes(target))
}

/** How many of the events it takes to have so many deliveries. */
function enough(
  events: readonly EventRow[],
  targets: readonly string[] | undefined,
  wanted: number,
): number {
  let count = 0
  const i = events.findIndex((event) => {
    count += namedTargets(event, targets)?.length ?? event.planned
    return count >= wanted
  })
  return i === -1 ? events.length : i + 1
}

const TROUBLES: readonly DeliveryState[] = ['retrying', 'held', 'dead', 'cancelled']
const IS_TROUBLED = `state IN (${TROUBLES.map((state) => `'${state}'`)})`

/** Whether only deliveries are meant that did not go the normal way: these have an index, by target and state. */
function isOfTrouble(filter: DeliveryFilter): boolean {
  const isOfContact =
    filter.person ?? filter.email ?? contactTextOf(filter) ?? filter.text?.startsWith('per_')
  return !isOfContact && (filter.states?.every((state) => TROUBLES.includes(state)) ?? false)
}

// Each step finds the next target of the index, so that it reads a row for each.
const TARGETS = `WITH RECURSIVE known(target) AS (
  SELECT min(target) FROM deliveries WHERE ${IS_TROUBLED}
  UNION ALL
  SELECT (SELECT min(target) FROM deliveries WHERE ${IS_TROUBLED} AND target > known.target)
  FROM known WHERE target IS NOT NULL)
SELECT target FROM known WHERE target IS NOT NULL`

type Trouble = { key: string; target: string }

/** Finds deliveries by their states. */
async function inTrouble(
  db: D1Database,
  meter: Meter,
  { targets, states = [], ...filter }: DeliveryFilter,
  start: Place | undefined,
  limit: number,
): Promise<FoundPage> {
  const [known = []] = targets ? [] : await meter.read<{ target: string }>([db.prepare(TARGETS)])
  const { from, before } = rangeOf(filter)
  const streams = (targets ?? known.map(({ target }) => target)).flatMap((target) =>
    states.map((state) => (after: Trouble | undefined, size: number) => {
      const place = after === undefined ? start : { key: BigInt(after.key), target: after.target }
      // Of the event at which the page before ended, the later targets are still to come.
      const isToCome = place?.target != null && target > place.target
      const end = place === undefined ? before : isToCome ? place.key + 1n : place.key
      return db
        .prepare(
          `SELECT CAST(event AS TEXT) AS key, target FROM deliveries
           WHERE ${IS_TROUBLED} AND target = ?1 AND state = ?2
             AND event >= ${from} AND event < ${end < before ? end : before}
           ORDER BY event DESC LIMIT ?3`,
        )
        .bind(target, state, size)
    }),
  )
  const isBefore = (a: Trouble, b: Trouble) =>
    a.key === b.key ? a.target < b.target : BigInt(a.key) > BigInt(b.key)
  const merged = merge<Trouble>(meter, streams, isBefore, () => true, 2)
  const found: Found[] = []
  // What is found must be read too: its event, and itself.
  const affordable = () => Math.floor(meter.left() / 3)
  for (let n = limit; n > 0; n = Math.min(limit - found.length, affordable())) {
    const troubles = await merged.next(n)
    if (troubles.length === 0) break
    found.push(...(await readTroubles(db, meter, troubles)).filter(isWanted))
  }
  const last = merged.last()
  const rest =
    merged.isEnd() || last === undefined
      ? undefined
      : { key: BigInt(last.key), target: last.target, at: null }
  return { found, rest }

  function isWanted({ event, delivery }: Found): boolean {
    return matchesTraits(filter, event) && states.includes(delivery.state)
  }
}

/** Reads deliveries with their events; one that changed its state meanwhile may stand twice in what is asked for. */
async function readTroubles(
  db: D1Database,
  meter: Meter,
  troubles: readonly Trouble[],
): Promise<Found[]> {
  const targets = Map.groupBy(troubles, ({ key }) => key)
  const events = await readEvents(db, meter, [...targets.keys()].map(BigInt), false)
  const wanted = events.map((event) => ({
    event,
    targets: [...new Set(targets.get(event.key)?.map(({ target }) => target))],
  }))
  return readDeliveries(db, meter, wanted)
}

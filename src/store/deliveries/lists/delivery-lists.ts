// Lists of deliveries, and a person's events with their deliveries.
import type { AttemptError, DeliveryState } from '../../../core/deliveries/delivery.ts'
import { formatInstant } from '../../../core/events/time.ts'
import { type EventId, idOfKey, type PersonId, timeOfId } from '../../../core/id.ts'
import { type EventSummary, summaryOf } from '../../events/events.ts'
import { findEvents } from '../../events/lists/find-events.ts'
import { pageReaderFor } from '../../events/lists/page-reader.ts'
import type { PackEnv } from '../../events/packs/packs.ts'
import { encodeCursor, type Page, type Paged, startOfPage } from '../../pages.ts'
import { readWord } from '../../stored-words.ts'
import { deliveriesByEvent } from './deliveries-by-event.ts'
import { deliveriesByState, isByState } from './deliveries-by-state.ts'
import { type DeliveryFilter, type FoundDelivery, readDeliveries } from './delivery-rows.ts'

/** The last attempt of a delivery. `ms`: how long it took. */
export type LastAttempt = {
  at: string
  status: number | null
  error: AttemptError | null
  ms: number
}

/** A delivery as lists show it. */
type DeliverySummary = {
  event: EventId
  type: string
  source: string
  /** When its event was received. */
  receivedat: string
  target: string
  state: DeliveryState
  reason: string | null
  /** The number of attempts so far. */
  attempts: number
  due: string | null
  last: LastAttempt | null
  /** True if an operator has replayed it. */
  replayed: boolean
}

/**
 * Returns a page of the deliveries that match a filter, sorted as `listEvents` sorts their events, then by the targets'
 * names. It reads at most 20 rows and three for each delivery of its limit, so it may hold fewer deliveries than match
 * (pages.ts). Throws a RangeError for an invalid cursor.
 */
export async function listDeliveries(
  env: PackEnv,
  filter: DeliveryFilter,
  page: Page,
): Promise<Paged<DeliverySummary>> {
  const query = { filter, start: startOfPage(page), limit: page.limit }
  const find = isByState(filter) ? deliveriesByState : deliveriesByEvent
  const { found, next } = await find(pageReaderFor(env, page), query)
  return { items: found.map(summaryOfDelivery), next: next && encodeCursor(next) }
}

/** An event of a person, with the states of its deliveries. */
export type TimelineEntry = EventSummary & {
  deliveries: Pick<DeliverySummary, 'target' | 'state' | 'last'>[]
}

/**
 * Returns a page of a person's events across all contacts and vendors, sorted by when they happened, the latest first.
 * Throws a RangeError for an invalid cursor.
 */
export async function getTimeline(
  env: PackEnv,
  person: PersonId,
  page: Page,
): Promise<Paged<TimelineEntry>> {
  const log = pageReaderFor(env, page)
  const query = { filter: { person }, start: startOfPage(page), shows: 'events' as const }
  const reader = await findEvents(log, query)
  const events = await reader.next(page.limit)
  const wanted = events.map((event) => ({ event, targets: undefined }))
  const byEvent = Map.groupBy(await readDeliveries(log, wanted), ({ event }) => event.key)
  const items = events.map((event) => ({
    ...summaryOf(event),
    deliveries: (byEvent.get(event.key) ?? [])
      .map(summaryOfDelivery)
      .map(({ target, state, last }) => ({ target, state, last })),
  }))
  const next = reader.nextPosition()
  return { items, next: next && encodeCursor(next) }
}

function summaryOfDelivery({ event, delivery }: FoundDelivery): DeliverySummary {
  const { target, state, reason, attempt, due, replayed, last } = delivery
  const id = idOfKey(event.key)
  return {
    event: id,
    type: event.type,
    source: event.source,
    receivedat: formatInstant(timeOfId(id)),
    target,
    state,
    reason: reason === null ? null : readWord(reason),
    attempts: attempt - 1,
    due: due === null ? null : formatInstant(due),
    last: last === null ? null : lastAttemptOf(JSON.parse(last)),
    replayed: replayed === 1,
  }
}

function lastAttemptOf({ at, ms, status, error }: Partial<LastAttempt>): LastAttempt {
  return { at: at ?? '', status: status ?? null, error: error ?? null, ms: ms ?? 0 }
}

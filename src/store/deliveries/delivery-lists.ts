// Deliveries as lists show them: pages of them, and those of a person's events.
import type { AttemptError, DeliveryState } from '../../core/deliveries/delivery.ts'
import { formatInstant } from '../../core/events/time.ts'
import { type EventId, idOfKey, type PersonId, timeOfId } from '../../core/id.ts'
import { type EventSummary, summaryOf } from '../events/events.ts'
import { findEvents } from '../events/find-events.ts'
import { encodeCursor, type Page, type Paged, rowBudgetFor, startOfPage } from '../pages.ts'
import { deliveriesByEvent } from './deliveries-by-event.ts'
import { deliveriesByState, hasOnlyExceptionalStates } from './deliveries-by-state.ts'
import { type DeliveryFilter, type FoundDelivery, readDeliveries } from './delivery-rows.ts'

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
  const [budget, start] = [rowBudgetFor(db, page), startOfPage(page)]
  const find = hasOnlyExceptionalStates(filter) ? deliveriesByState : deliveriesByEvent
  const { found, rest } = await find(db, budget, filter, start, page.limit)
  return { items: found.map(deliveryOf), next: rest && encodeCursor(rest) }
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
  const budget = rowBudgetFor(db, page)
  const options = { of: 'events' as const }
  const finder = await findEvents(db, budget, { person }, startOfPage(page), options)
  const events = await finder.next(page.limit)
  const wanted = events.map((event) => ({ event, targets: undefined }))
  const owed = Map.groupBy(await readDeliveries(db, budget, wanted), ({ event }) => event.key)
  const items = events.map((event) => ({
    ...summaryOf(event),
    deliveries: (owed.get(event.key) ?? [])
      .map(deliveryOf)
      .map(({ target, state, last }) => ({ target, state, last })),
  }))
  const rest = finder.rest()
  return { items, next: rest && encodeCursor(rest) }
}

function deliveryOf({ event, delivery }: FoundDelivery): DeliverySummary {
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

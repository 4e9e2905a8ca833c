// Deliveries found by their events: the way that serves every list.

import type { EventRow } from '../events/event-rows.ts'
import { findEvents } from '../events/find-events.ts'
import type { Position, RowBudget } from '../pages.ts'
import {
  type DeliveryFilter,
  type DeliveryPage,
  type FoundDelivery,
  readDeliveries,
} from './delivery-rows.ts'

/** Finds the deliveries of a filter that come after a place, at most `limit`, by their events. */
export async function deliveriesByEvent(
  db: D1Database,
  budget: RowBudget,
  { targets, states, ...filter }: DeliveryFilter,
  start: Position | undefined,
  limit: number,
): Promise<DeliveryPage> {
  const options = { of: 'deliveries' as const, targets: targets ?? ('any' as const) }
  const finder = await findEvents(db, budget, filter, start, options)
  const isBehind = ({ event, delivery }: FoundDelivery) =>
    start?.target == null || event.key !== String(start.key) || delivery.target > start.target
  const found: FoundDelivery[] = []
  let events: EventRow[] = []
  let last: EventRow | undefined
  while (found.length < limit) {
    if (events.length === 0) events = await finder.next(limit - found.length)
    if (events.length === 0) break
    const taken = events.splice(0, enough(events, targets, limit - found.length))
    last = taken.at(-1)
    const deliveries = await readDeliveries(
      db,
      budget,
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
    return { found, rest: { ...finder.positionOf(cut.event), target: cut.delivery.target } }
  }
  return { found, rest: last && events.length > 0 ? finder.positionOf(last) : finder.rest() }
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

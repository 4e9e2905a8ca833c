// Deliveries of a list, found by their events. This way serves every filter.

import type { EventRow } from '../../events/event-rows.ts'
import { findEvents } from '../../events/lists/find-events.ts'
import { NO_PACKS, type PageReader } from '../../events/lists/page-reader.ts'
import {
  type DeliveryPage,
  type DeliveryQuery,
  type FoundDelivery,
  readDeliveries,
} from './delivery-rows.ts'
import { isAnyPacked } from './packed-deliveries.ts'

/** Finds the deliveries that match a query, sorted as `findEvents` sorts their events, then by the targets' names. */
export async function deliveriesByEvent(
  page: PageReader,
  { filter: { targets, states, ...filter }, start, limit }: DeliveryQuery,
): Promise<DeliveryPage> {
  const log = isAnyPacked(states) ? page : { ...page, packs: NO_PACKS }
  const query = { filter, start, shows: 'deliveries', targets: targets ?? 'any' } as const
  const reader = await findEvents(log, query)
  const isAfterStart = ({ event, delivery }: FoundDelivery) =>
    start?.target == null || event.key !== String(start.key) || delivery.target > start.target
  const found: FoundDelivery[] = []
  let events: EventRow[] = []
  let last: EventRow | undefined
  while (found.length < limit) {
    if (events.length === 0) events = await reader.next(limit - found.length)
    if (events.length === 0) break
    const taken = events.splice(0, eventsNeeded(events, targets, limit - found.length))
    last = taken.at(-1)
    const deliveries = await readDeliveries(
      log,
      taken.map((event) => ({ event, targets: knownTargets(event, targets) })),
    )
    found.push(
      ...deliveries.filter(
        (one) => isAfterStart(one) && (states?.includes(one.delivery.state) ?? true),
      ),
    )
  }
  // The last event may have more deliveries than the page has room for: the next page continues within that event.
  const [cut] = found.splice(limit).length > 0 ? found.slice(-1) : []
  if (cut !== undefined) {
    return { found, next: { ...reader.positionOf(cut.event), target: cut.delivery.target } }
  }
  return {
    found,
    next: last && events.length > 0 ? reader.positionOf(last) : reader.nextPosition(),
  }
}

/** The targets of an event that match, as far as they are known, which saves reading its other deliveries. */
function knownTargets(
  { targets: own }: EventRow,
  wanted: readonly string[] | undefined,
): readonly string[] | undefined {
  if (own === undefined || wanted === undefined) return own ?? wanted
  return own.filter((target) => wanted.includes(target))
}

/** How many of the events, from the first one, are expected to have `wanted` deliveries. */
function eventsNeeded(
  events: readonly EventRow[],
  targets: readonly string[] | undefined,
  wanted: number,
): number {
  let count = 0
  const i = events.findIndex((event) => {
    count += knownTargets(event, targets)?.length ?? event.planned
    return count >= wanted
  })
  return i === -1 ? events.length : i + 1
}

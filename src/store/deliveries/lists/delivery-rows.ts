// Rows of deliveries as lists read them, and the filter of these lists.
import type { DeliveryState } from '../../../core/deliveries/delivery.ts'
import type { EventFilter } from '../../events/event-filter.ts'
import type { EventRow } from '../../events/event-rows.ts'
import type { PackedEvent } from '../../events/lists/packed-event.ts'
import type { PageReader } from '../../events/lists/page-reader.ts'
import type { Position } from '../../pages.ts'

/** A filter of deliveries: all its conditions must hold. Those of events are as in lists of events. */
export type DeliveryFilter = Omit<EventFilter, 'statuses' | 'unrouted'> & {
  targets?: readonly string[] | undefined
  states?: readonly DeliveryState[] | undefined
}

/** A delivery as lists read it. */
type DeliveryRow = {
  target: string
  state: DeliveryState
  reason: string | null
  attempt: number
  due: number | null
  replayed: number
  last: string | null
}

/** A delivery with its event. */
export type FoundDelivery = { event: EventRow; delivery: DeliveryRow }

/** Which deliveries a list reads: at most `limit` that match the filter, after the position `start`. */
export type DeliveryQuery = { filter: DeliveryFilter; start: Position | undefined; limit: number }

/** The deliveries of a page, and the position after which the next page starts; undefined at the end. */
export type DeliveryPage = { found: FoundDelivery[]; next: Position | undefined }

/** An event, and the targets of the deliveries that are wanted of it; undefined for all. */
type Wanted = { event: EventRow; targets: readonly string[] | undefined }

/** Reads the deliveries of events, of all targets or of those given, in the order of the events and the targets' names. */
export async function readDeliveries(
  reader: PageReader,
  wanted: readonly Wanted[],
): Promise<FoundDelivery[]> {
  const hot = wanted.filter(({ event }) => event.packed === undefined)
  const byEvent = Map.groupBy(await readRows(reader, hot), ({ key }) => key)
  return wanted.flatMap(({ event, targets }) =>
    (event.packed ? packedDeliveries(event.packed, targets) : (byEvent.get(event.key) ?? []))
      .sort((a, b) => (a.target < b.target ? -1 : 1))
      .map((delivery) => ({ event, delivery })),
  )
}

function packedDeliveries({ deliveries }: PackedEvent, targets: Wanted['targets']): DeliveryRow[] {
  return deliveries
    .filter(({ target }) => targets?.includes(target) ?? true)
    .map((delivery) => ({ ...delivery, state: delivery.state as DeliveryState }))
}

async function readRows(
  { db, budget }: PageReader,
  wanted: readonly Wanted[],
): Promise<(DeliveryRow & { key: string })[]> {
  const names = [...new Set(wanted.flatMap(({ targets }) => targets ?? []))]
  const named = wanted.flatMap(({ event, targets = [] }) =>
    targets.map((target) => `(${event.key}, ?1 ->> ${names.indexOf(target)})`),
  )
  const unnamed = wanted.filter(({ targets }) => targets === undefined)
  const results = await budget.read<DeliveryRow & { key: string }>([
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
  return results.flat()
}

function selectDeliveries(wanted: readonly string[], condition = ''): string {
  return `WITH w(event, target) AS (VALUES ${wanted})
    SELECT CAST(d.event AS TEXT) AS key, d.target, d.state, d.reason, d.attempt, d.due, d.replayed,
      d.attempts -> '$[#-1]' AS last
    FROM w CROSS JOIN deliveries AS d ON d.event = w.event ${condition}`
}

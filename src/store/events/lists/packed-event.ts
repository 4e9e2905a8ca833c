// A packed event as lists read it, without its long texts: a page may hold hundreds of them.
import { type EventId, idOfKey } from '../../../core/id.ts'
import type { StoredDelivery, StoredEvent, StoredRows } from '../../../core/ledger/pack-line.ts'

/** An event of a pack with its deliveries, sorted by target. */
export type PackedEvent = {
  id: EventId
  event: Pick<
    StoredEvent,
    'key' | 'source' | 'vendor' | 'status' | 'type' | 'vendor_type' | 'contact' | 'planned' | 'at'
  >
  deliveries: PackedDelivery[]
}

/** A delivery of a pack. `last`: its last attempt, as JSON; null before the first. */
export type PackedDelivery = Pick<
  StoredDelivery,
  'target' | 'state' | 'reason' | 'attempt' | 'due' | 'replayed'
> & { last: string | null }

/** Returns the rows of a line as lists read them. */
export function packedEventOf({ event, deliveries }: StoredRows): PackedEvent {
  const { key, source, vendor, status, type, vendor_type, contact, planned, at } = event
  return {
    id: idOfKey(key),
    event: { key, source, vendor, status, type, vendor_type, contact, planned, at },
    deliveries: deliveries.map(({ target, state, reason, attempt, due, replayed, attempts }) => {
      const last = (JSON.parse(attempts) as unknown[]).at(-1)
      return {
        ...{ target, state, reason, attempt, due, replayed },
        last: last === undefined ? null : JSON.stringify(last),
      }
    }),
  }
}

// A loaded delivery whose event has a large body: the body is read only when the delivery is handled, as that may take time.
import type { DueDelivery } from '../../../core/deliveries/delivery.ts'
import { withoutReferences } from '../../../core/intake/references.ts'
import { type BodyReader, type PlaceColumns, placeIn } from './read.ts'
import { wholeRows } from './whole.ts'

/** A delivery of which `readWhole` gives the rest, where the body of its event is not in its row. It never rejects. */
export type LoadedDelivery = DueDelivery & {
  readWhole?: (read: BodyReader) => Promise<DueDelivery>
}

type Row = PlaceColumns & { event: string; body: string | null; raw: string | null }

/** The delivery of a row. `deliveryOf`: that of a row whose texts are whole. */
export function loadedDelivery<R extends Row>(
  row: R,
  deliveryOf: (row: R) => DueDelivery,
): LoadedDelivery {
  if (placeIn(row) === undefined) return deliveryOf(row)
  const partly = deliveryOf({ ...row, event: withoutReferences(row.event), body: null })
  const readWhole = async (read: BodyReader): Promise<DueDelivery> => {
    try {
      const whole = await wholeRows(read, row, { event: row, deliveries: [row] })
      if (!whole.ok) return { ...partly, unreadable: whole.error }
      const { event, raw } = whole.value.event
      const body = whole.value.deliveries[0]?.body ?? null
      const delivery = deliveryOf({ ...row, event: event ?? row.event, raw, body })
      return raw === null ? delivery : { ...delivery, apart: raw }
    } catch (error) {
      return { ...partly, unreadable: String(error) }
    }
  }
  return { ...partly, readWhole }
}

// The rows of events with their deliveries, in the words of the code.
import { idOfKey } from '../../core/id.ts'
import type { StoredDelivery, StoredEvent, StoredRows } from '../../core/ledger/pack-line.ts'
import {
  bodyReader,
  inTurns,
  PLACE_COLUMNS,
  type PlaceColumns,
  withPlace,
} from '../events/bodies/read.ts'
import { wholeRows } from '../events/bodies/whole.ts'
import type { PackEnv } from '../events/packs/packs.ts'
import { readWord } from '../stored-words.ts'

type EventRow = Record<string, unknown> &
  PlaceColumns & { key: string; status: string; rung: string | null }
type DeliveryRow = Record<string, unknown> & {
  event: string
  target: string
  reason: string | null
}

/**
 * Returns the rows of those events of some keys that are hot, by their keys' order, in one transaction, with large bodies in
 * their rows. Throws when a body cannot be read now.
 */
export async function readRows(
  { DB: db, ARCHIVE }: PackEnv,
  keys: readonly string[],
): Promise<StoredRows[]> {
  if (keys.length === 0) return []
  const wanted = `[${keys}]`
  const [events, deliveries] = (await db.batch([
    db
      .prepare(
        `SELECT e.*, CAST(e.key AS TEXT) AS key, CAST(e.matched AS TEXT) AS matched, ${PLACE_COLUMNS}
         FROM json_each(?1) AS wanted CROSS JOIN events AS e ON e.key = wanted.value ${withPlace('e')} ORDER BY e.key`,
      )
      .bind(wanted),
    db
      .prepare(
        `SELECT d.*, CAST(d.event AS TEXT) AS event
         FROM json_each(?1) AS wanted CROSS JOIN deliveries AS d ON d.event = wanted.value ORDER BY d.event, d.target`,
      )
      .bind(wanted),
  ])) as [D1Result<EventRow>, D1Result<DeliveryRow>]
  const byEvent = Map.groupBy(deliveries.results, ({ event }) => event)
  const read = bodyReader(ARCHIVE)
  return inTurns(events.results, async ({ object, packed, ...event }) => {
    const own: StoredRows = {
      event: {
        ...event,
        status: readWord(event.status),
        rung: event.rung === null ? null : readWord(event.rung),
      } as unknown as StoredEvent,
      deliveries: (byEvent.get(event.key) ?? []).map(deliveryOf),
    }
    const whole = await wholeRows(read, { object, packed }, own)
    if (!whole.ok) throw new Error(`the event ${idOfKey(event.key)}: ${whole.error}`)
    return whole.value
  })
}

function deliveryOf({ event: _, reason, ...delivery }: DeliveryRow): StoredDelivery {
  const word = reason === null ? null : readWord(reason)
  return { ...delivery, reason: word } as unknown as StoredDelivery
}

// Deliveries that wait since the large body of their event cannot be read.
import { type EventId, idOfKey } from '../../core/id.ts'
import { UNREADABLE } from '../events/bodies/read.ts'

/** How many deliveries wait, counted up to a limit, the first of their events, and why it waits. */
export type Unreadable = { count: number; areMore: boolean; event: EventId; reason: string }

const MAX_COUNTED = 1000

/** Returns them; undefined if none waits. Reads a row for each that it counts. */
export async function readUnreadable(db: D1Database): Promise<Unreadable | undefined> {
  const isUnreadable = `substr(reason, 1, ${UNREADABLE.length}) = '${UNREADABLE}'`
  const row = await db
    .prepare(
      `SELECT count(*) AS count, CAST(min(event) AS TEXT) AS key, reason FROM (
         SELECT event, reason FROM deliveries WHERE ${isUnreadable} ORDER BY event LIMIT ${MAX_COUNTED + 1})`,
    )
    .first<{ count: number; key: string | null; reason: string }>()
  if (row === null || row.key === null) return undefined
  const { count, key, reason } = row
  const areMore = count > MAX_COUNTED
  return { count: Math.min(count, MAX_COUNTED), areMore, event: idOfKey(key), reason }
}

// Which events are hot: they have a row, which counts whatever a pack has of them.
import { type EventId, idOfKey, keyOfId } from '../../../core/id.ts'

type Row = { key: string }
const idsOf = ({ results }: D1Result<Row>) => results.map(({ key }) => idOfKey(key))

/** Returns those of some events that are hot. */
export async function listHot(db: D1Database, ids: readonly EventId[]): Promise<Set<EventId>> {
  if (ids.length === 0) return new Set()
  const found = await db
    .prepare(
      `SELECT CAST(e.key AS TEXT) AS key FROM json_each(?1) AS wanted CROSS JOIN events AS e ON e.key = wanted.value`,
    )
    .bind(`[${ids.map(keyOfId)}]`)
    .all<Row>()
  return new Set(idsOf(found))
}

/** Returns the events that are hot, from a key (decimal text) on and before another. */
export async function listHotEvents(
  db: D1Database,
  { from, before }: { from: string; before: string },
): Promise<EventId[]> {
  const found = await db
    .prepare(
      `SELECT CAST(key AS TEXT) AS key FROM events WHERE key >= CAST(?1 AS INTEGER) AND key < CAST(?2 AS INTEGER)`,
    )
    .bind(from, before)
    .all<Row>()
  return idsOf(found)
}

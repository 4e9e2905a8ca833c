// Retention of large bodies, which events and kept bodies of deliveries refer to: these get their text back first.
import { deleteObjects, objectsIn } from '../events/bodies/objects.ts'
import {
  type BodyReader,
  bodyReader,
  inTurns,
  PLACE_COLUMNS,
  type PlaceColumns,
} from '../events/bodies/read.ts'
import { wholeRows } from '../events/bodies/whole.ts'
import { isFinished } from './prune.ts'

/** An event with a large body. `sent`: the kept bodies of its deliveries by their targets, as JSON. */
type Row = PlaceColumns & { key: string; event: string | null; sent: string }

/**
 * Deletes the large bodies of the first events before a key (decimal text), at most `limit`; what referred to them has its
 * own text then, but for a kept body that is the same, which goes too. Keeps those of events with unfinished deliveries, and
 * those that cannot be read now. Returns how many were deleted. Safe beside itself, and beside what changes the events.
 */
export async function pruneLargeBodies(
  db: D1Database,
  before: string,
  limit: number,
  bucket?: R2Bucket,
): Promise<number> {
  const { results: rows } = await db
    .prepare(
      `SELECT CAST(owner AS TEXT) AS key, ${PLACE_COLUMNS}, events.event, (
         SELECT json_group_object(target, body) FROM deliveries WHERE deliveries.event = owner AND body IS NOT NULL) AS sent
       FROM bodies CROSS JOIN events ON events.key = owner
       WHERE owner < CAST(?1 AS INTEGER) AND ${isFinished('owner')} ORDER BY owner LIMIT ?2`,
    )
    .bind(before, limit)
    .all<Row>()
  const read = bodyReader(bucket)
  const statements = (await inTurns(rows, (row) => detach(db, row, read))).flat()
  if (statements.length === 0) return 0
  const results = await db.batch<{ object: string | null }>(statements)
  await deleteObjects(bucket, objectsIn(results))
  return results.reduce((sum, { results }) => sum + results.length, 0)
}

/**
 * The statements that give the rows of an event their text and delete its body: all of it, unless a row has changed. None
 * while it cannot be read.
 */
async function detach(
  db: D1Database,
  { key, event, sent, ...place }: Row,
  read: BodyReader,
): Promise<D1PreparedStatement[]> {
  const kept = Object.entries(JSON.parse(sent) as Record<string, string>)
  const deliveries = kept.map(([target, body]) => ({ target, body: body as string | null }))
  const whole = await wholeRows(read, place, { event: { raw: null, event }, deliveries })
  if (!whole.ok) return []
  const { raw, event: own } = whole.value.event
  const changed = whole.value.deliveries.flatMap(({ target, body: text }, i) => {
    const [, stored] = kept[i] ?? []
    return text === stored ? [] : [{ target, stored, text: text === raw ? null : text }]
  })
  return [
    ...(own === event ? [] : [db.prepare(PUT_EVENT).bind(key, event, own)]),
    ...changed.map(({ target, stored, text }) =>
      db.prepare(PUT_SENT).bind(key, target, stored, text),
    ),
    db.prepare(DELETE_BODY).bind(key, own),
  ]
}

const PUT_EVENT = 'UPDATE events SET event = ?3 WHERE key = CAST(?1 AS INTEGER) AND event = ?2'

// A copy of the bytes goes with them.
const PUT_SENT = `
UPDATE deliveries SET body = ?4, content_type = CASE WHEN ?4 IS NOT NULL THEN content_type END,
  headers = CASE WHEN ?4 IS NOT NULL THEN headers END
WHERE event = CAST(?1 AS INTEGER) AND target = ?2 AND body = ?3`

// No row of a finished event gets a body, unless it is sent again: then it is not finished.
const DELETE_BODY = `
DELETE FROM bodies WHERE owner = CAST(?1 AS INTEGER) AND ${isFinished('owner')}
  AND NOT EXISTS (SELECT 1 FROM events WHERE key = owner AND event IS NOT ?2)
RETURNING object`

// Deliveries that wait for an attempt, as SQL: how one becomes due, and how the sweep finds it.
//
// A delivery that is created with its event is *fresh*: its note of the sweep (`swept`) is null, and it is in no index, as most
// are delivered within a second. The sweep comes past the events in the order of their keys, and watches what is fresh until
// then: it notes a zero, which puts the delivery into the index. How far it has come is in the table `swept_to`. So whatever
// waits is in the index, or its event is at that mark or later: a delivery of an earlier event is created watched, in the
// transaction that reads the mark, and what was not due is watched once it becomes due.
import { firstKeyAt, KEYS_PER_MS } from '../../core/id.ts'
import { HOUR_MS } from '../../core/period.ts'

/** The assignments that make a delivery due which was not. */
export const BECOMES_DUE =
  "state = CASE WHEN attempt = 1 THEN 'pending' ELSE 'retrying' END, swept = COALESCE(swept, 0)"

/** The condition of deliveries that wait and are watched, which the index has. */
export const IS_WATCHED =
  "state IN ('pending', 'retrying') AND (state = 'retrying' OR swept IS NOT NULL)"

const MARK = '(SELECT event FROM swept_to)'

/** The condition of deliveries that wait and are fresh: of the last minute or two. */
export const IS_FRESH = `event >= ${MARK} AND state = 'pending' AND swept IS NULL`

/** The note of the sweep in a delivery that is created with the event `key`, a piece of SQL. */
export const firstNote = (key: string) => `CASE WHEN ${key} < ${MARK} THEN 0 END`

/** How far the sweep comes in one transaction. */
const MAX_RANGE = HOUR_MS * KEYS_PER_MS

/** SQL: the event up to which the sweep comes past, at most to the key `?1`; null where nothing is to be passed. */
const END = `min(CAST(?1 AS INTEGER), (SELECT min(event) FROM deliveries WHERE event >= ${MARK}) + ${MAX_RANGE})`

const WATCH = `UPDATE deliveries SET swept = 0 WHERE ${IS_FRESH} AND event < ${END}`
const MOVE = `UPDATE swept_to SET event = ${END} WHERE event < ${END} AND EXISTS (
  SELECT 1 FROM deliveries WHERE deliveries.event >= swept_to.event AND deliveries.event < ${END})
RETURNING event < CAST(?1 AS INTEGER) AS is_more`

/**
 * Watches the fresh deliveries of events up to a key, those of an hour at most. Returns how many, and whether there may be
 * more. Reads each delivery once, as the mark moves past it.
 */
export async function watchFresh(
  db: D1Database,
  until: string,
): Promise<{ watched: number; isMore: boolean }> {
  const [watched, moved] = await db.batch<{ is_more: number }>([
    db.prepare(WATCH).bind(until),
    db.prepare(MOVE).bind(until),
  ])
  return {
    watched: watched?.meta.changes ?? 0,
    isMore: moved?.results[0]?.is_more === 1,
  }
}

/**
 * Returns whether the sweep has something to do: deliveries that were due before a time (epoch milliseconds), or such of events
 * received before it that it has not come past. Reads four rows.
 */
export async function readWaiting(
  db: D1Database,
  before: number,
): Promise<{ isAnyOverdue: boolean; isAnyAhead: boolean }> {
  const row = await db
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM deliveries WHERE ${IS_WATCHED} AND due < ?1) AS overdue,
         EXISTS (SELECT 1 FROM deliveries WHERE event >= ${MARK} AND event < CAST(?2 AS INTEGER)) AS ahead`,
    )
    .bind(before, firstKeyAt(before))
    .first<{ overdue: number; ahead: number }>()
  return { isAnyOverdue: row?.overdue === 1, isAnyAhead: row?.ahead === 1 }
}

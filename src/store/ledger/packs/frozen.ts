// The counts of packed events are frozen: they are stored under `start + 1`, one millisecond after the start of their segment,
// and no longer counted from the log. They move there when events are packed, and back when they are restored, each time
// in the transaction that does it. So the two together are the whole segment at any moment, and the totals stay.

import { KIND_OF_E } from '../../events/packs/kinds.ts'
import { moveCounts } from '../ledger.ts'
import type { LogPart } from '../statistics.ts'
import { moveStatistics } from '../statistics.ts'

/** Some events of a segment: its start, and their keys as decimal texts in their order, at least one. */
export type Some = { start: number; keys: readonly string[] }

// The parameters: ?1 the keys as JSON, ?2 the start of the segment, ?3 and ?4 the first and the last key.
const parametersOf = ({ start, keys }: Some) => [`[${keys}]`, start, keys[0], keys.at(-1)]
const isOne = (key: string) => `${key} IN (SELECT value FROM json_each(?1))`
const between = (key: string) =>
  `${key} >= CAST(?3 AS INTEGER) AND ${key} <= CAST(?4 AS INTEGER) AND ${isOne(key)}`
const PART: LogPart = {
  segments:
    'SELECT CAST(?2 AS INTEGER) AS start, CAST(?3 AS INTEGER) AS lo, CAST(?4 AS INTEGER) + 1 AS hi',
  condition: isOne,
}
const [HOT, FROZEN] = ['CAST(?2 AS INTEGER)', 'CAST(?2 AS INTEGER) + 1']

const INDEXED = `SELECT e.source, e.contact, ${KIND_OF_E} AS kind, COALESCE(e.at, 0) AS at, e.key FROM events AS e
  WHERE ${between('e.key')} AND e.contact IS NOT NULL`

const FREEZE = [
  moveStatistics(PART, HOT, FROZEN),
  moveCounts(PART, HOT, FROZEN),
  `INSERT OR IGNORE INTO packed_contacts (source, contact) SELECT source, contact FROM (${INDEXED}) WHERE kind IS NOT NULL`,
  `INSERT OR IGNORE INTO packed_events (contact, kind, at, key)
   SELECT c.number, e.kind, e.at, e.key FROM (${INDEXED}) AS e CROSS JOIN packed_contacts AS c
     ON c.source = e.source AND c.contact = e.contact WHERE e.kind IS NOT NULL`,
]

const THAW = [
  moveStatistics(PART, FROZEN, HOT),
  moveCounts(PART, FROZEN, HOT),
  `DELETE FROM packed_events WHERE (contact, kind, at, key) IN (
     SELECT c.number, e.kind, e.at, e.key FROM (${INDEXED}) AS e CROSS JOIN packed_contacts AS c
       ON c.source = e.source AND c.contact = e.contact)`,
]

/** The statements that freeze the counts of events and enter them in the index of people, before their rows are deleted. */
export const freeze = (db: D1Database, some: Some): D1PreparedStatement[] => bound(db, FREEZE, some)

/** The statements that undo that, after their rows are inserted. */
export const thaw = (db: D1Database, some: Some): D1PreparedStatement[] => bound(db, THAW, some)

/** The statements that delete the rows of events. The first one returns the objects of their bodies. */
export const deleteRows = (db: D1Database, some: Some): D1PreparedStatement[] =>
  bound(
    db,
    [
      `DELETE FROM bodies WHERE ${between('owner')} RETURNING object`,
      `DELETE FROM deliveries WHERE ${between('event')}`,
      `DELETE FROM events WHERE ${between('key')}`,
    ],
    some,
  )

function bound(db: D1Database, statements: readonly string[], some: Some): D1PreparedStatement[] {
  return statements.map((sql) => db.prepare(sql).bind(...parametersOf(some)))
}

/** A statement that fails its transaction unless a condition holds (SQL, over its parameters). */
export function onlyIf(
  db: D1Database,
  condition: string,
  ...values: (string | number)[]
): D1PreparedStatement {
  return db
    .prepare(`INSERT INTO packing SELECT * FROM packing WHERE NOT (${condition})`)
    .bind(...values)
}

/** Whether a transaction failed since a condition of `onlyIf` does not hold: what it was based on has changed. */
export function isChanged(error: unknown): boolean {
  return error instanceof Error && /UNIQUE constraint failed: packing\.id/.test(error.message)
}

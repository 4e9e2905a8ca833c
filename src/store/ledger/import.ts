// The lines of an export → the log of a fresh deployment. Each call is one transaction that also moves the position of the
// import, so a call that is cut or repeated imports nothing twice, and a stopped import goes on where it was.

import { UNFINISHED_STATES } from '../../core/deliveries/delivery.ts'
import { isEventId } from '../../core/id.ts'
import { IMPORTED, isRowLine, type RowLine } from '../../core/ledger/export-lines.ts'
import {
  type PackLine,
  rowsOf,
  type StoredDelivery,
  type StoredRows,
} from '../../core/ledger/pack-line.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { markSegments } from '../segments.ts'
import { insertRows } from './packs/restore.ts'

/** A file that is imported. `file`: the checksum of its last line; `lines`: those with events and rows. */
export type ImportedFile = { file: string; lines: number; delivers: boolean }

/** How far an import is: how many of its lines are in the log. */
export type ImportState = { file: string; lines: number; position: number; delivers: number }

const STATE = 'SELECT file, lines, position, delivers FROM imports'

/**
 * Begins an import, or returns how far the same one is. Refuses a deployment that has received events, unless this file is
 * what it received.
 */
export async function beginImport(
  db: D1Database,
  { file, lines, delivers }: ImportedFile,
  now: number,
): Promise<Result<ImportState, 'not_fresh' | 'other_import' | 'other_mode'>> {
  const [, state] = await db.batch<ImportState>([
    db
      .prepare(
        `INSERT INTO imports (id, file, lines, position, delivers, begun) SELECT 1, ?1, ?2, 0, ?3, ?4
         WHERE NOT EXISTS (SELECT 1 FROM events WHERE source <> 'relay') AND NOT EXISTS (SELECT 1 FROM contacts)
           AND NOT EXISTS (SELECT 1 FROM packs) ON CONFLICT DO NOTHING`,
      )
      .bind(file, lines, delivers ? 1 : 0, now),
    db.prepare(STATE),
  ])
  const own = state?.results[0]
  if (own === undefined) return err('not_fresh')
  if (own.file !== file || own.lines !== lines) return err('other_import')
  return own.delivers === (delivers ? 1 : 0) ? ok(own) : err('other_mode')
}

/** A part of a file: lines, and how many come before them. */
export type ImportedPart = { file: string; from: number; lines: readonly object[] }

/**
 * Imports the next lines of a file in one transaction; does nothing for lines that are in the log already. Returns the
 * position after them, or why it refuses: `not_begun`, `not_next` for lines that are not the next ones, or a text about a line.
 */
export async function importLines(
  db: D1Database,
  { file, from, lines }: ImportedPart,
  now: number,
): Promise<Result<number, 'not_begun' | 'not_next' | { line: number; reason: string }>> {
  const state = await db.prepare(STATE).first<ImportState>()
  if (state?.file !== file) return err('not_begun')
  const to = from + lines.length
  if (state.position >= to) return ok(state.position)
  if (state.position !== from) return err('not_next')
  const bad = lines.findIndex((line) => !isRowLine(line) && !isEventLine(line))
  if (bad >= 0) return err({ line: bad, reason: 'is neither an event nor a row of a known table' })
  const events = lines.filter((line): line is PackLine => !isRowLine(line))
  const rows = events.map((line) => withoutLeases(rowsOf(line), state.delivers === 1, now))
  try {
    await db.batch([
      db.prepare('INSERT INTO imports SELECT * FROM imports WHERE position <> ?1').bind(from),
      db.prepare('UPDATE imports SET position = ?1').bind(to),
      ...insertRows(db, rows),
      ...putRows(db, lines.filter(isRowLine)),
      ...(events.length === 0
        ? []
        : [
            markSegments(
              db,
              events.map(({ id }) => id),
              'added',
            ),
            READ_FOR_DRIFT(db),
          ]),
    ])
  } catch (error) {
    const text = String(error)
    if (/UNIQUE constraint failed: imports\.id/.test(text)) return err('not_next')
    if (/SQLITE_CONSTRAINT|has no column named|TOOBIG|D1_TYPE_ERROR/.test(text)) {
      return err({ line: 0, reason: `or one of those after it cannot be stored: ${text}` })
    }
    throw error
  }
  return ok(to)
}

/** The drift reports are imported: the events are not looked at for them once more. */
const READ_FOR_DRIFT = (db: D1Database) =>
  db.prepare('UPDATE drift_read SET event = (SELECT max(key) FROM events)')

function isEventLine(line: object): line is PackLine {
  const { v, id, deliveries, headers } = line as Partial<PackLine>
  return v === 1 && isEventId(String(id)) && Array.isArray(deliveries) && headers !== undefined
}

/** Rows as they are imported: no message is on its way for a delivery, and none begins again unless that is asked for. */
function withoutLeases(rows: StoredRows, delivers: boolean, now: number): StoredRows {
  const fresh = { swept: null, lease_holder: null, lease_until: null }
  const deliveries = rows.deliveries.map((delivery): StoredDelivery => {
    const { state, attempt } = delivery
    if (!(UNFINISHED_STATES as readonly string[]).includes(state)) return { ...delivery, ...fresh }
    if (!delivers) return { ...delivery, ...fresh, state: 'cancelled', reason: IMPORTED, due: null }
    // Its schedule begins again: the time that it waited in the file is no fault of its target.
    const again = { state: attempt > 1 ? 'retrying' : 'pending', reason: null, due: now }
    return { ...delivery, ...fresh, ...again, first: attempt }
  })
  return { ...rows, deliveries }
}

/** The statements that put rows into their tables, over those that are there. */
function putRows(db: D1Database, lines: readonly RowLine[]): D1PreparedStatement[] {
  return [...Map.groupBy(lines, shapeOf).values()].flatMap(inParameters).map((some) => {
    const { row: table, values } = some[0] as RowLine
    const columns = Object.keys(values).map((column) => `"${column.replaceAll('"', '')}"`)
    const paths = columns.map((column) => `value ->> '$.${column.replaceAll("'", '')}'`)
    return db
      .prepare(`INSERT OR REPLACE INTO ${table} (${columns}) SELECT ${paths} FROM json_each(?1)`)
      .bind(JSON.stringify(some.map(({ values }) => values)))
  })
}

/** A parameter holds 2,000,000 bytes, and a character has three at most. */
const MAX_LENGTH = 600_000

/** Rows in lists that fit one parameter each. */
function inParameters(lines: readonly RowLine[]): RowLine[][] {
  const lists: RowLine[][] = []
  let length = 0
  for (const line of lines) {
    const own = JSON.stringify(line.values).length
    const list = lists.at(-1)
    if (list === undefined || length + own > MAX_LENGTH) {
      lists.push([line])
      length = own
    } else {
      list.push(line)
      length += own
    }
  }
  return lists
}

const shapeOf = ({ row, values }: RowLine) => JSON.stringify([row, ...Object.keys(values)])

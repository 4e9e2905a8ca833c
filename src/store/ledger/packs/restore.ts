// Restores packed events: their rows are inserted again from the lines of packs. A restored event is hot: all that works on
// rows works on it, and it is packed again later.
import type { EventId } from '../../../core/id.ts'
import { rowsOf, type StoredRows } from '../../../core/ledger/pack-line.ts'
import { listHot } from '../../events/packs/hot.ts'
import type { PackEnv } from '../../events/packs/packs.ts'
import { type PackedLine, readWithPacks } from '../../events/packs/read.ts'
import { forgetIdentities } from '../../intake/packed-identities.ts'
import { markSegments } from '../../segments.ts'
import { storedWord } from '../../stored-words.ts'
import { forgetFacts } from './facts.ts'
import { isChanged, onlyIf, thaw } from './frozen.ts'

/** The events of one transaction, at most, and the bytes of their lines, which bound its memory and its time. */
const MAX_EVENTS = 50
const MAX_LENGTH = 8_000_000

/** How often it is tried again when events were restored or packed by another run meanwhile. */
const TRIES = 3

/**
 * Restores those of some events that are packed, and returns their ids; those that are hot already, or in no pack, are left
 * out. Safe to run concurrently. Of a call that is cut, some events may be restored and others not: call it again.
 * Throws when D1 or the place of a pack does not answer, or when a pack is in R2 and no bucket is bound.
 */
export async function restoreEvents(env: PackEnv, ids: readonly EventId[]): Promise<EventId[]> {
  const restored: EventId[] = []
  let left = [...new Set(ids)].sort()
  for (let tries = TRIES; left.length > 0; tries--) {
    const hot = await listHot(env.DB, left)
    const lines = await readWithPacks(
      env,
      left.filter((id) => !hot.has(id)),
    )
    left = []
    for (const chunk of chunksOf(lines)) {
      const own = chunk.map(({ line }) => line.id)
      try {
        await restoreChunk(env.DB, chunk)
        restored.push(...own)
      } catch (error) {
        if (!isChanged(error) || tries === 1) throw error
        left.push(...own)
      }
    }
  }
  return restored
}

/** Splits lines into parts of one pack each, by their ids' order. */
function chunksOf(lines: readonly PackedLine[]): PackedLine[][] {
  const chunks: PackedLine[][] = []
  let length = 0
  for (const line of lines) {
    const chunk = chunks.at(-1)
    const own = lengthOf(line)
    length += own
    const isFull = chunk?.length === MAX_EVENTS || length > MAX_LENGTH
    if (chunk && !isFull && chunk[0]?.pack.start === line.pack.start) chunk.push(line)
    else {
      chunks.push([line])
      length = own
    }
  }
  return chunks
}

function lengthOf({ line: { raw = '', deliveries } }: PackedLine): number {
  return deliveries.reduce((sum, { body }) => sum + (body?.length ?? 0), 2 * raw.length)
}

async function restoreChunk(db: D1Database, chunk: readonly PackedLine[]): Promise<void> {
  const [first] = chunk
  if (first === undefined) return
  const { start, version } = first.pack
  const rows = chunk.map(({ line }) => rowsOf(line))
  const keys = rows.map(({ event }) => event.key)
  const forgotten = await forgetFacts(
    db,
    chunk.flatMap(({ line: { id, source, contact } }) =>
      contact === undefined ? [] : [{ id, source, contact }],
    ),
  )
  await db.batch([
    // Another version may say something else of these events, for instance nothing.
    onlyIf(db, 'EXISTS (SELECT 1 FROM packs WHERE start = ?1 AND version = ?2)', start, version),
    onlyIf(
      db,
      'NOT EXISTS (SELECT 1 FROM events WHERE key IN (SELECT value FROM json_each(?1)))',
      `[${keys}]`,
    ),
    ...insertRows(db, rows),
    ...thaw(db, { start, keys }),
    ...forgotten,
    forgetIdentities(
      db,
      chunk.map(({ line }) => line),
    ),
    markSegments(
      db,
      chunk.map(({ line }) => line.id),
      'delivered',
    ),
  ])
}

const EVENT_COLUMNS = [
  'key',
  'source',
  'vendor',
  'status',
  'type',
  'vendor_type',
  'contact',
  'planned',
  'hops',
  'dedup_key',
  'dedup_stamp',
  'rung',
  'matched',
  'encoding',
  'headers',
  'issues',
  'event',
  'raw',
  'at',
  'event_name',
  'dismissed',
] as const

const DELIVERY_COLUMNS = [
  'target',
  'state',
  'reason',
  'attempt',
  'first',
  'due',
  'attempts',
  'body',
  'content_type',
  'headers',
  'replayed',
  'swept',
  'lease_holder',
  'lease_until',
] as const

/** The statements that insert the rows of events that are not in the log. */
export function insertRows(db: D1Database, rows: readonly StoredRows[]): D1PreparedStatement[] {
  const events = rows.map(({ event }) =>
    EVENT_COLUMNS.map((column) => {
      const value = event[column]
      return (column === 'status' || column === 'rung') && value !== null
        ? storedWord(String(value))
        : value
    }),
  )
  const deliveries = rows.flatMap(({ event, deliveries }) =>
    deliveries.map((delivery) => [
      event.key,
      ...DELIVERY_COLUMNS.map((column) => {
        const value = delivery[column]
        return column === 'reason' && value !== null ? storedWord(String(value)) : value
      }),
    ]),
  )
  return [
    ...inserts(db, 'events', EVENT_COLUMNS, events),
    ...inserts(db, 'deliveries', ['event', ...DELIVERY_COLUMNS], deliveries),
  ]
}

type Row = readonly (string | number | null)[]

/** Rows that share a statement, as JSON, have this many characters at most: of three bytes each, D1 takes 2,000,000. */
const MAX_SHARED = 400_000

/** Inserts rows of which the first column is a key, with few statements, as an invocation may make a thousand of them. */
function inserts(
  db: D1Database,
  table: string,
  columns: readonly string[],
  rows: readonly Row[],
): D1PreparedStatement[] {
  const into = `INSERT INTO ${table} (${columns})`
  const groups: string[][] = []
  const statements: D1PreparedStatement[] = []
  let length = 0
  for (const row of rows) {
    const json = JSON.stringify(row)
    // SQLite ends a text of JSON at a NUL.
    if (json.length > MAX_SHARED || json.includes('\\u0000')) {
      const marks = `CAST(? AS INTEGER)${', ?'.repeat(columns.length - 1)}`
      statements.push(db.prepare(`${into} VALUES (${marks})`).bind(...row))
      continue
    }
    length += json.length
    const group = groups.at(-1)
    if (group && length <= MAX_SHARED) group.push(json)
    else {
      groups.push([json])
      length = json.length
    }
  }
  const values = columns.map((_, i) =>
    i === 0 ? 'CAST(value ->> 0 AS INTEGER)' : `value ->> ${i}`,
  )
  const shared = groups.map((group) =>
    db.prepare(`${into} SELECT ${values} FROM json_each(?1)`).bind(`[${group}]`),
  )
  return [...statements, ...shared]
}

// The log as lines, for `relay export`: events of rows and of packs in the order of receipt, then rows of other tables.
import { type EventId, firstKeyAt, idOfKey, keyOfId, timeOfKey } from '../../core/id.ts'
import {
  EXPORTED_TABLES,
  type ExportedPart,
  type ExportedTable,
} from '../../core/ledger/export-lines.ts'
import { idOfLine, lineOf, writeLine } from '../../core/ledger/pack-line.ts'
import type { Period } from '../../core/period.ts'
import { readRange } from '../events/packs/bytes.ts'
import { gunzip } from '../events/packs/gzip.ts'
import { listPacks, type Pack, type PackEnv } from '../events/packs/packs.ts'
import { readRows } from './packs/rows.ts'

/** What one call reads at most: each step takes five statements, and an invocation has 50 on the free plan. */
const MAX_STEPS = 8
const MAX_LENGTH = 8_000_000

/** What one step reads at most: events, their bytes, and rows of other tables. */
const EVENTS_A_STEP = 100
const BYTES_A_STEP = 2_000_000
const ROWS_A_STEP = 100

/** Lines, each with its line feed. `next`: where the following ones begin; null when there are none. */
type Step = { lines: string[]; next: string | null }

/**
 * Yields the lines of a part after a position (`next` of an earlier call), as far as one call goes, and last a line with the
 * next position: `{"next": …}`. The period is that of the events. Throws when D1 or the place of a pack does not answer.
 */
export async function* exportLines(
  env: PackEnv,
  { part, after, ...period }: { part: ExportedPart; after: string | undefined } & Period,
): AsyncGenerator<string> {
  let next: string | null | undefined = after
  let length = 0
  for (let i = 0; i < MAX_STEPS && length < MAX_LENGTH && next !== null; i++) {
    const step: Step =
      part === 'events' ? await readEvents(env, period, next) : await readTable(env, part, next)
    next = step.next
    for (const line of step.lines) {
      length += line.length
      yield line
    }
  }
  yield `${JSON.stringify({ next })}\n`
}

/** Whether a text can be the `next` of an earlier call for a part. */
export function isPosition(part: ExportedPart, text: string): boolean {
  if (part === 'events') return /^\d{1,16}$/.test(text)
  try {
    const values: unknown = JSON.parse(text)
    const isValue = (value: unknown) => typeof value === 'string' || typeof value === 'number'
    return (
      Array.isArray(values) &&
      values.length === EXPORTED_TABLES[part].length &&
      values.every(isValue)
    )
  } catch {
    return false
  }
}

// An event leaves its rows for a pack, or comes back, at any moment: the rows are read first. Those that are not there any
// more are in a pack by then; those that came back are in the pack still.
async function readEvents(env: PackEnv, period: Period, after: string | undefined): Promise<Step> {
  const end = Number(firstKeyAt(period.until))
  const first = after === undefined ? Number(firstKeyAt(period.since)) : Number(after)
  const keys = await listKeys(env.DB, first, end)
  const hot = await readRows(env, keys.some)
  const reached = keys.isAll ? end : Number(keys.some.at(-1)) + 1
  const packed = await readPackedBefore(env, first, reached)
  const texts = new Map<EventId, string>(packed.texts.map((text) => [idOf(text), `${text}\n`]))
  for (const rows of hot) {
    if (Number(rows.event.key) < packed.reached) {
      texts.set(idOfKey(rows.event.key), writeLine(lineOf(rows)))
    }
  }
  const lines = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)
  return { lines, next: packed.reached >= end ? null : String(packed.reached) }
}

// A large body that is apart is in the line and, in part, in its event.
const TWICE = '(SELECT 2 * size FROM bodies WHERE owner = e.key)'

/** The keys of the next hot events, as many as fit one step, and whether there are no others before `end`. */
async function listKeys(
  db: D1Database,
  first: number,
  end: number,
): Promise<{ some: string[]; isAll: boolean }> {
  const { results } = await db
    .prepare(
      `SELECT CAST(e.key AS TEXT) AS key, COALESCE(octet_length(raw), ${TWICE}, 0) + COALESCE(octet_length(event), 0)
         + COALESCE((SELECT sum(octet_length(body)) FROM deliveries WHERE event = e.key), 0) AS size
       FROM events AS e WHERE e.key >= CAST(?1 AS INTEGER) AND e.key < CAST(?2 AS INTEGER) ORDER BY e.key LIMIT ?3`,
    )
    .bind(first, end, EVENTS_A_STEP)
    .all<{ key: string; size: number }>()
  let bytes = 0
  const some = results.filter(({ size }, i) => {
    bytes += size
    return i === 0 || bytes <= BYTES_A_STEP
  })
  const isAll = some.length === results.length && results.length < EVENTS_A_STEP
  return { some: some.map(({ key }) => key), isAll }
}

/** The lines of the first block of a pack that may have events from `first` on and before `end`; and how far that goes. */
async function readPackedBefore(
  env: PackEnv,
  first: number,
  end: number,
): Promise<{ texts: string[]; reached: number }> {
  if (first >= end) return { texts: [], reached: end }
  const period = { since: timeOfKey(first), until: timeOfKey(end - 1) + 1 }
  const [pack] = await listPacks(env.DB, period, 1)
  if (pack === undefined) return { texts: [], reached: end }
  const after = Number(firstKeyAt(pack.until))
  const keys = [...pack.blocks.map(([id]) => Number(keyOfId(id))), after]
  const n = Math.max(
    0,
    pack.blocks.findLastIndex((_, i) => (keys[i] as number) <= first),
  )
  const reached = Math.min(end, keys[n + 1] ?? after)
  const texts = await blockTexts(env, pack, n)
  return {
    texts: texts.filter((text) => {
      const key = Number(keyOfId(idOf(text)))
      return key >= first && key < reached
    }),
    reached,
  }
}

async function blockTexts(env: PackEnv, pack: Pack, n: number): Promise<string[]> {
  const block = pack.blocks[n]
  if (block === undefined) return []
  const [, offset, bytes] = block
  const text = await gunzip(await readRange(env, pack, offset, bytes))
  return text.split('\n').slice(0, -1)
}

function idOf(text: string): EventId {
  const id = idOfLine(text)
  if (id === undefined) throw new Error('a line of a pack does not begin with an id')
  return id
}

/** The next rows of a table in the order of its primary key, of which a position has the values. */
async function readTable(
  { DB }: PackEnv,
  table: ExportedTable,
  after: string | undefined | null,
): Promise<Step> {
  const columns = EXPORTED_TABLES[table]
  const values: unknown[] = after == null ? [] : JSON.parse(after)
  const marks = columns.map((_, i) => `?${i + 1}`)
  const condition = values.length === 0 ? '' : `WHERE (${columns}) > (${marks})`
  const { results } = await DB.prepare(
    `SELECT * FROM ${table} ${condition} ORDER BY ${columns} LIMIT ${ROWS_A_STEP}`,
  )
    .bind(...values)
    .all<Record<string, string | number | null>>()
  const last = results.at(-1)
  const isEnd = last === undefined || results.length < ROWS_A_STEP
  return {
    lines: results.map((values) => `${JSON.stringify({ row: table, values })}\n`),
    next: isEnd ? null : JSON.stringify(columns.map((column) => last[column])),
  }
}

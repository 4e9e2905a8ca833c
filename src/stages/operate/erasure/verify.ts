// Searches everything that is stored for the values of a receipt: every text and blob of every table, whatever tables there
// are, and every object of the archive. Part by part, as each call has a limit.
import { findValues } from '../../../core/operate/erasure/words.ts'
import type { Env, Tools } from '../../../env.ts'
import {
  listTables,
  readTable,
  type Table,
  textOfBytes,
  textsOf,
} from '../../../store/operate/erasure/tables.ts'
import { type Finding, type Hit, type Judged, judge, type Searched } from './judge.ts'

/** How long a call searches, in milliseconds, and how much it reads, in characters. */
const CALL_MS = 5000
const CALL_CHARACTERS = 12_000_000

/** Objects of a page of the archive. */
const PAGE = 20

/**
 * What was found, and what was read. `next`: where the next call goes on; undefined at the end. `others`, `later`: values
 * that were found with other people who have them too, and with what came after the erasure.
 */
export type Verification = {
  found: Finding[]
  others: number
  later: number
  read: { tables: string[]; rows: number; objects: number; characters: number }
  next: string | undefined
}

/** Where a search is: in a table after a row, or among the objects after one. */
type Position = { table: string; after?: readonly string[] | undefined } | { object: string }

/** Searches the next part. `position`: `next` of the call before. Throws a RangeError for another text. */
export async function verifyErased(
  { DB, ARCHIVE }: Pick<Env, 'DB' | 'ARCHIVE'>,
  searched: Searched,
  position: string | undefined,
  { now }: Pick<Tools, 'now'>,
): Promise<Verification> {
  const until = now() + CALL_MS
  const tables = await listTables(DB)
  const search = {
    searched,
    judged: [] as Judged[],
    read: { tables: [] as string[], rows: 0, objects: 0, characters: 0 },
  }
  let at: Position | undefined = position === undefined ? startOf(tables[0]) : positionOf(position)
  while (at !== undefined && now() < until && search.read.characters < CALL_CHARACTERS) {
    at =
      'table' in at
        ? await searchTable(DB, tables, at, search)
        : await searchObjects(DB, ARCHIVE, at.object, search)
  }
  const of = (whose: Judged['whose']) => search.judged.filter((one) => one.whose === whose)
  return {
    found: of('erased').map(({ finding }) => finding),
    others: of('other').length,
    later: of('later').length,
    read: search.read,
    next: at && JSON.stringify(at),
  }
}

type Search = { searched: Searched; judged: Judged[]; read: Verification['read'] }

const startOf = (table: Table | undefined): Position =>
  table ? { table: table.name } : { object: '' }

function positionOf(text: string): Position {
  try {
    const position = JSON.parse(text) as Position
    if ('table' in position || 'object' in position) return position
  } catch {
    // Below.
  }
  throw new RangeError('not a position of a search')
}

async function searchTable(
  db: D1Database,
  tables: readonly Table[],
  { table: name, after }: Extract<Position, { table: string }>,
  { searched, judged, read }: Search,
): Promise<Position> {
  const table = tables.find((one) => one.name >= name)
  if (table === undefined) return { object: '' }
  const { rows, isEnd } = await readTable(db, table, table.name === name ? after : undefined)
  if (after === undefined) read.tables.push(table.name)
  const hits: Hit[] = []
  let last: readonly string[] | undefined
  for (const row of rows) {
    read.rows++
    for (const { column, text } of await textsOf(row)) {
      read.characters += text.length
      // A block of packed events is searched line by line, so that each event is judged by itself.
      for (const line of linesOf(text)) {
        const values = await findValues(line, searched)
        if (values.length > 0)
          hits.push({ table: table.name, column, place: row.place, line, values })
      }
    }
    last = row.place
    // Compressed rows may have many times what they take.
    if (read.characters >= CALL_CHARACTERS) break
  }
  if (hits.length > 0) judged.push(...(await judge(db, searched, hits)))
  const isRead = isEnd && last === rows.at(-1)?.place
  if (!isRead && last !== undefined) return { table: table.name, after: last }
  return startOf(tables.find((one) => one.name > table.name))
}

/** Lines of JSON apart; any other text as one. */
function linesOf(text: string): string[] {
  return /\n\{/.test(text) ? text.split('\n') : [text]
}

async function searchObjects(
  db: D1Database,
  bucket: R2Bucket | undefined,
  after: string,
  { searched, judged, read }: Search,
): Promise<Position | undefined> {
  if (bucket === undefined) return undefined
  const { objects } = await bucket.list({
    limit: PAGE,
    ...(after === '' ? {} : { startAfter: after }),
  })
  for (const { key } of objects) {
    const object = await bucket.get(key)
    if (object === null) continue
    const text = await textOfBytes(await object.arrayBuffer())
    read.objects++
    read.characters += text.length
    const hits: Hit[] = []
    for (const line of [key, ...linesOf(text)]) {
      const values = await findValues(line, searched)
      if (values.length > 0) hits.push({ table: 'archive', column: '', place: [key], line, values })
    }
    if (hits.length > 0) judged.push(...(await judge(db, searched, hits)))
  }
  const last = objects.at(-1)?.key
  return objects.length < PAGE || last === undefined ? undefined : { object: last }
}

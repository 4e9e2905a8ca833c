// Every text and every blob of the database, table by table: what the schema has, so that a new table is read too.

import { decompressSent } from '../../events/bodies/sent.ts'

/** A table: the columns of its primary key (or `rowid`), and those with texts or blobs. */
export type Table = { name: string; key: string[]; columns: string[] }

/** A row: its place, as the values of its key, and its texts and blobs by column. */
export type TableRow = { place: string[]; values: Record<string, string | ArrayBuffer> }

/** The rows that are looked at for one part, and the bytes that it reads at most, if that is not a single row. */
const MAX_ROWS = 1000
const MAX_BYTES = 2_000_000

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** Returns all tables with a text or a blob, in the order of their names. */
export async function listTables(db: D1Database): Promise<Table[]> {
  const { results: tables } = await db
    .prepare(
      `SELECT name, sql FROM sqlite_master
       WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .all<{ name: string; sql: string }>()
  const infos = await db.batch<{ name: string; type: string; pk: number }>(
    tables.map(({ name }) => db.prepare(`PRAGMA table_info(${quoted(name)})`)),
  )
  return tables
    .map(({ name, sql }, i): Table => {
      const columns = infos[i]?.results ?? []
      const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk)
      const hasRowid = !/WITHOUT\s+ROWID/i.test(sql)
      return {
        name,
        key: hasRowid ? ['rowid'] : key.map((column) => column.name),
        columns: columns
          .filter(({ type }) => !/INT|REAL|FLOA|DOUB|NUM/i.test(type))
          .map((column) => column.name),
      }
    })
    .filter(({ columns }) => columns.length > 0)
}

/**
 * Returns the next rows of a table after a place, and whether more follow: some two megabytes, at least one row. A number of
 * a key is a text, as it may be larger than a double represents.
 */
export async function readTable(
  db: D1Database,
  { name, key, columns }: Table,
  after: readonly string[] | undefined,
): Promise<{ rows: TableRow[]; isEnd: boolean }> {
  const order = key.map(quoted).join()
  const bound = (after ?? []).map((part, i) => boundPart(part, i + 1))
  const condition = bound.length === 0 ? '' : `WHERE (${order}) > (${bound.map(({ sql }) => sql)})`
  const parameters = bound.map(({ value }) => value)
  const bytes = columns.map((column) => `COALESCE(octet_length(${quoted(column)}), 0)`).join(' + ')
  const { results: sizes } = await db
    .prepare(
      `SELECT ${bytes} AS bytes FROM ${quoted(name)} ${condition} ORDER BY ${order} LIMIT ${MAX_ROWS}`,
    )
    .bind(...parameters)
    .all<{ bytes: number }>()
  let sum = 0
  const fitting = sizes.findIndex(({ bytes }, i) => {
    sum += bytes
    return sum > MAX_BYTES && i > 0
  })
  const count = fitting === -1 ? sizes.length : fitting
  if (count === 0) return { rows: [], isEnd: true }
  const places = key.map(
    (column, i) =>
      `CASE WHEN typeof(${quoted(column)}) = 'integer' THEN '${NUMBER}' || ${quoted(column)} ELSE ${quoted(column)} END AS "place ${i}"`,
  )
  const { results } = await db
    .prepare(
      `SELECT ${places}, ${columns.map(quoted)} FROM ${quoted(name)} ${condition} ORDER BY ${order} LIMIT ${count}`,
    )
    .bind(...parameters)
    .all<Record<string, unknown>>()
  return {
    rows: results.map((row) => ({
      place: key.map((_, i) => String(row[`place ${i}`])),
      values: Object.fromEntries(
        columns.flatMap((column): [string, string | ArrayBuffer][] => {
          const value = row[column]
          if (typeof value === 'string') return [[column, value]]
          if (value === null || value === undefined || typeof value === 'number') return []
          return [[column, Uint8Array.from(value as Iterable<number>).buffer]]
        }),
      ),
    })),
    isEnd: count === sizes.length && sizes.length < MAX_ROWS,
  }
}

/** Marks a number of a place: no text of a key starts with this control character. */
const NUMBER = '\u0001'

/** A part of a place as a parameter, and its value. */
function boundPart(part: string, n: number): { sql: string; value: string } {
  return part.startsWith(NUMBER)
    ? { sql: `CAST(?${n} AS INTEGER)`, value: part.slice(1) }
    : { sql: `?${n}`, value: part }
}

/** The condition that finds the row of a place, and its parameters. */
export function rowAt({ key }: Table, place: readonly string[]): { sql: string; values: string[] } {
  const bound = place.map((part, i) => boundPart(part, i + 1))
  return {
    sql: key.map((column, i) => `${quoted(column)} = ${bound[i]?.sql}`).join(' AND '),
    values: bound.map(({ value }) => value),
  }
}

/** The texts of a row by column: of a blob or a text that is compressed, what it contains. */
export function textsOf({ values }: TableRow): Promise<{ column: string; text: string }[]> {
  return Promise.all(
    Object.entries(values).map(async ([column, value]) => ({
      column,
      // A column may say what a short value in it is: `contact` an id.
      text: `${column} ${typeof value === 'string' ? await textOfText(value) : await textOfBytes(value)}`,
    })),
  )
}

/** What a kept body of a delivery contains, where it is compressed; any other text. */
const textOfText = (text: string) => decompressSent(text).catch(() => text)

/** The text of some bytes; of gzip, that of all its members. */
export async function textOfBytes(bytes: ArrayBuffer): Promise<string> {
  const [first, second] = new Uint8Array(bytes)
  if (first !== 0x1f || second !== 0x8b) return new TextDecoder().decode(bytes)
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(stream).text()
}

/** The number in a part of a place, as a decimal text; undefined for a text. */
export const placeKey = (part: string | undefined): string | undefined =>
  part?.startsWith(NUMBER) ? part.slice(1) : undefined

/** A place to show: without the mark of numbers. */
export const shownPlace = (place: readonly string[]): string =>
  place.map((part) => part.replace(NUMBER, '')).join(' ')

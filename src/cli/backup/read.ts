// Reads an export file and checks it: every block by its checksum, and the whole by its last line.
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { isEventId } from '../../core/id.ts'
import { isRowLine } from '../../core/ledger/export-lines.ts'
import { UserError } from '../user-error.ts'
import { type Check, type Counts, chained, type End, type Head, isGzip } from './checks.ts'

/** What lies between two checksums has some 8 MB, and a line more: a file with more is none of these. */
const MAX_BLOCK = 64_000_000

/** The lines of a block that was checked, and how many with events and rows come before them. */
export type Block = { from: number; lines: object[] }

/** What a whole file is: its period, and its last line. */
export type Summary = Head['export'] & End['end']

/**
 * Yields the checked blocks of a file, and returns its summary. Throws a UserError with the number of the line where the file
 * is damaged, cut, or of another format. A caller that must not stop halfway reads all of it first.
 */
export async function* readExport(file: string): AsyncGenerator<Block, Summary> {
  const refuse = (line: number, what: string): never => {
    throw new UserError(`${file}, line ${line}: ${what}. Nothing of it is imported.`)
  }
  let number = 0
  let head: Head['export'] | undefined
  let end: End['end'] | undefined
  let [sha256, lines] = ['', 0]
  let block: string[] = []
  let length = 0
  const counts: Counts = { events: 0, rows: 0 }
  for await (const text of linesOf(file, () => number)) {
    number++
    if (end !== undefined) refuse(number, 'there is something after the last line')
    if (/^\{"(check|end)":/.test(text)) {
      const { check, end: last } = objectOf(text, () => refuse(number, 'is damaged')) as Partial<
        Check & End
      >
      const first = number - block.length
      if (check !== undefined) {
        sha256 = chained(sha256, block.join(''))
        if (check.sha256 !== sha256 || check.lines !== lines) {
          refuse(
            first,
            `the checksum of the lines ${first} to ${number} is wrong: the file is damaged`,
          )
        }
        const content = block.map((line, i) =>
          objectOf(line, () => refuse(first + i, 'is no JSON')),
        )
        if (head === undefined)
          head = headOf(content.shift(), () =>
            refuse(1, 'is not the first line of an export that this version reads'),
          )
        const from = counts.events + counts.rows
        for (const [i, line] of content.entries())
          count(counts, line, () =>
            refuse(number - content.length + i, 'is neither an event nor a row'),
          )
        block = []
        length = 0
        yield { from, lines: content }
      } else if (last !== undefined) {
        const isRight = block.length === 0 && last.sha256 === sha256 && last.lines === lines
        if (!isRight || last.events !== counts.events || last.rows !== counts.rows) {
          refuse(number, 'does not fit the lines before it: the file is damaged')
        }
        end = last
      }
      continue
    }
    lines++
    block.push(`${text}\n`)
    length += text.length
    if (length > MAX_BLOCK) refuse(number, 'no checksum comes: it is no export')
  }
  if (head === undefined || end === undefined) {
    return refuse(
      number,
      'is not the last line of an export: the file was cut, or its export is not finished',
    )
  }
  return { ...head, ...end }
}

function count(counts: Counts, line: object, refuse: () => never): void {
  if (isRowLine(line)) counts.rows++
  else if (isEventId(String((line as { id?: unknown }).id))) counts.events++
  else refuse()
}

function headOf(line: object | undefined, refuse: () => never): Head['export'] {
  const head = (line as Partial<Head> | undefined)?.export
  return head?.v === 1 ? head : refuse()
}

function objectOf(text: string, refuse: () => never): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Refused below.
  }
  return refuse()
}

/** The lines of a file without their line feeds; a last one without a line feed is none. `lineOf`: how many were read. */
async function* linesOf(file: string, lineOf: () => number): AsyncGenerator<string> {
  const source = createReadStream(file, { highWaterMark: 1 << 20 })
  const stream = isGzip(file) ? source.pipe(createGunzip()) : source
  if (stream !== source) source.on('error', (error) => stream.destroy(error))
  let rest: Buffer[] = []
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let start = 0
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
        yield Buffer.concat([...rest, chunk.subarray(start, at)]).toString()
        rest = []
        start = at + 1
      }
      if (start < chunk.length) rest.push(chunk.subarray(start))
    }
  } catch (error) {
    if (error instanceof UserError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code?.startsWith('Z_')) {
      throw new UserError(
        `${file}, after line ${lineOf()}: cannot be unpacked (${message}): the file is cut or damaged. Nothing of it is imported.`,
      )
    }
    throw new UserError(`${file} cannot be read: ${message}`)
  }
}

// An export file, written block by block. Until it is complete it has another name, and its progress stands in a file beside
// it: an export that was stopped goes on after the last block that is on the disk.
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { ExportedPart } from '../../core/ledger/export-lines.ts'
import { UserError } from '../user-error.ts'
import { type Check, type Counts, chained, type End, type Head, isGzip } from './checks.ts'

/** How many lines a block has, or how many characters, before it is written. */
const LINES_A_BLOCK = 1000
const LENGTH_A_BLOCK = 8_000_000

/** How far an export is. `after`: where its part goes on; null when the part is done. */
export type Progress = {
  /** What was asked for, as it was written. */
  asked: { since: string; until?: string }
  since: number
  until: number
  part: ExportedPart
  after: string | null | undefined
  counts: Counts
  lines: number
  bytes: number
  sha256: string
}

/** A file that is being written. */
export type ExportFile = {
  progress: () => Progress
  /** Adds the lines of a response, after which the part goes on at `after`; writes a block when there are enough. */
  add: (part: ExportedPart, lines: readonly string[], after: string | null) => void
  /** Writes what is left and the last line, and gives the file its name. */
  finish: () => End['end']
  close: () => void
}

const partOf = (file: string) => `${file}.part`
const progressOf = (file: string) => `${file}.progress`

/**
 * Opens an export file: a new one, or the one that was begun. Throws a UserError when there is a complete one, or when the
 * one that was begun is of another period.
 */
export function openExport(
  file: string,
  begin: Pick<Progress, 'asked' | 'since' | 'until'>,
): ExportFile {
  if (existsSync(file)) throw new UserError(`${file} exists: choose another name, or delete it.`)
  let progress = readProgress(file) ?? firstProgress(begin)
  if (JSON.stringify(progress.asked) !== JSON.stringify(begin.asked)) {
    throw new UserError(
      `${partOf(file)} is an unfinished export of another period (${JSON.stringify(progress.asked)}): ` +
        `finish it with the same options, or delete it and ${progressOf(file)}.`,
    )
  }
  const handle = openSync(partOf(file), progress.bytes === 0 ? 'w' : 'r+')
  ftruncateSync(handle, progress.bytes)
  const { since, until } = progress
  const head: Head = { export: { v: 1, since, until } }
  let block = progress.lines === 0 ? [`${JSON.stringify(head)}\n`] : []
  let next = { ...progress, lines: progress.lines + block.length }

  function append(text: string): void {
    const bytes = isGzip(file) ? gzipSync(text) : Buffer.from(text)
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(handle, bytes, done, bytes.length - done, next.bytes + done)
    }
    next.bytes += bytes.length
  }

  function writeBlock(): void {
    if (block.length === 0) return
    const text = block.join('')
    next.sha256 = chained(progress.sha256, text)
    const check: Check = { check: { lines: next.lines, sha256: next.sha256 } }
    append(`${text}${JSON.stringify(check)}\n`)
    fsyncSync(handle)
    writeFileSync(`${progressOf(file)}.new`, JSON.stringify(next))
    renameSync(`${progressOf(file)}.new`, progressOf(file))
    progress = next
    next = { ...next }
    block = []
  }

  return {
    progress: () => next,
    add(part, lines, after) {
      block.push(...lines)
      const { events, rows } = next.counts
      const counts =
        part === 'events'
          ? { events: events + lines.length, rows }
          : { events, rows: rows + lines.length }
      next = { ...next, part, after, counts, lines: next.lines + lines.length }
      const length = block.reduce((sum, line) => sum + line.length, 0)
      if (block.length >= LINES_A_BLOCK || length >= LENGTH_A_BLOCK) writeBlock()
    },
    finish() {
      writeBlock()
      const end: End = { end: { ...next.counts, lines: next.lines, sha256: next.sha256 } }
      append(`${JSON.stringify(end)}\n`)
      fsyncSync(handle)
      closeSync(handle)
      renameSync(partOf(file), file)
      rmSync(progressOf(file), { force: true })
      return end.end
    },
    close: () => closeSync(handle),
  }
}

function firstProgress(begin: Pick<Progress, 'asked' | 'since' | 'until'>): Progress {
  const counts = { events: 0, rows: 0 }
  return { ...begin, part: 'events', after: undefined, counts, lines: 0, bytes: 0, sha256: '' }
}

/** What is known of an export that was begun; undefined when none was, or its file is shorter than that. */
function readProgress(file: string): Progress | undefined {
  if (!existsSync(progressOf(file)) || !existsSync(partOf(file))) return undefined
  const progress = JSON.parse(readFileSync(progressOf(file), 'utf8')) as Progress
  return statSync(partOf(file)).size >= progress.bytes ? progress : undefined
}

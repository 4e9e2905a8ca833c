// The lines of an export file that hold it together. After every block of lines stands the checksum of all lines so far, as a
// chain: each is the SHA-256 of the one before and of the lines since. So a block can be checked by itself, and a file that
// was cut can be written on without reading it again.
import { createHash } from 'node:crypto'

/** The first line of a file: the period of its events, in epoch milliseconds. */
export type Head = { export: { v: 1; since: number; until: number } }

/** The line after a block. `lines`: how many there are before it, without the lines of checksums. */
export type Check = { check: { lines: number; sha256: string } }

/** The last line. `sha256`: that of the last check, which identifies the file. */
export type End = { end: Counts & { lines: number; sha256: string } }

/** How many events and other rows a file has. */
export type Counts = { events: number; rows: number }

/** The next checksum of the chain; the first one follows an empty text. */
export function chained(previous: string, lines: string): string {
  return createHash('sha256').update(previous).update(lines).digest('hex')
}

/** Whether a file is gzipped, which its name says. */
export const isGzip = (file: string) => file.endsWith('.gz')

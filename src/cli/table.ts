// Rows of values as aligned text.
import process from 'node:process'
import { styleText } from 'node:util'
import { oneLine } from '../core/text.ts'

/** How a table is made. `width`: the characters that a line may have; `cut`: the columns that may be shortened for that. */
export type Layout = {
  width: number
  cut: readonly boolean[]
  paint: readonly (Paint | undefined)[]
}

/** The colour of a cell; undefined for none. */
export type Paint = (cell: string) => 'green' | 'yellow' | 'red' | 'dim' | undefined

/** A column is not cut below this. */
const LEAST_WIDTH = 8

/**
 * A table with a header row, each row one line. Columns that hold only numbers are aligned to the right. Colours are shown
 * on a terminal only.
 */
export function table(
  head: readonly string[],
  given: readonly (readonly (string | number)[])[],
  { width, cut, paint }: Layout = { width: Number.POSITIVE_INFINITY, cut: [], paint: [] },
): string {
  const rows = given.map((row) =>
    row.map((cell) => (typeof cell === 'string' ? oneLine(cell) : cell)),
  )
  const isNumeric = head.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'),
  )
  const wanted = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => String(row[i] ?? '').length)),
  )
  const widths = fitted(wanted, cut, width)
  const line = (cells: readonly (string | number)[], isHead: boolean) =>
    cells
      .map((cell, i) => {
        const size = widths[i] ?? 0
        const text = shortened(String(cell), size)
        const isLast = i === cells.length - 1
        const padded = isNumeric[i] ? text.padStart(size) : isLast ? text : text.padEnd(size)
        const colour = isHead ? undefined : paint[i]?.(String(cell))
        return colour ? painted(colour, padded) : padded
      })
      .join('  ')
      .trimEnd()
  return [line(head, true), ...rows.map((row) => line(row, false))].join('\n')
}

/** Shortens the widest columns that may be cut, until a line fits or none of them can become shorter. */
function fitted(wanted: readonly number[], cut: readonly boolean[], width: number): number[] {
  const widths = [...wanted]
  const total = () => widths.reduce((sum, one) => sum + one, 2 * (widths.length - 1))
  while (total() > width) {
    const most = Math.max(...widths.filter((one, i) => cut[i] && one > LEAST_WIDTH))
    const widest = widths.findIndex((one, i) => cut[i] && one === most)
    if (widest === -1) break
    widths[widest] = most - 1
  }
  return widths
}

const shortened = (text: string, size: number) =>
  text.length > size ? `${text.slice(0, size - 1)}…` : text

/** Coloured text, where standard output is a terminal that shows colours. NO_COLOR turns them off. */
export function painted(colour: NonNullable<ReturnType<Paint>>, text: string): string {
  return styleText(colour, text, { stream: process.stdout })
}

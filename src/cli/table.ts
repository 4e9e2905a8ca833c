// Rows of values as aligned text.
import { oneLine } from '../core/text.ts'

/** A table with a header row, each row one line. Columns that hold only numbers are aligned to the right. */
export function table(head: string[], given: (string | number)[][]): string {
  const rows = given.map((row) =>
    row.map((cell) => (typeof cell === 'string' ? oneLine(cell) : cell)),
  )
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => String(row[i] ?? '').length)),
  )
  const isNumeric = head.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'),
  )
  const line = (cells: (string | number)[]) =>
    cells
      .map((cell, i) => {
        const text = String(cell)
        return isNumeric[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)
      })
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}

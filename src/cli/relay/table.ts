// Rows of values as text that lines up.

/** A table with a head; numbers stand on the right. */
export function table(head: string[], rows: (string | number)[][]): string {
  const widths = head.map((word, i) =>
    Math.max(word.length, ...rows.map((row) => String(row[i] ?? '').length)),
  )
  const isNumber = head.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'),
  )
  const line = (cells: (string | number)[]) =>
    cells
      .map((cell, i) => {
        const text = String(cell)
        return isNumber[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)
      })
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}

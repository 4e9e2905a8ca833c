// Results for people: tables in columns, and a sentence for each goal.
import { type Cell, type Goal, isMet, type Result, type Table } from './bench.ts'

/** A result as text, without a line break at its end. */
export function printed({ notes, tables, goals }: Result): string {
  return [notes.join('\n'), ...tables.map(printedTable), goals.map(sentenceOf).join('\n')]
    .filter((part) => part !== '')
    .join('\n\n')
}

function printedTable({ title, columns, rows }: Table): string {
  const lines = [columns, ...rows].map((cells) => cells.map(textOf))
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)))
  const aligned = lines.map((cells) =>
    cells
      // The first column names the row.
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  return [title, ...aligned].join('\n')
}

function textOf(cell: Cell): string {
  return typeof cell === 'number' ? cell.toLocaleString('en') : cell
}

function sentenceOf(goal: Goal): string {
  const { what, figure, unit, atLeast, atMost } = goal
  const bounds = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ]
  const verdict = isMet(goal) ? 'reached    ' : 'NOT REACHED'
  return `${verdict} ${what}: ${rounded(figure)}${unit} (goal: ${bounds.join(' and ')}${unit})`
}

function rounded(figure: number): string {
  return figure.toLocaleString('en', { maximumFractionDigits: Math.abs(figure) < 10 ? 3 : 1 })
}

// Lists of items: as a table that fits the terminal, as CSV, or as JSON.
import process from 'node:process'
import type { Command } from 'commander'
import { type Paint, table } from '../table.ts'
import { UserError } from '../user-error.ts'
import type { GlobalOptions } from './client.ts'
import { print, printable } from './output.ts'

/** A column of a list. Times are in RFC 3339; a table shows them short, in UTC. */
export type Column<Item> = {
  name: string
  value: (item: Item) => string | number | null | undefined
  /** Shown only when it is asked for by --columns, and in CSV. */
  isExtra?: boolean
  /** Whether the table may shorten it. */
  isCut?: boolean
  isTime?: boolean
  paint?: Paint
}

/**
 * A list. `name`: that of the items in JSON, and `more` what stands beside them there; `none`: the sentence when there are
 * none; `after`: what follows the table.
 */
export type List<Item> = {
  name: string
  items: readonly Item[]
  columns: readonly Column<Item>[]
  none: string
  more?: object
  after?: string
}

type Options = GlobalOptions & { columns?: string; csv?: true }

/** The width of a table where it is not shown on a terminal. */
const DEFAULT_WIDTH = 100

/** Adds the options of a list to a command. */
export function withColumns<Item>(command: Command, columns: readonly Column<Item>[]): Command {
  const names = columns.map(({ name }) => name).join(', ')
  return command
    .option('--columns <names>', `which columns, in which order: ${names}`)
    .option('--csv', 'print all columns as CSV, with whole times')
}

/** Prints a list: as JSON with --json, as CSV with --csv, else as a table. Throws a UserError for a column that is not there. */
export function printList<Item>(command: Command, list: List<Item>): void {
  const { columns: names, csv, json } = command.optsWithGlobals<Options>()
  if (csv && json) throw new UserError('Pass --csv or --json, not both.')
  const chosen = chosenColumns(list.columns, names)
  if (csv) {
    console.log(csvOf(chosen ?? list.columns, list.items))
    return
  }
  if (json || list.items.length === 0) {
    print(command, { ...list.more, [list.name]: list.items }, () => list.none)
    return
  }
  const columns = chosen ?? list.columns.filter(({ isExtra }) => !isExtra)
  // A table has cleaned its cells, and may have colours, which `print` would take away.
  console.log(
    [tableOf(columns, list.items, Date.now()), ...(list.after ? ['', list.after] : [])].join('\n'),
  )
}

function chosenColumns<Item>(
  columns: readonly Column<Item>[],
  names: string | undefined,
): Column<Item>[] | undefined {
  return names?.split(',').map((given) => {
    const column = columns.find(({ name }) => name === given.trim())
    if (column !== undefined) return column
    throw new UserError(
      `There is no column "${given.trim()}". Columns: ${columns.map(({ name }) => name).join(', ')}.`,
    )
  })
}

/** Items as a table. `now`: epoch milliseconds, for short times. */
export function tableOf<Item>(
  columns: readonly Column<Item>[],
  items: readonly Item[],
  now: number,
): string {
  const rows = items.map((item) =>
    columns.map(({ value, isTime }) => {
      const cell = value(item) ?? ''
      return isTime && typeof cell === 'string' ? shortTime(cell, now) : cell
    }),
  )
  const firstTime = columns.findIndex(({ isTime }) => isTime)
  const head = columns.map(({ name }, i) => (i === firstTime ? `${name} (UTC)` : name))
  return table(head, rows, {
    width: Math.max(process.stdout.columns ?? DEFAULT_WIDTH, 60),
    cut: columns.map(({ isCut }) => isCut === true),
    paint: columns.map(({ paint }) => paint),
  })
}

/**
 * A time as a table shows it: `07:18:03` on the current day, `11-30 07:18` in the current year, else `2025-11-30`, all in
 * UTC. `time`: RFC 3339 in UTC; other texts stay as they are. `now`: epoch milliseconds.
 */
export function shortTime(time: string, now: number): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(time)) return time
  const today = new Date(now).toISOString()
  if (time.slice(0, 10) === today.slice(0, 10)) return time.slice(11, 19)
  return time.slice(0, 4) === today.slice(0, 4)
    ? time.slice(5, 16).replace('T', ' ')
    : time.slice(0, 10)
}

/** Items as CSV (RFC 4180), with a header. */
function csvOf<Item>(columns: readonly Column<Item>[], items: readonly Item[]): string {
  const rows = items.map((item) => columns.map(({ value }) => csvCell(value(item) ?? '')))
  return [columns.map(({ name }) => csvCell(name)), ...rows].map((row) => row.join()).join('\r\n')
}

/** A cell. A text of somebody else that a spreadsheet would take for a formula gets an apostrophe. */
export function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${printable(text).replaceAll('"', '""')}"` : printable(text)
}

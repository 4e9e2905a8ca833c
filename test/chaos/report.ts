// The tables at the end.
import type { Copy } from './checks/copies.ts'
import type { KindResult } from './checks/kinds-check.ts'
import { type FaultsTest, FILE } from './faults-test.ts'
import type { Load } from './load.ts'
import type { Span } from './phases.ts'
import type { InjectedFault } from './plan.ts'
import type { Receipt } from './receivers.ts'
import { LOAD_TARGETS } from './setting.ts'

/** The most breaches of a kind that are printed. */
const MAX_PRINTED = 12

/** Prints a table: the first column to the left, the others to the right. */
function table(rows: (string | number)[][]): void {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((row) => String(row[i] ?? '').length)),
  )
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0),
    )
    console.log(cells.join('  ').trimEnd())
  }
  console.log('')
}

/** What was sent while each thing went wrong, how it was answered, and how often it went wrong. */
export function printSpans(spans: Span[], { messages }: Load, faults: InjectedFault[]): void {
  const sendings = messages.flatMap((message) => message.sendings)
  const rows = spans.map((span) => {
    const { name, from, to } = span
    const sent = sendings.filter(({ at }) => at >= from && at < to)
    const answered = sent.filter(({ status }) => status !== undefined)
    const accepted = answered.filter(({ status }) => status === 202)
    return [
      name,
      ((to - from) / 1000).toFixed(1),
      sent.length,
      accepted.length,
      answered.length - accepted.length,
      sent.length - answered.length,
      faultsIn(span, faults),
    ]
  })
  table([['phase', 'seconds', 'sent', 'accepted', 'refused', 'cut', 'faults'], ...rows])
}

/** How many faults were injected in a span. */
export function faultsIn({ from, to }: Span, faults: InjectedFault[]): number {
  return faults.filter(({ time }) => time >= from && time < to).length
}

/** What arrived at each target of the load. */
export function printTargets({ messages }: Load, receipts: Receipt[], copies: Copy[]): void {
  const accepted = messages.filter(({ sendings }) => sendings.some(({ status }) => status === 202))
  const rows = Object.keys(LOAD_TARGETS).map((target) => {
    const here = receipts.filter((receipt) => receipt.target === target)
    const extra = copies.filter(({ receipt }) => receipt.target === target)
    const excused = (excuse: Copy['excuse']) =>
      extra.filter((copy) => copy.excuse === excuse).length
    return [
      target,
      accepted.filter(({ wants }) => wants.includes(target)).length,
      new Set(here.map(({ message }) => message)).size,
      extra.length,
      excused('killed'),
      excused('record lost'),
      excused('answered late'),
      excused(undefined),
    ]
  })
  table([
    ['target', 'events', 'arrived', 'copies', 'by a kill', 'by D1', 'too late', 'unexplained'],
    ...rows,
  ])
}

/** What became of the event at each kind of receiver. */
export function printKinds(results: KindResult[]): void {
  const rows = results.map(({ kind, state, attempts, requests, breaches }) => [
    kind.name,
    state,
    attempts,
    kind.url === undefined ? requests : '-',
    breaches.length === 0 ? 'as it must' : 'WRONG',
  ])
  table([['kind', 'state', 'attempts', 'requests', ''], ...rows])
}

/** How the test of the faults between two awaits went. */
export function printFaultsTest({ seconds, breaches }: FaultsTest): void {
  const result = breaches.length === 0 ? 'passed' : 'FAILED'
  table([
    ['test', 'seconds', ''],
    [FILE, seconds.toFixed(1), result],
  ])
}

/** Prints the verdict; gives the exit status. */
export function printVerdict(breaches: string[]): number {
  const kinds = Object.groupBy(breaches, (breach) => breach.split(':')[0] ?? '')
  for (const some of Object.values(kinds)) printSome(some ?? [])
  if (breaches.length === 0) console.log('Every promise held.')
  else console.log(`Promises were broken: ${breaches.length} breaches.`)
  return breaches.length === 0 ? 0 : 1
}

function printSome(breaches: string[]): void {
  for (const breach of breaches.slice(0, MAX_PRINTED)) console.error(breach)
  if (breaches.length > MAX_PRINTED) console.error(`… and ${breaches.length - MAX_PRINTED} more`)
}

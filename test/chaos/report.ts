// The report: tables and breaches.
import type { Copy } from './checks/copies.ts'
import type { KindResult } from './checks/kinds-check.ts'
import { LOAD_TARGETS } from './config.ts'
import { type FaultsTest, FILE } from './faults-test.ts'
import type { Load } from './load.ts'
import type { Span } from './phases.ts'
import type { InjectedFault } from './plan.ts'
import type { Success } from './receivers.ts'

/** The number of breaches of a kind that are printed at most. */
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

/** The requests of each phase, their answers, and the number of faults. */
export function printSpans(spans: Span[], { messages }: Load, faults: InjectedFault[]): void {
  const requests = messages.flatMap((message) => message.requests)
  const rows = spans.map((span) => {
    const { name, from, to } = span
    const sent = requests.filter(({ at }) => at >= from && at < to)
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
  table([['phase', 'seconds', 'sent', 'accepted', 'refused', 'cut off', 'faults'], ...rows])
}

/** The number of faults injected in a span. */
export function faultsIn({ from, to }: Span, faults: InjectedFault[]): number {
  return faults.filter(({ time }) => time >= from && time < to).length
}

/** The messages and copies that arrived at each target of the load. */
export function printTargets({ messages }: Load, successes: Success[], copies: Copy[]): void {
  const accepted = messages.filter(({ requests }) => requests.some(({ status }) => status === 202))
  const rows = Object.keys(LOAD_TARGETS).map((target) => {
    const here = successes.filter((success) => success.target === target)
    const extra = copies.filter(({ success }) => success.target === target)
    const explained = (explanation: Copy['explanation']) =>
      extra.filter((copy) => copy.explanation === explanation).length
    return [
      target,
      accepted.filter(({ wants }) => wants.includes(target)).length,
      new Set(here.map(({ message }) => message)).size,
      extra.length,
      explained('killed'),
      explained('record lost'),
      explained('late response'),
      explained(undefined),
    ]
  })
  table([
    ['target', 'events', 'arrived', 'copies', 'by a kill', 'by D1', 'late response', 'unexplained'],
    ...rows,
  ])
}

/** The delivery to each kind of receiver. */
export function printKinds(results: KindResult[]): void {
  const rows = results.map(({ kind, state, attempts, requests, breaches }) => [
    kind.name,
    state,
    attempts,
    kind.url === undefined ? requests : '-',
    breaches.length === 0 ? 'as expected' : 'WRONG',
  ])
  table([['kind', 'state', 'attempts', 'requests', ''], ...rows])
}

/** The result of the test of the faults between two awaits. */
export function printFaultsTest({ seconds, breaches }: FaultsTest): void {
  const result = breaches.length === 0 ? 'passed' : 'FAILED'
  table([
    ['test', 'seconds', ''],
    [FILE, seconds.toFixed(1), result],
  ])
}

/** Prints the breaches; returns the exit status. */
export function printVerdict(breaches: string[]): number {
  const kinds = Object.groupBy(breaches, (breach) => breach.split(':')[0] ?? '')
  for (const some of Object.values(kinds)) printSome(some ?? [])
  if (breaches.length === 0) console.log('All promises were kept.')
  else console.log(`Promises were broken: ${breaches.length} breaches.`)
  return breaches.length === 0 ? 0 : 1
}

function printSome(breaches: string[]): void {
  for (const breach of breaches.slice(0, MAX_PRINTED)) console.error(breach)
  if (breaches.length > MAX_PRINTED) console.error(`… and ${breaches.length - MAX_PRINTED} more`)
}

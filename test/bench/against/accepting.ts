// How fast both builds accept. No consumers run.
import type { Cell, Options, Table } from '../tools/bench.ts'
import { runtimeClock } from '../tools/cpu.ts'
import { median, ratiosOf, spreadText } from '../tools/figures.ts'
import { perSecond } from '../tools/load.ts'
import { startRuntime } from '../tools/runtime.ts'
import { COMMONEST, cpuOf, measureAt, p50, p99, sideOf, type Turn, warm } from '../tools/turns.ts'
import { TARGETS } from './targets.ts'

const CONNECTIONS = [1, 16, 64]
const MEMBERS = 200

/** The rounds of a vendor's commonest event over so many connections: this build, then the base. */
export type Accepting = { vendor: string; connections: number; pairs: [Turn, Turn][] }

/** Measures both builds, each of `root` for the base, on fresh databases. */
export async function measureAccepting(root: string, options: Options): Promise<Accepting[]> {
  const targets = TARGETS.map((name) => ({ name, url: `https://${name}.example.com/` }))
  const measured: Accepting[] = []
  for (const kind of COMMONEST) {
    const runtime = await startRuntime([
      { name: 'ours', vars: { TARGETS: targets }, consumes: false },
      { name: 'base', root, vars: { TARGETS: targets }, consumes: false },
    ])
    try {
      const clock = runtimeClock() ?? (() => Number.NaN)
      const seeds = { seed: options.seed, members: MEMBERS }
      const sideFor = (name: 'ours' | 'base') =>
        sideOf(runtime.workers[name]?.url ?? '', kind, seeds, clock)
      const sides = [sideFor('ours'), sideFor('base')] as const
      for (const side of sides) await warm(side)
      for (const connections of CONNECTIONS) {
        const pairs = await measureAt(connections, sides, kind.vendor, options)
        measured.push({ vendor: kind.vendor, connections, pairs })
      }
      if (runtime.faults.length > 0) throw new Error(`The Workers log: ${runtime.faults[0]}`)
    } finally {
      await runtime.stop()
    }
  }
  return measured
}

/** The figures as a table: of both builds, and their ratios. */
export function acceptingTable(measured: readonly Accepting[]): Table {
  const row = ({ vendor, connections, pairs }: Accepting): Cell[] => {
    const both = (figure: (turn: Turn) => number, digits: number) =>
      ([0, 1] as const).map((side) =>
        Number(median(pairs.map((pair) => figure(pair[side]))).toFixed(digits)),
      )
    const ratio = (figure: (turn: Turn) => number) => spreadText(ratiosOf(pairs, figure))
    return [
      `${vendor}, ${connections}`,
      ...[...both(perSecond, 0), ratio(perSecond)],
      ...[...both(p50, 1), ...both(p99, 1), ratio(p99)],
      ...[...both(cpuOf, 2), ratio(cpuOf)],
    ]
  }
  return {
    title:
      'Accepting, by vendor and connections: requests a second, milliseconds, CPU ms a request',
    columns: [
      ...['', 'a second', 'base', 'ratio'],
      ...['p50', 'base', 'p99', 'base', 'ratio'],
      ...['CPU', 'base', 'ratio'],
    ],
    rows: measured.map(row),
  }
}

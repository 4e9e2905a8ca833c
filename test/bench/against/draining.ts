// How fast both builds deliver a backlog of first attempts that are on time, to two receivers that answer at once.
import path from 'node:path'
import { ROOT } from '../../../src/cli/project.ts'
import { cpuOfDelivery, type Drained, deliveredPerSecond, drainOwn } from '../tools/backlog.ts'
import type { Options, Table } from '../tools/bench.ts'
import { runtimeClock } from '../tools/cpu.ts'
import { alternate, inRounds, median, ratiosOf, spreadText } from '../tools/figures.ts'
import { trafficOf } from '../tools/messages.ts'
import { startReceivers } from '../tools/receivers.ts'
import { startRuntime } from '../tools/runtime.ts'
import { TARGETS, targetsAt } from './targets.ts'

/** The events of a turn: a backlog of twice as many deliveries, drained before the first of them is late. */
const EVENTS = 1000
const TURNS = 2
const ROUNDS = 5
const MEMBERS = 200

/** Rounds of this build and of the base. */
export type Draining = [Drained, Drained][]

/** Measures both builds, each of `root` for the base, on fresh databases. */
export async function measureDraining(
  root: string,
  { rounds = ROUNDS, seed, progress }: Options,
): Promise<Draining> {
  const receivers = await startReceivers(TARGETS)
  const vars = { TARGETS: targetsAt(receivers.urls) }
  const entry = 'test/bench/worker/held.ts'
  const runtime = await startRuntime([
    { name: 'ours', entry: path.join(ROOT, entry), vars, consumes: true },
    { name: 'base', root, entry: path.join(root, entry), vars, consumes: true },
  ])
  try {
    const clock = runtimeClock() ?? (() => Number.NaN)
    const seeds = { seed, members: MEMBERS, now: Date.now() }
    const turnOf = (name: string) => {
      const worker = runtime.workers[name]
      if (worker === undefined) throw new Error('The runtime lacks a side.')
      const traffic = trafficOf('hype', 'payment.created', seeds)
      const size = { events: EVENTS, targets: TARGETS.length, clock }
      return () => drainOwn(worker, receivers, traffic, size)
    }
    const [ours, theirs] = [turnOf('ours'), turnOf('base')]
    progress(`draining: ${rounds} rounds of ${TURNS} × ${EVENTS * TARGETS.length} deliveries`)
    const pairs = await alternate(rounds * TURNS, ours, theirs)
    if (runtime.faults.length > 0) throw new Error(`The Workers log: ${runtime.faults[0]}`)
    return inRounds(pairs, TURNS, together)
  } finally {
    await runtime.stop()
    await receivers.stop()
  }
}

function together(turns: readonly Drained[]): Drained {
  const sum = (of: keyof Drained) => turns.reduce((all, turn) => all + turn[of], 0)
  return { deliveries: sum('deliveries'), ms: sum('ms'), cpu: sum('cpu') }
}

/** The figures as a table: of both builds, and their ratios. */
export function drainingTable(pairs: Draining): Table {
  const row = (name: string, figure: (one: Drained) => number, digits: number) => [
    name,
    ...([0, 1] as const).map((side) =>
      Number(median(pairs.map((pair) => figure(pair[side]))).toFixed(digits)),
    ),
    spreadText(ratiosOf(pairs, figure)),
  ]
  return {
    title: 'Draining a backlog to two receivers',
    columns: ['', 'ours', 'base', 'ratio'],
    rows: [
      row('deliveries a second', deliveredPerSecond, 0),
      row('CPU ms a delivery', cpuOfDelivery, 2),
    ],
  }
}

// What an event takes of D1 and of the queues in both builds, from its request to its last delivery: counts, which do not depend
// on the machine, but on how many events are on their way at once.
import path from 'node:path'
import { ROOT } from '../../../src/cli/project.ts'
import { openIn } from '../tools/backlog.ts'
import type { Options, Table } from '../tools/bench.ts'
import type { Bill } from '../tools/bill.ts'
import { load } from '../tools/load.ts'
import { trafficOf } from '../tools/messages.ts'
import { startReceivers } from '../tools/receivers.ts'
import { type RunningWorker, startRuntime } from '../tools/runtime.ts'
import { COMMONEST } from '../tools/turns.ts'
import { until } from '../tools/until.ts'
import { TARGETS, targetsAt } from './targets.ts'

const CONNECTIONS = [1, 16]
const MEMBERS = 20
const EVENTS = 400
const SETTLED_WITHIN_MS = 60_000

/** The bills of both builds for so many events of a kind. */
export type Counts = { name: string; bills: [Bill, Bill] }

/** Counts both builds, each of `root` for the base, on fresh databases. */
export async function countEvents(root: string, { seed, progress }: Options): Promise<Counts[]> {
  progress('counting')
  const receivers = await startReceivers(TARGETS)
  const vars = { TARGETS: targetsAt(receivers.urls) }
  const entry = 'test/bench/worker/priced.ts'
  const runtime = await startRuntime([
    { name: 'ours', entry: path.join(ROOT, entry), vars, consumes: true },
    { name: 'base', root, entry: path.join(root, entry), vars, consumes: true },
  ])
  try {
    const { ours, base } = runtime.workers
    if (ours === undefined || base === undefined) throw new Error('The runtime lacks a side.')
    const counts: Counts[] = []
    for (const kind of COMMONEST) {
      for (const connections of CONNECTIONS) {
        const billOf = (worker: RunningWorker) => count(worker, kind, { seed, connections })
        const bills: [Bill, Bill] = [await billOf(ours), await billOf(base)]
        counts.push({ name: `${kind.vendor}, ${connections}`, bills })
      }
    }
    if (runtime.faults.length > 0) throw new Error(`The Workers log: ${runtime.faults[0]}`)
    return counts
  } finally {
    await runtime.stop()
    await receivers.stop()
  }
}

async function count(
  worker: RunningWorker,
  { vendor, vendorType }: (typeof COMMONEST)[number],
  { seed, connections }: { seed: number; connections: number },
): Promise<Bill> {
  const traffic = trafficOf(vendor, vendorType, { seed, members: MEMBERS, now: Date.now() })
  const billed = async () => (await (await fetch(`${worker.url}/bill`)).json()) as Bill
  const send = async (requests: number) => {
    await load(worker.url, traffic, { connections, requests })
    await until(async () => (await openIn(worker)) === 0, SETTLED_WITHIN_MS)
  }
  await send(MEMBERS) // all members are known
  await billed()
  await send(EVENTS)
  return billed()
}

const FIGURES = {
  'trips to D1': ({ trips }) => trips,
  statements: ({ statements }) => statements,
  'queue operations': ({ queueWrites, queueReads, queueDeletes }) =>
    queueWrites + queueReads + queueDeletes,
  'batches of messages': ({ batches }) => batches,
  'rows written': ({ rowsWritten }) => rowsWritten,
  'rows read': ({ rowsRead }) => rowsRead,
} satisfies Record<string, (bill: Bill) => number>

/** The counts of an event: this build, and the base. */
export function countsTable(counts: readonly Counts[]): Table {
  const cellOf = (figure: (bill: Bill) => number, bills: readonly Bill[]) =>
    bills.map((bill) => (figure(bill) / EVENTS).toFixed(2)).join(' | ')
  return {
    title: `For an event with ${TARGETS.length} deliveries, by vendor and connections: ours | base`,
    columns: ['', ...Object.keys(FIGURES)],
    rows: counts.map(({ name, bills }) => [
      name,
      ...Object.values(FIGURES).map((figure) => cellOf(figure, bills)),
    ]),
  }
}

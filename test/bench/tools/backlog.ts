// Draining a backlog that a build has accepted itself (worker/held.ts).
import { load, type Traffic } from './load.ts'
import type { Receivers } from './receivers.ts'
import type { RunningWorker } from './runtime.ts'
import { until } from './until.ts'

/** A drained backlog: its deliveries, how long from the first to the last arrived, and the CPU of the runtime until recorded. */
export type Drained = { deliveries: number; ms: number; cpu: number }

export const deliveredPerSecond = ({ deliveries, ms }: Drained) => (deliveries / ms) * 1000
/** CPU milliseconds of the runtime for a delivery. */
export const cpuOfDelivery = ({ deliveries, cpu }: Drained) => cpu / deliveries

const FILL_CONNECTIONS = 16
/** The longest time from the last request to its messages, for a backlog, and from the last arrival to its record. */
const HELD_WITHIN_MS = 10_000
const DRAINED_WITHIN_MS = 300_000
const RECORDED_WITHIN_MS = 30_000

/**
 * Has the worker accept so many events, then releases their messages, and waits until all deliveries are recorded. `clock`:
 * the CPU time of the runtime in milliseconds. Throws when one does not arrive in time.
 */
export async function drainOwn(
  worker: RunningWorker,
  receivers: Receivers,
  traffic: Traffic,
  { events, targets, clock }: { events: number; targets: number; clock: () => number },
): Promise<Drained> {
  await load(worker.url, traffic, { connections: FILL_CONNECTIONS, requests: events })
  const deliveries = events * targets
  // They are sent after their requests are answered.
  const held = async () => Number(await (await fetch(`${worker.url}/held`)).text())
  await until(async () => (await held()) === deliveries, HELD_WITHIN_MS)
  const times: number[] = []
  receivers.onDelivery((_id, at) => times.push(at))
  const before = clock()
  await fetch(`${worker.url}/release`, { method: 'POST' })
  await until(() => times.length >= deliveries, DRAINED_WITHIN_MS)
  await until(async () => (await openIn(worker)) === 0, RECORDED_WITHIN_MS)
  const [begin = 0, end = 0] = [times[0], times[deliveries - 1]]
  return { deliveries, ms: end - begin, cpu: clock() - before }
}

/** The deliveries that are not finished. */
export async function openIn({ db }: RunningWorker): Promise<number> {
  const open = await db
    .prepare("SELECT count(*) AS n FROM deliveries WHERE state IN ('pending', 'retrying')")
    .first<number>('n')
  return open ?? Number.NaN
}

// The phases of a run: one kind of fault after the other, under load.
import type { Plan } from './plan.ts'
import { sleep } from './ports.ts'
import type { Runtime } from './runtime.ts'

/** The length of a run: `short` is for CI. */
export type Length = 'short' | 'long'

export type Phase = { name: string; plan: Partial<Plan>; seconds: number }

/** The start and end of a phase, in epoch milliseconds, and whether faults were planned for it. */
export type Span = { name: string; from: number; to: number; hasFaults: boolean }

const PHASE_SECONDS = { short: 1.6, long: 4 }
/** A request waits 2 s for D1: longer, so that a stall begins and ends in its phase. */
const STALL_SECONDS = 3
/** A little more than the sweep's margin of 26 s: all unfinished deliveries look overdue, or not yet due. */
const CLOCK_JUMP_MS = 28_000

// First, as a jump leaves deliveries that are due in half a minute.
const BEFORE_KILLS: [name: string, plan: Partial<Plan>][] = [
  ['no faults', {}],
  ['clock 28 s ahead', { clockOffsetMs: CLOCK_JUMP_MS }],
  ['clock 28 s behind', { clockOffsetMs: -CLOCK_JUMP_MS }],
]

// D1 fails after the kills, as they would lose spilled requests: the local queues are in memory. And before the queues, as
// messages that wait for D1 are delayed by half a minute.
const AFTER_KILLS: [name: string, plan: Partial<Plan>][] = [
  ['D1 fails', { d1: 'fail' }],
  ['D1 stalls', { d1: 'stall' }],
  ['D1 fails after commit', { d1: 'fail-after', probability: 0.5 }],
  ['D1 fails at times', { d1: 'fail', probability: 0.3 }],
  ['D1 and queues fail', { d1: 'fail', queue: 'fail' }],
  ['both fail at times', { d1: 'fail', queue: 'fail', probability: 0.3 }],
  ['all fail at times', { d1: 'fail', queue: 'fail', batches: 'duplicate', probability: 0.2 }],
  ['queues fail', { queue: 'fail' }],
  ['queues fail after send', { queue: 'fail-after', probability: 0.5 }],
  ['queues stall', { queue: 'stall' }],
  ['D1 and queues stall', { d1: 'stall', queue: 'stall' }],
  ['batches twice', { batches: 'duplicate' }],
  ['batches reordered', { batches: 'reorder' }],
  ['batches lost', { batches: 'drop', probability: 0.5 }],
]

/** The phases of a run before the kills and after. */
export function phasesOf(length: Length): { before: Phase[]; after: Phase[] } {
  const phase = ([name, plan]: [string, Partial<Plan>]) => ({
    name,
    plan,
    seconds: Object.values(plan).includes('stall') ? STALL_SECONDS : PHASE_SECONDS[length],
  })
  return { before: BEFORE_KILLS.map(phase), after: AFTER_KILLS.map(phase) }
}

/** The duration of all phases together, in milliseconds. */
export function durationOf(phases: readonly Phase[]): number {
  return phases.reduce((sum, { seconds }) => sum + seconds * 1000, 0)
}

/** How much longer a phase takes, at most, when it has not injected a fault by its end: few messages may have come. */
const EXTRA_SECONDS = 10

/** Runs a phase, then ends its faults. */
export async function runPhase(
  { name, plan, seconds }: Phase,
  runtime: Runtime,
  seed: number,
): Promise<Span> {
  const hasFaults = Object.keys(plan).length > 0
  const span = await timed(name, async () => {
    const before = runtime.faults.length
    await runtime.setPlan({ ...plan, seed })
    await sleep(seconds * 1000)
    const last = Date.now() + EXTRA_SECONDS * 1000
    while (hasFaults && runtime.faults.length === before && Date.now() < last) await sleep(100)
    await runtime.setPlan({})
  })
  return { ...span, hasFaults }
}

/** Runs something; returns when it started and ended. */
export async function timed(name: string, work: () => Promise<unknown>): Promise<Span> {
  const from = Date.now()
  await work()
  return { name, from, to: Date.now(), hasFaults: false }
}

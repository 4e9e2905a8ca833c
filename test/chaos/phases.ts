// What goes wrong, one thing after the other, while the load goes on.
import type { Plan } from './plan.ts'
import { sleep } from './ports.ts'
import type { Runtime } from './runtime.ts'

/** How long a run is: `short` is for CI. */
export type Length = 'short' | 'long'

export type Phase = { name: string; plan: Partial<Plan>; seconds: number }

/** When something was going on, in epoch milliseconds, and whether faults were planned for it. */
export type Span = { name: string; from: number; to: number; isTrouble: boolean }

const PHASE_SECONDS = { short: 1.6, long: 4 }
/** The front door waits 2 s for D1 and for a queue, and the stall must be seen to begin and to end. */
const STALL_SECONDS = 3
/** A little more than the sweep's patience of 26 s, so that everything under way looks overdue, and the other way round. */
const CLOCK_JUMP_MS = 28_000

// First, as a jump leaves deliveries that are due in half a minute.
const BEFORE_KILLS: [name: string, plan: Partial<Plan>][] = [
  ['calm', {}],
  ['clock 28 s ahead', { clockOffsetMs: CLOCK_JUMP_MS }],
  ['clock 28 s behind', { clockOffsetMs: -CLOCK_JUMP_MS }],
]

// D1 fails after the kills, as they would take what is spilled: the local queues are memory. And before the queues, as
// what waits for D1 rests for half a minute.
const AFTER_KILLS: [name: string, plan: Partial<Plan>][] = [
  ['D1 fails', { d1: 'fail' }],
  ['D1 stalls', { d1: 'stall' }],
  ['D1 fails after commit', { d1: 'fail-after', probability: 0.5 }],
  ['D1 fails at times', { d1: 'fail', probability: 0.3 }],
  ['D1 and queues fail', { d1: 'fail', queue: 'fail' }],
  ['both fail at times', { d1: 'fail', queue: 'fail', probability: 0.3 }],
  ['all fail at times', { d1: 'fail', queue: 'fail', batches: 'duplicate', probability: 0.2 }],
  ['queues fail', { queue: 'fail' }],
  ['queues fail after', { queue: 'fail-after', probability: 0.5 }],
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

/** How long phases take together, in milliseconds. */
export function durationOf(phases: readonly Phase[]): number {
  return phases.reduce((sum, { seconds }) => sum + seconds * 1000, 0)
}

/** Lets a phase happen, then ends its faults. */
export async function runPhase(
  { name, plan, seconds }: Phase,
  runtime: Runtime,
  seed: number,
): Promise<Span> {
  const span = await spanned(name, async () => {
    await runtime.setPlan({ ...plan, seed })
    await sleep(seconds * 1000)
    await runtime.setPlan({})
  })
  return { ...span, isTrouble: Object.keys(plan).length > 0 }
}

/** Does something, and tells when. */
export async function spanned(name: string, work: () => Promise<unknown>): Promise<Span> {
  const from = Date.now()
  await work()
  return { name, from, to: Date.now(), isTrouble: false }
}

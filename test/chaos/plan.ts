// What goes wrong in the relay at the moment, as the run has planned it; and the telling of each fault in the log.

/** What happens to calls of D1, to sends, to batches on their way to a consumer, and to the clock. */
export type Plan = {
  /** `fail`: not carried out. `stall`: takes 4 s. `fail-after`: carried out, and the answer is lost. */
  d1: 'ok' | 'fail' | 'stall' | 'fail-after'
  queue: Plan['d1']
  /** `drop` forgets deliveries and retries only: the spill queue is all there is of what it holds. */
  batches: 'ok' | 'duplicate' | 'reorder' | 'drop'
  /** The share of calls and messages that it happens to, from 0 to 1. */
  probability: number
  /** How far the relay's clock is off, in milliseconds. */
  clockOffsetMs: number
  /** What the draws repeat. */
  seed: number
}

/** Nothing goes wrong. */
export const CALM: Plan = {
  d1: 'ok',
  queue: 'ok',
  batches: 'ok',
  probability: 1,
  clockOffsetMs: 0,
  seed: 0,
}

/** One fault as the log tells it; `time` is the true one, in epoch milliseconds. */
export type InjectedFault = {
  at: 'chaos'
  fault: string
  time: number
  /** The short texts of each row that a statement was about which was not carried out: they name it. */
  lost?: string[][]
}

/** Numbers in [0, 1) that a seed repeats (mulberry32, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

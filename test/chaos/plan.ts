// The faults that the run injects at present, and the log line of each.

/** The faults of calls of D1, of sends to queues, of batches for a consumer, and of the clock. */
export type Plan = {
  /** `fail`: not carried out. `stall`: takes 4 s. `fail-after`: carried out, and the response is lost. */
  d1: 'ok' | 'fail' | 'stall' | 'fail-after'
  queue: Plan['d1']
  /** `drop` loses wake-up messages only: the spill queue has the only copy of its requests. */
  batches: 'ok' | 'duplicate' | 'reorder' | 'drop'
  /** The share of calls and messages with a fault, from 0 to 1. */
  probability: number
  /** The offset of the relay's clock, in milliseconds. */
  clockOffsetMs: number
  /** The seed of the random draws. */
  seed: number
}

/** The plan without faults. */
export const NO_FAULTS: Plan = {
  d1: 'ok',
  queue: 'ok',
  batches: 'ok',
  probability: 1,
  clockOffsetMs: 0,
  seed: 0,
}

/** The log line of a fault; `time` is the true one, in epoch milliseconds. */
export type InjectedFault = {
  at: 'chaos'
  fault: string
  time: number
  /** The short texts of each row of a statement that was not carried out: they identify the row. */
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

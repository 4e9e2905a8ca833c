// The weather at a moment: which binding is in which trouble. Faults (sky/) change it, the machine obeys it.

/**
 * refuse: an error, and nothing done. silent: never settles. slow: takes seconds. lose-answer: done, and then an error.
 * refuse-writes: an error for what writes. `share`: of the calls, from 0 to 1.
 */
export type Trouble = {
  how: 'refuse' | 'silent' | 'slow' | 'lose-answer' | 'refuse-writes'
  share: number
}

export class Sky {
  d1: Trouble | undefined
  r2: Trouble | undefined
  readonly queues = new Map<string, Trouble>()
  /** The probability of an isolate to end at a step of its I/O. */
  cutRate = 0
  isCronSilent = false
  /** The share of queue messages that are delivered twice. */
  repeats = 0.002
}

/** How long a slow call takes, in milliseconds. */
export const SLOW_MS = { least: 1000, most: 8000 }

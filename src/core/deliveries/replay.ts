// Replays by filter: what is asked for, and when each delivery is due so that the rate holds.

/**
 * Which deliveries are to be sent again; whatever is left out matches all. What waits for an attempt anyway is never
 * touched. `types` may end in `*`; `person` is a person's id, a vendor's contact id or an e-mail address; times in epoch
 * milliseconds.
 */
export type ReplayFilter = {
  targets?: string[]
  sources?: string[]
  types?: string[]
  states?: (typeof REPLAYABLE_STATES)[number][]
  since?: number
  until?: number
  person?: string
}

/** The states in which a delivery can be sent again: the others wait for an attempt anyway. */
export const REPLAYABLE_STATES = ['held', 'delivered', 'dead', 'cancelled'] as const

/** running: the cron goes on with it. done: everything that matched is set going. stopped: by its operator. */
export type ReplayState = 'running' | 'done' | 'stopped'

/** Deliveries due in a second, unless asked otherwise, and at most. */
export const DEFAULT_PER_SECOND = 10
export const MAX_PER_SECOND = 50

/** How far ahead deliveries are made due: until a little after the cron comes again. */
const AHEAD_MS = 70_000

/** How many deliveries may be made due now, the first of them at `from`, so that they keep the rate. */
export function roomFor(perSecond: number, from: number, now: number): number {
  return Math.max(0, Math.floor(((now + AHEAD_MS - from) / 1000) * perSecond))
}

/** When the n-th of some deliveries is due, from 0, the first at `from`; epoch milliseconds. */
export function dueOf(n: number, perSecond: number, from: number): number {
  return from + Math.ceil((n * 1000) / perSecond)
}

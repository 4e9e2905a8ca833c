// Replays by filter: the filter, what matches it, and when each delivery is due by the rate.

import { matchesType } from './routing.ts'

/**
 * Which deliveries to send again. What is left out matches all. A delivery that waits for an attempt never matches.
 * `types` may end in `*`; `person` is a person's id, a vendor's contact id or an e-mail address; times in epoch milliseconds.
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

/** The states in which a delivery can be sent again: the others wait for an attempt. */
export const REPLAYABLE_STATES = ['held', 'delivered', 'dead', 'cancelled'] as const

/** What a filter looks at: a delivery, and its event. */
type Candidate = { target: string; state: string; source: string; type: string }

/**
 * Whether a delivery matches a filter, whosever it is: `person` and the period are conditions on what is read. The same
 * as SQL is in store/deliveries/replays/matches.ts.
 */
export function matchesReplay(
  { targets, sources, types, states }: ReplayFilter,
  { target, state, source, type }: Candidate,
): boolean {
  return (
    (REPLAYABLE_STATES as readonly string[]).includes(state) &&
    (targets?.includes(target) ?? true) &&
    ((states as readonly string[] | undefined)?.includes(state) ?? true) &&
    (sources?.includes(source) ?? true) &&
    (types?.some((pattern) => matchesType(pattern, type)) ?? true)
  )
}

/** running: the cron continues it. done: every match is due. stopped: by its operator. */
export type ReplayState = 'running' | 'done' | 'stopped'

/** Deliveries due in a second: the default and the maximum. */
export const DEFAULT_PER_SECOND = 10
export const MAX_PER_SECOND = 50

/** How far ahead deliveries become due: until a little after the next run of the cron. */
const AHEAD_MS = 70_000

/** How many deliveries may become due now by the rate, the first of them at `from` (epoch milliseconds). */
export function roomFor(perSecond: number, from: number, now: number): number {
  return Math.max(0, Math.floor(((now + AHEAD_MS - from) / 1000) * perSecond))
}

/** When the n-th of some deliveries is due, from 0, the first at `from`; epoch milliseconds. */
export function dueOf(n: number, perSecond: number, from: number): number {
  return from + Math.ceil((n * 1000) / perSecond)
}

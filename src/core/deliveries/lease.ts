// When a message is so late that another may have been sent in its place.
// The sweep sends the same message again for a delivery that lies still. In a long queue the first one is still coming,
// so whoever handles a late message takes a lease on its delivery; so does whoever handles anything but a first attempt.
import type { Lane } from './delivery.ts'

/** A first attempt's message that is this late, in milliseconds, needs a lease. */
const LATE_AFTER_MS = 15_000

/** Attempts that a batch makes in turn: ten messages, five at once (wrangler.toml, stages/deliveries/deliver.ts). */
export const ROUNDS_A_BATCH = 2

/** What an attempt takes beside its request: the wait for a near turn, and its record. */
const BESIDE_MS = 3500

/** Who handles a delivery, and until when nobody else may (epoch milliseconds). */
export type Lease = { holder: string; until: number }

/** A time this near, in milliseconds, is waited for, as alarms know whole seconds only; a later one is left to them. */
const NEAR_MS = 1000

/** True for a time (epoch milliseconds) that has come, or is so near that it is waited for. */
export function isNear(time: number, now: number): boolean {
  return time - now <= NEAR_MS
}

/**
 * Whether a message may be handled under a lease only. A first attempt that is on time needs none, as a lease is a row
 * written; nor does what the platform has given up on, or what comes too early: nobody makes an attempt of it.
 */
export function mustLease(lane: Lane, { due }: { due: number }, now: number): boolean {
  if (lane === 'deliveries') return now - due > LATE_AFTER_MS
  return lane === 'retries' && isNear(due, now)
}

/** The longest that handling a batch may take, in milliseconds; `timeouts` are those of the targets, in seconds. */
export function longestBatchMs(timeouts: readonly number[]): number {
  return Math.ceil(ROUNDS_A_BATCH * (Math.max(0, ...timeouts) * 1000 + BESIDE_MS))
}

/**
 * How long a delivery may be overdue before its message counts as lost, in milliseconds. By then a batch that took the
 * message in time has ended.
 */
export function overdueMarginMs(timeouts: readonly number[]): number {
  return LATE_AFTER_MS + longestBatchMs(timeouts)
}

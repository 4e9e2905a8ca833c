// Leases: who may handle a delivery when several messages for it may exist. The sweep sends a new message for an overdue
// delivery, while the first may still wait in a long queue. So a late message takes a lease on its delivery, and so does
// every message for anything but a first attempt.
import type { Lane } from './delivery.ts'

/** The message of a first attempt needs a lease when it is this late, in milliseconds. */
const LATE_AFTER_MS = 15_000

/** Rounds of attempts in a batch: ten messages, five at once (wrangler.toml, stages/deliveries/deliver.ts). */
const ROUNDS_A_BATCH = 2

/** The time of an attempt beside its request: the wait for a near slot, and its record. */
const BESIDE_MS = 3500

/** The message that handles a delivery, and until when no other may (epoch milliseconds). */
export type Lease = { holder: string; until: number }

/** A time this near, in milliseconds, is waited for: queues delay by whole seconds. A later one gets a new message. */
const NEAR_MS = 1000

/** True for a time (epoch milliseconds) that has passed, or is near enough to wait for. */
export function isNear(time: number, now: number): boolean {
  return time - now <= NEAR_MS
}

/**
 * Whether a message needs a lease. A first attempt that is on time does not, as a lease costs a row written; nor do dead
 * messages and early ones, of which no attempt is made.
 */
export function needsLease(lane: Lane, { due }: { due: number }, now: number): boolean {
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

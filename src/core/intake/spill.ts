// How long a spilled request waits, and when it is kept elsewhere. Age decides and never a count: Cloudflare deletes a message
// after 100 retries, and when it is older than the retention of its queue, so a new message with the same bytes takes its
// place before either. What then still ends a request is a consumer that does not run for as long as the retention.

/** How long a request waits before it is kept in the archive too, and before an operator is told. */
export const LONG_WAIT_MS = 3_600_000

/** The age of a message that is renewed: half the shortest retention, that of the free plan, 24 hours. */
export const RENEW_AFTER_MS = 12 * 3_600_000

/** The attempt at which a message is renewed at once, because its handling was cut off again and again: of 100. */
const RENEW_AT_ATTEMPT = 90

/** The delay between two tries: a quarter of the age of the request, within these. */
const MIN_DELAY_SECONDS = 15
const MAX_DELAY_SECONDS = 900

/**
 * The seconds until the next try of a request of some age (milliseconds): 73 tries in the first 12 hours, 48 in any 12 hours
 * after that. So a waiting request takes some 100 queue operations a day, for each 64 KB of it.
 */
export function retryDelaySeconds(ageMs: number): number {
  return Math.round(Math.min(Math.max(ageMs / 4000, MIN_DELAY_SECONDS), MAX_DELAY_SECONDS))
}

/** True when a message must be renewed rather than retried. `messageAgeMs`: since it was sent, not since the receipt. */
export function isWornOut(messageAgeMs: number): boolean {
  return messageAgeMs >= RENEW_AFTER_MS
}

/** True when a message must be renewed before it is handled: handling it may be what cuts the Worker off. */
export function isNearLastAttempt(attempts: number): boolean {
  return attempts >= RENEW_AT_ATTEMPT
}

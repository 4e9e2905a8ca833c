// The retry schedule, and what a target asks for with Retry-After. Arithmetic only.

/** Seconds between attempts: Standard Webhooks' schedule (spec, "Deliverability and reliability"), 10 attempts in 75.6 h. */
export const DEFAULT_RETRY = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] as const

/** The longest wait that a target may ask for: beyond a day it is a mistake or a way to switch us off. */
const MAX_RETRY_AFTER_SECONDS = 86_400

/** A queue delays a message at most this long (Cloudflare Queues limits); longer waits are taken in hops. */
const MAX_QUEUE_DELAY_SECONDS = 86_400

/** The part of a wait that jitter may add, so that deliveries that failed together do not return together. */
const JITTER = 0.1

/**
 * When the next attempt is due, in epoch milliseconds: after the schedule's wait with its jitter, or after the seconds
 * that the target asked for, whichever is later. Undefined when the schedule has ended. `tries` counts from 1, `random`
 * is in [0, 1).
 */
export function retryDue(
  tries: number,
  schedule: readonly number[],
  retryAfter: number | undefined,
  { now, random }: { now: number; random: number },
): number | undefined {
  const wait = schedule[tries - 1]
  if (wait === undefined) return undefined
  return now + Math.ceil(Math.max(wait * (1 + JITTER * random), retryAfter ?? 0) * 1000)
}

/**
 * Seconds that a `Retry-After` asks for (RFC 9110 §10.2.3: seconds or an HTTP date), at most
 * `MAX_RETRY_AFTER_SECONDS`. Undefined when it is absent or malformed; 0 for a date that has passed.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim()
  if (!text) return undefined
  const seconds = /^\d+$/.test(text) ? Number(text) : (parseHttpDate(text) - now) / 1000
  if (Number.isNaN(seconds)) return undefined
  return Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS)
}

// The three forms of an HTTP date that a recipient must read (RFC 9110 §5.6.7); `Date.parse` alone takes far more.
const HTTP_DATE = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
]

/** Epoch milliseconds of an HTTP date, NaN for anything else. The form without a zone is in UTC too. */
function parseHttpDate(text: string): number {
  if (!HTTP_DATE.some((form) => form.test(text))) return Number.NaN
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
}

/**
 * The delay of a queue message that is due at `due`: whole seconds, capped to one hop. Less than a second is left to
 * the consumer, as rounding it up would double a short wait.
 */
export function queueDelaySeconds(due: number, now: number): number {
  const seconds = (due - now) / 1000
  return seconds < 1 ? 0 : Math.min(Math.ceil(seconds), MAX_QUEUE_DELAY_SECONDS)
}

// What an outcome means for its delivery: arithmetic over outcome, attempt number and Retry-After. No clock, no I/O.
import type { Outcome } from './delivery.ts'

/** Seconds between attempts: Standard Webhooks' schedule (spec, "Deliverability and reliability"), 10 attempts in 75.6 h. */
export const DEFAULT_RETRY = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] as const

/** The longest wait that a target may ask for: beyond a day it is a mistake or a way to switch us off. */
export const MAX_RETRY_AFTER_SECONDS = 86_400

/** A queue delays a message at most this long (Cloudflare Queues limits); longer waits are taken in hops. */
export const MAX_QUEUE_DELAY_SECONDS = 86_400

/** The part of a wait that jitter may add, so that what failed together does not return together. */
const JITTER = 0.1

export type Verdict =
  | { state: 'delivered' }
  | { state: 'retrying'; due: number }
  | { state: 'held'; reason: 'gone' }
  | { state: 'dead' }

/**
 * Judges an attempt. 2xx is success, 410 holds, everything else is tried again until the schedule ends.
 * `attempt` counts from 1, `now` is in epoch milliseconds, `random` lies in [0, 1).
 */
export function judge(
  outcome: Outcome,
  attempt: number,
  schedule: readonly number[],
  now: number,
  random: number,
): Verdict {
  const { status, error, retryAfter } = outcome
  if (error === undefined) return { state: 'delivered' }
  if (status === 410) return { state: 'held', reason: 'gone' }
  const wait = schedule[attempt - 1]
  if (wait === undefined) return { state: 'dead' }
  const asked = parseRetryAfter(retryAfter, now) ?? 0
  const planned = wait * (1 + JITTER * random)
  return { state: 'retrying', due: now + Math.ceil(Math.max(planned, asked) * 1000) }
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
 * whoever gets the message, as rounding it up would double a short wait.
 */
export function queueDelaySeconds(due: number, now: number): number {
  const seconds = (due - now) / 1000
  return seconds < 1 ? 0 : Math.min(Math.ceil(seconds), MAX_QUEUE_DELAY_SECONDS)
}

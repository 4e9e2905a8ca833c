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

// Seconds, or a date: the three forms of RFC 9110 §5.6.7, as strict recipients read them and as lenient senders write
// them: days of one digit, years of four, other names and offsets of the zone. `Date.parse` alone takes far more.
const ZONE = String.raw`(?:GMT|UTC?|[+-]\d{4})`
const TIME = String.raw`\d{2}:\d{2}:\d{2}`
const RETRY_AFTER_VALUE = [
  String.raw`\d+(?:\.\d+)?`,
  String.raw`[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} ${TIME} ${ZONE}`,
  String.raw`[A-Z][a-z]{2,8}, \d{1,2}-[A-Z][a-z]{2}-(?:\d{2}|\d{4}) ${TIME} ${ZONE}`,
  String.raw`[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]?\d ${TIME}(?: ${ZONE})? \d{4}`,
]

/** One value in a list. Several fields of a response arrive as one list, and dates contain commas. */
const LISTED = new RegExp(`(?<=^|,)\\s*(${RETRY_AFTER_VALUE.join('|')})\\s*(?=,|$)`, 'g')

/**
 * Seconds that a `Retry-After` asks for (RFC 9110 §10.2.3: seconds or an HTTP date), at most
 * `MAX_RETRY_AFTER_SECONDS`; of several values the longest. Undefined when it is absent or none can be read; 0 for a date
 * that has passed.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const asked = [...(header ?? '').matchAll(LISTED)].flatMap(([, value = '']) => {
    const seconds = /^[\d.]+$/.test(value) ? Number(value) : (parseHttpDate(value) - now) / 1000
    return Number.isNaN(seconds) ? [] : [seconds]
  })
  if (asked.length === 0) return undefined
  return Math.min(Math.max(0, ...asked), MAX_RETRY_AFTER_SECONDS)
}

/** Epoch milliseconds of an HTTP date, NaN for a day that does not exist. The form without a zone is in UTC too. */
function parseHttpDate(text: string): number {
  return Date.parse(/ (?:[A-Z]{2,3}|[+-]\d{4})(?: \d{4})?$/.test(text) ? text : `${text} GMT`)
}

/**
 * The delay of a queue message that is due at `due`: whole seconds, capped to one hop. Less than a second is left to
 * the consumer, as rounding it up would double a short wait.
 */
export function queueDelaySeconds(due: number, now: number): number {
  const seconds = (due - now) / 1000
  return seconds < 1 ? 0 : Math.min(Math.ceil(seconds), MAX_QUEUE_DELAY_SECONDS)
}

// Numbers, times, results of attempts and the texts of others as text for people.

/** Marks and controls of writing direction. In a text of somebody else they change the order of what stands around it. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
const BREAKS = /[\p{Cc}\u2028\u2029]+/gu

/** A text of somebody else as a part of one line: each break or control character is a space, and directions are gone. */
export function oneLine(text: string): string {
  return text.replace(BREAKS, ' ').replace(DIRECTIONS, '')
}

/** A text of somebody else with its direction controls as escapes of JSON, so that they are seen and do nothing. */
export function showDirections(text: string): string {
  return text.replace(DIRECTIONS, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * A time of the current UTC day as `09:12 UTC`, any other as `2026-11-21 09:12 UTC`. `at`: RFC 3339 in UTC; `now`:
 * epoch milliseconds.
 */
export function clockTime(at: string, now: number): string {
  const [date = '', time = ''] = at.split('T')
  const today = new Date(now).toISOString().slice(0, 10)
  const clock = time.slice(0, 5)
  return date === today ? `${clock} UTC` : `${date} ${clock} UTC`
}

/** A number with its noun: `1 event`, `2 events`. */
export function pluralize(count: number, word: string, words = `${word}s`): string {
  return `${count} ${count === 1 ? word : words}`
}

/**
 * The result of an attempt at a target: `crm answered 200 after 12 ms`. Without a status, the target was not reached, or
 * a fault of ours kept the request from being made.
 */
export function describeAnswer(
  name: string,
  { status, error, ms }: { status?: number | undefined; error?: string | undefined; ms: number },
): string {
  if (error === 'fault') return `nothing was sent to ${name} (fault)`
  const result = status === undefined ? `could not be reached (${error})` : `answered ${status}`
  return `${name} ${result} after ${ms} ms`
}

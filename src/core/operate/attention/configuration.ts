// What needs attention of the configuration: what cannot be read, and a retention that was shortened.
import { formatInstant } from '../../events/time.ts'
import { clockTime } from '../../text.ts'
import { type Attention, entry } from './entry.ts'

/** Lists that cannot be read, each reason with its path: what may be missing from them is held. */
export function ofUnreadable(reasons: readonly string[]): Attention[] {
  if (reasons.length === 0) return []
  const words = `The configuration cannot be read: ${reasons.join('; ')}. What may be missing from it is held.`
  return entry('configuration_unreadable', 'relay', null, words)
}

/** Settings of the relay itself that are invalid, each with what is done instead. */
export function ofInvalidSettings(problems: readonly string[]): Attention[] {
  if (problems.length === 0) return []
  return entry('configuration_invalid', 'relay', null, `${problems.join('; ')}.`)
}

/** A shorter retention that is configured, and from when it is obeyed (epoch milliseconds). */
export type ShortenedRetention = { days: number; rawDays: number; from: number }

/** A retention that was shortened: from a time on it deletes for good. */
export function ofShortenedRetention(
  shortened: ShortenedRetention | undefined,
  now: number,
): Attention[] {
  if (shortened === undefined) return []
  const { days, rawDays, from } = shortened
  const words =
    `The retention was shortened to ${days} days, that of payloads to ${rawDays}: from ` +
    `${clockTime(formatInstant(from), now)} on, what is older is deleted for good.`
  return entry('retention_shortened', 'relay', null, words)
}

// The typical volume of a source: events in the same hour of previous weeks, and its longest silence. Hours are UTC hours:
// with daylight saving time, the weeks around a clock change are an hour off.
import { HOUR_MS } from '../period.ts'

/** Weeks of data that a rhythm is computed from. */
export const RHYTHM_WEEKS = 4
export const HOURS_A_WEEK = 168

/** The typical volume of a source. */
export type Rhythm = {
  /** Whole weeks of data, at most `RHYTHM_WEEKS`. Without one, the other values are null. */
  weeks: number
  /** The median number of events in this hour of the week. */
  usual: number | null
  /** The longest run of whole hours without an event, between two with events. */
  longestSilenceHours: number | null
}

/** The rhythm of a source with less than a week of data. */
export const NO_RHYTHM: Rhythm = { weeks: 0, usual: null, longestSilenceHours: null }

/**
 * The rhythm of a source for an hour (hours since 1970). `counts`: the number of events by earlier hour; hours without
 * events are absent.
 */
export function rhythmOf(counts: ReadonlyMap<number, number>, hour: number): Rhythm {
  const first = hour - RHYTHM_WEEKS * HOURS_A_WEEK
  const hours = [...counts.keys()].filter((one) => one >= first && one < hour).sort((a, b) => a - b)
  const weeks = Math.floor((hour - (hours[0] ?? hour)) / HOURS_A_WEEK)
  if (weeks === 0) return NO_RHYTHM
  const same = Array.from({ length: weeks }, (_, i) => counts.get(hour - (i + 1) * HOURS_A_WEEK))
  const silences = hours.slice(1).map((one, i) => one - (hours[i] ?? one) - 1)
  return {
    weeks,
    usual: median(same.map((count) => count ?? 0)),
    longestSilenceHours: Math.max(0, ...silences),
  }
}

/** True if a source has been silent for longer than ever in the weeks of its rhythm. Times in epoch milliseconds. */
export function isUnusuallySilent(rhythm: Rhythm, lastSeen: number, now: number): boolean {
  const { longestSilenceHours } = rhythm
  if (longestSilenceHours === null) return false
  const silentHours = Math.floor(now / HOUR_MS) - Math.floor(lastSeen / HOUR_MS) - 1
  return silentHours > longestSilenceHours
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]]
  return (low + high) / 2
}

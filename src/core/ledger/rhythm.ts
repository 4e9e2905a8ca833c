// The usual rhythm of a source: what the same hour of the weeks before had, and for how long it was silent at most.
// Hours are counted in UTC: where clocks are turned twice a year, the weeks around that are an hour off.
import { HOUR_MS } from '../period.ts'

/** How far back a rhythm is told, in weeks, and how many hours a week has. */
export const RHYTHM_WEEKS = 4
export const HOURS_A_WEEK = 168

export type Rhythm = {
  /** For how many whole weeks the source is known, at most four. What follows is null where none is. */
  weeks: number
  /** The median of what came in this hour of the week. */
  usual: number | null
  /** The longest run of whole hours between two with events in which nothing came. */
  longestSilenceHours: number | null
}

/** What is known of a source that is not known for a week. */
export const NO_RHYTHM: Rhythm = { weeks: 0, usual: null, longestSilenceHours: null }

/**
 * The rhythm of a source before an hour (hours since 1970), by how many events it sent in earlier hours; hours with none
 * are left out.
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

/** True when a source has been silent for longer than ever in the weeks that its rhythm knows. Times in epoch milliseconds. */
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

// Periods as operators and programs ask for them: from one time to another, or for the last so long.

/** An hour, in milliseconds. */
export const HOUR_MS = 3_600_000

/** A span of time in epoch milliseconds; `until` is no longer part of it. */
export type Period = { since: number; until: number }

const UNITS: Record<string, number> = { m: 60_000, h: HOUR_MS, d: 86_400_000, w: 604_800_000 }
const RFC3339 = /^\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2}))?$/

/**
 * Reads a time: RFC 3339, a date (its first moment in UTC), or how long ago it was (`30m`, `24h`, `7d`, `2w`), in epoch
 * milliseconds. Undefined for anything else.
 */
export function parseTime(text: string, now: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,5})([mhdw])$/.exec(text) ?? []
  if (count !== undefined) return Math.max(0, now - Number(count) * (UNITS[unit] ?? 0))
  if (!RFC3339.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) || time < 0 || !isCalendarDate(text.slice(0, 10)) ? undefined : time
}

/** Whether a calendar has this day: the 30th of February would be read as one in March. */
function isCalendarDate(date: string): boolean {
  return new Date(Date.parse(`${date}T00:00Z`)).toISOString().startsWith(date)
}

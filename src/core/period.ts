// Periods and times as operators and programs write them.

/** An hour, in milliseconds. */
export const HOUR_MS = 3_600_000

/** A period in epoch milliseconds, without its end `until`. */
export type Period = { since: number; until: number }

const UNITS: Record<string, number> = { m: 60_000, h: HOUR_MS, d: 86_400_000, w: 604_800_000 }
const RFC3339 = /^\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2}))?$/

/**
 * Parses a time to epoch milliseconds: RFC 3339, a date (its start in UTC), or a duration before `now` (`30m`, `24h`,
 * `7d`, `2w`). Undefined for anything else.
 */
export function parseTime(text: string, now: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,5})([mhdw])$/.exec(text) ?? []
  if (count !== undefined) return Math.max(0, now - Number(count) * (UNITS[unit] ?? 0))
  if (!RFC3339.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) || time < 0 || !isCalendarDate(text.slice(0, 10)) ? undefined : time
}

/** False for dates that do not exist: `Date.parse` takes 30 February for 2 March. */
function isCalendarDate(date: string): boolean {
  return new Date(Date.parse(`${date}T00:00Z`)).toISOString().startsWith(date)
}

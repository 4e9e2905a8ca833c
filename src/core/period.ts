// Periods and times as operators and programs write them.

/** An hour, in milliseconds. */
export const HOUR_MS = 3_600_000

/** A period in epoch milliseconds, without its end `until`. */
export type Period = { since: number; until: number }

const UNITS: Record<string, number> = { m: 60_000, h: HOUR_MS, d: 86_400_000, w: 604_800_000 }
const AGO = /^(\d{1,5})([mhdw])$/
const DATE = /(19[7-9]\d|[2-9]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])/
const CLOCK = /([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)/
const RFC3339 = new RegExp(`^${DATE.source}([Tt]${CLOCK.source})?$`)

/** The text of a time that `parseTime` reads; it refuses those among them that are not in the calendar, or before 1970. */
export const TIME_PATTERN = new RegExp(`${AGO.source}|${RFC3339.source}`)

/**
 * Parses a time to epoch milliseconds: RFC 3339, a date (its start in UTC), or a duration before `now` (`30m`, `24h`,
 * `7d`, `2w`). Undefined for anything else.
 */
export function parseTime(text: string, now: number): number | undefined {
  const [, count, unit = ''] = AGO.exec(text) ?? []
  if (count !== undefined) return Math.max(0, now - Number(count) * (UNITS[unit] ?? 0))
  if (!RFC3339.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) || time < 0 || !isCalendarDate(text.slice(0, 10)) ? undefined : time
}

/** False for dates that do not exist: `Date.parse` takes 30 February for 2 March. */
function isCalendarDate(date: string): boolean {
  return new Date(Date.parse(`${date}T00:00Z`)).toISOString().startsWith(date)
}

// Periods and times as operators and programs write them.

/** An hour, in milliseconds. */
export const HOUR_MS = 3_600_000

/** A period in epoch milliseconds, without its end `until`. */
export type Period = { since: number; until: number }

const UNITS: Record<string, number> = { m: 60_000, h: HOUR_MS, d: 86_400_000, w: 604_800_000 }
// Without \d, which is any digit of Unicode to others who read the pattern in the OpenAPI document.
const AGO = /^([0-9]{1,5})([mhdw])$/
const YEAR = '(19[7-9][0-9]|[2-9][0-9]{3})'
const DAY =
  '((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))'
const HOUR = '([01][0-9]|2[0-3]):[0-5][0-9]'
const CLOCK = `${HOUR}(:[0-5][0-9](\\.[0-9]{1,9})?)?([Zz]|[+-]${HOUR})`
const RFC3339 = new RegExp(`^${YEAR}-${DAY}([Tt]${CLOCK})?$`)

/** The text of a time that `parseTime` reads; it refuses 29 February of other years, and what is before 1970. */
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

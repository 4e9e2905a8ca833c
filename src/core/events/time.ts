// Dates and times as vendors write them. The time zone comes from the value or from the configuration and is never guessed.
import { tzOffset } from '@date-fns/tz/tzOffset'
import * as v from 'valibot'
import { numberText } from '../intake/json.ts'
import { type Reader, reader } from './fields.ts'

/** The schema of a point in time: RFC 3339, in UTC. */
export const Instant = v.pipe(v.string(), v.isoTimestamp())

/** The schema of a calendar date: `YYYY-MM-DD`. */
export const Day = v.pipe(v.string(), v.isoDate())

export type DateFormat = 'DD/MM/YYYY' | 'MM/DD/YYYY'

/** The configured IANA time zone, and the configured order of day and month in `a/b/yyyy`. */
type TimeSettings = { timezone?: string | undefined; dateFormat?: DateFormat | undefined }

/**
 * A point in time as RFC 3339 in UTC. A time without a zone of its own has also its local text and the configured zone: the
 * rules of a zone change, sometimes late, and the instant can be computed again. One that is no instant has the reason.
 */
type Moment = { at: string; local?: string; zone?: string } | Unplaced
type Unplaced = { local: string; zone?: string; why: string }

type Parts = {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  ms: number
}

/** Year first, or year last: then `.` has the day first, and of `/` and `-` the order is configured. */
const DATE = String.raw`^(?:(\d{4})([-/])(\d{1,2})\2(\d{1,2})|(\d{1,2})([-/.])(\d{1,2})\6(\d{4}))`
const CLOCK = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?:\s*([ap])\.?m\b\.?)?`
const ZONE = String.raw`(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?`
const DAY = new RegExp(String.raw`${DATE}(?:(?:T|,?\s+)\d{1,2}:\d{2}.*)?$`, 'i')
const MOMENT = new RegExp(String.raw`${DATE}(?:T|,?\s+)${CLOCK}\s*${ZONE}$`, 'i')

/** Epoch milliseconds as RFC 3339 in UTC, without `.000`. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

/**
 * Epoch milliseconds from epoch seconds (10 digits) or milliseconds (13 digits), a number or text, with any fraction; else
 * undefined.
 */
export function parseEpoch(value: unknown): number | undefined {
  const number = numberText(value)
  const text = number === undefined ? value : String(Number(number))
  const epoch = typeof text === 'string' && /^(\d{10}|\d{13})(?:\.(\d+))?$/.exec(text.trim())
  if (!epoch) return undefined
  const [, whole = '', fraction = ''] = epoch
  return whole.length === 13 ? Number(whole) : Number(whole) * 1000 + millisecondsOf(fraction)
}

/** The digits after a decimal point of seconds as whole milliseconds. */
function millisecondsOf(fraction: string): number {
  return Number(fraction.slice(0, 3).padEnd(3, '0'))
}

/** Reads a point in time that needs no zone from elsewhere, as RFC 3339 in UTC: an epoch, or a time with its zone. */
export const asInstant = reader<string>('an epoch or a time with a zone', (value) => {
  const moment = asMoment({})(value)
  return moment && ('at' in moment ? moment.at : undefined)
})

/** A reader of calendar dates as `YYYY-MM-DD`. A time after the date is ignored: no zone moves the date. */
export function asDate(settings: TimeSettings): Reader<string> {
  return reader('a date as YYYY-MM-DD or in the configured date_format', (value) => {
    if (typeof value !== 'string') return undefined
    const text = value.trim()
    if (text.startsWith('0000-00-00')) return null
    const match = DAY.exec(text)
    const parts = match && partsOf(match.slice(0, 9), settings.dateFormat)
    return parts && isValid(parts) ? dateText(parts) : undefined
  })
}

/**
 * A reader of points in time: a date and a clock of 24 or 12 hours, with or without a zone, or an epoch. A local time is
 * converted to UTC by the configured zone. It stays local without a zone, and in the hour that the zone skips or repeats
 * when its clocks change.
 *
 * @example
 * asMoment({ timezone: 'Australia/Sydney' })('2026-11-21 09:15')
 * // { at: '2026-11-20T22:15:00Z', local: '2026-11-21T09:15:00', zone: 'Australia/Sydney' }
 * asMoment({})('2026-11-21 09:15') // { local: '2026-11-21T09:15:00', why: 'has no time zone, …' }
 */
export function asMoment(settings: TimeSettings): Reader<Moment> {
  return reader('a date and time', (value) => {
    const epoch = parseEpoch(value)
    if (epoch !== undefined) return { at: formatInstant(epoch) }
    if (typeof value !== 'string') return undefined
    const text = value.trim()
    if (text.startsWith('0000-00-00')) return null
    const match = MOMENT.exec(text)
    const parts = match && partsOf(match, settings.dateFormat)
    if (!parts || !isValid(parts)) return undefined
    const zone = match.at(-1)
    return zone ? zonedMoment(parts, zone) : localMoment(parts, settings.timezone)
  })
}

/** The parts of a match, which may have no clock. Undefined when the order of day and month is not known. */
function partsOf(match: readonly (string | undefined)[], format: DateFormat | undefined) {
  const [, year, , month, day, a, separator, b, lastYear] = match
  const [, , , , , , , , , hour, minute, second, fraction = '', half] = match
  const date = year
    ? { year, month, day }
    : { ...dayAndMonth(Number(a), Number(b), separator, format), year: lastYear }
  if (date.day === undefined) return undefined
  return {
    year: Number(date.year),
    month: Number(date.month),
    day: Number(date.day),
    hour: hourOf(Number(hour ?? 0), half),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    ms: millisecondsOf(fraction),
  }
}

/** `a/b/yyyy` in the configured order; without one only if a or b is above 12 and so must be the day. */
function dayAndMonth(
  a: number,
  b: number,
  separator: string | undefined,
  format: DateFormat | undefined,
): { day?: number; month?: number } {
  const guess = a > 12 ? 'DD/MM/YYYY' : b > 12 ? 'MM/DD/YYYY' : undefined
  const order = separator === '.' ? 'DD/MM/YYYY' : (format ?? guess)
  if (order === undefined) return {}
  return order === 'DD/MM/YYYY' ? { day: a, month: b } : { day: b, month: a }
}

/** An hour of a clock with `am` or `pm`, which has 1 to 12, or of 24 hours. */
function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour
  if (hour < 1 || hour > 12) return Number.NaN
  return (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
}

/** False for dates and times that do not exist, such as 30 February or 24:00. */
function isValid({ year, month, day, hour, minute, second }: Parts): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  const sameDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return year >= 1000 && sameDay && hour < 24 && minute < 60 && second < 60
}

function zonedMoment(parts: Parts, zone: string): Moment | undefined {
  const [, sign, hours = 0, minutes = 0] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? []
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000)
  const ms = asIfUtc(parts) - offset
  return hasFourDigitYear(ms) ? { at: formatInstant(ms) } : undefined
}

function localMoment(parts: Parts, zone: string | undefined): Moment {
  const local = new Date(asIfUtc(parts)).toISOString().replace(/(\.000)?Z$/, '')
  if (zone === undefined) {
    return { local, why: 'has no time zone, and none is configured; kept as local time' }
  }
  const instants = instantsOf(asIfUtc(parts), zone)
  const [instant] = instants
  if (instant === undefined || instants.length > 1) {
    const fact = instant === undefined ? 'skips' : 'repeats'
    return { local, zone, why: `is in an hour that ${zone} ${fact}; kept as local time` }
  }
  return { at: formatInstant(instant), local, zone }
}

/** The epoch milliseconds of a clock in UTC that shows these parts. */
function asIfUtc({ year, month, day, hour, minute, second, ms }: Parts): number {
  return Date.UTC(year, month - 1, day, hour, minute, second, ms)
}

/** The instants at which a zone's clocks show a local time: one, or none or two when the clocks change. */
function instantsOf(localMs: number, timezone: string): number[] {
  const DAY_MS = 86_400_000
  const offsets = [localMs - DAY_MS, localMs + DAY_MS].map((ms) => tzOffset(timezone, new Date(ms)))
  return [...new Set(offsets)]
    .map((offset) => ({ offset, ms: localMs - offset * 60_000 }))
    .filter(({ offset, ms }) => tzOffset(timezone, new Date(ms)) === offset)
    .map(({ ms }) => ms)
    .filter(hasFourDigitYear)
}

/** RFC 3339 has years of four digits only; in UTC, the last hours of 9999 in some zones are in year 10000. */
function hasFourDigitYear(ms: number): boolean {
  const year = new Date(ms).getUTCFullYear()
  return year >= 0 && year <= 9999
}

function dateText({ year, month, day }: Parts): string {
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

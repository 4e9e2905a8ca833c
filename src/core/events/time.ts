// Dates and times as vendors write them. The time zone comes from the value or from the configuration and is never guessed.
import { tzOffset } from '@date-fns/tz/tzOffset'
import { numberText } from '../intake/json.ts'
import { type Reader, reader } from './fields.ts'

export type DateFormat = 'DD/MM/YYYY' | 'MM/DD/YYYY'

/** The configured IANA time zone, and the configured order of day and month in `a/b/yyyy`. */
type TimeSettings = { timezone?: string | undefined; dateFormat?: DateFormat | undefined }

/** A point in time as RFC 3339 in UTC, or a local time without a zone, with the reason why it has none. */
type Moment = { at: string } | { local: string; why: string }

type Parts = {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const CLOCK = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?`
const LOCAL = new RegExp(`^(\\d{4})-(\\d{2})-(\\d{2})[T ]${CLOCK}$`, 'i')
const SLASHED = new RegExp(`^(\\d{1,2})/(\\d{1,2})/(\\d{4})(?:[T ]${CLOCK})?$`, 'i')
const ZONED =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d+))?\s*(Z|[+-]\d{2}:?\d{2})$/i
const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{1,2}:\d{2}.*)?$/

/** Epoch milliseconds as RFC 3339 in UTC, without `.000`. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

/** Epoch milliseconds from epoch seconds (10 digits) or milliseconds (13 digits), a number or text; else undefined. */
export function parseEpoch(value: unknown): number | undefined {
  const text = typeof value === 'string' ? value.trim() : numberText(value)
  if (text === undefined || !/^(\d{10}|\d{13})$/.test(text)) return undefined
  return Number(text) * (text.length === 10 ? 1000 : 1)
}

/** Reads epoch seconds or milliseconds as RFC 3339 in UTC. */
export const asEpoch = reader<string>('epoch seconds or milliseconds', (value) => {
  const ms = parseEpoch(value)
  return ms === undefined ? undefined : formatInstant(ms)
})

/** A reader of calendar dates as `YYYY-MM-DD`. A time after the date is ignored: no zone moves the date. */
export function asDate(settings: TimeSettings): Reader<string> {
  return reader('a date as YYYY-MM-DD or in the configured date_format', (value) => {
    if (typeof value !== 'string') return undefined
    const text = value.trim()
    if (text.startsWith('0000-00-00')) return null
    const iso = DATE.exec(text)
    const parts = iso ? partsOf(iso) : parseSlashDate(text, settings.dateFormat)
    return parts && isValid(parts) ? dateText(parts) : undefined
  })
}

/**
 * A reader of points in time: RFC 3339, local date and time, `a/b/yyyy` with a time, or an epoch. A local time is
 * converted to UTC by the configured zone. It stays local without a zone, and in the hour that the zone skips or repeats
 * when its clocks change.
 *
 * @example
 * asMoment({ timezone: 'Australia/Sydney' })('2026-11-21 09:15') // { at: '2026-11-20T22:15:00Z' }
 * asMoment({})('2026-11-21 09:15') // { local: '2026-11-21T09:15:00', why: 'has no time zone, …' }
 */
export function asMoment(settings: TimeSettings): Reader<Moment> {
  return reader('a date and time', (value) => {
    const epoch = parseEpoch(value)
    if (epoch !== undefined) return { at: formatInstant(epoch) }
    if (typeof value !== 'string') return undefined
    const text = value.trim()
    if (text.startsWith('0000-00-00')) return null
    const zoned = ZONED.exec(text)
    if (zoned) return zonedMoment(zoned)
    const local = LOCAL.exec(text)
    const parts = local
      ? partsOf(local)
      : text.includes(':')
        ? parseSlashDate(text, settings.dateFormat)
        : undefined
    return parts && isValid(parts) ? localMoment(parts, settings.timezone) : undefined
  })
}

function partsOf(match: RegExpExecArray): Parts {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0))
  return { year, month, day, hour, minute, second }
}

/** `a/b/yyyy` in the configured order; without one only if a or b is above 12 and so must be the day. */
function parseSlashDate(text: string, format: DateFormat | undefined): Parts | undefined {
  const match = SLASHED.exec(text)
  if (!match) return undefined
  const [a = 0, b = 0, year = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0))
  const order = format ?? (a > 12 ? 'DD/MM/YYYY' : b > 12 ? 'MM/DD/YYYY' : undefined)
  if (order === undefined) return undefined
  const [day, month] = order === 'DD/MM/YYYY' ? [a, b] : [b, a]
  return { year, month, day, hour, minute, second }
}

/** False for dates and times that do not exist, such as 30 February or 24:00. */
function isValid({ year, month, day, hour, minute, second }: Parts): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  const sameDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return year >= 1000 && sameDay && hour < 24 && minute < 60 && second < 60
}

function zonedMoment([, date = '', time = '', fraction = '', zone = '']: RegExpExecArray):
  | Moment
  | undefined {
  const local = `${date}T${time.length === 5 ? `${time}:00` : time}`
  const asIfUtc = Date.parse(`${local}Z`)
  // Date.parse moves 30 February and 24:00 to the next day.
  const isUnchanged = hasFourDigitYear(asIfUtc) && formatInstant(asIfUtc) === `${local}Z`
  if (date < '1000' || !isUnchanged) return undefined
  const offset = zone.toUpperCase() === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`
  const ms = offset === 'Z' ? asIfUtc : Date.parse(local + offset)
  const instant = ms + Number(fraction.slice(0, 3).padEnd(3, '0'))
  return hasFourDigitYear(instant) ? { at: formatInstant(instant) } : undefined
}

function localMoment(parts: Parts, timezone: string | undefined): Moment {
  const { year, month, day, hour, minute, second } = parts
  const clock = [hour, minute, second].map((n) => String(n).padStart(2, '0')).join(':')
  const local = `${dateText(parts)}T${clock}`
  if (timezone === undefined) {
    return { local, why: 'has no time zone, and none is configured; kept as local time' }
  }
  const asIfUtc = Date.UTC(year, month - 1, day, hour, minute, second)
  const instants = instantsOf(asIfUtc, timezone)
  const [instant] = instants
  if (instant === undefined || instants.length > 1) {
    const fact = instant === undefined ? 'skips' : 'repeats'
    return { local, why: `is in an hour that ${timezone} ${fact}; kept as local time` }
  }
  return { at: formatInstant(instant) }
}

/** The instants at which a zone's clocks show a local time: one, or none or two when the clocks change. */
function instantsOf(asIfUtc: number, timezone: string): number[] {
  const DAY = 86_400_000
  const offsets = [asIfUtc - DAY, asIfUtc + DAY].map((ms) => tzOffset(timezone, new Date(ms)))
  return [...new Set(offsets)]
    .map((offset) => ({ offset, ms: asIfUtc - offset * 60_000 }))
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

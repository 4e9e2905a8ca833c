// Dates and times as vendors write them. A zone is taken from the value or from the settings, never invented.
import { tzOffset } from '@date-fns/tz/tzOffset'
import { numberText } from '../intake/json.ts'
import type { Reader } from './fields.ts'

export type DateFormat = 'DD/MM/YYYY' | 'MM/DD/YYYY'

/** How a place writes its times: IANA zone and the order of `a/b/yyyy`, where they are configured. */
export type TimeSettings = { timezone?: string | undefined; dateFormat?: DateFormat | undefined }

/** A point in time as RFC 3339 in UTC, or a local time that stays one, with the reason. */
export type Moment = { at: string } | { local: string; why: string }

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

/** RFC 3339 in UTC from epoch milliseconds; a fraction only where there is one. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

/** Epoch milliseconds from epoch seconds (10 digits) or milliseconds (13), as number or text; else undefined. */
export function parseEpoch(value: unknown): number | undefined {
  const text = typeof value === 'string' ? value.trim() : numberText(value)
  if (text === undefined || !/^(\d{10}|\d{13})$/.test(text)) return undefined
  return Number(text) * (text.length === 10 ? 1000 : 1)
}

/** Reads an epoch as RFC 3339 in UTC. */
export const asEpoch: Reader<string> = (value) => {
  const ms = parseEpoch(value)
  return ms === undefined ? undefined : formatInstant(ms)
}

/** Reads a calendar date as `YYYY-MM-DD`, as it was written: a time behind it moves nothing. */
export function asDate(settings: TimeSettings): Reader<string> {
  return (value) => {
    if (typeof value !== 'string') return undefined
    const text = value.trim()
    if (text.startsWith('0000-00-00')) return null
    const iso = DATE.exec(text)
    const parts = iso ? partsOf(iso) : slashed(text, settings.dateFormat)
    return parts && isReal(parts) ? dateText(parts) : undefined
  }
}

/**
 * Reads a point in time: RFC 3339, local date and time, `a/b/yyyy` with a time, or an epoch. Local times become
 * UTC by the configured zone; without one, or where that zone skips or repeats the hour, they stay local.
 */
export function asMoment(settings: TimeSettings): Reader<Moment> {
  return (value) => {
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
        ? slashed(text, settings.dateFormat)
        : undefined
    return parts && isReal(parts) ? localMoment(parts, settings.timezone) : undefined
  }
}

function partsOf(match: RegExpExecArray): Parts {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0))
  return { year, month, day, hour, minute, second }
}

/** `a/b/yyyy` by the configured order; without one only when a part beyond 12 leaves no doubt. */
function slashed(text: string, format: DateFormat | undefined): Parts | undefined {
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

/** Whether a calendar has this day and a clock this time. */
function isReal({ year, month, day, hour, minute, second }: Parts): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  const sameDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return year >= 1000 && sameDay && hour < 24 && minute < 60 && second < 60
}

function zonedMoment([, date = '', time = '', fraction = '', zone = '']: RegExpExecArray):
  | Moment
  | undefined {
  const local = `${date}T${time.length === 5 ? `${time}:00` : time}`
  const asIfUtc = Date.parse(`${local}Z`)
  // What no calendar and no clock has is moved to what they have: 30 February, 24:00.
  const isKept = isWritable(asIfUtc) && formatInstant(asIfUtc) === `${local}Z`
  if (date < '1000' || !isKept) return undefined
  const offset = zone.toUpperCase() === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`
  const ms = offset === 'Z' ? asIfUtc : Date.parse(local + offset)
  const instant = ms + Number(fraction.slice(0, 3).padEnd(3, '0'))
  return isWritable(instant) ? { at: formatInstant(instant) } : undefined
}

function localMoment(parts: Parts, timezone: string | undefined): Moment {
  const { year, month, day, hour, minute, second } = parts
  const clock = [hour, minute, second].map((n) => String(n).padStart(2, '0')).join(':')
  const local = `${dateText(parts)}T${clock}`
  if (timezone === undefined) {
    return { local, why: 'has no zone and none is configured; given as local time' }
  }
  const asIfUtc = Date.UTC(year, month - 1, day, hour, minute, second)
  const instants = instantsOf(asIfUtc, timezone)
  const [instant] = instants
  if (instant === undefined || instants.length > 1) {
    const fact = instant === undefined ? 'skipped' : 'repeated'
    return { local, why: `falls into an hour that ${timezone} ${fact}; given as local time` }
  }
  return { at: formatInstant(instant) }
}

/** The instants at which a zone's clocks show a time: one as a rule, none or two where they are set. */
function instantsOf(asIfUtc: number, timezone: string): number[] {
  const DAY = 86_400_000
  const offsets = [asIfUtc - DAY, asIfUtc + DAY].map((ms) => tzOffset(timezone, new Date(ms)))
  return [...new Set(offsets)]
    .map((offset) => ({ offset, ms: asIfUtc - offset * 60_000 }))
    .filter(({ offset, ms }) => tzOffset(timezone, new Date(ms)) === offset)
    .map(({ ms }) => ms)
    .filter(isWritable)
}

/** RFC 3339 has years of four digits: the last hours of 9999 are beyond it in some zones. */
function isWritable(ms: number): boolean {
  const year = new Date(ms).getUTCFullYear()
  return year >= 0 && year <= 9999
}

function dateText({ year, month, day }: Parts): string {
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

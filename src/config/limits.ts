// How large a body may be, and for how long events are kept.
import type { ConfigIssue } from './issues.ts'

const DEFAULT_MAX_BODY_BYTES = 900_000
/** D1 keeps rows of at most 2,000,000 bytes, and a row holds the body twice: as it came and normalized. */
const LARGEST_MAX_BODY_BYTES = 950_000

const DEFAULT_RETENTION_DAYS = 400
const DEFAULT_RAW_RETENTION_DAYS = 90
/** A hundred years. */
const LARGEST_RETENTION_DAYS = 36_500

/** The limits as the variables set them; what is refused is added to `errors`, and its standard used. */
export function readLimits(vars: Record<string, unknown>, errors: ConfigIssue[]) {
  const read = (name: string, unit: string, largest: number, standard: number) =>
    readWhole(name, vars[name], { unit, largest, standard }, errors)
  const days = (name: string, largest: number, standard: number) =>
    read(name, 'days', largest, Math.min(standard, largest))
  const retentionDays = days('RETENTION_DAYS', LARGEST_RETENTION_DAYS, DEFAULT_RETENTION_DAYS)
  return {
    maxBodyBytes: read('MAX_BODY_BYTES', 'bytes', LARGEST_MAX_BODY_BYTES, DEFAULT_MAX_BODY_BYTES),
    retentionDays,
    // Bytes go before their event, or with it.
    rawRetentionDays: days('RAW_RETENTION_DAYS', retentionDays, DEFAULT_RAW_RETENTION_DAYS),
  }
}

/** A whole number from 1 on; `standard` where none is set, and where it is refused. */
function readWhole(
  path: string,
  value: unknown,
  { unit, largest, standard }: { unit: string; largest: number; standard: number },
  errors: ConfigIssue[],
): number {
  if (value === undefined || value === '') return standard
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))
  const number = isNumber ? Number(value) : 0
  if (Number.isInteger(number) && number > 0 && number <= largest) return number
  const message = `must be a whole number of ${unit} from 1 to ${largest}; ${standard} is used`
  errors.push({ path, message })
  return standard
}

// The limits that variables set: the largest body, the retention of events and their payloads, and the size of the database.
import type { ConfigIssue } from './issues.ts'

const DEFAULT_MAX_BODY_BYTES = 900_000
/** A D1 row has at most 2,000,000 bytes, and holds the body twice: as received and normalized. */
const LARGEST_MAX_BODY_BYTES = 950_000

const DEFAULT_RETENTION_DAYS = 400
const DEFAULT_RAW_RETENTION_DAYS = 90
/** How long payloads are kept however full the database is. */
const DEFAULT_RAW_RETENTION_MIN_DAYS = 7
/** A hundred years. */
const LARGEST_RETENTION_DAYS = 36_500

/** The limit of a D1 database on the paid plan, in megabytes; 500 on the free plan. */
const DEFAULT_DATABASE_MB = 10_000
const LARGEST_DATABASE_MB = 1_000_000

/**
 * Reads the limits from the Worker's variables. For an invalid value the default is used, and an error added to
 * `errors`.
 */
export function readLimits(vars: Record<string, unknown>, errors: ConfigIssue[]) {
  const read = (name: string, unit: string, largest: number, standard: number) =>
    readWhole(name, vars[name], { unit, largest, standard }, errors)
  const days = (name: string, largest: number, standard: number) =>
    read(name, 'days', largest, Math.min(standard, largest))
  const retentionDays = days('RETENTION_DAYS', LARGEST_RETENTION_DAYS, DEFAULT_RETENTION_DAYS)
  // A payload is deleted with its event at the latest.
  const rawRetentionDays = days('RAW_RETENTION_DAYS', retentionDays, DEFAULT_RAW_RETENTION_DAYS)
  return {
    maxBodyBytes: read('MAX_BODY_BYTES', 'bytes', LARGEST_MAX_BODY_BYTES, DEFAULT_MAX_BODY_BYTES),
    retentionDays,
    rawRetentionDays,
    rawRetentionMinDays: days(
      'RAW_RETENTION_MIN_DAYS',
      rawRetentionDays,
      DEFAULT_RAW_RETENTION_MIN_DAYS,
    ),
    databaseBytes:
      1_000_000 * read('DATABASE_MB', 'megabytes', LARGEST_DATABASE_MB, DEFAULT_DATABASE_MB),
  }
}

/** A whole number from 1 to `largest`; `standard` if the variable is not set or invalid. */
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
  const message = `must be a whole number of ${unit} from 1 to ${largest}; the default ${standard} is used`
  errors.push({ path, message })
  return standard
}

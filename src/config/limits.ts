// The limits that variables set: the largest body, the retention of events and their payloads, and the size of the database.
import type { ConfigIssue } from './issues.ts'

const DEFAULT_MAX_BODY_BYTES = 900_000
/** A D1 row has at most 2,000,000 bytes, and holds the body twice: as received and normalized. */
const LARGEST_MAX_BODY_BYTES = 950_000

const DEFAULT_RETENTION_DAYS = 400
const DEFAULT_RAW_RETENTION_DAYS = 90
/** How long payloads are kept however full the database is. */
const DEFAULT_RAW_RETENTION_MIN_DAYS = 7
/** Days after which settled events are packed. */
const DEFAULT_HOT_DAYS = 7
/** A hundred years. */
const LARGEST_RETENTION_DAYS = 36_500

/** The limit of a D1 database on the paid plan, in megabytes; 500 on the free plan. */
const DEFAULT_DATABASE_MB = 10_000
const LARGEST_DATABASE_MB = 1_000_000

/**
 * Reads the limits from the Worker's variables. An invalid value is an error, added to `errors`, and takes nothing away:
 * the largest body is allowed then, and `isRetentionReadable` is false.
 */
export function readLimits(vars: Record<string, unknown>, errors: ConfigIssue[]) {
  const maxBodyBytes = readWhole(
    'MAX_BODY_BYTES',
    vars.MAX_BODY_BYTES,
    {
      unit: 'bytes',
      largest: LARGEST_MAX_BODY_BYTES,
      standard: DEFAULT_MAX_BODY_BYTES,
      otherwise: `the largest, ${LARGEST_MAX_BODY_BYTES}, is used`,
    },
    errors,
  )
  const databaseMb = readWhole(
    'DATABASE_MB',
    vars.DATABASE_MB,
    {
      unit: 'megabytes',
      largest: LARGEST_DATABASE_MB,
      standard: DEFAULT_DATABASE_MB,
      otherwise: `the default ${DEFAULT_DATABASE_MB} is used`,
    },
    errors,
  )
  const before = errors.length
  const days = (name: string, largest: number, standard: number) =>
    readWhole(name, vars[name], { unit: 'days', largest, standard, otherwise: NOTHING }, errors)
  const retentionDays =
    days('RETENTION_DAYS', LARGEST_RETENTION_DAYS, DEFAULT_RETENTION_DAYS) ?? DEFAULT_RETENTION_DAYS
  // A payload is deleted with its event at the latest.
  const standard = Math.min(DEFAULT_RAW_RETENTION_DAYS, retentionDays)
  const rawRetentionDays = days('RAW_RETENTION_DAYS', retentionDays, standard) ?? standard
  const least = Math.min(DEFAULT_RAW_RETENTION_MIN_DAYS, rawRetentionDays)
  // An invalid one brings no deletion forward.
  const rawRetentionMinDays =
    days('RAW_RETENTION_MIN_DAYS', rawRetentionDays, least) ?? rawRetentionDays
  const isRetentionReadable = errors.length === before
  const hotStandard = Math.min(DEFAULT_HOT_DAYS, retentionDays)
  const hotSetting = { unit: 'days', least: 0, largest: retentionDays, standard: hotStandard }
  const hotDays = readWhole('HOT_DAYS', vars.HOT_DAYS, { ...hotSetting, otherwise: HOT }, errors)
  return {
    maxBodyBytes: maxBodyBytes ?? LARGEST_MAX_BODY_BYTES,
    retentionDays,
    rawRetentionDays,
    rawRetentionMinDays,
    databaseBytes: 1_000_000 * (databaseMb ?? DEFAULT_DATABASE_MB),
    isRetentionReadable,
    // No event is older, so none is packed.
    hotDays: hotDays ?? retentionDays,
  }
}

const HOT = 'nothing more is packed until it is'
const NOTHING = 'no more than before is deleted until it is'

/** A whole number from `least` (1) to `largest`; `standard` if the variable is not set, undefined if it is invalid. */
function readWhole(
  path: string,
  value: unknown,
  setting: {
    unit: string
    least?: number
    largest: number
    standard: number
    otherwise: string
  },
  errors: ConfigIssue[],
): number | undefined {
  const { unit, least = 1, largest, standard, otherwise } = setting
  if (value === undefined || value === '') return standard
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))
  const number = isNumber ? Number(value) : -1
  if (Number.isInteger(number) && number >= least && number <= largest) return number
  const message = `must be a whole number of ${unit} from ${least} to ${largest}; ${otherwise}`
  errors.push({ path, message })
  return undefined
}

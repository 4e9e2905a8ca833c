// The state of the relay itself, as one line each for people.
import { pluralize } from '../text.ts'
import { sizeOf } from './attention/relay.ts'

/** The name of the line whose content is a time. */
export const LAST_RUN = 'last cron run'

/** As the API returns it. Times in RFC 3339. */
export type RelayView = {
  schema: { state: string; applied: string | null; expected: string } | null
  database: {
    bytes: number
    limit_bytes: number
    growth_bytes_a_day: number | null
    days_until_full: number | null
    short_of_space: boolean
  } | null
  cron: { last_run: string | null }
}

/** The size of the database, its schema, and the last run of the cron, each with its name. */
export function relayLines({ schema, database, cron }: RelayView): [name: string, line: string][] {
  return [
    ['database', database === null ? 'unknown' : databaseLine(database)],
    ['schema', schema === null ? 'unknown' : schemaLine(schema)],
    [LAST_RUN, cron.last_run ?? 'unknown'],
  ]
}

function databaseLine(database: NonNullable<RelayView['database']>): string {
  const { bytes, limit_bytes, growth_bytes_a_day: growth, days_until_full: days } = database
  const share = `${sizeOf(bytes)} of ${sizeOf(limit_bytes)} (${Math.floor((100 * bytes) / limit_bytes)} %)`
  const grows = growth === null || growth <= 0 ? [] : [`grows by ${sizeOf(growth)} a day`]
  const full = days === null ? [] : [`full in ${pluralize(days, 'day')}`]
  return [share, ...grows, ...full].join(', ')
}

function schemaLine({ state, applied, expected }: NonNullable<RelayView['schema']>): string {
  const name = applied ?? 'none'
  return state === 'current' ? name : `${name}, ${state} than this version, which knows ${expected}`
}

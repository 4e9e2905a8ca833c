// What needs attention of the relay itself: its cron, its database, its schema, and its ledger.
import { formatInstant } from '../../events/time.ts'
import {
  daysUntilFull,
  isShortOfSpace,
  NEARLY_FULL,
  type RelayState,
} from '../../ledger/database.ts'
import { clockTime, pluralize } from '../../text.ts'
import { type Attention, entry } from './entry.ts'

const at = (ms: number, now: number) => clockTime(formatInstant(ms), now)

/** The cron runs each minute and notes it every five: so it is late, and not only the note. */
const LATE_MS = 10 * 60_000

/** The figures change each hour at least. */
const STALE_MS = 2 * 3_600_000

/** The cron has not run for long. `cronAt` in epoch milliseconds. */
export function ofCron({ cronAt }: Pick<RelayState, 'cronAt'>, now: number): Attention[] {
  if (now - cronAt <= LATE_MS) return []
  const words = `The cron has not completed a run since ${at(cronAt, now)}: nothing is swept, released, counted or deleted.`
  return entry('cron_late', 'relay', null, words)
}

/** The figures of the last minute are older than that. `asOf`: undefined before the first. */
export function ofFigures(asOf: number | undefined, now: number): Attention[] {
  if (asOf === undefined || now - asOf <= STALE_MS) return []
  const words = `The figures of sources and targets are those of ${at(asOf, now)}: what came since is not in this list.`
  return entry('figures_stale', 'relay', null, words)
}

/** Code and schema do not fit. `problem`: a sentence. */
export function ofSchema(problem: string | undefined): Attention[] {
  return problem === undefined ? [] : entry('schema_apart', 'relay', null, problem)
}

/** Packs are in a bucket that is not bound. */
export function ofPacks(areUnreadable: boolean): Attention[] {
  if (!areUnreadable) return []
  const words =
    'Packs are in an R2 bucket, but none is bound: their events cannot be read or deleted. Bind it as ARCHIVE again.'
  return entry('packs_unreadable', 'relay', null, words)
}

/** The database: its state, present size and limit in bytes, and the days that received bytes are kept. */
export type DatabaseFacts = {
  state: RelayState
  bytes: number
  limit: number
  rawRetentionDays: number
  rawRetentionMinDays: number
}

/** The database is nearly full, or so full that received bytes are deleted early. */
export function ofDatabase(facts: DatabaseFacts): Attention[] {
  const { state, bytes, limit, rawRetentionDays, rawRetentionMinDays } = facts
  const isShort = isShortOfSpace(state.isShortOfSpace, bytes, limit)
  if (!isShort && bytes < limit * NEARLY_FULL) return []
  const days = daysUntilFull(state, bytes, limit)
  const full =
    days === undefined
      ? ''
      : `, and full in ${pluralize(days, 'day')} at its growth of the last days`
  const size = `The database has ${sizeOf(bytes)} of ${sizeOf(limit)} (${Math.floor((100 * bytes) / limit)} %)${full}`
  const early =
    rawRetentionMinDays < rawRetentionDays
      ? `received bytes are deleted after ${rawRetentionMinDays} days instead of ${rawRetentionDays}, the oldest first, until there is room`
      : 'RAW_RETENTION_MIN_DAYS leaves no bytes to delete early'
  return isShort
    ? entry('database_full', 'relay', null, `${size}: ${early}. Shorten RETENTION_DAYS.`)
    : entry(
        'database_size',
        'relay',
        null,
        `${size}: shorten RETENTION_DAYS or RAW_RETENTION_DAYS.`,
      )
}

/** Deliveries that wait since the large body of their event cannot be read. */
export type UnreadableBodies = { count: number; areMore: boolean; event: string; reason: string }

/** Some wait: only R2, or who has unbound it, can end that. */
export function ofBodies({ count, areMore, event, reason }: UnreadableBodies): Attention[] {
  const deliveries = `${pluralize(count, 'delivery', 'deliveries')}${areMore ? ' or more' : ''}`
  const words = `${deliveries} wait for a large body; that of ${event}: ${reason}.`
  return entry('bodies_unreadable', 'relay', null, words)
}

/** A size in decimal units, as D1's limits are. */
export function sizeOf(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
}

/** Messages in quarantine. `areMore`: whether there are more than were counted. */
export function ofQuarantine({ count, areMore }: { count: number; areMore: boolean }): Attention[] {
  if (count === 0) return []
  const words = `${pluralize(count, 'message')}${areMore ? ' or more' : ''} in quarantine.`
  return entry('quarantine', 'quarantine', null, words)
}

/** The ledger of the last day does not balance. */
export function ofLedger(differences: readonly string[]): Attention[] {
  if (differences.length === 0) return []
  const words = `The ledger is not balanced: ${differences.join('; ')}.`
  return entry('ledger_unbalanced', 'ledger', null, words)
}

/** What could not be read, and so may need attention too. */
export function ofUnread(unread: readonly { part: string; fault: string }[]): Attention[] {
  const [first] = unread
  if (first === undefined) return []
  const parts = unread.map(({ part }) => part).join(', ')
  const words = `D1 did not answer, so this list is not complete. Not read: ${parts} (${first.fault}).`
  return entry('unreadable', 'relay', null, words)
}

// What an operator has to know of the spill queue, in words. Its messages are renewed every 12 hours (core/intake/spill.ts): one
// that is older shows that its consumer does not run, and only then the retention of the queue is an end.
import { LONG_WAIT_MS, RENEW_AFTER_MS } from '../../intake/spill.ts'
import { clockTime, pluralize } from '../../text.ts'
import { type Attention, entry } from './entry.ts'

/** The spill queue as the API returns it; times in RFC 3339. `oldest_message`: when the oldest message was sent;
 * `oldest_archived`: when the oldest request of the archive was received. */
export type SpillStatus = {
  requests: number
  oldest_message: string | null
  oldest_archived: string | null
  stuck: { id: string; reason: string } | null
}

const HOUR_MS = 3_600_000

/** A renewal may come late by the delay of a message and some batches. */
const RENEWED_MS = RENEW_AFTER_MS + HOUR_MS

/** What needs attention of the spill queue and of the archive. `now` in epoch milliseconds. */
export function ofSpill(spill: SpillStatus | null, now: number): Attention[] {
  if (spill === null) return []
  const { oldest_archived, stuck } = spill
  const archived =
    oldest_archived === null
      ? []
      : entry(
          'archive_waiting',
          'spill',
          null,
          `ACCEPTED BUT NOT RECORDED: requests are kept in the archive since ${clockTime(oldest_archived, now)}, until D1 takes them.`,
        )
  const failing =
    stuck === null
      ? []
      : entry(
          'spill_stuck',
          'spill',
          null,
          `The spilled request ${stuck.id} fails although D1 takes others: ${stuck.reason}. It is tried again every 15 minutes.`,
        )
  const words = waitingWords(spill, now)
  const waiting = words === undefined ? [] : entry('spill_waiting', 'spill', null, words)
  return [...archived, ...failing, ...waiting]
}

function waitingWords({ requests, oldest_message }: SpillStatus, now: number): string | undefined {
  if (requests === 0) return undefined
  const waiting = pluralize(requests, 'request is', 'requests are')
  const age = oldest_message === null ? 0 : now - Date.parse(oldest_message)
  if (oldest_message === null || age < LONG_WAIT_MS) return `${waiting} waiting in the spill queue.`
  const since = clockTime(oldest_message, now)
  return age < RENEWED_MS
    ? `ACCEPTED BUT NOT RECORDED: ${waiting} waiting in the spill queue, at least since ${since}. Nothing is lost while the ` +
        'Worker runs; find out why D1 does not take them.'
    : `ABOUT TO BE LOST: ${waiting} waiting in the spill queue since ${since}, and its consumer does not run. Cloudflare deletes ` +
        `them ${endOf(oldest_message, 14 * 24, now)}, or ${endOf(oldest_message, 24, now)} on the free plan.`
}

function endOf(sent: string, hours: number, now: number): string {
  const end = new Date(Date.parse(sent) + hours * HOUR_MS).toISOString()
  return `at ${clockTime(end, now)}`
}

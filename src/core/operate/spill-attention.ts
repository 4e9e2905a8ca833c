// What an operator has to know of the spill queue, in words. Its messages are renewed every 12 hours (core/intake/spill.ts): one
// that is older shows that its consumer does not run, and only then the retention of the queue is an end.
import { LONG_WAIT_MS, RENEW_AFTER_MS } from '../intake/spill.ts'
import { clockTime, pluralize } from '../text.ts'

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

/** What needs attention about the spill queue, in one sentence or some; none while it is empty. `now` in epoch milliseconds. */
export function spillAttention(spill: SpillStatus | null, now: number): string[] {
  if (spill === null) return []
  const { requests, oldest_message, oldest_archived, stuck } = spill
  const archived =
    oldest_archived === null
      ? []
      : [
          `ACCEPTED BUT NOT RECORDED: requests are kept in the archive since ${clockTime(oldest_archived, now)}, until D1 takes them.`,
        ]
  if (requests === 0) return archived
  const age = oldest_message === null ? 0 : now - Date.parse(oldest_message)
  const waiting = pluralize(requests, 'request is', 'requests are')
  const others =
    stuck === null
      ? archived
      : [
          ...archived,
          `The spilled request ${stuck.id} fails although D1 takes others: ${stuck.reason}. It is tried again every 15 minutes.`,
        ]
  if (oldest_message === null || age < LONG_WAIT_MS) {
    return [...others, `${waiting} waiting in the spill queue.`]
  }
  const since = clockTime(oldest_message, now)
  if (age < RENEWED_MS) {
    return [
      ...others,
      `ACCEPTED BUT NOT RECORDED: ${waiting} waiting in the spill queue, at least since ${since}. Nothing is lost while the Worker runs; find out why D1 does not take them.`,
    ]
  }
  return [
    ...others,
    `ABOUT TO BE LOST: ${waiting} waiting in the spill queue since ${since}, and its consumer does not run. Cloudflare deletes ` +
      `them ${endOf(oldest_message, 14 * 24, now)}, or ${endOf(oldest_message, 24, now)} on the free plan.`,
  ]
}

function endOf(sent: string, hours: number, now: number): string {
  const end = new Date(Date.parse(sent) + hours * HOUR_MS).toISOString()
  return `at ${clockTime(end, now)}`
}

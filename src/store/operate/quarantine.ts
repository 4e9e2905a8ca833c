// The quarantine: messages without an event, by the cause, and dismissing them. A dismissed message stays in the log.
import { formatInstant } from '../../core/events/time.ts'
import { type EventId, idOfKey, keyOfId, timeOfId } from '../../core/id.ts'
import type { PackEnv } from '../events/packs/packs.ts'
import {
  STORED_MESSAGE_COLUMNS,
  STORED_MESSAGES,
  type StoredMessage,
  type StoredMessageRow,
  storedMessagesOf,
} from '../events/stored-message.ts'
import { encodeCursor, type Page, type Paged, rowBudgetFor, startOfPage } from '../pages.ts'

/** The cause of a message's quarantine: its first issue, as one line. */
const CAUSE = `issues ->> '$[0].path' || ': ' || (issues ->> '$[0].message')`

/** A filter of quarantined messages. All its conditions must hold; a condition left out always holds. */
export type QuarantineFilter = {
  events?: EventId[]
  source?: string
  vendortype?: string
  cause?: string
}

const MATCHES = `status = 'quarantined' AND dismissed IS NULL
  AND (?1 ->> 'events' IS NULL OR key IN (SELECT CAST(value AS INTEGER) FROM json_each(?1, '$.events')))
  AND (?1 ->> 'source' IS NULL OR source = ?1 ->> 'source')
  AND (?1 ->> 'vendortype' IS NULL OR vendor_type = ?1 ->> 'vendortype')
  AND (?1 ->> 'cause' IS NULL OR ${CAUSE} = ?1 ->> 'cause')`

/** Returns a filter as JSON for the statements. */
function bindFilter({ events, ...filter }: QuarantineFilter): string {
  return JSON.stringify({ ...filter, ...(events ? { events: events.map(keyOfId) } : {}) })
}

/** A cause of quarantine for one source and vendor type: how many messages have it, since when, and the latest of them. */
export type Cause = {
  source: string
  vendortype: string | null
  cause: string
  count: number
  first_at: string
  last_at: string
  events: EventId[]
}

/** How many of the latest messages of a cause are listed. */
const MAX_EVENTS = 5

/**
 * Returns a page of the causes of messages that are quarantined and not dismissed, the most frequent first. A page groups
 * the next such messages, the latest first, as many as its budget allows (pages.ts): a cause may be on several pages, with
 * a count on each. Throws a RangeError for an invalid cursor.
 */
export async function listCauses(db: D1Database, page: Page): Promise<Paged<Cause>> {
  const start = startOfPage(page)
  const budget = rowBudgetFor(db, page)
  // Each message costs two rows: that of the index, and its own.
  const size = Math.floor(budget.left() / 2)
  const [rows = []] = await budget.read<CauseRow>([
    db
      .prepare(
        `SELECT CAST(key AS TEXT) AS key, source, vendor_type AS vendortype, ${CAUSE} AS cause FROM events
         WHERE status = 'quarantined' AND dismissed IS NULL AND key < CAST(?1 AS INTEGER) ORDER BY events.key DESC LIMIT ?2`,
      )
      .bind(String(start?.key ?? 2n ** 63n - 1n), size),
  ])
  const groups = Map.groupBy(rows, ({ source, vendortype, cause }) =>
    JSON.stringify([source, vendortype, cause]),
  )
  const last = rows.length === size ? rows.at(-1) : undefined
  return {
    items: [...groups.values()].flatMap(causeOf).sort((a, b) => b.count - a.count),
    next: last && encodeCursor({ key: BigInt(last.key), target: null, at: null }),
  }
}

type CauseRow = { key: string; source: string; vendortype: string | null; cause: string }

/** Returns the cause of messages that have the same one, given the latest first; none for no messages. */
function causeOf(rows: readonly CauseRow[]): Cause[] {
  const [latest, earliest] = [rows[0], rows.at(-1)]
  if (latest === undefined || earliest === undefined) return []
  const { source, vendortype, cause } = latest
  return [
    {
      source,
      vendortype,
      cause,
      count: rows.length,
      first_at: receiptOf(earliest),
      last_at: receiptOf(latest),
      events: rows.slice(0, MAX_EVENTS).map(({ key }) => idOfKey(key)),
    },
  ]
}

function receiptOf({ key }: CauseRow): string {
  return formatInstant(timeOfId(idOfKey(key)))
}

/** Returns quarantined messages that match a filter, after the message `after`, in the order of their receipt. */
export async function listQuarantinedMessages(
  { DB: db, ARCHIVE }: PackEnv,
  filter: QuarantineFilter,
  { after, limit }: { after: EventId | undefined; limit: number },
): Promise<StoredMessage[]> {
  const { results } = await db
    .prepare(
      `SELECT ${STORED_MESSAGE_COLUMNS} FROM ${STORED_MESSAGES} WHERE ${MATCHES} AND key > CAST(?2 AS INTEGER)
       ORDER BY events.key LIMIT ?3`,
    )
    .bind(bindFilter(filter), after === undefined ? '0' : keyOfId(after), limit)
    .all<StoredMessageRow>()
  return storedMessagesOf(ARCHIVE, results)
}

/** Dismisses quarantined messages that match a filter, at most `limit`, and stores the reason. Returns their ids, sorted. */
export async function dismissQuarantined(
  db: D1Database,
  filter: QuarantineFilter,
  { reason, limit }: { reason: string; limit: number },
): Promise<EventId[]> {
  const { results } = await db
    .prepare(
      `UPDATE events SET dismissed = ?2 WHERE key IN (SELECT key FROM events WHERE ${MATCHES} ORDER BY events.key LIMIT ?3)
       RETURNING CAST(key AS TEXT) AS key`,
    )
    .bind(bindFilter(filter), reason, limit)
    .all<{ key: string }>()
  return results.map(({ key }) => idOfKey(key)).sort()
}

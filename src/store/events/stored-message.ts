// Messages as they were kept: what it takes to understand them again.
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import { formatInstant } from '../../core/events/time.ts'
import { type EventId, firstKeyAt, idOfKey, keyOfId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import type { RawBody } from '../../core/intake/request.ts'
import type { Period } from '../../core/period.ts'
import { encodeCursor, type Page, type Paged, rowBudgetFor, startOfPage } from '../pages.ts'
import { markSegments } from '../segments.ts'

/** A message of the log with its bytes, what was made of it, or why nothing was. */
export type StoredMessage = {
  id: EventId
  source: string
  /** Undefined when its retention is over. */
  raw: RawBody | undefined
  headers: Record<string, string>
  /** The type that the ingest URL named. */
  eventName: string | undefined
  hops: number
  event: MembershipEvent | undefined
  issues: Warning[]
}

type Row = {
  key: string
  source: string
  raw: string | null
  encoding: RawBody['encoding']
  headers: string
  event_name: string | null
  hops: number
  event: string | null
  issues: string | null
}

const COLUMNS =
  'CAST(key AS TEXT) AS key, source, raw, encoding, headers, event_name, hops, event, issues'

function storedMessageOf(row: Row): StoredMessage {
  const event = row.event === null ? undefined : (parseJson(row.event) as MembershipEvent)
  // Earlier versions did not keep the name itself, but that it was what told the type.
  const named = event?.typebasis === 'url' ? event.vendortype : undefined
  return {
    id: idOfKey(row.key),
    source: row.source,
    raw: row.raw === null ? undefined : { text: row.raw, encoding: row.encoding },
    headers: JSON.parse(row.headers) as Record<string, string>,
    eventName: row.event_name ?? named,
    hops: row.hops,
    event,
    issues: row.issues === null ? [] : (JSON.parse(row.issues) as Warning[]),
  }
}

/** The accepted messages of some sources that came in a period after an event, in their order; at most `limit`. */
export async function listAcceptedMessages(
  db: D1Database,
  { since, until }: Period,
  sources: readonly string[],
  after: EventId | undefined,
  limit: number,
): Promise<StoredMessage[]> {
  const first = after === undefined ? firstKeyAt(since) : String(BigInt(keyOfId(after)) + 1n)
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM events
       WHERE key >= CAST(?1 AS INTEGER) AND key < CAST(?2 AS INTEGER) AND status = 'accepted'
         AND source IN (SELECT value FROM json_each(?3))
       ORDER BY events.key LIMIT ?4`,
    )
    .bind(first, firstKeyAt(until), JSON.stringify(sources), limit)
    .all<Row>()
  return results.map(storedMessageOf)
}

/** Why a message is quarantined, as one line: the first of its issues. */
const CAUSE = `issues ->> '$[0].path' || ': ' || (issues ->> '$[0].message')`

/** Which quarantined messages are meant; whatever is left out matches all. */
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

function bound({ events, ...filter }: QuarantineFilter): string {
  return JSON.stringify({ ...filter, ...(events ? { events: events.map(keyOfId) } : {}) })
}

/** A cause of quarantine: what it is, whom it concerns, how often and when, and the latest messages that have it. */
export type Cause = {
  source: string
  vendortype: string | null
  cause: string
  count: number
  first_at: string
  last_at: string
  events: EventId[]
}

/** How many of the latest messages a cause names. */
const NAMED = 5

/**
 * The causes for which messages are quarantined and not dismissed, the most frequent first. A page looks at the next
 * of these messages, the latest first, at as many as it may read: a cause may stand in several pages, with a count in
 * each.
 */
export async function listCauses(db: D1Database, page: Page): Promise<Paged<Cause>> {
  const start = startOfPage(page)
  const budget = rowBudgetFor(db, page)
  // A message takes two rows: one of the index, and its own.
  const size = Math.floor(budget.left() / 2)
  const [results = []] = await budget.read<QuarantinedRow>([
    db
      .prepare(
        `SELECT CAST(key AS TEXT) AS key, source, vendor_type AS vendortype, ${CAUSE} AS cause FROM events
         WHERE status = 'quarantined' AND dismissed IS NULL AND key < CAST(?1 AS INTEGER) ORDER BY events.key DESC LIMIT ?2`,
      )
      .bind(String(start?.key ?? 2n ** 63n - 1n), size),
  ])
  const groups = Map.groupBy(results, ({ source, vendortype, cause }) =>
    JSON.stringify([source, vendortype, cause]),
  )
  const last = results.length === size ? results.at(-1) : undefined
  return {
    items: [...groups.values()].flatMap(causeOf).sort((a, b) => b.count - a.count),
    next: last && encodeCursor({ key: BigInt(last.key), target: null, at: null }),
  }
}

type QuarantinedRow = { key: string; source: string; vendortype: string | null; cause: string }

/** The cause that some messages have, the latest first. */
function causeOf(rows: readonly QuarantinedRow[]): Cause[] {
  const [latest, earliest] = [rows[0], rows.at(-1)]
  if (latest === undefined || earliest === undefined) return []
  const { source, vendortype, cause } = latest
  return [
    {
      source,
      vendortype,
      cause,
      count: rows.length,
      first_at: timeOf(earliest.key),
      last_at: timeOf(latest.key),
      events: rows.slice(0, NAMED).map(({ key }) => idOfKey(key)),
    },
  ]
}

function timeOf(key: string): string {
  return formatInstant(Number(BigInt(key) >> 21n))
}

/** Quarantined messages that match, after an event, in their order; at most `limit`. */
export async function listQuarantinedMessages(
  db: D1Database,
  filter: QuarantineFilter,
  after: EventId | undefined,
  limit: number,
): Promise<StoredMessage[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM events WHERE ${MATCHES} AND key > CAST(?2 AS INTEGER)
       ORDER BY events.key LIMIT ?3`,
    )
    .bind(bound(filter), after === undefined ? '0' : keyOfId(after), limit)
    .all<Row>()
  return results.map(storedMessageOf)
}

/** Puts quarantined messages away, with the reason; they stay in the log. Gives their ids, at most `limit`. */
export async function dismissQuarantined(
  db: D1Database,
  filter: QuarantineFilter,
  reason: string,
  limit: number,
): Promise<EventId[]> {
  const { results } = await db
    .prepare(
      `UPDATE events SET dismissed = ?2 WHERE key IN (SELECT key FROM events WHERE ${MATCHES} ORDER BY events.key LIMIT ?3)
       RETURNING CAST(key AS TEXT) AS key`,
    )
    .bind(bound(filter), reason, limit)
    .all<{ key: string }>()
  return results.map(({ key }) => idOfKey(key)).sort()
}

/** Replaces what was made of accepted messages. Their bytes are never touched. */
export async function updateEvents(
  db: D1Database,
  updates: readonly { event: MembershipEvent; contact: string | undefined }[],
): Promise<void> {
  const update = db.prepare(
    `UPDATE events SET type = ?2, vendor_type = ?3, contact = ?4, event = ?5, at = ?6
     WHERE key = CAST(?1 AS INTEGER) AND status = 'accepted'`,
  )
  const ids = updates.map(({ event }) => event.id)
  await db.batch([
    ...updates.map(({ event, contact }) =>
      update.bind(
        keyOfId(event.id),
        event.type,
        event.vendortype,
        contact ?? null,
        JSON.stringify(event),
        instantOf(event),
      ),
    ),
    markSegments(db, ids, 'changed'),
  ])
}

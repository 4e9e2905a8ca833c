// Messages as they are stored, with all that is needed to normalize them again.
import type { MembershipEvent } from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import { type EventId, firstKeyAt, idOfKey, keyOfId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import { resolve, withoutReferences } from '../../core/intake/references.ts'
import type { RawBody } from '../../core/intake/request.ts'
import type { Period } from '../../core/period.ts'
import { ok, type Result } from '../../core/result.ts'
import type { Place } from './bodies/place.ts'
import {
  bodyReader,
  inTurns,
  PLACE_COLUMNS,
  type PlaceColumns,
  placeIn,
  withPlace,
} from './bodies/read.ts'

/** A message of the log: its body and headers, and the event or the issues found in it. */
export type StoredMessage = {
  id: EventId
  source: string
  /** The key of its contact, as the log has it. */
  contact: string | undefined
  /** Undefined after its retention period, and when it cannot be read now. */
  raw: RawBody | undefined
  /** Why it cannot be read now, as a clause. Then `event` has null for its long strings. */
  unreadable?: string
  /** Where its body is, if not in its row. */
  apart?: Place
  headers: Record<string, string>
  /** The event type given in the ingest URL. */
  eventName: string | undefined
  hops: number
  event: MembershipEvent | undefined
  issues: Warning[]
}

/** The row of a stored message, with `STORED_MESSAGE_COLUMNS`. */
export type StoredMessageRow = {
  key: string
  source: string
  contact: string | null
  raw: string | null
  encoding: RawBody['encoding']
  headers: string
  event_name: string | null
  hops: number
  event: string | null
  issues: string | null
} & PlaceColumns

export const STORED_MESSAGE_COLUMNS = `CAST(events.key AS TEXT) AS key, source, contact, raw, encoding, headers, event_name, hops, event, issues, ${PLACE_COLUMNS}`

/** SQL: what the columns are read from. */
export const STORED_MESSAGES = `events ${withPlace('events')}`

/** Returns the messages of rows, in their order, with the bodies that are apart. */
export function storedMessagesOf(
  bucket: R2Bucket | undefined,
  rows: readonly StoredMessageRow[],
): Promise<StoredMessage[]> {
  const read = bodyReader(bucket)
  return inTurns(rows, async (row) => {
    const apart = placeIn(row)
    const inRow = row.raw === null ? undefined : { text: row.raw, encoding: row.encoding }
    const body = apart === undefined ? ok(inRow) : await read(apart)
    return { ...storedMessageOf(row, body), ...(apart === undefined ? {} : { apart }) }
  })
}

function storedMessageOf(
  row: StoredMessageRow,
  body: Result<RawBody | undefined, string>,
): StoredMessage {
  const raw = body.ok ? body.value : undefined
  const stored = row.event ?? 'null'
  const text = raw === undefined ? withoutReferences(stored) : resolve(stored, raw.text)
  const event = (parseJson(text) ?? undefined) as MembershipEvent | undefined
  // Earlier versions did not store the name from the URL, only that the event's type came from it.
  const nameInUrl = event?.typebasis === 'url' ? event.vendortype : undefined
  return {
    id: idOfKey(row.key),
    source: row.source,
    contact: row.contact ?? undefined,
    raw,
    ...(body.ok ? {} : { unreadable: body.error }),
    headers: JSON.parse(row.headers) as Record<string, string>,
    eventName: row.event_name ?? nameInUrl,
    hops: row.hops,
    event,
    issues: row.issues === null ? [] : (JSON.parse(row.issues) as Warning[]),
  }
}

/** The log, and the bucket with its large bodies where one is bound. */
export type LogBindings = { DB: D1Database; ARCHIVE?: R2Bucket }

/** Which accepted messages to list: at most `limit` of some sources, received in a period, after the message `after`. */
type AcceptedQuery = {
  period: Period
  sources: readonly string[]
  after: EventId | undefined
  limit: number
}

/** Returns accepted messages in the order of their receipt. */
export async function listAcceptedMessages(
  { DB: db, ARCHIVE }: LogBindings,
  { period: { since, until }, sources, after, limit }: AcceptedQuery,
): Promise<StoredMessage[]> {
  const first = after === undefined ? firstKeyAt(since) : String(BigInt(keyOfId(after)) + 1n)
  const { results } = await db
    .prepare(
      `SELECT ${STORED_MESSAGE_COLUMNS} FROM ${STORED_MESSAGES}
       WHERE key >= CAST(?1 AS INTEGER) AND key < CAST(?2 AS INTEGER) AND status = 'accepted'
         AND source IN (SELECT value FROM json_each(?3))
       ORDER BY events.key LIMIT ?4`,
    )
    .bind(first, firstKeyAt(until), JSON.stringify(sources), limit)
    .all<StoredMessageRow>()
  return storedMessagesOf(ARCHIVE, results)
}

/** Returns the messages with some ids, in any order. */
export async function readMessages(
  { DB: db, ARCHIVE }: LogBindings,
  ids: readonly EventId[],
): Promise<StoredMessage[]> {
  const { results } = await db
    .prepare(
      `SELECT ${STORED_MESSAGE_COLUMNS} FROM json_each(?1) AS wanted
       CROSS JOIN events ON events.key = CAST(wanted.value AS INTEGER) ${withPlace('events')}`,
    )
    .bind(JSON.stringify(ids.map(keyOfId)))
    .all<StoredMessageRow>()
  return storedMessagesOf(ARCHIVE, results)
}

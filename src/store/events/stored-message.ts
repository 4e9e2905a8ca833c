// Messages as they are stored, with all that is needed to normalize them again.
import type { MembershipEvent } from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import { type EventId, firstKeyAt, idOfKey, keyOfId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import { resolve, withoutReferences } from '../../core/intake/references.ts'
import type { RawBody } from '../../core/intake/request.ts'
import { rowsOf } from '../../core/ledger/pack-line.ts'
import type { Period } from '../../core/period.ts'
import { ok, type Result } from '../../core/result.ts'
import type { Place } from './bodies/place.ts'
import {
  bodyReader,
  IN_ROW,
  inTurns,
  PLACE_COLUMNS,
  type PlaceColumns,
  placeIn,
  withPlace,
} from './bodies/read.ts'
import type { PackEnv, PackRow } from './packs/packs.ts'
import { readPacked } from './packs/read.ts'
import { readTogether } from './packs/together.ts'
import { listWindow, readWindow } from './packs/window.ts'

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

/** Which accepted messages to list: at most `limit` of some sources, received in a period, after the message `after`. */
type AcceptedQuery = {
  period: Period
  sources: readonly string[]
  after: EventId | undefined
  limit: number
}

/** The blocks of packs that are read for a page of messages. */
const MAX_BLOCKS = 5

/**
 * Returns accepted messages in the order of their receipt, hot and packed ones. `next`: after which message the next page
 * starts; undefined at the end. A page may have fewer than `limit`, or none, where packs have few. Throws like `readTogether`.
 */
export async function listAcceptedMessages(
  env: PackEnv,
  { period: { since, until }, sources, after, limit }: AcceptedQuery,
): Promise<{ messages: StoredMessage[]; next: EventId | undefined }> {
  const from = after === undefined ? BigInt(firstKeyAt(since)) : BigInt(keyOfId(after)) + 1n
  const range = { from, before: BigInt(firstKeyAt(until)) }
  const { found, end, results } = await readTogether(env.DB, {
    range,
    list: listWindow(env.DB, range),
    read: (rows: PackRow[]) =>
      readWindow(env, range, { rows, maxBlocks: MAX_BLOCKS }, ({ event }) =>
        event.status === 'accepted' && sources.includes(event.source) ? event : undefined,
      ),
    alongside: ({ from, before }) => [
      env.DB.prepare(
        `SELECT ${STORED_MESSAGE_COLUMNS} FROM ${STORED_MESSAGES}
         WHERE key >= ${from} AND key < ${before} AND status = 'accepted' AND source IN (SELECT value FROM json_each(?1))
         ORDER BY events.key LIMIT ?2`,
      ).bind(JSON.stringify(sources), limit),
    ],
  })
  const rows = [
    ...((results[0]?.results ?? []) as StoredMessageRow[]),
    ...found.map(({ value }) => ({ ...value, ...IN_ROW })),
  ]
    .sort((a, b) => (BigInt(a.key) < BigInt(b.key) ? -1 : 1))
    .slice(0, limit)
  const last = rows.length === limit ? rows.at(-1)?.key : end === undefined ? end : end - 1n
  return {
    messages: await storedMessagesOf(env.ARCHIVE, rows),
    next: last === undefined ? undefined : idOfKey(last),
  }
}

/** Returns the messages with some ids, in any order, hot and packed ones. Throws like `readPacked`. */
export async function readMessages(
  env: PackEnv,
  ids: readonly EventId[],
): Promise<StoredMessage[]> {
  const { results } = await env.DB.prepare(
    `SELECT ${STORED_MESSAGE_COLUMNS} FROM json_each(?1) AS wanted
     CROSS JOIN events ON events.key = CAST(wanted.value AS INTEGER) ${withPlace('events')}`,
  )
    .bind(JSON.stringify(ids.map(keyOfId)))
    .all<StoredMessageRow>()
  const known = new Set(results.map(({ key }) => idOfKey(key)))
  const packed = await readPacked(
    env,
    ids.filter((id) => !known.has(id)),
  )
  const lines = [...packed.values()].map((line) => ({ ...rowsOf(line).event, ...IN_ROW }))
  return storedMessagesOf(env.ARCHIVE, [...results, ...lines])
}

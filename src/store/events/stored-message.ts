// Messages as they are stored, with all that is needed to normalize them again.
import type { MembershipEvent } from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import { type EventId, firstKeyAt, idOfKey, keyOfId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import type { RawBody } from '../../core/intake/request.ts'
import { rowsOf } from '../../core/ledger/pack-line.ts'
import type { Period } from '../../core/period.ts'
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
  /** Undefined after its retention period. */
  raw: RawBody | undefined
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
}

export const STORED_MESSAGE_COLUMNS =
  'CAST(events.key AS TEXT) AS key, source, contact, raw, encoding, headers, event_name, hops, event, issues'

/** Returns the message of a row. */
export function storedMessageOf(row: StoredMessageRow): StoredMessage {
  const event = row.event === null ? undefined : (parseJson(row.event) as MembershipEvent)
  // Earlier versions did not store the name from the URL, only that the event's type came from it.
  const nameInUrl = event?.typebasis === 'url' ? event.vendortype : undefined
  return {
    id: idOfKey(row.key),
    source: row.source,
    contact: row.contact ?? undefined,
    raw: row.raw === null ? undefined : { text: row.raw, encoding: row.encoding },
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
        `SELECT ${STORED_MESSAGE_COLUMNS} FROM events
         WHERE key >= ${from} AND key < ${before} AND status = 'accepted' AND source IN (SELECT value FROM json_each(?1))
         ORDER BY events.key LIMIT ?2`,
      ).bind(JSON.stringify(sources), limit),
    ],
  })
  const rows = [
    ...((results[0]?.results ?? []) as StoredMessageRow[]),
    ...found.map(({ value }) => value),
  ]
    .sort((a, b) => (BigInt(a.key) < BigInt(b.key) ? -1 : 1))
    .slice(0, limit)
  const last = rows.length === limit ? rows.at(-1)?.key : end === undefined ? end : end - 1n
  return {
    messages: rows.map(storedMessageOf),
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
     CROSS JOIN events ON events.key = CAST(wanted.value AS INTEGER)`,
  )
    .bind(JSON.stringify(ids.map(keyOfId)))
    .all<StoredMessageRow>()
  const hot = results.map(storedMessageOf)
  const known = new Set(hot.map(({ id }) => id))
  const packed = await readPacked(
    env,
    ids.filter((id) => !known.has(id)),
  )
  return [...hot, ...[...packed.values()].map((line) => storedMessageOf(rowsOf(line).event))]
}

// Records as one message of the spill queue, for when D1 is unavailable.
import type { MembershipEvent } from '../../core/events/event.ts'
import { type EventId, idOfKey, keyOfId, neighbourId } from '../../core/id.ts'
import { gunzip, gzip } from '../../core/intake/gzip.ts'
import { parseJson } from '../../core/intake/json.ts'
import type { EventRecord } from './records.ts'

/** The largest message of a queue is 128,000 bytes, of which about 100 are its own (Cloudflare Queues limits). */
export const MAX_PACKED_BYTES = 127_000

/**
 * A record as it is packed. The form does not follow that of `EventRecord`: a message stays in the queue for hours, and is
 * read by whatever version runs then. `isProvisional`: the event has no meaning and no deliveries from the log yet.
 */
type PackedRecord = Omit<EventRecord, 'content' | 'deliveries' | 'entry' | 'readSet' | 'apart'> & {
  content: { event: string } | Extract<EventRecord['content'], { issues: unknown }>
  planned: EventRecord['deliveries']
  isProvisional?: true
}

function packed({
  content,
  deliveries,
  entry: _,
  readSet: __,
  apart: ___,
  ...record
}: EventRecord): PackedRecord {
  const planned = deliveries
  if ('issues' in content) return { ...record, content, planned }
  const event = JSON.stringify(content.event)
  return { ...record, content: { event }, planned, isProvisional: true }
}

function unpacked({ content, planned, isProvisional: _, ...record }: PackedRecord): EventRecord {
  const read =
    'issues' in content ? content : { event: parseJson(content.event) as MembershipEvent }
  return { ...record, content: read, deliveries: planned, entry: 'received' }
}

/** Records as gzipped JSON. */
export async function packRecords(records: readonly EventRecord[]): Promise<Uint8Array> {
  return gzip(new TextEncoder().encode(JSON.stringify(records.map(packed))))
}

/** The records of a packed message. Throws when it holds anything else. */
export async function unpackRecords(message: Uint8Array | ArrayBuffer): Promise<EventRecord[]> {
  const text = new TextDecoder().decode(await gunzip(message))
  return (JSON.parse(text) as PackedRecord[]).map(unpacked)
}

/** Where the next id of a record is: away from those of its own request. */
const NEXT_ID = 1000

/** The record under its next id, for when another event of the same millisecond has the same one. */
export function withNextId(record: EventRecord): EventRecord {
  const id: EventId = neighbourId(record.id, NEXT_ID)
  const { content } = record
  if ('issues' in content) return { ...record, id }
  return { ...record, id, content: { event: { ...content.event, id } } }
}

/** Those of some ids that are taken, each with the dedup key of its event. */
export async function listTaken(
  db: D1Database,
  ids: readonly EventId[],
): Promise<Map<EventId, string>> {
  const { results } = await db
    .prepare(
      `SELECT CAST(e.key AS TEXT) AS key, e.dedup_key
       FROM json_each(?1) AS wanted CROSS JOIN events AS e ON e.key = CAST(wanted.value AS INTEGER)`,
    )
    .bind(JSON.stringify(ids.map(keyOfId)))
    .all<{ key: string; dedup_key: string }>()
  return new Map(results.map(({ key, dedup_key }) => [idOfKey(key), dedup_key]))
}

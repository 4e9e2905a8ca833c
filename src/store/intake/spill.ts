// Records as one message of the spill queue, for when D1 is unavailable.
import type { MembershipEvent } from '../../core/events/event.ts'
import { type EventId, idOfKey, keyOfId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import type { EventRecord } from './records.ts'

/** The largest message of a queue is 128,000 bytes, of which about 100 are its own (Cloudflare Queues limits). */
export const MAX_PACKED_BYTES = 127_000

/** Records as gzipped JSON. */
export async function packRecords(records: readonly EventRecord[]): Promise<Uint8Array> {
  const stream = new Blob([JSON.stringify(records)]).stream()
  return new Response(stream.pipeThrough(new CompressionStream('gzip'))).bytes()
}

/** The records of a packed message. Throws when it holds anything else. */
export async function unpackRecords(packed: Uint8Array | ArrayBuffer): Promise<EventRecord[]> {
  const stream = new Blob([packed as ArrayBuffer]).stream()
  const text = await new Response(stream.pipeThrough(new DecompressionStream('gzip'))).text()
  return (parseJson(text) as (EventRecord | EarlierRecord)[]).map(upgraded)
}

/** A record that version 0.1 has packed, which may still be in the queue. */
type EarlierRecord = Omit<EventRecord, 'content' | 'deliveries' | 'entry'> & {
  content: { event: string } | Extract<EventRecord['content'], { issues: unknown }>
  planned: EventRecord['deliveries']
}

function upgraded(record: EventRecord | EarlierRecord): EventRecord {
  if (!('planned' in record)) return record
  const { planned: deliveries, content: packed, ...rest } = record
  const content =
    'issues' in packed ? packed : { event: parseJson(packed.event) as MembershipEvent }
  return { ...rest, content, deliveries, entry: 'received' }
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

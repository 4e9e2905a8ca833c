// Records as one message of the spill queue, for when D1 is unavailable.
import type { MembershipEvent } from '../../core/events/event.ts'
import { type EventId, idOfKey, keyOfId, neighbourId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import type { PackEnv } from '../events/packs/packs.ts'
import { readPacked } from '../events/packs/read.ts'
import { withTimeout } from '../timeout.ts'
import type { EventRecord } from './records.ts'

/** The largest message of a queue is 128,000 bytes, of which about 100 are its own (Cloudflare Queues limits). */
export const MAX_PACKED_BYTES = 127_000

/**
 * A record as it is packed. The form does not follow that of `EventRecord`: a message stays in the queue for hours, and is
 * read by whatever version runs then. `isProvisional`: the event has no meaning and no deliveries from the log yet.
 */
type PackedRecord = Omit<EventRecord, 'content' | 'deliveries' | 'entry' | 'readSet'> & {
  content: { event: string } | Extract<EventRecord['content'], { issues: unknown }>
  planned: EventRecord['deliveries']
  isProvisional?: true
}

function packed({
  content,
  deliveries,
  entry: _,
  readSet: __,
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
  const stream = new Blob([JSON.stringify(records.map(packed))]).stream()
  return new Response(stream.pipeThrough(new CompressionStream('gzip'))).bytes()
}

/** The records of a packed message. Throws when it holds anything else. */
export async function unpackRecords(message: Uint8Array | ArrayBuffer): Promise<EventRecord[]> {
  const stream = new Blob([message as ArrayBuffer]).stream()
  const text = await new Response(stream.pipeThrough(new DecompressionStream('gzip'))).text()
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

/**
 * Those of some ids that are taken, by hot events or packed ones, each with the dedup key of its event. Throws when D1 does not
 * answer soon, and like `readPacked`.
 */
export async function listTaken(
  env: PackEnv,
  ids: readonly EventId[],
): Promise<Map<EventId, string>> {
  const { results } = await withTimeout(
    env.DB.prepare(
      `SELECT CAST(e.key AS TEXT) AS key, e.dedup_key
       FROM json_each(?1) AS wanted CROSS JOIN events AS e ON e.key = CAST(wanted.value AS INTEGER)`,
    )
      .bind(JSON.stringify(ids.map(keyOfId)))
      .all<{ key: string; dedup_key: string }>(),
  )
  const hot = new Map(results.map(({ key, dedup_key }) => [idOfKey(key), dedup_key]))
  const others = ids.filter((id) => !hot.has(id))
  const lines = [...(await readPacked(env, others)).values()]
  return new Map([...hot, ...lines.map(({ id, dedup_key }) => [id, dedup_key] as const)])
}

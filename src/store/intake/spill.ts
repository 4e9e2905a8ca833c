// Records as one message of the spill queue, for when D1 is unavailable.
import type { MembershipEvent } from '../../core/events/event.ts'
import { currentId, type EventId, idOfKey, keyOfId, neighbourId } from '../../core/id.ts'
import { gunzip, gzip } from '../../core/intake/gzip.ts'
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
  return withId(
    { ...record, content: read, deliveries: planned, entry: 'received' },
    currentId(record.id),
  )
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

/** How far apart the ids of a record are: further than those of its own request. */
const NEXT_ID = 1000

/** How many others follow the one that it was spilled with: as many as stay away from it. */
const NEXT_IDS = 7

/** The ids that a record may have, in this order: that of its receipt, and others for when other events have that one. */
export function idsOf({ id }: EventRecord): EventId[] {
  return [id, ...Array.from({ length: NEXT_IDS }, (_, i) => neighbourId(id, (i + 1) * NEXT_ID))]
}

/** The record under another id. */
export function withId(record: EventRecord, id: EventId): EventRecord {
  if (id === record.id) return record
  const { content } = record
  if ('issues' in content) return { ...record, id }
  return { ...record, id, content: { event: { ...content.event, id } } }
}

/**
 * Those of some ids that are taken, by hot events or packed ones, each with what identifies the message of its event
 * (`identityOf`). Throws when D1 does not answer soon, and like `readPacked`.
 */
export async function listTaken(
  env: PackEnv,
  ids: readonly EventId[],
): Promise<Map<EventId, string>> {
  const { results } = await withTimeout(
    env.DB.prepare(
      `SELECT CAST(e.key AS TEXT) AS key, e.dedup_key, e.dedup_stamp
       FROM json_each(?1) AS wanted CROSS JOIN events AS e ON e.key = CAST(wanted.value AS INTEGER)`,
    )
      .bind(JSON.stringify(ids.map(keyOfId)))
      .all<{ key: string; dedup_key: string; dedup_stamp: string | null }>(),
  )
  const hot = new Map(
    results.map(({ key, dedup_key, dedup_stamp }) => [
      idOfKey(key),
      identity(dedup_key, dedup_stamp),
    ]),
  )
  const others = ids.filter((id) => !hot.has(id))
  const lines = [...(await readPacked(env, others)).values()]
  return new Map([
    ...hot,
    ...lines.map(
      ({ id, dedup_key, dedup_stamp }) => [id, identity(dedup_key, dedup_stamp ?? null)] as const,
    ),
  ])
}

/** What tells the message of a record from that of another event with the same id: its dedup key and the stamp of that. */
export function identityOf({ dedupKey, dedupStamp }: EventRecord): string {
  return identity(dedupKey, dedupStamp ?? null)
}

const identity = (key: string, stamp: string | null) => JSON.stringify([key, stamp])

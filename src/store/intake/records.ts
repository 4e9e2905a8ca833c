// Writes what came in: one transaction for the events of a request, their deliveries and their contacts.

import type { NewDelivery } from '../../core/deliveries/delivery.ts'
import { type EventStatus, instantOf, type RelayEvent } from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import {
  type EventId,
  firstKeyAt,
  ID_RANDOM_RANGE,
  idOfKey,
  keyOfId,
  timeOfId,
} from '../../core/id.ts'
import { CONTENT_WINDOW_SECONDS } from '../../core/intake/dedupe.ts'
import type { RawBody } from '../../core/intake/request.ts'
import {
  byAddress,
  type ContactKey,
  type ContactUpdate,
  requireUnknown,
  updateContacts,
} from '../events/contacts.ts'
import { findNewer, kindOf, type ReadSet } from '../events/history.ts'
import type { BatchDatabase } from '../group-commit.ts'
import { markSegments } from '../segments.ts'
import { readWord } from '../stored-words.ts'

/** A message as it is written to the log, understood or not, with the deliveries that it gets unless it is a repeat. */
export type EventRecord = {
  id: EventId
  source: string
  vendor: string
  type: string
  vendorType: string | undefined
  contactId: string | undefined
  /** The event, or why there is none. */
  content: { event: RelayEvent } | { issues: Warning[] }
  /** How it enters the log: from a sender, from quarantine, or as an event inferred from its cause. */
  entry: 'received' | 'released' | { cause: EventId; corrects: EventId | undefined }
  deliveries: NewDelivery[]
  hops: number
  dedupKey: string
  dedupStamp: string | undefined
  raw: RawBody
  headers: Record<string, string>
  /** The type that the ingest URL named. */
  eventName: string | undefined
  /** The events that its meaning was read from, where another event could change it. */
  readSet?: ReadSet
}

/** What became of a record. */
export type Receipt = {
  record: EventRecord
  /** Its id; that of the first copy for a duplicate. */
  id: EventId
  /** `queued`: in the spill queue, not in the log yet. `not_recorded`: the log has no use for it. */
  status: EventStatus | 'queued' | 'not_recorded'
  /** True when an event that belongs in its read set was written after that was read. */
  isStale?: true
}

/** True for a record that is in the log with its deliveries. */
export function isDeliverable({ status }: Receipt): boolean {
  return status === 'accepted' || status === 'inferred'
}

// One statement finds the earlier event of the same content, decides by the rules of core/intake/dedupe.ts whether this
// one repeats it, and writes it: of two copies at once, one is the first. `?9` the dedup key, `?10` its stamp, `?11` the
// first key inside the window.
const INSERT_EVENT = `
WITH candidate AS (
  SELECT COALESCE(
    (SELECT e.key FROM events AS e
     WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' AND e.dedup_stamp = ?10 LIMIT 1),
    (SELECT e.key FROM events AS e WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' AND e.dedup_stamp IS NOT NULL
     ORDER BY e.dedup_stamp DESC, e.key DESC LIMIT 1),
    (SELECT e.key FROM events AS e WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' AND e.dedup_stamp IS NULL
     ORDER BY e.key DESC LIMIT 1)
  ) AS key
), earlier AS (
  SELECT e.key,
    CASE
      WHEN e.dedup_stamp = ?10 THEN 'identity'
      WHEN EXISTS (
        SELECT 1 FROM (
          SELECT key, vendor_type, dedup_key FROM events
          WHERE status IN ('accepted', 'derived') AND source = ?2 AND contact = ?6 AND ${kindOf('type')} = ${kindOf('?4')}
          ORDER BY at DESC LIMIT 5) AS later
        WHERE later.key > e.key AND later.vendor_type = ?5 AND later.dedup_key <> ?9
      ) THEN NULL
      WHEN e.key >= CAST(?11 AS INTEGER) THEN 'content'
      ELSE 'twin'
    END AS rung
  FROM candidate CROSS JOIN events AS e ON e.key = candidate.key
)
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status, rung, matched)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
  CASE WHEN earlier.rung IN ('identity', 'content') THEN 0 ELSE ?12 END, ?13, ?14, ?15, ?16, ?17, ?18,
  CASE WHEN earlier.rung IN ('identity', 'content') THEN 'duplicate'
    WHEN ?7 IS NULL THEN 'quarantined' ELSE 'accepted' END,
  earlier.rung, CASE WHEN earlier.rung IS NOT NULL THEN earlier.key END
FROM (SELECT 1) LEFT JOIN earlier
RETURNING status, CAST(matched AS TEXT) AS matched`

// An inferred event is written with its cause, once. A correction is written only where the corrected event was sent, or
// may be on its way at `?21`: until its first attempt, the end of a subscription still changes with what is known.
// `?19` the cause, `?20` the corrected event.
const INSERT_INFERRED = `
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 'derived'
WHERE ?11 IS NOT NULL AND EXISTS (SELECT 1 FROM events WHERE key = CAST(?19 AS INTEGER) AND status = 'accepted')
  AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.dedup_key = ?9 AND e.status <> 'duplicate')
  AND (?20 IS NULL OR EXISTS (SELECT 1 FROM deliveries WHERE event = CAST(?20 AS INTEGER) AND (attempt > 1
    OR CASE ?4 WHEN 'subscription.corrected' THEN due <= ?21 AND state <> 'held' ELSE state <> 'cancelled' END)))
RETURNING status, NULL AS matched`

// A quarantined message becomes an event like any other, unless the vendor has sent it again since.
const RELEASE_EVENT = `
WITH repeated AS (
  SELECT e.key, CASE WHEN e.dedup_stamp = ?6 THEN 'identity' WHEN abs(e.key - CAST(?1 AS INTEGER)) <= ?10 THEN 'content'
    ELSE 'twin' END AS rung
  FROM events AS e WHERE e.dedup_key = ?5 AND e.status <> 'duplicate' AND e.key <> CAST(?1 AS INTEGER)
  ORDER BY e.dedup_stamp = ?6 DESC, abs(e.key - CAST(?1 AS INTEGER)) LIMIT 1
)
UPDATE events SET type = ?2, vendor_type = ?3, contact = ?4, dedup_key = ?5, dedup_stamp = ?6, event = ?7, at = ?9,
  status = CASE WHEN (SELECT rung FROM repeated) IN ('identity', 'content') THEN 'duplicate' ELSE 'accepted' END,
  planned = CASE WHEN (SELECT rung FROM repeated) IN ('identity', 'content') THEN 0 ELSE ?8 END,
  matched = (SELECT key FROM repeated), rung = (SELECT rung FROM repeated)
WHERE key = CAST(?1 AS INTEGER) AND status = 'quarantined'
RETURNING status, CAST(matched AS TEXT) AS matched`

/** The statement that writes a record. It returns `status` and `matched`, or no row for what the log has no use for. */
function statementFor(db: BatchDatabase, record: EventRecord): D1PreparedStatement {
  const { id, entry, content } = record
  if (entry === 'received') return db.prepare(INSERT_EVENT).bind(...columns(record))
  if (entry === 'released') {
    if ('issues' in content) throw new Error('a message without an event cannot leave quarantine')
    return db
      .prepare(RELEASE_EVENT)
      .bind(
        keyOfId(id),
        record.type,
        record.vendorType ?? null,
        record.contactId ?? null,
        record.dedupKey,
        record.dedupStamp ?? null,
        JSON.stringify(content.event),
        record.deliveries.length,
        happenedAt(content.event),
        CONTENT_WINDOW_SECONDS * 1000 * ID_RANDOM_RANGE,
      )
  }
  const corrected = entry.corrects === undefined ? null : keyOfId(entry.corrects)
  return db
    .prepare(INSERT_INFERRED)
    .bind(...columns(record), keyOfId(entry.cause), corrected, timeOfId(id))
}

function columns(record: EventRecord): (string | number | null)[] {
  const { id, content } = record
  const windowStart = firstKeyAt(timeOfId(id) - CONTENT_WINDOW_SECONDS * 1000)
  return [
    keyOfId(id),
    record.source,
    record.vendor,
    record.type,
    record.vendorType ?? null,
    record.contactId ?? null,
    'event' in content ? JSON.stringify(content.event) : null,
    'issues' in content ? JSON.stringify(content.issues) : null,
    record.dedupKey,
    record.dedupStamp ?? null,
    windowStart,
    record.deliveries.length,
    record.hops,
    record.raw.text,
    record.raw.encoding,
    JSON.stringify(record.headers),
    record.eventName ?? null,
    'event' in content ? happenedAt(content.event) : null,
  ]
}

/** The time of a contact's history; the relay's own events are in none. */
function happenedAt(event: RelayEvent): number | null {
  return isSystemEvent(event) ? null : instantOf(event)
}

// A repeat gets no deliveries: its first copy has them.
const INSERT_DELIVERIES = `
INSERT INTO deliveries (event, target, state, reason, attempt, due, attempts)
SELECT e.key, plan.value ->> 'target', plan.value ->> 'state', plan.value ->> 'reason', 1,
  plan.value ->> 'due', '[]'
FROM json_each(?1) AS plan CROSS JOIN events AS e ON e.key = CAST(plan.value ->> 'event' AS INTEGER)
WHERE e.status IN ('accepted', 'derived') ON CONFLICT DO NOTHING`

/**
 * Writes records and their deliveries in one transaction, and returns what became of each, in their order. A contact id
 * means the same in all of `sources` that are of one vendor. Throws when D1 does, or when one of `unknown` is a known
 * contact by now (`isOutdated`); then nothing is written.
 */
export async function recordEvents(
  db: BatchDatabase,
  records: readonly EventRecord[],
  sources: readonly string[] = [],
  unknown: readonly ContactKey[] = [],
): Promise<Receipt[]> {
  if (records.length === 0) return []
  const statements = records.map((record) => statementFor(db, record))
  const deliveries = records.flatMap(({ id, deliveries }) =>
    deliveries.map((delivery) => ({ event: keyOfId(id), ...delivery })),
  )
  if (deliveries.length > 0) {
    statements.push(db.prepare(INSERT_DELIVERIES).bind(JSON.stringify(deliveries)))
  }
  statements.push(...unknown.map((contact) => requireUnknown(db, contact)))
  for (const group of byAddress(records.flatMap(contactUpdateOf))) {
    statements.push(updateContacts(db, group, sources))
  }
  const ids = records.map(({ id }) => id)
  statements.push(markSegments(db, ids, 'added'))
  const readSets = records.flatMap(({ readSet }) => readSet ?? [])
  statements.push(...readSets.map((readSet) => findNewer(db, readSet)))
  const results = await db.batch<WrittenRow>(statements)
  const newer = results.slice(results.length - readSets.length)
  const stale = new Set(
    readSets.filter((_, i) => newer[i]?.results.length).map(({ event }) => event),
  )
  return records.map((record, i) => receiptOf(record, results[i]?.results[0], stale))
}

type WrittenRow = { status: string; matched: string | null }

function receiptOf(record: EventRecord, row: WrittenRow | undefined, stale: Set<EventId>): Receipt {
  const { id, entry } = record
  if (row === undefined) {
    if (entry === 'received') throw new Error('D1 recorded an event and returned no row')
    return { record, id, status: 'not_recorded' }
  }
  const { matched } = row
  const status = readWord<EventStatus>(row.status)
  if (status === 'duplicate' && matched !== null) return { record, id: idOfKey(matched), status }
  return { record, id, status, ...(stale.has(id) ? { isStale: true } : {}) }
}

/** What an event reports of its contact: nothing when it is inferred, or the relay's own. */
function contactUpdateOf({ id, entry, content }: EventRecord): ContactUpdate[] {
  if (typeof entry === 'object' || 'issues' in content || isSystemEvent(content.event)) return []
  const { late, test, data } = content.event
  // An old address, or one of a vendor's sample, does not say who somebody is.
  const email = late || test ? undefined : data.contact.email_normalized
  return [{ event: id, email: email ?? undefined, site: data.site?.vendor_id ?? undefined }]
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

/**
 * True when a write lost a race: another event has the same key, which happens once in millions, or a contact that was
 * new is known by now. Reading and writing again resolves both.
 */
export function isOutdated(error: unknown): boolean {
  return (
    error instanceof Error &&
    /UNIQUE constraint failed: (events\.key|contacts\.)/.test(error.message)
  )
}

// A message as it is to be logged, and the statement that logs it and tells what became of it.

import type { PlannedDelivery } from '../../core/deliveries/delivery.ts'
import type { Warning } from '../../core/events/fields.ts'
import { type EventId, firstKeyAt, ID_RANDOM_RANGE, keyOfId, timeOfId } from '../../core/id.ts'
import { CONTENT_WINDOW_SECONDS } from '../../core/intake/dedupe.ts'
import type { RawBody } from '../../core/intake/request.ts'
import type { Sighting } from '../events/contacts.ts'
import { kindOf, type Light } from '../events/history.ts'
import type { BatchDatabase } from '../group-commit.ts'

/** A message as it is logged, understood or not, with the deliveries that it gets unless it is a repeat. */
export type NewRecord = {
  id: EventId
  source: string
  vendor: string
  type: string
  vendorType: string | undefined
  contactId: string | undefined
  /** The event as JSON, or why there is none. */
  content: { event: string } | { issues: Warning[] }
  planned: PlannedDelivery[]
  hops: number
  dedupKey: string
  dedupStamp: string | undefined
  raw: RawBody
  headers: Record<string, string>
  /** The type that the ingest URL named. */
  eventName: string | undefined
  /** When it happened, in epoch milliseconds, where it was understood. */
  at?: number
  /** What it tells of its contact. */
  sighting?: Sighting
  /** What it was understood by, where something follows from it together with others. */
  light?: Light
  /** The event from which this one follows: no vendor sent it. */
  derivedFrom?: { cause: EventId; corrects: EventId | undefined }
  /** True for one that is in the log as quarantined, and understood by now. */
  isRelease?: true
  /** True for one whose history could not be read: it is completed before it is recorded. */
  isProvisional?: true
}

// One statement finds the earlier event that says the same, decides by the ladder of core/intake/dedupe.ts what that
// makes of this one, and writes it. `?9` the dedup key, `?10` its stamp, `?11` the first key inside the window.
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

// What follows from an event is recorded with it, once; a correction only if somebody is told what it corrects: an end
// says what is known by the time of its attempt, anything else what it said at first. `?19` the event from which it
// follows, `?20` the one that it corrects; at `?21` an attempt may be on its way.
const INSERT_DERIVED = `
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 'derived'
WHERE ?11 IS NOT NULL AND EXISTS (SELECT 1 FROM events WHERE key = CAST(?19 AS INTEGER) AND status = 'accepted')
  AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.dedup_key = ?9 AND e.status <> 'duplicate')
  AND (?20 IS NULL OR EXISTS (SELECT 1 FROM deliveries WHERE event = CAST(?20 AS INTEGER) AND (attempt > 1
    OR CASE ?4 WHEN 'subscription.corrected' THEN due <= ?21 AND state <> 'held' ELSE state <> 'cancelled' END)))
RETURNING status, NULL AS matched`

// What was quarantined becomes an event like any other, unless the vendor has sent it again since.
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

/**
 * The statement that logs a record. It returns its `status` and the key of the event that it repeats (`matched`); no row
 * for a conclusion or a release that the log has no use for.
 */
export function statementFor(db: BatchDatabase, record: NewRecord): D1PreparedStatement {
  const { id, type, vendorType, contactId, dedupKey, dedupStamp, content, planned } = record
  if (record.derivedFrom !== undefined) {
    const { cause, corrects } = record.derivedFrom
    const corrected = corrects === undefined ? null : keyOfId(corrects)
    return db
      .prepare(INSERT_DERIVED)
      .bind(...columns(record), keyOfId(cause), corrected, timeOfId(id))
  }
  if (record.isRelease && 'event' in content) {
    return db
      .prepare(RELEASE_EVENT)
      .bind(
        keyOfId(id),
        type,
        vendorType ?? null,
        contactId ?? null,
        dedupKey,
        dedupStamp ?? null,
        content.event,
        planned.length,
        record.at ?? null,
        CONTENT_WINDOW_SECONDS * 1000 * ID_RANDOM_RANGE,
      )
  }
  return db.prepare(INSERT_EVENT).bind(...columns(record))
}

function columns(record: NewRecord): (string | number | null)[] {
  const { id, content } = record
  const windowStart = firstKeyAt(timeOfId(id) - CONTENT_WINDOW_SECONDS * 1000)
  return [
    keyOfId(id),
    record.source,
    record.vendor,
    record.type,
    record.vendorType ?? null,
    record.contactId ?? null,
    'event' in content ? content.event : null,
    'issues' in content ? JSON.stringify(content.issues) : null,
    record.dedupKey,
    record.dedupStamp ?? null,
    windowStart,
    record.planned.length,
    record.hops,
    record.raw.text,
    record.raw.encoding,
    JSON.stringify(record.headers),
    record.eventName ?? null,
    record.at ?? null,
  ]
}

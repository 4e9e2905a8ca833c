// Recording what came in: one transaction for a request's events and their deliveries.

import { CONTENT_WINDOW_SECONDS, type Rung } from '../core/dedupe.ts'
import type { PlannedDelivery } from '../core/delivery.ts'
import type { EventStatus, RelayEvent } from '../core/event.ts'
import type { Warning } from '../core/fields.ts'
import { type EventId, firstKeyAt, idOfKey, keyOfId, timeOfId } from '../core/id.ts'
import { parseJson } from '../core/json.ts'
import type { RawBody } from '../core/request.ts'
import { markHours } from './ledger.ts'

/** Marks a contact that is known by its e-mail address alone, so that no vendor's id can be taken for one. */
export const EMAIL_PREFIX = 'email:'

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
}

/** An event as it is told: one that may be a repeat says so. */
export function eventOf(json: string, rung: string | null): RelayEvent {
  const event = parseJson(json) as RelayEvent
  return rung === 'twin' ? ({ ...event, possibleduplicate: true } as RelayEvent) : event
}

/** What became of a message. A duplicate carries the id of the first one. */
export type Recorded = { id: EventId; status: EventStatus }

// One statement finds the earlier event that says the same, decides by the ladder of core/dedupe.ts what that
// makes of this one, and writes it. `?9` the dedup key, `?10` its stamp, `?11` the first key inside the window.
const INSERT_EVENT = `
WITH candidate AS (
  SELECT COALESCE(
    (SELECT e.key FROM events AS e
     WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' AND e.dedup_stamp = ?10 LIMIT 1),
    (SELECT e.key FROM events AS e
     WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' ORDER BY e.key DESC LIMIT 1)
  ) AS key
), earlier AS (
  SELECT e.key,
    CASE
      WHEN e.dedup_stamp = ?10 THEN 'identity'
      WHEN EXISTS (
        SELECT 1 FROM events AS later
        WHERE later.status = 'accepted' AND later.source = ?2 AND later.contact = ?6
          AND later.key > e.key AND later.type = ?4 AND later.dedup_key <> ?9
      ) THEN NULL
      WHEN e.key >= CAST(?11 AS INTEGER) THEN 'content'
      ELSE 'twin'
    END AS rung
  FROM candidate CROSS JOIN events AS e ON e.key = candidate.key
)
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, status, rung, matched)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
  CASE WHEN earlier.rung IN ('identity', 'content') THEN 0 ELSE ?12 END, ?13, ?14, ?15, ?16,
  CASE WHEN earlier.rung IN ('identity', 'content') THEN 'duplicate'
    WHEN ?7 IS NULL THEN 'quarantined' ELSE 'accepted' END,
  earlier.rung, CASE WHEN earlier.rung IS NOT NULL THEN earlier.key END
FROM (SELECT 1) LEFT JOIN earlier
RETURNING status, CAST(matched AS TEXT) AS matched`

// A repeat gets no deliveries: what it would say was said.
const INSERT_DELIVERIES = `
INSERT INTO deliveries (event, target, state, reason, attempt, due, attempts)
SELECT e.key, plan.value ->> 'target', plan.value ->> 'state', plan.value ->> 'reason', 1,
  plan.value ->> 'due', '[]'
FROM json_each(?1) AS plan CROSS JOIN events AS e ON e.key = CAST(plan.value ->> 'event' AS INTEGER)
WHERE e.status <> 'duplicate'`

/**
 * Records the messages of one request and their deliveries in one transaction, and tells what became of each.
 * Throws when D1 does; then nothing is written.
 */
export async function recordEvents(db: D1Database, records: NewRecord[]): Promise<Recorded[]> {
  if (records.length === 0) return []
  const insert = db.prepare(INSERT_EVENT)
  const statements = records.map((record) => insert.bind(...columns(record)))
  const plans = records.flatMap(({ id, planned }) =>
    planned.map((delivery) => ({ event: keyOfId(id), ...delivery })),
  )
  if (plans.length > 0) statements.push(db.prepare(INSERT_DELIVERIES).bind(JSON.stringify(plans)))
  const ids = records.map(({ id }) => id)
  statements.push(markHours(db, ids))
  type Row = {
    key: string
    status: EventStatus
    rung: Rung | 'twin' | null
    matched: string | null
  }
  const results = await db.batch<Row>(statements)
  return records.map((record, i) => {
    const row = results[i]?.results[0]
    if (row === undefined) throw new Error('D1 recorded an event and returned no row')
    const duplicate = row.status === 'duplicate' && row.matched !== null
    return {
      id: duplicate && row.matched !== null ? idOfKey(row.matched) : record.id,
      status: row.status,
    }
  })
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
  ]
}

/** Of some ids, those that are taken, each with the dedup key of the event that has it. */
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

/** True when a write failed because another event has the same key: one in millions, mended by another id. */
export function isKeyTaken(error: unknown): boolean {
  return error instanceof Error && /UNIQUE constraint failed: events\.key/.test(error.message)
}

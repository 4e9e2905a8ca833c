// The log of events: recording what came in, and reading it back. The only SQL over `events`.

import { CONTENT_WINDOW_SECONDS, type Rung } from '../core/dedupe.ts'
import type { DeliveryState, PlannedDelivery } from '../core/delivery.ts'
import type { Warning } from '../core/fields.ts'
import { type EventId, firstKeyAt, idOfKey, keyOfId, timeOfId } from '../core/id.ts'
import type { RawBody } from '../core/request.ts'
import { formatInstant } from '../core/time.ts'

export type EventStatus = 'accepted' | 'quarantined' | 'duplicate'

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

/** What became of a message. A duplicate carries the id of the first one. */
export type Recorded = { id: EventId; status: EventStatus; rung: Rung | undefined }

// One statement finds the earlier event that says the same, decides by the ladder of core/dedupe.ts what that
// makes of this one, and writes it. `?9` the dedup key, `?10` its stamp, `?11` the first key inside the window.
const INSERT_EVENT = `
WITH earlier AS (
  SELECT e.key,
    CASE
      WHEN e.dedup_stamp = ?10 THEN 'identity'
      WHEN EXISTS (
        SELECT 1 FROM events AS later
        WHERE later.status = 'accepted' AND later.source = ?2 AND later.contact = ?6
          AND later.key > e.key AND later.vendor_type = ?5 AND later.dedup_key <> ?9
      ) THEN NULL
      WHEN e.key >= CAST(?11 AS INTEGER) THEN 'content'
      ELSE 'twin'
    END AS rung
  FROM events AS e
  WHERE e.dedup_key = ?9 AND e.status <> 'duplicate'
  ORDER BY COALESCE(e.dedup_stamp = ?10, 0) DESC, e.key DESC
  LIMIT 1
)
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, status, rung, matched)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
  CASE WHEN earlier.rung IN ('identity', 'content') THEN 0 ELSE ?12 END, ?13, ?14, ?15, ?16,
  CASE WHEN earlier.rung IN ('identity', 'content') THEN 'duplicate'
    WHEN ?7 IS NULL THEN 'quarantined' ELSE 'accepted' END,
  earlier.rung, CASE WHEN earlier.rung IS NOT NULL THEN earlier.key END
FROM (SELECT 1) LEFT JOIN earlier
RETURNING CAST(key AS TEXT) AS key, status, rung, CAST(matched AS TEXT) AS matched`

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
      rung: row.rung === 'twin' ? undefined : (row.rung ?? undefined),
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

/** An event as a list shows it. */
export type EventSummary = {
  id: EventId
  receivedat: string
  source: string
  status: EventStatus
  type: string
  vendortype: string | null
  subject: string | null
  planned: number
}

type SummaryRow = Omit<EventSummary, 'id' | 'receivedat' | 'subject' | 'vendortype'> & {
  key: string
  vendor_type: string | null
  contact: string | null
}

/**
 * The newest events, newest first, before the event `before`; of one status or all. `unrouted` keeps only those
 * that no target wanted.
 */
export async function listEvents(
  db: D1Database,
  options: {
    limit: number
    before?: EventId | undefined
    status?: EventStatus | undefined
    unrouted?: boolean | undefined
  },
): Promise<EventSummary[]> {
  const { results } = await db
    .prepare(
      `SELECT CAST(key AS TEXT) AS key, source, status, type, vendor_type, contact, planned FROM events
       WHERE (?2 IS NULL OR key < CAST(?2 AS INTEGER)) AND (?3 IS NULL OR status = ?3)
         AND (?4 = 0 OR (status = 'accepted' AND planned = 0))
       ORDER BY key DESC LIMIT ?1`,
    )
    .bind(
      options.limit,
      options.before === undefined ? null : keyOfId(options.before),
      options.status ?? null,
      options.unrouted ? 1 : 0,
    )
    .all<SummaryRow>()
  return results.map(summaryOf)
}

function summaryOf({ key, vendor_type, contact, ...row }: SummaryRow): EventSummary {
  const id = idOfKey(key)
  return {
    id,
    receivedat: formatInstant(timeOfId(id)),
    ...row,
    vendortype: vendor_type,
    subject: contact === null ? null : `contact/${contact}`,
  }
}

/** One event whole: what came, what was made of it, and what became of its deliveries. */
export type EventDetail = EventSummary & {
  hops: number
  /** The earlier event that says the same, and how it was matched. */
  matched: { id: EventId; rung: Rung | 'twin' } | null
  issues: Warning[] | null
  event: unknown
  raw: { text: string | null; encoding: string; headers: unknown }
  deliveries: DeliveryDetail[]
}

/** A delivery with its attempts. */
export type DeliveryDetail = {
  target: string
  state: DeliveryState
  reason: string | null
  attempt: number
  due: string | null
  attempts: unknown
}

/** Reads one event with its deliveries; undefined when there is none of that id. */
export async function getEvent(db: D1Database, id: EventId): Promise<EventDetail | undefined> {
  const key = keyOfId(id)
  const [found, owed] = await db.batch([
    db
      .prepare(
        `SELECT CAST(key AS TEXT) AS key, source, status, type, vendor_type, contact, planned, hops, rung,
           CAST(matched AS TEXT) AS matched, issues, event, raw, encoding, headers
         FROM events WHERE key = CAST(?1 AS INTEGER)`,
      )
      .bind(key),
    db
      .prepare(
        `SELECT target, state, reason, attempt, due, attempts FROM deliveries
         WHERE event = CAST(?1 AS INTEGER) ORDER BY target`,
      )
      .bind(key),
  ])
  const row = found?.results[0] as (SummaryRow & DetailRow) | undefined
  if (row === undefined) return undefined
  const { hops, rung, matched, issues, event, raw, encoding, headers, ...summary } = row
  return {
    ...summaryOf(summary),
    hops,
    matched: matched === null || rung === null ? null : { id: idOfKey(matched), rung },
    issues: issues === null ? null : JSON.parse(issues),
    event: event === null ? null : JSON.parse(event),
    raw: { text: raw, encoding, headers: JSON.parse(headers) },
    deliveries: ((owed?.results ?? []) as DeliveryRow[]).map(({ due, attempts, ...delivery }) => ({
      ...delivery,
      due: due === null ? null : formatInstant(due),
      attempts: JSON.parse(attempts),
    })),
  }
}

type DetailRow = {
  hops: number
  rung: Rung | 'twin' | null
  matched: string | null
  issues: string | null
  event: string | null
  raw: string | null
  encoding: string
  headers: string
}
type DeliveryRow = Omit<DeliveryDetail, 'due' | 'attempts'> & {
  due: number | null
  attempts: string
}

/** True when D1 answers. */
export async function isAnswering(db: D1Database): Promise<boolean> {
  return (await db.prepare('SELECT 1 AS yes').first('yes')) === 1
}

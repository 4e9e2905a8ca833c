// Writes what came in: one transaction for the events of a request, their deliveries and their contacts.

import type { NewDelivery } from '../../core/deliveries/delivery.ts'
import { type EventStatus, instantOf, type RelayEvent } from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import { type EventId, idOfKey, keyOfId, timeOfId } from '../../core/id.ts'
import { CONTENT_WINDOW_SECONDS, type Nature } from '../../core/intake/dedupe.ts'
import { textOfEvent } from '../../core/intake/references.ts'
import type { RawBody } from '../../core/intake/request.ts'
import { insertBody, type Place } from '../events/bodies/place.ts'
import { inGroups, updateContacts } from '../events/contacts.ts'
import { findNewer, type ReadSet, requireNoAccount } from '../events/history.ts'
import type { BatchDatabase } from '../group-commit.ts'
import { markSegments } from '../segments.ts'
import { readWord } from '../stored-words.ts'
import { claimText, contactUpdateOf, runsOf } from './claims.ts'
import { INSERT_DELIVERIES, INSERT_EVENT, INSERT_INFERRED, RELEASE_EVENT } from './statements.ts'

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
  /** What equal content says; of records that were spilled by an older version `state`. */
  nature?: Nature
  /** The header whose equal value makes equal content a repeat. */
  deliveryHeader?: string | undefined
  /** Of a signed message: what it would have in their place as another type, or as a test or not. */
  alternatives?: { key: string; stamp: string }[]
  raw: RawBody
  /** Where its body is, if not in its row. */
  apart?: Place
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

/** The statement that writes a record. It returns `status` and `matched`, or no row for what the log has no use for. */
function statementFor(db: BatchDatabase, record: EventRecord): D1PreparedStatement {
  const { id, entry, content } = record
  if (typeof entry === 'string') {
    const isReleased = entry === 'released'
    if (isReleased && 'issues' in content) {
      throw new Error('a message without an event cannot leave quarantine')
    }
    return db
      .prepare(isReleased ? RELEASE_EVENT : INSERT_EVENT)
      .bind(...columns(record), ...comparedBy(record), claimText(record))
  }
  const corrected = entry.corrects === undefined ? null : keyOfId(entry.corrects)
  return db
    .prepare(INSERT_INFERRED)
    .bind(...columns(record), keyOfId(entry.cause), corrected, timeOfId(id))
}

/** What a message is compared by, beside its content: its alternatives, its nature, the window of its identity, a header. */
function comparedBy({ content, alternatives = [], nature, deliveryHeader }: EventRecord) {
  // A vendor's sample is always the same. A signed test is a copy whenever it comes again.
  const isSample = 'event' in content && 'test' in content.event && alternatives.length === 0
  const header = deliveryHeader === undefined ? null : `$."${deliveryHeader}"`
  return [JSON.stringify(alternatives), nature ?? 'state', isSample ? 1 : 0, header]
}

function columns(record: EventRecord): (string | number | null)[] {
  const { id, content, apart, raw } = record
  return [
    keyOfId(id),
    record.source,
    record.vendor,
    record.type,
    record.vendorType ?? null,
    record.contactId ?? null,
    'event' in content ? textOfEvent(content.event, apart && raw.text) : null,
    'issues' in content ? JSON.stringify(content.issues) : null,
    record.dedupKey,
    record.dedupStamp ?? null,
    CONTENT_WINDOW_SECONDS * 1000,
    record.deliveries.length,
    record.hops,
    apart === undefined ? raw.text : null,
    raw.encoding,
    JSON.stringify(record.headers),
    record.eventName ?? null,
    'event' in content ? happenedAt(content.event) : null,
  ]
}

/** The time of a contact's history; the relay's own events are in none. */
function happenedAt(event: RelayEvent): number | null {
  return isSystemEvent(event) ? null : instantOf(event)
}

/** Each takes some 200 bytes of a parameter, which holds 2,000,000. */
const DELIVERIES_A_STATEMENT = 5000

/** What the configuration says about who is who: sources, of which some may be of one vendor, and addresses of nobody's own. */
export type Identities = {
  sources: ReadonlyMap<string, unknown>
  sharedAddresses: readonly string[]
}

/**
 * Writes records and their deliveries in one transaction, and returns what became of each, in their order. Throws when D1
 * does, or when one of `unknown` was announced since (`isOutdated`); then nothing is written.
 */
export async function recordEvents(
  db: BatchDatabase,
  records: readonly EventRecord[],
  identities: Identities = { sources: new Map(), sharedAddresses: [] },
  unknown: readonly Parameters<typeof requireNoAccount>[1][] = [],
): Promise<Receipt[]> {
  if (records.length === 0) return []
  const statements = unknown.map((account) => requireNoAccount(db, account))
  const places = new Map<EventRecord, number>()
  const siblings = [...identities.sources.keys()]
  for (const run of runsOf(records)) {
    for (const record of run) {
      places.set(record, statements.length)
      statements.push(statementFor(db, record))
      if (record.apart !== undefined && record.entry === 'received') {
        statements.push(insertBody(db, record, record.apart))
      }
    }
    const updates = run.flatMap((record) => contactUpdateOf(record, identities.sharedAddresses))
    statements.push(...inGroups(updates).map((group) => updateContacts(db, group, siblings)))
  }
  const deliveries = records.flatMap(({ id, deliveries }) =>
    deliveries.map((delivery) => ({ event: keyOfId(id), ...delivery })),
  )
  for (let i = 0; i < deliveries.length; i += DELIVERIES_A_STATEMENT) {
    const some = JSON.stringify(deliveries.slice(i, i + DELIVERIES_A_STATEMENT))
    statements.push(db.prepare(INSERT_DELIVERIES).bind(some))
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
  return records.map((record) =>
    receiptOf(record, results[places.get(record) ?? -1]?.results[0], stale),
  )
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

/** True when D1 lacks a table or a column that the code writes: its migrations were not applied. */
export function isSchemaOlder(error: unknown): boolean {
  return /no such (table|column)|has no column named/.test(String(error))
}

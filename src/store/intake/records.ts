// Writes what came in: one transaction for the events of a request, their deliveries and their contacts.

import type { NewDelivery } from '../../core/deliveries/delivery.ts'
import { type EventStatus, instantOf, type RelayEvent } from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import { type EventId, idOfKey, keyOfId, timeOfId } from '../../core/id.ts'
import {
  CONTENT_WINDOW_SECONDS,
  type Nature,
  type Search,
  searchFor,
} from '../../core/intake/dedupe.ts'
import { textOfEvent } from '../../core/intake/references.ts'
import type { RawBody } from '../../core/intake/request.ts'
import { forgetBody, insertBody, type Place } from '../events/bodies/place.ts'
import { inGroups, updateContacts } from '../events/contacts.ts'
import { findNewer, type ReadSet, requireNoAccount } from '../events/history.ts'
import type { BatchDatabase } from '../group-commit.ts'
import { markSegments } from '../segments.ts'
import { readWord } from '../stored-words.ts'
import { claimText, contactUpdateOf, runsOf } from './claims.ts'
import { isErasureUnknown, knownErased, readErased, withoutErased } from './erased.ts'
import type { Scope } from './repeats.ts'
import {
  COUNT_KEPT_OUT,
  ERASE_QUARANTINED,
  INSERT_DELIVERIES,
  INSERT_ERASED,
  INSERT_INFERRED,
  insertDeliveries,
  insertEvent,
  releaseEvent,
} from './statements.ts'

/**
 * What a signed message is compared by as another type, or as a test or not. `contact` (bare), `scoped` and `kind`: where it
 * would be in the log; those of what would be in quarantine are undefined.
 */
export type Alternative = {
  key: string
  stamp: string
  contact?: string
  scoped?: string | null
  kind?: string
}

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
  alternatives?: Alternative[]
  raw: RawBody
  /** Where its body is, if not in its row. */
  apart?: Place
  headers: Record<string, string>
  /** The type that the ingest URL named. */
  eventName: string | undefined
  /** The events that its meaning was read from, where another event could change it. */
  readSet?: ReadSet
  /** Of an erased contact: without any value. `keptOutBy`: the key of the person whose erasure keeps it out, if that is why. */
  isErased?: true
  keptOutBy?: string
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
function statementFor(
  db: BatchDatabase,
  record: EventRecord,
  version: number,
): D1PreparedStatement {
  const { id, entry, content } = record
  if (record.isErased) return erasedStatement(db, record, version)
  if (typeof entry === 'string') {
    const isReleased = entry === 'released'
    if (isReleased && 'issues' in content) {
      throw new Error('a message without an event cannot leave quarantine')
    }
    const search = searchOf(record)
    const scope = scopeOf(record, search)
    const range =
      search === undefined || search.among === 'all' ? [null, null] : [search.from, search.until]
    return db
      .prepare(isReleased ? releaseEvent(scope) : insertEvent(scope))
      .bind(...columns(record), ...comparedBy(record), claimText(record), ...range, version)
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

/** Where its copies are looked for; undefined if it is about no contact. */
function searchOf({ content, nature = 'state', dedupStamp: stamp, ...record }: EventRecord) {
  if (record.contactId === undefined || 'issues' in content || isSystemEvent(content.event)) {
    return undefined
  }
  const { event } = content
  const isTimed = event.timebasis !== 'received'
  const hasDelivery = record.headers[record.deliveryHeader ?? ''] !== undefined
  return searchFor({ at: instantOf(event), isTimed, nature }, { stamp, hasDelivery })
}

function scopeOf({ alternatives = [] }: EventRecord, search: Search | undefined): Scope {
  return { among: search?.among ?? 'no contact', isSigned: alternatives.length > 0 }
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

function erasedStatement(db: BatchDatabase, record: EventRecord, version: number) {
  const { id, source, vendor, type, dedupKey, dedupStamp, hops, headers, entry } = record
  if (entry === 'released') return db.prepare(ERASE_QUARANTINED).bind(keyOfId(id))
  const columns = [keyOfId(id), source, vendor, type, dedupKey, dedupStamp ?? null, hops]
  return db.prepare(INSERT_ERASED).bind(...columns, JSON.stringify(headers), version)
}

/** The time of a contact's history; the relay's own events are in none. */
function happenedAt(event: RelayEvent): number | null {
  return isSystemEvent(event) ? null : instantOf(event)
}

/** D1 takes 100 parameters a statement. */
const MAX_PARAMETERS = 50

/** Each takes some 200 bytes of a parameter, which holds 2,000,000. */
const DELIVERIES_A_STATEMENT = 5000

/** What the configuration says about who is who: sources, of which some may be of one vendor, and addresses of nobody's own. */
export type Identities = {
  sources: ReadonlyMap<string, unknown>
  sharedAddresses: readonly string[]
}

/** How often a write is tried while people are being erased. */
const MAX_TRIES = 4

/**
 * Writes records and their deliveries in one transaction, and returns what became of each, in their order. Those of erased
 * contacts are written without any value. Throws when D1 does, or when one of `unknown` was announced since
 * (`isOutdated`); then nothing is written.
 */
export async function recordEvents(
  db: BatchDatabase,
  records: readonly EventRecord[],
  identities: Identities = { sources: new Map(), sharedAddresses: [] },
  unknown: readonly Parameters<typeof requireNoAccount>[1][] = [],
): Promise<Receipt[]> {
  if (records.length === 0) return []
  for (let tries = 1; ; tries++) {
    try {
      const erased = knownErased()
      const kept = await Promise.all(records.map((record) => withoutErased(record, erased)))
      return await write(db, { records: kept, version: erased.version }, identities, unknown)
    } catch (error) {
      if (!isErasureUnknown(error) || tries === MAX_TRIES) throw error
      await readErased(db)
    }
  }
}

async function write(
  db: BatchDatabase,
  { records, version }: { records: readonly EventRecord[]; version: number },
  identities: Identities,
  unknown: readonly Parameters<typeof requireNoAccount>[1][],
): Promise<Receipt[]> {
  const statements = unknown.map((account) => requireNoAccount(db, account))
  const places = new Map<EventRecord, number>()
  const siblings = [...identities.sources.keys()]
  for (const run of runsOf(records)) {
    for (const record of run) {
      places.set(record, statements.length)
      statements.push(statementFor(db, record, version))
      if (record.apart !== undefined && record.entry === 'received') {
        statements.push(insertBody(db, record, record.apart))
      }
      if (record.entry === 'released') statements.push(forgetBody(db, record))
    }
    const updates = run.flatMap((record) => contactUpdateOf(record, identities.sharedAddresses))
    statements.push(...inGroups(updates).map((group) => updateContacts(db, group, siblings)))
  }
  const deliveries = records.flatMap(({ id, deliveries }) =>
    deliveries.map((delivery) => ({ event: keyOfId(id), ...delivery })),
  )
  if (deliveries.length > 0 && deliveries.length <= MAX_PARAMETERS) {
    const some = deliveries.map((delivery) => JSON.stringify(delivery))
    statements.push(db.prepare(insertDeliveries(some.length)).bind(...some))
  }
  const many = deliveries.length <= MAX_PARAMETERS ? [] : deliveries
  for (let i = 0; i < many.length; i += DELIVERIES_A_STATEMENT) {
    const some = JSON.stringify(many.slice(i, i + DELIVERIES_A_STATEMENT))
    statements.push(db.prepare(INSERT_DELIVERIES).bind(some))
  }
  for (const { id, keptOutBy } of records) {
    if (keptOutBy === undefined) continue
    statements.push(db.prepare(COUNT_KEPT_OUT).bind(keptOutBy, timeOfId(id)))
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
 * True when a write lost a race: another event has the same key, as an event of the same millisecond may have, or a contact
 * that was new is known by now. Reading and writing again, with another key, resolves both.
 */
export function isOutdated(error: unknown): boolean {
  return (
    error instanceof Error &&
    /UNIQUE constraint failed: (events\.key|replays\.key|contacts\.)/.test(error.message)
  )
}

/** Does what draws a key and writes, and does it again, three times at most, when it lost a race. */
export async function writeAnew<T>(write: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await write()
    } catch (error) {
      if (!isOutdated(error) || tries === 3) throw error
    }
  }
}

/** True when D1 lacks a table or a column that the code writes: its migrations were not applied. */
export function isSchemaOlder(error: unknown): boolean {
  return /no such (table|column)|has no column named/.test(String(error))
}

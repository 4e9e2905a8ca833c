// Reading the log: pages of events, and single events with their deliveries.

import type { Attempt, DeliveryState } from '../../core/deliveries/delivery.ts'
import { contactIdOf } from '../../core/events/contact-key.ts'
import { type EventStatus, type RelayEvent, subjectOfContact } from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import { formatInstant } from '../../core/events/time.ts'
import {
  type EventId,
  idOfKey,
  keyOfId,
  type PersonId,
  personIdOfKey,
  timeOfId,
} from '../../core/id.ts'
import type { Match } from '../../core/intake/dedupe.ts'
import { parseJson } from '../../core/intake/json.ts'
import { resolve, withoutReferences } from '../../core/intake/references.ts'
import { rowsOf, type StoredDelivery, type StoredEvent } from '../../core/ledger/pack-line.ts'
import { encodeCursor, type Page, type Paged, startOfPage } from '../pages.ts'
import { readWord, storedWord } from '../stored-words.ts'
import { bodyReader, PLACE_COLUMNS, type PlaceColumns, placeIn, withPlace } from './bodies/read.ts'
import { JOINED_PERSON_OF_E } from './contacts.ts'
import type { EventFilter } from './event-filter.ts'
import type { EventRow } from './event-rows.ts'
import { findEvents } from './lists/find-events.ts'
import { pageReaderFor } from './lists/page-reader.ts'
import type { PackEnv } from './packs/packs.ts'
import { readPacked } from './packs/read.ts'

/** An event as lists show it. */
export type EventSummary = {
  id: EventId
  receivedat: string
  source: string
  vendor: string
  status: EventStatus
  type: string
  vendortype: string | null
  subject: string | null
  /** The person that its contact belongs to, across sources. */
  personid: PersonId | null
  /** How many deliveries it has. */
  deliveries_created: number
}

/**
 * Returns a page of the events that match a filter, the latest first: sorted by when they happened if the filter names a
 * person, an e-mail address or a few contacts, else by receipt. It reads at most 20 rows and three for each event of its
 * limit (nine more for each contact beyond the second, 15 for each with packed events), and a block of a pack for each and
 * 20 more, so it may hold fewer events than match (pages.ts). Throws a RangeError for an invalid cursor, and like `readPacked`.
 */
export async function listEvents(
  env: PackEnv,
  filter: EventFilter,
  page: Page,
): Promise<Paged<EventSummary>> {
  const query = { filter, start: startOfPage(page), shows: 'events' as const }
  const reader = await findEvents(pageReaderFor(env, page), query)
  const items = (await reader.next(page.limit)).map(summaryOf)
  const next = reader.nextPosition()
  return { items, next: next && encodeCursor(next) }
}

/** Returns the summary of an event row. */
export function summaryOf(row: SummaryRow): EventSummary {
  const { key, source, vendor, type, vendor_type, contact, person } = row
  const id = idOfKey(key)
  return {
    id,
    receivedat: formatInstant(timeOfId(id)),
    source,
    vendor,
    status: readWord(row.status),
    type,
    vendortype: vendor_type,
    subject: subjectOf(contact),
    personid: person === null ? null : personIdOfKey(person),
    deliveries_created: row.planned,
  }
}

type SummaryRow = Omit<EventRow, 'at' | 'targets' | 'packed'>

function subjectOf(contact: string | null): string | null {
  const id = contact === null ? undefined : contactIdOf(contact)
  return id === undefined ? null : subjectOfContact(id)
}

/**
 * Parses a stored event and adds what only the log knows: whether it may be a duplicate, and who its person is. `joined`: the
 * column `JOINED_PERSON_OF_E`.
 */
export function eventOf(json: string, rung: string | null, joined: string | null): RelayEvent {
  const event = parseJson(json) as RelayEvent
  const [person, basis] = event.test ? [] : (joined?.split(' ') ?? [])
  return {
    ...event,
    ...(rung === 'twin' ? { possibleduplicate: true } : {}),
    ...(person === undefined ? {} : { personid: personIdOfKey(person) }),
    ...(basis === undefined ? {} : { personbasis: basis }),
  } as RelayEvent
}

/** An event in full: the request, the event or the issues found in it, and its deliveries. */
export type EventDetail = EventSummary & {
  hops: number
  /** The earlier event that it may be a duplicate of, and how the two were matched. */
  matched: { id: EventId; by: Match } | null
  issues: Warning[] | null
  event: unknown
  /**
   * `text`: null when the bytes are past their retention, or cannot be read now, with the reason in `unreadable`: then `event`
   * has null for its long strings.
   */
  raw: { text: string | null; encoding: string; headers: unknown; unreadable?: string }
  deliveries: DeliveryDetail[]
}

/** A delivery with its attempts. */
type DeliveryDetail = {
  target: string
  state: DeliveryState
  reason: string | null
  attempt: number
  due: string | null
  /** True if an operator has replayed it. */
  replayed: boolean
  attempts: Attempt[]
}

/**
 * Returns an event with its deliveries, whether it is hot or packed; undefined if there is no event with this id. Throws like
 * `readPacked`.
 */
export async function getEvent(env: PackEnv, id: EventId): Promise<EventDetail | undefined> {
  const key = keyOfId(id)
  const [events, deliveries] = await env.DB.batch([
    env.DB.prepare(
      `SELECT CAST(e.key AS TEXT) AS key, e.source, e.vendor, e.status, e.type, e.vendor_type, e.contact, e.planned, e.hops, e.rung,
         CAST(e.matched AS TEXT) AS matched, e.issues, e.event, e.raw, e.encoding, e.headers, ${JOINED_PERSON_OF_E} AS joined,
         ${PLACE_COLUMNS}
       FROM events AS e ${withPlace('e')} WHERE e.key = CAST(?1 AS INTEGER)`,
    ).bind(key),
    env.DB.prepare(
      `SELECT target, state, reason, attempt, due, replayed, attempts FROM deliveries
       WHERE event = CAST(?1 AS INTEGER) ORDER BY target`,
    ).bind(key),
  ])
  const [row] = (events?.results ?? []) as (DetailRow & PlaceColumns & { joined: string | null })[]
  if (row === undefined) return getPackedEvent(env, id)
  const whole = await wholeDetail(env.ARCHIVE, row)
  return detailOf(whole, (deliveries?.results ?? []) as DeliveryRow[], row.joined)
}

async function getPackedEvent(env: PackEnv, id: EventId): Promise<EventDetail | undefined> {
  const line = (await readPacked(env, [id])).get(id)
  if (line === undefined) return undefined
  const { event, deliveries } = rowsOf(line)
  const joined = await env.DB.prepare(
    `SELECT ${JOINED_PERSON_OF_E} AS joined FROM (SELECT ?1 AS source, ?2 AS contact) AS e`,
  )
    .bind(event.source, event.contact)
    .first<string>('joined')
  const rung = event.rung && storedWord(event.rung)
  return detailOf({ ...event, rung }, deliveries, joined)
}

/** `joined`: the column `JOINED_PERSON_OF_E` of the event. */
function detailOf(
  row: DetailRow,
  deliveries: readonly DeliveryRow[],
  joined: string | null,
): EventDetail {
  const { hops, rung, matched, issues, event, raw, encoding, headers, unreadable } = row
  return {
    ...summaryOf({ ...row, person: joined?.split(' ')[0] ?? null }),
    hops,
    matched:
      matched === null || rung === null ? null : { id: idOfKey(matched), by: readWord(rung) },
    issues: issues === null ? null : JSON.parse(issues),
    event: event === null ? null : eventOf(event, rung, joined),
    raw: {
      text: raw,
      encoding,
      headers: JSON.parse(headers),
      ...(unreadable === undefined ? {} : { unreadable }),
    },
    deliveries: deliveries.map(({ target, state, reason, attempt, due, replayed, attempts }) => ({
      target,
      state: state as DeliveryState,
      reason: reason === null ? null : readWord(reason),
      attempt,
      replayed: replayed === 1,
      due: due === null ? null : formatInstant(due),
      attempts: JSON.parse(attempts),
    })),
  }
}

/** The row of a hot event with its body, wherever that is. Without it, `event` has null for its long strings. */
async function wholeDetail<R extends DetailRow & PlaceColumns>(
  bucket: R2Bucket | undefined,
  row: R,
): Promise<R> {
  const place = placeIn(row)
  if (place === undefined) return row
  const body = await bodyReader(bucket)(place)
  const { event } = row
  if (!body.ok) {
    const unreadable = body.error
    return { ...row, event: event === null ? null : withoutReferences(event), unreadable }
  }
  const { text } = body.value
  return { ...row, raw: text, event: event === null ? null : resolve(event, text) }
}

/** `unreadable`: why its body cannot be read now. */
type DetailRow = Omit<
  StoredEvent,
  'status' | 'dedup_key' | 'dedup_stamp' | 'at' | 'event_name' | 'dismissed'
> & { status: string; unreadable?: string }

type DeliveryRow = Pick<
  StoredDelivery,
  'target' | 'state' | 'reason' | 'attempt' | 'due' | 'replayed' | 'attempts'
>

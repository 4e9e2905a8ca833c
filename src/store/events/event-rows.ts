import { TEST_PREFIX } from '../../core/events/contact-key.ts'
import { TEST_HEADER } from '../../core/intake/request.ts'
import type { Position } from '../pages.ts'
import type { EventFilter } from './event-filter.ts'
import type { PackedEvent } from './lists/packed-event.ts'

/** An event as lists read it. */
export type EventRow = {
  key: string
  source: string
  vendor: string
  /** As D1 has it (stored-words.ts). */
  status: string
  type: string
  vendor_type: string | null
  contact: string | null
  planned: number
  /** When it happened, in epoch milliseconds; null if unknown. */
  at: number | null
  person: string | null
  /** The targets of its deliveries; undefined unless they were read from the postings. */
  targets?: readonly string[] | undefined
  /** The event as its pack has it, with its deliveries; undefined if it is hot. */
  packed?: PackedEvent | undefined
}

/** The columns of an event row except its person, for a query over `events AS e`. */
export const EVENT_COLUMNS =
  'CAST(e.key AS TEXT) AS key, e.source, e.vendor, e.status, e.type, e.vendor_type, e.contact, e.planned, e.at'

/**
 * SQL: whether an event of `events AS e` is a test, by itself or by its header. The contact of a test is marked, so most events
 * need not be parsed, which is slow for those with mails.
 */
export const IS_TEST = `(CASE WHEN substr(e.contact, 1, ${TEST_PREFIX.length}) <> '${TEST_PREFIX}' THEN 0
  ELSE COALESCE(e.event ->> 'test', 0) END OR e.headers ->> '${TEST_HEADER}' IS 'true')`

/** Which events a list reads. */
export type EventQuery = {
  filter: EventFilter
  /** The position after which the page starts; undefined for the first page. */
  start: Position | undefined
  /** `events`: with their persons. `deliveries`: without, and part of the budget is left for reading the deliveries. */
  shows: 'events' | 'deliveries'
  /** Only events with a delivery to one of these targets, or to any. Events may be returned that have none of these. */
  targets?: readonly string[] | 'any'
}

/** Reads the events of a list one after the other. */
export type EventReader = {
  /** Returns the next events, at most `n`; fewer at the end, or when the budget of the page is spent. */
  next(n: number): Promise<EventRow[]>
  /** Returns the position of an event in this list. */
  positionOf(event: EventRow): Position
  /** Returns the position after the last event that was returned; undefined if no events follow. */
  nextPosition(): Position | undefined
}

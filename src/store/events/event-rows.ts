// What finds a list's events, whatever their order, and how their rows are read.
import type { EventStatus } from '../../core/events/event.ts'
import type { Position, RowBudget } from '../pages.ts'
import { PERSON_OF_E } from './contacts.ts'

/** An event as lists read it. */
export type EventRow = {
  key: string
  source: string
  vendor: string
  status: EventStatus
  type: string
  vendor_type: string | null
  contact: string | null
  planned: number
  /** When it happened, in epoch milliseconds; null where that is not known. */
  at: number | null
  person: string | null
  /** Those that it goes to, where its postings have told. */
  targets?: readonly string[] | undefined
}

/** The columns of an event as lists read it, but for its person; of `events AS e`. */
export const EVENT_COLUMNS =
  'CAST(e.key AS TEXT) AS key, e.source, e.vendor, e.status, e.type, e.vendor_type, e.contact, e.planned, e.at'

/** Finds events, one after another. */
export type EventReader = {
  /** The next events, at most `n`; fewer at the end, or when the page has read as much as it may. */
  next(n: number): Promise<EventRow[]>
  /** The place of an event in this order. */
  positionOf(event: EventRow): Position
  /** The place after all that it has given; undefined when there is nothing after it. */
  rest(): Position | undefined
}

/** What is found is to be shown: the events with their persons, or their deliveries, which are read when it is found. */
export type FinderOptions = {
  of: 'events' | 'deliveries'
  /** Only events with a delivery to one of these targets, or with any. */
  targets?: readonly string[] | 'any'
}

/** Reads the events of some keys, in their order; with the person of each, at the price of one row more, or null. */
export async function readEventRows(
  db: D1Database,
  budget: RowBudget,
  keys: readonly bigint[],
  isPersonWanted: boolean,
): Promise<EventRow[]> {
  // A row of VALUES is none that D1 counts, unlike one of json_each.
  const [rows = []] = await budget.read<EventRow>([
    db.prepare(
      `WITH wanted(key) AS (VALUES ${keys.map((key) => `(${key})`)})
       SELECT ${EVENT_COLUMNS}, ${isPersonWanted ? PERSON_OF_E : 'NULL'} AS person
       FROM wanted CROSS JOIN events AS e ON e.key = wanted.key`,
    ),
  ])
  return rows
}

// Which way to a list's events is the shortest: by their contacts, or along the log.

import type { Position, RowBudget } from '../pages.ts'
import type { EventFilter } from './event-filter.ts'
import type { EventReader, FinderOptions } from './event-rows.ts'
import { contactsOfFilter, eventsByContact } from './events-by-contact.ts'
import { eventsByTime } from './events-by-time.ts'

/** Finds the events of a filter that come after a place. */
export async function findEvents(
  db: D1Database,
  budget: RowBudget,
  filter: EventFilter,
  start: Position | undefined,
  options: FinderOptions,
): Promise<EventReader> {
  const contacts = await contactsOfFilter(db, budget, filter, start)
  return contacts === undefined
    ? eventsByTime(db, budget, filter, start, options)
    : eventsByContact(db, budget, contacts, filter, start, options)
}

// Finds the events of a list in the way that reads fewest rows: by their contacts, or by time.

import type { RowBudget } from '../pages.ts'
import type { EventQuery, EventReader } from './event-rows.ts'
import { contactsOfFilter, eventsByContact } from './events-by-contact.ts'
import { eventsByTime } from './events-by-time.ts'

/**
 * Returns a reader of the events that match a query: sorted by when they happened if the filter names a person, an e-mail
 * address or a few contacts, else sorted by receipt; the latest first.
 */
export async function findEvents(
  db: D1Database,
  budget: RowBudget,
  query: EventQuery,
): Promise<EventReader> {
  const contacts = await contactsOfFilter(db, budget, query)
  return contacts === undefined
    ? eventsByTime(db, budget, query)
    : eventsByContact(db, budget, query, contacts)
}

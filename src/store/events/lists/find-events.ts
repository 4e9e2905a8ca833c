// Finds the events of a list in the way that reads fewest rows: by their contacts, or by time.

import type { EventQuery, EventReader } from '../event-rows.ts'
import { contactsOfFilter } from './contacts-of-filter.ts'
import { eventsByContact } from './events-by-contact.ts'
import { eventsByTime } from './events-by-time.ts'
import type { PageReader } from './page-reader.ts'

/**
 * Returns a reader of the events that match a query: sorted by when they happened if the filter names a person, an e-mail
 * address or a few contacts, else sorted by receipt; the latest first.
 */
export async function findEvents(reader: PageReader, query: EventQuery): Promise<EventReader> {
  const contacts = await contactsOfFilter(reader, query)
  return contacts === undefined
    ? eventsByTime(reader, query)
    : eventsByContact(reader, query, contacts)
}

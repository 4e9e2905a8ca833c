// Which way to a list's events is the shortest: by their contacts, or along the log.

import type { Meter, Place } from '../pages.ts'
import { contactsFor, inContactOrder } from './contact-order.ts'
import type { EventFilter } from './event-filter.ts'
import type { Finder, FinderOptions } from './finder.ts'
import { inLogOrder } from './log-order.ts'

/** Finds the events of a filter that come after a place. */
export async function findEvents(
  db: D1Database,
  meter: Meter,
  filter: EventFilter,
  start: Place | undefined,
  options: FinderOptions,
): Promise<Finder> {
  const contacts = await contactsFor(db, meter, filter, start)
  return contacts === undefined
    ? inLogOrder(db, meter, filter, start, options)
    : inContactOrder(db, meter, contacts, filter, start, options)
}

// Replaces the events of messages that were normalized again.
import { SCOPE_MARK } from '../../core/events/contact-key.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { type EventId, keyOfId } from '../../core/id.ts'
import { textOfEvent } from '../../core/intake/references.ts'
import { markSegments } from '../segments.ts'

// References need the body that they refer to: the event may have been packed and restored meanwhile, which puts it in its row.
const OWN_TEXT =
  'CASE WHEN ?7 IS NULL OR EXISTS (SELECT 1 FROM bodies WHERE owner = key) THEN ?5 ELSE ?7 END'

/** An event that replaces the one of the log. `apart`: the text of its body, where that is not in its row. */
export type ReplacedEvent = {
  event: MembershipEvent
  contact: string | undefined
  apart?: string | undefined
}

/**
 * Replaces accepted events, and their contacts' ids, in one transaction, and returns the ids of those that it found: the
 * others have no row, or another status. The stored requests never change.
 */
export async function updateEvents(
  db: D1Database,
  updates: readonly ReplacedEvent[],
): Promise<EventId[]> {
  const update = db.prepare(
    `UPDATE events SET type = ?2, vendor_type = ?3, event = ${OWN_TEXT}, at = ?6,
       contact = CASE WHEN contact = ?4 OR instr(contact, ?4 || '${SCOPE_MARK}') = 1 THEN contact ELSE ?4 END
     WHERE key = CAST(?1 AS INTEGER) AND status = 'accepted'`,
  )
  const ids = updates.map(({ event }) => event.id)
  const results = await db.batch([
    ...updates.map(({ event, contact, apart }) =>
      update.bind(
        keyOfId(event.id),
        event.type,
        event.vendortype,
        contact ?? null,
        textOfEvent(event, apart),
        instantOf(event),
        apart === undefined ? null : JSON.stringify(event),
      ),
    ),
    markSegments(db, ids, 'changed'),
  ])
  return ids.filter((_, i) => (results[i]?.meta.changes ?? 0) > 0)
}

// Replaces the events of messages that were normalized again.
import { SCOPE_MARK } from '../../core/events/contact-key.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { type EventId, keyOfId } from '../../core/id.ts'
import { markSegments } from '../segments.ts'

/**
 * Replaces accepted events, and their contacts' ids, in one transaction, and returns the ids of those that it found: the
 * others have no row, or another status. The stored requests never change.
 */
export async function updateEvents(
  db: D1Database,
  updates: readonly { event: MembershipEvent; contact: string | undefined }[],
): Promise<EventId[]> {
  const update = db.prepare(
    `UPDATE events SET type = ?2, vendor_type = ?3, event = ?5, at = ?6,
       contact = CASE WHEN contact = ?4 OR instr(contact, ?4 || '${SCOPE_MARK}') = 1 THEN contact ELSE ?4 END
     WHERE key = CAST(?1 AS INTEGER) AND status = 'accepted'`,
  )
  const ids = updates.map(({ event }) => event.id)
  const results = await db.batch([
    ...updates.map(({ event, contact }) =>
      update.bind(
        keyOfId(event.id),
        event.type,
        event.vendortype,
        contact ?? null,
        JSON.stringify(event),
        instantOf(event),
      ),
    ),
    markSegments(db, ids, 'changed'),
  ])
  return ids.filter((_, i) => (results[i]?.meta.changes ?? 0) > 0)
}

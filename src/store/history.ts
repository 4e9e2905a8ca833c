// What the log knows of a contact: whether and where it was seen, and its latest events of some kinds.
import type { MembershipEvent } from '../core/event.ts'
import { type History, NO_HISTORY } from '../core/history.ts'
import { type EventId, keyOfId } from '../core/id.ts'
import { parseJson } from '../core/json.ts'
import type { EventKind } from '../core/vocabulary.ts'

/** Events of each kind that are looked at, the latest: enough for a switch, and for what was before it. */
const LATEST = 4

/** What an event is about, as the index of a contact's history has it. `type` is a column or a parameter. */
export const kindOf = (type: string) => `substr(${type}, 1, instr(${type}, '.') - 1)`

/** Of whom history is wanted, and which kinds of events matter. */
export type HistoryQuery = {
  source: string
  contact: string
  kinds: readonly EventKind[]
  /** The event before which it is wanted, as if that came now. */
  before: EventId | undefined
}

const CONTACT = 'SELECT sites FROM contacts WHERE source = ?1 AND contact = ?2'

// Contacts are kept as they are now: what was known of one before is told by its events alone.
const CONTACT_BEFORE = `
SELECT json_group_array(DISTINCT event ->> '$.data.site.vendor_id') FILTER (WHERE event ->> '$.data.site.vendor_id' IS NOT NULL)
  AS sites
FROM events WHERE status IN ('accepted', 'derived') AND source = ?1 AND contact = ?2 AND key < CAST(?3 AS INTEGER)
HAVING count(*) > 0`

/** The last key that there can be. */
const NEVER = '9223372036854775807'

const PAST = `
SELECT e.event FROM events AS e
WHERE e.status IN ('accepted', 'derived') AND e.source = ?1 AND e.contact = ?2 AND ${kindOf('e.type')} = ?3
  AND e.key < CAST(?4 AS INTEGER)
ORDER BY e.key DESC LIMIT ${LATEST}`

// Somebody who is two contacts of one gym checks in for the first time once; who was turned away has not.
const CHECKINS_OF_PERSON = `
SELECT e.event FROM contacts AS me CROSS JOIN contacts AS c ON c.person = me.person
CROSS JOIN events AS e ON e.key IN (
  SELECT key FROM events WHERE status IN ('accepted', 'derived') AND source = c.source AND contact = c.contact
    AND ${kindOf('type')} = ?3 AND type = 'checkin.recorded' AND key < CAST(?4 AS INTEGER)
  ORDER BY key DESC LIMIT ${LATEST})
WHERE me.source = ?1 AND me.contact = ?2`

/** Reads the histories of some contacts in one round trip, in their order. */
export async function readHistories(
  db: D1Database,
  queries: readonly HistoryQuery[],
): Promise<History[]> {
  if (queries.length === 0) return []
  const [contact, past] = [db.prepare(CONTACT), db.prepare(PAST)]
  const contactBefore = db.prepare(CONTACT_BEFORE)
  const checkins = db.prepare(CHECKINS_OF_PERSON)
  const results = await db.batch(
    queries.flatMap(({ source, contact: id, kinds, before }) => {
      const key = before === undefined ? NEVER : keyOfId(before)
      return [
        before === undefined ? contact.bind(source, id) : contactBefore.bind(source, id, key),
        ...kinds.map((kind) => (kind === 'checkin' ? checkins : past).bind(source, id, kind, key)),
      ]
    }),
  )
  return queries.map(({ kinds }) => {
    const [known] = (results.shift()?.results ?? []) as { sites: string }[]
    const rows = kinds.flatMap(() => (results.shift()?.results ?? []) as { event: string }[])
    return {
      ...NO_HISTORY,
      ...(known === undefined ? {} : { isKnown: true, sites: JSON.parse(known.sites) as string[] }),
      past: rows.map(({ event }) => parseJson(event) as MembershipEvent),
    }
  })
}

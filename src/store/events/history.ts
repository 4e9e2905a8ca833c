// What the log knows of a contact: whether and where it was seen, and its events around a time.
import type { MembershipEvent } from '../../core/events/event.ts'
import {
  EVENTS_PER_SIDE,
  type History,
  NO_HISTORY,
  SAME_ACT_WINDOW_MS,
} from '../../core/events/history.ts'
import type { EventKind } from '../../core/events/vocabulary.ts'
import { type EventId, ID_RANDOM_RANGE, keyOfId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import type { Batching } from '../group-commit.ts'

/** What an event is about, as the index of a contact's history has it. `type` is a column or a parameter. */
export const kindOf = (type: string) => `substr(${type}, 1, instr(${type}, '.') - 1)`

/** What is wanted of a contact's history: the events of some kinds around an event, which has its time and perhaps its row. */
export type HistoryQuery = {
  source: string
  contact: string
  kinds: readonly EventKind[]
  event: EventId
  /** When it happened, in epoch milliseconds. */
  at: number
  /** The address by which its contact, if it is new, will be joined to a person. */
  email: string | undefined
  /** `now`: all that is known. `arrival`: of the contact itself, only what was known when the event came. `then`: of all. */
  asOf: 'now' | 'arrival' | 'then'
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

// What we concluded is no fact: only what the vendor sent counts.
const OWN = `status IN ('accepted', 'derived') AND status = 'accepted' AND source = ?1 AND contact = ?2
  AND key <> CAST(?4 AS INTEGER) AND key < CAST(?5 AS INTEGER)`

const aroundOf = (kind: string) => `
SELECT * FROM (SELECT event FROM events WHERE ${OWN} AND ${kindOf('type')} = ${kind} AND at <= ?3
  ORDER BY at DESC LIMIT ${EVENTS_PER_SIDE})
UNION ALL
SELECT * FROM (SELECT event FROM events WHERE ${OWN} AND ${kindOf('type')} = ${kind} AND at > ?3
  ORDER BY at LIMIT ${EVENTS_PER_SIDE})`

const [AROUND_ONE, AROUND_TWO] = [aroundOf('?6'), `${aroundOf('?6')} UNION ALL ${aroundOf('?7')}`]

// Somebody who is two contacts of one gym checks in for the first time once; who was turned away has not.
const CHECKINS_OF_PERSON = `
SELECT e.event FROM (
  SELECT COALESCE(
    (SELECT person FROM contacts WHERE source = ?1 AND contact = ?2),
    (SELECT person FROM contacts WHERE email = ?3 AND apart = 0 ORDER BY person LIMIT 1)) AS person) AS me
CROSS JOIN contacts AS c ON c.person = me.person
CROSS JOIN events AS e ON e.key IN (
  SELECT key FROM events WHERE status IN ('accepted', 'derived') AND source = c.source AND contact = c.contact
    AND ${kindOf('type')} = 'checkin' AND type = 'checkin.recorded' AND key <> CAST(?4 AS INTEGER)
    AND key < CAST(?5 AS INTEGER)
  ORDER BY at DESC LIMIT 1)`

/** Reads the histories of some events in one round trip, in their order. */
export async function readHistories(
  db: Batching,
  queries: readonly HistoryQuery[],
): Promise<History[]> {
  if (queries.length === 0) return []
  const results = await db.batch(queries.map((query) => statementFor(db, query)))
  return queries.map(({ kinds }, i) => {
    const rows = results[i]?.results ?? []
    if (kinds.length === 0) {
      const [known] = rows as { sites: string }[]
      if (known === undefined) return NO_HISTORY
      return { isKnown: true, sites: JSON.parse(known.sites) as string[], past: [] }
    }
    const events = rows as { event: string }[]
    return {
      ...NO_HISTORY,
      past: events.map(({ event }) => parseJson(event) as MembershipEvent),
    }
  })
}

function statementFor(db: Batching, query: HistoryQuery): D1PreparedStatement {
  const { source, contact, kinds, event, at, email, asOf } = query
  const own = keyOfId(event)
  if (kinds.length === 0) {
    return asOf === 'now'
      ? db.prepare(CONTACT).bind(source, contact)
      : db.prepare(CONTACT_BEFORE).bind(source, contact, own)
  }
  const before = asOf === 'then' ? own : NEVER
  if (kinds.includes('checkin')) {
    return db.prepare(CHECKINS_OF_PERSON).bind(source, contact, email ?? null, own, before)
  }
  const around = kinds.length === 1 ? AROUND_ONE : AROUND_TWO
  return db.prepare(around).bind(source, contact, at, own, before, ...kinds)
}

/** How long before an event another may have come that was recorded between its reading and its writing. */
const OVERTAKING_MS = 10_000

/** In whose light an event was understood: `seen`, its own id among them, of what there is of some kinds. */
export type Light = Omit<HistoryQuery, 'email' | 'asOf'> & { seen: readonly EventId[] }

// By the index alone, but for what was not seen.
const overtakingOf = (kinds: readonly EventKind[]) => `
SELECT 1 FROM events
WHERE status IN ('accepted', 'derived') AND source = ?1 AND contact = ?2
  AND ${kindOf('type')} IN (${kinds.map((kind) => `'${kind}'`).join()})
  AND at BETWEEN ?3 - ${SAME_ACT_WINDOW_MS} AND ?3 + ${SAME_ACT_WINDOW_MS}
  AND key > CAST(?4 AS INTEGER) - ${OVERTAKING_MS * ID_RANDOM_RANGE} AND instr(?5, ',' || key || ',') = 0
  AND status = 'accepted' LIMIT 1`

/** Finds whether the log has others of its contact, and of the time of one act, in whose light an event was not seen. */
export function findOvertaking(db: Batching, light: Light): D1PreparedStatement {
  const { source, contact, kinds, event, at, seen } = light
  const keys = `,${seen.map(keyOfId).join()},`
  return db.prepare(overtakingOf(kinds)).bind(source, contact, at, keyOfId(event), keys)
}

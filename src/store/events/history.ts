// What the log knows of a contact: whether it is known, at which sites, and its events around a time.
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
import type { BatchDatabase } from '../group-commit.ts'

/** SQL: the kind of a type, its part before the dot, as the index of histories has it. `type`: a column or parameter. */
export const kindOf = (type: string) => `substr(${type}, 1, instr(${type}, '.') - 1)`

/** A query for a contact's history: the events of some kinds around an event, which may be in the log already. */
export type HistoryQuery = {
  source: string
  contact: string
  kinds: readonly EventKind[]
  event: EventId
  /** When it happened, in epoch milliseconds. */
  at: number
  /** The address that joins its contact, if it is new, to a person. */
  email: string | undefined
  /** `now`: all that is known. `arrival`: the contact as it was known before the event. `then`: everything before it. */
  asOf: 'now' | 'arrival' | 'then'
  /** The vendor's type of the events of other contacts that are read too, if any are. */
  peers?: string | undefined
}

const CONTACT = 'SELECT sites FROM contacts WHERE source = ?1 AND contact = ?2'

// `contacts` has the present state only: an earlier one is read from the events.
const CONTACT_BEFORE = `
SELECT json_group_array(DISTINCT event ->> '$.data.site.vendor_id') FILTER (WHERE event ->> '$.data.site.vendor_id' IS NOT NULL)
  AS sites
FROM events WHERE status IN ('accepted', 'derived') AND source = ?1 AND contact = ?2 AND key < CAST(?3 AS INTEGER)
HAVING count(*) > 0`

/** The greatest key. */
const NEVER = '9223372036854775807'

// Only what the vendor sent is a fact; an inferred event is not. The first condition is that of the partial index.
const OWN = `status IN ('accepted', 'derived') AND status = 'accepted' AND source = ?1 AND contact = ?2
  AND key <> CAST(?4 AS INTEGER) AND key < CAST(?5 AS INTEGER)`

const aroundOf = (kind: string) => `
SELECT * FROM (SELECT event FROM events WHERE ${OWN} AND ${kindOf('type')} = ${kind} AND at <= ?3
  ORDER BY at DESC LIMIT ${EVENTS_PER_SIDE})
UNION ALL
SELECT * FROM (SELECT event FROM events WHERE ${OWN} AND ${kindOf('type')} = ${kind} AND at > ?3
  ORDER BY at LIMIT ${EVENTS_PER_SIDE})`

const [AROUND_ONE, AROUND_TWO] = [aroundOf('?6'), `${aroundOf('?6')} UNION ALL ${aroundOf('?7')}`]

// A person with two contacts has one first check-in. A rejected check-in is none.
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

/** How far the receipt of a peer may be from that of the event, and how many rows of the log are read on either side. */
const PEERS_WINDOW_MS = 60_000
const ROWS_OF_PEERS = 20

const peersOn = (range: string, order: string) => `
SELECT event FROM (
  SELECT event, status, source, contact, vendor_type FROM events WHERE key ${range} ORDER BY key ${order} LIMIT ${ROWS_OF_PEERS})
WHERE status = 'accepted' AND source = ?1 AND contact <> ?2 AND vendor_type = ?5`

const OWN_KEY = 'CAST(?3 AS INTEGER)'
const PEERS_RANGE = PEERS_WINDOW_MS * ID_RANDOM_RANGE

// The keys are in the order of receipt, so the rows that are read lie together, and there are few, whatever else arrives.
const PEERS = `
SELECT * FROM (${peersOn(`< ${OWN_KEY} AND key > ${OWN_KEY} - ${PEERS_RANGE}`, 'DESC')})
UNION ALL
SELECT * FROM (${peersOn(`> ${OWN_KEY} AND key < min(${OWN_KEY} + ${PEERS_RANGE}, CAST(?4 AS INTEGER))`, 'ASC')})`

/** Reads the histories of some events in one round trip, in their order. */
export async function readHistories(
  db: BatchDatabase,
  queries: readonly HistoryQuery[],
): Promise<History[]> {
  if (queries.length === 0) return []
  const withPeers = queries.filter(({ peers }) => peers !== undefined)
  const results = await db.batch([
    ...queries.map((query) => statementFor(db, query)),
    ...withPeers.map((query) => peersStatement(db, query)),
  ])
  return queries.map((query, i) => {
    const { kinds } = query
    const rows = results[i]?.results ?? []
    const peers = results[queries.length + withPeers.indexOf(query)]?.results ?? []
    if (kinds.length === 0) {
      const [known] = rows as { sites: string }[]
      if (known === undefined) return NO_HISTORY
      return { ...NO_HISTORY, isKnown: true, sites: JSON.parse(known.sites) as string[] }
    }
    return {
      ...NO_HISTORY,
      past: eventsIn(rows),
      peers: query.peers === undefined ? [] : eventsIn(peers),
    }
  })
}

function eventsIn(rows: readonly unknown[]): MembershipEvent[] {
  return (rows as { event: string }[]).map(({ event }) => parseJson(event) as MembershipEvent)
}

function peersStatement(db: BatchDatabase, query: HistoryQuery): D1PreparedStatement {
  const { source, contact, event, asOf, peers } = query
  const own = keyOfId(event)
  return db.prepare(PEERS).bind(source, contact, own, asOf === 'then' ? own : NEVER, peers)
}

function statementFor(db: BatchDatabase, query: HistoryQuery): D1PreparedStatement {
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

/** How much older than an event another may be that was written between its reading and its writing. */
const RACE_MS = 10_000

/** The events from which the meaning of an event was read: `seen`, its own id among them, of all there are of some kinds. */
export type ReadSet = Omit<HistoryQuery, 'email' | 'asOf' | 'peers'> & { seen: readonly EventId[] }

// The index answers it, but for events that were not seen.
const newerThan = (kinds: readonly EventKind[]) => `
SELECT 1 FROM events
WHERE status IN ('accepted', 'derived') AND source = ?1 AND contact = ?2
  AND ${kindOf('type')} IN (${kinds.map((kind) => `'${kind}'`).join()})
  AND at BETWEEN ?3 - ${SAME_ACT_WINDOW_MS} AND ?3 + ${SAME_ACT_WINDOW_MS}
  AND key > CAST(?4 AS INTEGER) - ${RACE_MS * ID_RANDOM_RANGE} AND instr(?5, ',' || key || ',') = 0
  AND status = 'accepted' LIMIT 1`

/** The statement that finds an event which belongs in a read set and is not in it: of its contact, close in time. */
export function findNewer(db: BatchDatabase, readSet: ReadSet): D1PreparedStatement {
  const { source, contact, kinds, event, at, seen } = readSet
  const keys = `,${seen.map(keyOfId).join()},`
  return db.prepare(newerThan(kinds)).bind(source, contact, at, keyOfId(event), keys)
}

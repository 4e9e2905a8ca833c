// What the log knows of a contact: its announcements, and its events around a time.

import type { ContactClaim } from '../../core/events/contact-key.ts'
import { type MembershipEvent, withCredibleTime } from '../../core/events/event.ts'
import { EVENTS_PER_SIDE, type History, SAME_ACT_WINDOW_MS } from '../../core/events/history.ts'
import type { EventKind } from '../../core/events/vocabulary.ts'
import { type EventId, ID_RANDOM_RANGE, keyOfId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import { withoutReferences } from '../../core/intake/references.ts'
import type { BatchDatabase } from '../group-commit.ts'

/** SQL: the kind of a type, its part before the dot, as the index of histories has it. `type`: a column or parameter. */
export const kindOf = (type: string) => `substr(${type}, 1, instr(${type}, '.') - 1)`

/** A query for a contact's history: the events of some kinds around an event, which may be in the log already. */
export type HistoryQuery = {
  source: string
  claim: ContactClaim
  kinds: readonly EventKind[]
  event: EventId
  /** When it happened, in epoch milliseconds. */
  at: number
  /** `now`: all that is known. `arrival`: the contact as it was known before the event. `then`: everything before it. */
  asOf: 'now' | 'arrival' | 'then'
  /** The vendor's type of the events of other contacts that are read too, if any are. */
  peers?: string | undefined
}

/** The greatest key. */
const NEVER = '9223372036854775807'

// Only what the vendor sent is a fact; an inferred event is not. The first condition is that of the partial index.
const OWN = `status IN ('accepted', 'derived') AND status = 'accepted' AND source = ?1
  AND key <> CAST(?4 AS INTEGER) AND key < CAST(?5 AS INTEGER)`

/** The keys that a claim may be filed under. */
const [BARE, SCOPED] = [`?2 ->> 'contact'`, `?2 ->> 'scoped'`]

/** Announcements of a client, or of a client's site: what such an event is had to be inferred. */
const IS_ACCOUNT = `${kindOf('type')} = 'contact' AND event -> '$.data.inference' IS NOT NULL`
const ACCOUNTS = `
SELECT event, contact FROM events WHERE ${OWN} AND contact IN (${BARE}, ${SCOPED}) AND ${IS_ACCOUNT} AND ?3 IS NOT NULL
ORDER BY at DESC LIMIT 100`

const aroundOf = (columns: string, key: string, kinds: string[]) =>
  kinds
    .flatMap((kind) => {
      const own = `SELECT ${columns} FROM events WHERE ${OWN} AND contact = ${key} AND ${kindOf('type')} = ${kind}`
      return [
        `SELECT * FROM (${own} AND at <= ?3 ORDER BY at DESC LIMIT ${EVENTS_PER_SIDE})`,
        `SELECT * FROM (${own} AND at > ?3 ORDER BY at LIMIT ${EVENTS_PER_SIDE})`,
      ]
    })
    .join(' UNION ALL ')

// What the other one of two clients did is not always seen to be another's: a message may have no name. Accounts are told by
// every message, and in a log of before, one under the bare key may be of either account.
const OWN_UNTIL_SCOPED = `COALESCE(
  (SELECT contact FROM contacts WHERE source = ?1 AND contact = ${SCOPED} AND account IS NULL), ${BARE})`

// Few contacts have a scoped key: where there is none, the second part reads one row.
const around = (...kinds: string[]) => `${aroundOf('event, contact', OWN_UNTIL_SCOPED, kinds)}
UNION ALL
SELECT e.event, e.contact FROM contacts AS c CROSS JOIN events AS e ON e.key IN (${aroundOf('key', SCOPED, kinds)})
WHERE c.source = ?1 AND c.contact = ${SCOPED} AND c.account IS NOT NULL`

const [AROUND_ONE, AROUND_TWO] = [around('?6'), around('?6', '?7')]

const OWN_CONTACT = `COALESCE((SELECT contact FROM contacts WHERE source = ?1 AND contact = ${SCOPED}), ${BARE})`

// A person with two contacts has one first check-in. A rejected check-in is none. Those of the contact that are later than
// the event make it late, the rejected ones too.
const CHECKINS_OF_PERSON = `
SELECT e.event, ${BARE} AS contact FROM contacts AS me CROSS JOIN contacts AS c ON c.person = me.person
CROSS JOIN events AS e ON e.key IN (
  SELECT key FROM events WHERE status IN ('accepted', 'derived') AND source = c.source AND contact = c.contact
    AND ${kindOf('type')} = 'checkin' AND type = 'checkin.recorded' AND key <> CAST(?4 AS INTEGER)
    AND key < CAST(?5 AS INTEGER)
  ORDER BY at DESC LIMIT 1)
WHERE me.source = ?1 AND me.contact = ${OWN_CONTACT}
UNION ALL
SELECT * FROM (SELECT event, ${BARE} AS contact FROM events WHERE ${OWN} AND contact = ${OWN_CONTACT}
  AND ${kindOf('type')} = 'checkin' AND at > ?3 ORDER BY at LIMIT ${EVENTS_PER_SIDE})`

/** How far the receipt of a peer may be from that of the event, and how many rows of the log are read on either side. */
const PEERS_WINDOW_MS = 60_000
const ROWS_OF_PEERS = 20

const peersOn = (range: string, order: string) => `
SELECT event FROM (
  SELECT event, status, source, contact, vendor_type FROM events WHERE key ${range} ORDER BY key ${order} LIMIT ${ROWS_OF_PEERS})
WHERE status = 'accepted' AND source = ?1 AND contact <> ?2 AND contact IS NOT ?6 AND vendor_type = ?5`

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
    const rows = (results[i]?.results ?? []) as Row[]
    const peers = results[queries.length + withPeers.indexOf(query)]?.results ?? []
    // Those under the bare key are another contact's where there are some under the scoped one.
    const scoped = rows.filter(({ contact }) => contact === query.claim.scoped)
    const own = scoped.length > 0 ? scoped : rows
    return {
      isIdTaken: own.length < rows.length,
      past: eventsIn(own),
      peers: query.peers === undefined ? [] : eventsIn(peers as Row[]),
    }
  })
}

type Row = { event: string; contact: string }

/** An event whose body is apart has null for long strings of members that no meaning is read from. */
function eventsIn(rows: readonly Row[]): MembershipEvent[] {
  return rows.map(({ event }) =>
    withCredibleTime(parseJson(withoutReferences(event)) as MembershipEvent),
  )
}

function peersStatement(db: BatchDatabase, query: HistoryQuery): D1PreparedStatement {
  const { source, claim, event, asOf, peers } = query
  const own = keyOfId(event)
  const before = asOf === 'then' ? own : NEVER
  return db.prepare(PEERS).bind(source, claim.contact, own, before, peers, claim.scoped)
}

function statementFor(db: BatchDatabase, query: HistoryQuery): D1PreparedStatement {
  const { source, claim, kinds, event, at, asOf } = query
  const own = keyOfId(event)
  const isAccount = kinds.length === 0
  const before = asOf === 'then' || (asOf === 'arrival' && isAccount) ? own : NEVER
  const sql = isAccount
    ? ACCOUNTS
    : kinds.includes('checkin')
      ? CHECKINS_OF_PERSON
      : kinds.length === 1
        ? AROUND_ONE
        : AROUND_TWO
  const among = sql === AROUND_ONE || sql === AROUND_TWO ? kinds : []
  return db.prepare(sql).bind(source, JSON.stringify(claim), at, own, before, ...among)
}

/** A statement that fails its transaction when a client was announced by another event than those that were read. */
export function requireNoAccount(
  db: BatchDatabase,
  { source, claim, seen }: Pick<HistoryQuery, 'source' | 'claim'> & Pick<ReadSet, 'seen'>,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO events SELECT * FROM events WHERE status IN ('accepted', 'derived') AND status = 'accepted'
         AND source = ?1 AND contact IN (${BARE}, ${SCOPED}) AND ${IS_ACCOUNT} AND instr(?3, ',' || key || ',') = 0 LIMIT 1`,
    )
    .bind(source, JSON.stringify(claim), listOf(seen))
}

const listOf = (ids: readonly EventId[]) => `,${ids.map(keyOfId).join()},`

/** How much older than an event another may be that was written between its reading and its writing. */
const RACE_MS = 10_000

/** The events from which the meaning of an event was read: `seen`, its own id among them, of all there are of some kinds. */
export type ReadSet = Omit<HistoryQuery, 'claim' | 'asOf' | 'peers'> & { seen: readonly EventId[] }

// The index answers it, but for events that were not seen.
const newerThan = (kinds: readonly EventKind[]) => `
SELECT 1 FROM events
WHERE status IN ('accepted', 'derived') AND source = ?1
  AND contact = (SELECT contact FROM events WHERE key = CAST(?2 AS INTEGER))
  AND ${kindOf('type')} IN (${kinds.map((kind) => `'${kind}'`).join()})
  AND at BETWEEN ?3 - ${SAME_ACT_WINDOW_MS} AND ?3 + ${SAME_ACT_WINDOW_MS}
  AND key > CAST(?2 AS INTEGER) - ${RACE_MS * ID_RANDOM_RANGE} AND instr(?4, ',' || key || ',') = 0
  AND status = 'accepted' LIMIT 1`

/** The statement that finds an event which belongs in a read set and is not in it: of its contact, close in time. */
export function findNewer(db: BatchDatabase, readSet: ReadSet): D1PreparedStatement {
  const { source, kinds, event, at, seen } = readSet
  return db.prepare(newerThan(kinds)).bind(source, keyOfId(event), at, listOf(seen))
}

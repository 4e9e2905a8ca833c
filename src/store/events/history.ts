// What the log knows of a contact: its announcements, and its events around a time.

import type { ContactClaim } from '../../core/events/contact-key.ts'
import { EVENTS_PER_SIDE, SAME_ACT_WINDOW_MS } from '../../core/events/history.ts'
import type { EventKind } from '../../core/events/vocabulary.ts'
import { type EventId, keyOfId } from '../../core/id.ts'
import type { BatchDatabase } from '../group-commit.ts'
import { keysIn } from '../segments.ts'

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
export const LAST_KEY = '9223372036854775807'

// Only what the vendor sent is a fact; an inferred event is not. The first condition is that of the partial index.
const OWN = `status IN ('accepted', 'derived') AND status = 'accepted' AND source = ?1
  AND key <> CAST(?4 AS INTEGER) AND key < CAST(?5 AS INTEGER)`

/** The keys that a claim may be filed under. */
const [BARE, SCOPED] = [`?2 ->> 'contact'`, `?2 ->> 'scoped'`]

/** The columns of a history: an event, or in its place the facts of a contact, which have no time of their own. */
const HOT = 'event, source, contact, at, 1 AS own'
const FACTS = 'SELECT f.facts AS event, p.source, p.contact, NULL AS at,'
const FACTS_OF_P = 'CROSS JOIN packed_facts AS f ON f.contact = p.number'
const factsOf = (...keys: string[]) =>
  `${FACTS} 1 AS own FROM packed_contacts AS p ${FACTS_OF_P} WHERE p.source = ?1 AND p.contact IN (${keys})`

/** Announcements of a client, or of a client's site: what such an event is had to be inferred. */
const IS_ACCOUNT = `${kindOf('type')} = 'contact' AND event -> '$.data.inference' IS NOT NULL`
const ACCOUNTS = `
SELECT * FROM (SELECT ${HOT} FROM events WHERE ${OWN} AND contact IN (${BARE}, ${SCOPED}) AND ${IS_ACCOUNT} AND ?3 IS NOT NULL
  ORDER BY at DESC LIMIT 100)
UNION ALL ${factsOf(BARE, SCOPED)}`

// Of events at one time the last received is the nearest: the index has them in no such order, so one row more is read.
const aroundOf = (columns: string, key: string, kinds: string[]) =>
  kinds
    .flatMap((kind) => {
      const own = `SELECT ${columns} FROM events WHERE ${OWN} AND contact = ${key} AND ${kindOf('type')} = ${kind}`
      return [
        `SELECT * FROM (${own} AND at <= ?3 ORDER BY at DESC, key DESC LIMIT ${EVENTS_PER_SIDE})`,
        `SELECT * FROM (${own} AND at > ?3 ORDER BY at, key LIMIT ${EVENTS_PER_SIDE})`,
      ]
    })
    .join(' UNION ALL ')

// What the other one of two clients did is not always seen to be another's: a message may have no name. Accounts are told by
// every message, and in a log of before, one under the bare key may be of either account.
const OWN_UNTIL_SCOPED = `COALESCE(
  (SELECT contact FROM contacts WHERE source = ?1 AND contact = ${SCOPED} AND account IS NULL), ${BARE})`

const SCOPED_BY_ACCOUNT = `(SELECT contact FROM contacts WHERE source = ?1 AND contact = ${SCOPED} AND account IS NOT NULL)`

// Few contacts have a scoped key: where there is none, the second part reads one row. D1 takes five terms of a UNION.
const around = (...kinds: string[]) => `
SELECT * FROM (${aroundOf(HOT, OWN_UNTIL_SCOPED, kinds)})
UNION ALL
SELECT e.event, e.source, e.contact, e.at, 1 FROM contacts AS c CROSS JOIN events AS e ON e.key IN (${aroundOf('key', SCOPED, kinds)})
WHERE c.source = ?1 AND c.contact = ${SCOPED} AND c.account IS NOT NULL
UNION ALL ${factsOf(OWN_UNTIL_SCOPED, SCOPED_BY_ACCOUNT)}`

const [AROUND_ONE, AROUND_TWO] = [around('?6'), around('?6', '?7')]

const OWN_CONTACT = `COALESCE((SELECT contact FROM contacts WHERE source = ?1 AND contact = ${SCOPED}), ${BARE})`

// A person with two contacts has one first check-in. A rejected check-in is none. Those of the contact that are later than
// the event make it late, the rejected ones too.
const CHECKINS_OF_PERSON = `
SELECT e.event, e.source, e.contact, e.at, 1 AS own FROM contacts AS me CROSS JOIN contacts AS c ON c.person = me.person
CROSS JOIN events AS e ON e.key IN (
  SELECT key FROM events WHERE status IN ('accepted', 'derived') AND source = c.source AND contact = c.contact
    AND ${kindOf('type')} = 'checkin' AND type = 'checkin.recorded' AND key <> CAST(?4 AS INTEGER)
    AND key < CAST(?5 AS INTEGER)
  ORDER BY at DESC, key DESC LIMIT 1)
WHERE me.source = ?1 AND me.contact = ${OWN_CONTACT}
UNION ALL
SELECT * FROM (SELECT ${HOT} FROM events WHERE ${OWN} AND contact = ${OWN_CONTACT}
  AND ${kindOf('type')} = 'checkin' AND at > ?3 ORDER BY at, key LIMIT ${EVENTS_PER_SIDE})
UNION ALL
${FACTS} c.source = ?1 AND c.contact = me.contact AS own
FROM contacts AS me CROSS JOIN contacts AS c ON c.person = me.person
CROSS JOIN packed_contacts AS p ON p.source = c.source AND p.contact = c.contact ${FACTS_OF_P}
WHERE me.source = ?1 AND me.contact = ${OWN_CONTACT}`

/** How far the receipt of a peer may be from that of the event, and how many rows of the log are read on either side. */
export const PEERS_WINDOW_MS = 60_000
export const ROWS_OF_PEERS = 20

const peersOn = (range: string, order: string) => `
SELECT event FROM (
  SELECT event, status, source, contact, vendor_type FROM events WHERE key ${range} ORDER BY key ${order} LIMIT ${ROWS_OF_PEERS})
WHERE status = 'accepted' AND source = ?1 AND contact <> ?2 AND contact IS NOT ?6 AND vendor_type = ?5`

const OWN_KEY = 'CAST(?3 AS INTEGER)'
const PEERS_RANGE = keysIn(PEERS_WINDOW_MS)

// The keys are in the order of receipt, so the rows that are read lie together, and there are few, whatever else arrives.
const PEERS = `
SELECT * FROM (${peersOn(`< ${OWN_KEY} AND key > ${OWN_KEY} - ${PEERS_RANGE}`, 'DESC')})
UNION ALL
SELECT * FROM (${peersOn(`> ${OWN_KEY} AND key < min(${OWN_KEY} + ${PEERS_RANGE}, CAST(?4 AS INTEGER))`, 'ASC')})`

/** A row of a history. `at` is null where `event` has the facts of a contact; `own` is 0 for those of the person's other contacts. */
export type HistoryRow = {
  event: string
  source: string
  contact: string
  at: number | null
  own: number
}

/** The lowest key that a history does not have, as the log was when the event was received or announced. */
export function endOf({ kinds, event, asOf }: HistoryQuery): EventId | undefined {
  return asOf === 'then' || (asOf === 'arrival' && kinds.length === 0) ? event : undefined
}

/** The statement that reads a history, as `HistoryRow`s. */
export function historyStatement(db: BatchDatabase, query: HistoryQuery): D1PreparedStatement {
  const { source, claim, kinds, event, at } = query
  const end = endOf(query)
  const sql =
    kinds.length === 0
      ? ACCOUNTS
      : kinds.includes('checkin')
        ? CHECKINS_OF_PERSON
        : kinds.length === 1
          ? AROUND_ONE
          : AROUND_TWO
  const among = sql === AROUND_ONE || sql === AROUND_TWO ? kinds : []
  const before = end === undefined ? LAST_KEY : keyOfId(end)
  return db.prepare(sql).bind(source, JSON.stringify(claim), at, keyOfId(event), before, ...among)
}

/** The statement that reads the peers of an event, in `event`. */
export function peersStatement(db: BatchDatabase, query: HistoryQuery): D1PreparedStatement {
  const { source, claim, event, asOf, peers } = query
  const own = keyOfId(event)
  const before = asOf === 'then' ? own : LAST_KEY
  return db.prepare(PEERS).bind(source, claim.contact, own, before, peers, claim.scoped)
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
  AND key > CAST(?2 AS INTEGER) - ${keysIn(RACE_MS)} AND instr(?4, ',' || key || ',') = 0
  AND status = 'accepted' LIMIT 1`

/** The statement that finds an event which belongs in a read set and is not in it: of its contact, close in time. */
export function findNewer(db: BatchDatabase, readSet: ReadSet): D1PreparedStatement {
  const { source, kinds, event, at, seen } = readSet
  return db.prepare(newerThan(kinds)).bind(source, keyOfId(event), at, listOf(seen))
}

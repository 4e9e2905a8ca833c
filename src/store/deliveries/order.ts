// Ordered targets: a delivery waits until the earlier deliveries of the same person to the same target have ended. It never
// waits for those of other persons.
import {
  type DeliveryMessage,
  type DeliveryState,
  type DueDelivery,
  UNFINISHED_STATES,
} from '../../core/deliveries/delivery.ts'
import { MESSAGE_STATUSES } from '../../core/deliveries/outcome.ts'
import { EVENT_KINDS } from '../../core/events/vocabulary.ts'
import { type EventId, firstKeyAt, idOfKey, keyOfId } from '../../core/id.ts'
import { kindOf } from '../events/history.ts'
import { markSegmentsOf } from '../segments.ts'
import { type MessageRow, messageOf } from './messages.ts'
import { BECOMES_DUE } from './waiting.ts'

/** How many earlier deliveries are read at most, unfinished ones first. */
const MAX_EARLIER = 20

/** All kinds of events: the index of a contact's history is by kind (migrations, `events_contact`). */
const KINDS = JSON.stringify(EVENT_KINDS)

/** Whether the earlier delivery `pd` blocks the ones after it. */
const isUnfinished = (state: string) =>
  `${state} IN (${UNFINISHED_STATES.map((state) => `'${state}'`).join(', ')})`
const IS_UNFINISHED = isUnfinished('pd.state')

/** All contacts of the person of `events AS e`, or its own contact if it has no person, as `own`. */
const CONTACTS_OF_E = `(
  SELECT e.source AS source, e.contact AS contact
  UNION
  SELECT c.source, c.contact FROM contacts AS me CROSS JOIN contacts AS c ON c.person = me.person
  WHERE me.source = e.source AND me.contact = e.contact) AS own`

/** The same for the event with the key `?2`. */
const CONTACTS_OF_KEY = `(
  SELECT source, contact FROM events WHERE key = CAST(?2 AS INTEGER)
  UNION
  SELECT c.source, c.contact FROM events AS done
  CROSS JOIN contacts AS me ON me.source = done.source AND me.contact = done.contact
  CROSS JOIN contacts AS c ON c.person = me.person
  WHERE done.key = CAST(?2 AS INTEGER)) AS own`

/** The events `p` of the same person. */
const FROM_PERSON = `${CONTACTS_OF_E} CROSS JOIN json_each('${KINDS}') AS kind
  CROSS JOIN events AS p ON p.status IN ('accepted', 'derived') AND p.source = own.source AND p.contact = own.contact
    AND ${kindOf('p.type')} = kind.value`

/** Their deliveries `pd` to the target of `deliveries AS d`. */
const ITS_DELIVERY = 'CROSS JOIN deliveries AS pd ON pd.event = p.key AND pd.target = d.target'

/** What the target has got of the person's packed events, of each contact: the last one, and those after it that ended dead. */
const PACKED = `
  SELECT CAST(got.value AS INTEGER) AS key, CASE got.key WHEN 0 THEN 'delivered' ELSE 'dead' END AS state
  FROM ${CONTACTS_OF_E} CROSS JOIN packed_contacts AS c ON c.source = own.source AND c.contact = own.contact
  CROSS JOIN packed_facts AS f ON f.contact = c.number
  CROSS JOIN json_each(f.delivered) AS target ON target.key = d.target CROSS JOIN json_each(target.value) AS got
  WHERE got.value IS NOT NULL`

/**
 * A column of a query over `deliveries AS d` and `events AS e`: the earlier deliveries of the same person to the same
 * target, unfinished ones first, then the latest first. Read it with `precedenceOf`.
 */
export const EARLIER = `(
  SELECT json_group_array(json_array(CAST(key AS TEXT), state)) FROM (
    SELECT key, state FROM (
      SELECT p.key, pd.state FROM ${FROM_PERSON} AND p.key < e.key ${ITS_DELIVERY} WHERE pd.state <> 'cancelled'
      UNION ALL
      SELECT key, state FROM (${PACKED}) WHERE key < e.key)
    ORDER BY ${isUnfinished('state')} DESC, key DESC LIMIT ${MAX_EARLIER}))`

/** A column over `deliveries AS d`: when its target first refused the message itself, in this schedule of attempts. */
export const REFUSED_SINCE = `(
  SELECT made.value ->> 'at' FROM json_each(d.attempts) AS made
  WHERE made.value ->> 'attempt' >= d.first AND made.value ->> 'status' IN (${MESSAGE_STATUSES}) ORDER BY made.key LIMIT 1)`

/**
 * A column of the same query: the key of the latest later event of the same person that the same target has already, as when
 * an event came out of the spill queue late. An event of the last second has none; for others it reads all of the person's.
 */
export const LATER = `
  CASE WHEN e.key < CAST(wanted.value ->> 'late' AS INTEGER) THEN (
    SELECT CAST(max(key) AS TEXT) FROM (
      SELECT p.key FROM ${FROM_PERSON} AND p.key > e.key ${ITS_DELIVERY} WHERE pd.state = 'delivered'
      UNION ALL
      SELECT key FROM (${PACKED}) WHERE state = 'delivered' AND key > e.key)) END`

/** Reads the columns `EARLIER` and `LATER`. */
export function precedenceOf(
  column: string | null,
  later: string | null,
): DueDelivery['precedence'] {
  if (column === null) return { mustWait: false, skipped: [] }
  const earlier = JSON.parse(column) as [key: string, state: DeliveryState][]
  const mustWait = earlier.some(([, state]) => UNFINISHED_STATES.includes(state))
  const delivered = earlier.findIndex(([, state]) => state === 'delivered')
  const since = delivered === -1 ? earlier : earlier.slice(0, delivered)
  const dead = since.filter(([, state]) => state === 'dead')
  const skipped = dead.map(([key]) => idOfKey(key))
  return { mustWait, skipped, ...(later === null ? {} : { later: idOfKey(later) }) }
}

/**
 * Whether no earlier delivery of the person blocks `deliveries AS d` of `events AS e`. Unfinished deliveries are mostly of
 * the latest events: the search starts at the end of the index.
 */
export const IS_UNBLOCKED = `NOT EXISTS (
  SELECT 1 FROM ${CONTACTS_OF_E} CROSS JOIN json_each('${KINDS}') AS kind WHERE (
    SELECT 1 FROM events AS p CROSS JOIN deliveries AS pd ON pd.event = p.key AND pd.target = d.target
    WHERE p.status IN ('accepted', 'derived') AND p.source = own.source AND p.contact = own.contact
      AND ${kindOf('p.type')} = kind.value AND p.key < e.key AND ${IS_UNFINISHED}
    ORDER BY p.at DESC LIMIT 1) IS NOT NULL)`

const UNBLOCKED = `d.state = 'held' AND d.reason = 'order' AND ${IS_UNBLOCKED}`

/**
 * Releases the next delivery to a target for the person of an event, if it is held only for the order. It is due when it
 * was before, but not before `now` (epoch milliseconds). Returns its message, or none.
 */
export async function releaseNextInOrder(
  db: D1Database,
  event: EventId,
  target: string,
  now: number,
): Promise<DeliveryMessage[]> {
  const next = `
    SELECT d.event FROM ${CONTACTS_OF_KEY} CROSS JOIN json_each('${KINDS}') AS type
    CROSS JOIN events AS e ON e.status IN ('accepted', 'derived') AND e.source = own.source
      AND e.contact = own.contact AND ${kindOf('e.type')} = type.value AND e.key >= CAST(?2 AS INTEGER)
    CROSS JOIN deliveries AS d ON d.event = e.key AND d.target = ?1
    WHERE ${UNBLOCKED} ORDER BY e.key LIMIT 1`
  return release(db, next, [target, keyOfId(event)], now)
}

/**
 * Releases the deliveries to a target that are held for the order and no longer blocked, at most `limit`, of events that were
 * received before a time (epoch milliseconds).
 */
export async function releaseUnblocked(
  db: D1Database,
  target: string,
  now: number,
  limit: number,
  receivedBefore = now,
): Promise<DeliveryMessage[]> {
  const unblocked = `
    SELECT d.event FROM deliveries AS d CROSS JOIN events AS e ON e.key = d.event
    WHERE d.target = ?1 AND d.event < CAST(${firstKeyAt(receivedBefore + 1)} AS INTEGER) AND ${UNBLOCKED} LIMIT ?2`
  return release(db, unblocked, [target, limit], now)
}

/** Releases the deliveries to a target of the events that a query returns. `values`: the query's parameters, the target first. */
async function release(
  db: D1Database,
  query: string,
  values: [target: string, other: string | number],
  now: number,
): Promise<DeliveryMessage[]> {
  const [, released] = await db.batch([
    db.prepare(markSegmentsOf(query)).bind(...values),
    db
      .prepare(
        `UPDATE deliveries SET ${BECOMES_DUE}, reason = NULL,
           due = max(COALESCE(due, 0), ?3)
         WHERE target = ?1 AND event IN (${query})
         RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
      )
      .bind(...values, now),
  ])
  return ((released?.results ?? []) as MessageRow[]).map(messageOf)
}

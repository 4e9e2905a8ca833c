// The SQL that writes an event, by the way it enters the log, and the one that creates its deliveries. The parameters
// ?1 to ?18 are the columns of a record (records.ts).
import { EVENT_KINDS } from '../../core/events/vocabulary.ts'
import { ID_RANDOM_RANGE } from '../../core/id.ts'
import { kindOf } from '../events/history.ts'
import { keyOfClaim } from '../events/joins.ts'
import { IS_ERASED } from '../stored-words.ts'
import { isCurrent } from './erased.ts'

const OWN_KEY = 'CAST(?1 AS INTEGER)'
const OWN_STAMP = 'COALESCE(?10, char(1114111))'

/** SQL: the key of its contact. `?23`: what it tells about who that is; `?6` is the bare key. */
const OWN_CONTACT = `COALESCE(${keyOfClaim('?2', '?23')}, ?6)`

/** SQL: whether the event `e` is within the window, on either side: in arrival, and in time where both have one. */
const IS_NEAR = `(abs(e.key / ${ID_RANDOM_RANGE} - ${OWN_KEY} / ${ID_RANDOM_RANGE}) <= ?11
  AND COALESCE(abs(e.at - ?18) <= ?11, TRUE))`

const OWN_KIND = kindOf('?4')

const RELATED_KINDS = `${OWN_KIND}, CASE ${OWN_KIND} WHEN 'payment' THEN 'subscription' WHEN 'subscription' THEN 'payment' END`

const IN_ARRIVAL = (other: string) =>
  `${other}.key > min(e.key, ${OWN_KEY}) AND ${other}.key < max(e.key, ${OWN_KEY})`

/**
 * SQL: whether anything else of the contact lies between the event `e` and this one, in time or in arrival: of any kind if
 * they are near, else of a related kind: only those kinds are read, as a member has hundreds of visits. What arrived between
 * and is earlier or later than both by two windows is not looked for. What is in quarantine is about the contact if it
 * contains its id, or may be if that cannot be told.
 */
const LIES_BETWEEN = `(EXISTS (
  SELECT 1 FROM events AS other
  WHERE other.status IN ('accepted', 'derived') AND other.status = 'accepted' AND other.source = ?2 AND other.contact = ${OWN_CONTACT}
    AND ${kindOf('other.type')} IN (${EVENT_KINDS.map((kind) => `CASE WHEN e.near OR '${kind}' IN (${RELATED_KINDS}) THEN '${kind}' END`).join()})
    AND other.at BETWEEN min(e.at, ?18) - 2 * ?11 AND max(e.at, ?18) + 2 * ?11 AND other.dedup_key <> ?9
    AND (other.at > min(e.at, ?18) AND other.at < max(e.at, ?18)
      OR ${IN_ARRIVAL('other')}))
  OR near AND EXISTS (SELECT 1 FROM events AS unread WHERE unread.status = 'quarantined' AND unread.dismissed IS NULL
    AND unread.source = ?2 AND ${IN_ARRIVAL('unread')} AND (unread.encoding <> 'utf8' OR instr(unread.raw, ?7 ->> '$.data.contact.vendor_id') IS NOT 0)))`

/** SQL: the first event of the same content in an order that the index has, if it is of `where`. One row is read. */
const first = (among: string, order: string, where = 'TRUE') => `
    (SELECT e.key FROM (SELECT e.key, e.at FROM events AS e
      WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' AND e.key <> ${OWN_KEY} AND ${among} ORDER BY ${order} LIMIT 1) AS e WHERE ${where})`
type Side = [among: string, order: string]
const STAMPED_BEFORE: Side = [`e.dedup_stamp <= ${OWN_STAMP}`, 'e.dedup_stamp DESC, e.key DESC']
const STAMPED_AFTER: Side = [`e.dedup_stamp > ${OWN_STAMP}`, 'e.dedup_stamp, e.key']
const BEFORE: Side = [`e.dedup_stamp IS NULL AND e.key <= ${OWN_KEY}`, 'e.key DESC']
const AFTER: Side = [`e.dedup_stamp IS NULL AND e.key > ${OWN_KEY}`, 'e.key']

/** SQL: the same signed message as another type, or as a test or not. */
const ALTERNATIVE = `
    (SELECT e.key FROM json_each(?19) AS other CROSS JOIN events AS e
     WHERE e.dedup_key = other.value ->> 'key' AND e.status <> 'duplicate' AND e.dedup_stamp = other.value ->> 'stamp' LIMIT 1)`

/** SQL: the latest messages of the same content, if one has the same value of the header `?22`. Ten rows at most are read. */
const SENT_AGAIN = `
    (SELECT e.key FROM (SELECT e.key, e.headers FROM events AS e WHERE ?16 ->> ?22 IS NOT NULL AND e.dedup_key = ?9
      AND e.status <> 'duplicate' AND e.key <> ${OWN_KEY} ORDER BY e.dedup_stamp DESC LIMIT 10) AS e WHERE e.headers ->> ?22 = ?16 ->> ?22 LIMIT 1)`

// Finds an event of the same content, inside the window if there is one, and decides by the rules of core/intake/dedupe.ts
// whether this one repeats it. `?9` the dedup key, `?10` its stamp, `?11` the milliseconds of the window, `?18` the time,
// `?19` the alternatives, `?20` the nature, `?21` whether an identity holds only within the window, `?22` the path of a header, `?23`
// the claim about its contact. The verdict is read several times, and found once.
const EARLIER = `
WITH candidate AS (
  SELECT CASE WHEN ?19 <> '[]' OR EXISTS (SELECT 1 FROM events WHERE dedup_key = ?9 AND status <> 'duplicate') THEN COALESCE(${[
    first('e.dedup_stamp = ?10', 'e.key DESC', `NOT ?21 OR ${IS_NEAR}`),
    ALTERNATIVE,
    SENT_AGAIN,
    ...[STAMPED_BEFORE, BEFORE, STAMPED_AFTER, AFTER].map((side) => first(...side, IS_NEAR)),
    ...[STAMPED_BEFORE, BEFORE, STAMPED_AFTER, AFTER].map((side) => first(...side)),
  ].join()}) END AS key
), found AS (
  SELECT e.key, e.at, ${IS_NEAR} AS near, e.dedup_key <> ?9 AS is_alternative,
    e.status ${IS_ERASED} AS is_erased, e.dedup_stamp = ?10 OR e.headers ->> ?22 = ?16 ->> ?22 AS is_same, e.headers ->> ?22 <> ?16 ->> ?22 AS is_other
  FROM candidate CROSS JOIN events AS e ON e.key = candidate.key
), earlier AS MATERIALIZED (
  SELECT e.key AS matched_key, is_erased,
    CASE
      WHEN is_alternative OR (is_same AND (near OR NOT ?21)) THEN 'identity'
      WHEN ?20 = 'act' THEN 'twin'
      WHEN ?20 = 'state' AND ${LIES_BETWEEN} THEN CASE WHEN near THEN 'twin' END
      WHEN near AND (?20 = 'once' OR is_other IS NOT TRUE) THEN 'content'
      ELSE 'twin'
    END AS verdict
  FROM found AS e
)`

const IS_REPEAT = `verdict IN ('identity', 'content')`

/** SQL: a value of a message, unless it repeats an erased one: then nothing of it is kept but that it came. */
const kept = (value: string, without = 'NULL') =>
  `CASE WHEN ${IS_REPEAT} AND is_erased THEN ${without} ELSE ${value} END`

// One statement decides and writes: of two copies at once, one is the first. It fails where `?24`, the version of the erased
// contacts that the record was compared with, is not the present one.
export const INSERT_EVENT = `${EARLIER}
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status, rung, matched)
SELECT CAST(?1 AS INTEGER), CASE WHEN ${isCurrent('?24')} THEN ?2 END, ?3, ?4, ${kept('?5')}, ${kept(OWN_CONTACT)}, ${kept('?7')},
  ${kept('?8')}, ?9, ?10, CASE WHEN ${IS_REPEAT} THEN 0 ELSE ?12 END, ?13, ${kept('?14')}, ?15, ${kept('?16', "'{}'")}, ${kept('?17')}, ?18,
  CASE WHEN ${IS_REPEAT} THEN 'duplicate' WHEN ?7 IS NULL THEN 'quarantined' ELSE 'accepted' END,
  verdict, CASE WHEN verdict IS NOT NULL THEN matched_key END
FROM (SELECT 1) LEFT JOIN earlier
RETURNING status, CAST(matched AS TEXT) AS matched`

// An inferred event is written with its cause, once. A correction is written only where the corrected event was sent, or
// may be on its way at `?21`: until its first attempt, the end of a subscription still changes with what is known.
// `?19` the cause, `?20` the corrected event.
export const INSERT_INFERRED = `
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, COALESCE((SELECT contact FROM events WHERE key = CAST(?19 AS INTEGER)), ?6),
  ?7, ?8, ?9, ?10, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 'derived'
WHERE ?11 IS NOT NULL AND EXISTS (SELECT 1 FROM events WHERE key = CAST(?19 AS INTEGER) AND status = 'accepted')
  AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.dedup_key = ?9 AND e.status <> 'duplicate')
  AND (?20 IS NULL OR EXISTS (SELECT 1 FROM deliveries WHERE event = CAST(?20 AS INTEGER) AND (attempt > 1
    OR CASE ?4 WHEN 'subscription.corrected' THEN due <= ?21 AND state <> 'held' ELSE state <> 'cancelled' END)))
RETURNING status, NULL AS matched`

// A quarantined message becomes an event like any other, unless it repeats one.
export const RELEASE_EVENT = `${EARLIER}
UPDATE events SET source = CASE WHEN ${isCurrent('?24')} THEN source END, type = ?4, vendor_type = ${kept('?5')}, contact = ${kept(OWN_CONTACT)}, dedup_key = ?9, dedup_stamp = ?10,
  event = ${kept('?7')}, at = ?18, raw = ${kept('raw')}, headers = ${kept('headers', "'{}'")}, issues = ${kept('issues')},
  status = CASE WHEN ${IS_REPEAT} THEN 'duplicate' ELSE 'accepted' END,
  planned = CASE WHEN ${IS_REPEAT} THEN 0 ELSE ?12 END,
  rung = verdict, matched = CASE WHEN verdict IS NOT NULL THEN matched_key END
FROM (SELECT 1) LEFT JOIN earlier
WHERE key = ${OWN_KEY} AND status = 'quarantined'
RETURNING status, CAST(matched AS TEXT) AS matched`

// A message of an erased contact. `?9` is the version, as above.
export const INSERT_ERASED = `
INSERT INTO events (key, source, vendor, type, dedup_key, dedup_stamp, planned, hops, encoding, headers, status)
VALUES (CAST(?1 AS INTEGER), CASE WHEN ${isCurrent('?9')} THEN ?2 END, ?3, ?4, ?5, ?6, 0, ?7, 'utf8', ?8, 'erased')
RETURNING status, NULL AS matched`

// One that was in quarantine, where nobody could see whose it is.
export const ERASE_QUARANTINED = `
UPDATE events SET status = 'erased', vendor_type = NULL, issues = NULL, raw = NULL, headers = '{}', event_name = NULL, dismissed = NULL
WHERE key = ${OWN_KEY} AND status = 'quarantined'
RETURNING status, NULL AS matched`

// A message that was kept out: of which person (by key), and when it came.
export const COUNT_KEPT_OUT = `
UPDATE erasures SET kept_out = kept_out + 1, kept_out_at = max(COALESCE(kept_out_at, 0), ?2) WHERE person = CAST(?1 AS INTEGER)`

// A repeat gets no deliveries: its first copy has them.
export const INSERT_DELIVERIES = `
INSERT INTO deliveries (event, target, state, reason, attempt, due, attempts)
SELECT e.key, plan.value ->> 'target', plan.value ->> 'state', plan.value ->> 'reason', 1,
  plan.value ->> 'due', '[]'
FROM json_each(?1) AS plan CROSS JOIN events AS e ON e.key = CAST(plan.value ->> 'event' AS INTEGER)
WHERE e.status IN ('accepted', 'derived') ON CONFLICT DO NOTHING`

// The SQL that finds the event which a message repeats, and decides by the rules of core/intake/dedupe.ts whether it does. Copies
// are about the same contact, so they are found by the index of its history: no index has the content of every event. The
// parameters ?1 to ?18 are the columns of a record (records.ts); `?19` its alternatives, `?20` its nature, `?21` whether its
// identity holds only within the window, `?22` the path of a header, `?23` the claim about its contact, `?24` and `?25` the
// times between which copies are looked for, null where any time will do. `?26` is that of statements.ts.
import { EVENT_KINDS } from '../../core/events/vocabulary.ts'
import type { Search } from '../../core/intake/dedupe.ts'
import { kindOf } from '../events/history.ts'
import { keyOfClaim } from '../events/joins.ts'
import { timeOfKey } from '../segments.ts'
import { IS_ERASED } from '../stored-words.ts'
import {
  isAnyPacked,
  isPackedInferred,
  PACKED_OF_NOBODY,
  packedCopies,
} from './packed-identities.ts'

/**
 * Where copies of a message are looked for: among the events of its contact and kind, or among messages without a contact.
 * `isSigned`: also among those of other types.
 */
export type Scope = { among: Search['among'] | 'no contact'; isSigned: boolean }

export const OWN_KEY = 'CAST(?1 AS INTEGER)'
const OWN_STAMP = 'COALESCE(?10, char(1114111))'

/** SQL: the key of its contact. `?23`: what it tells about who that is; `?6` is the bare key. */
export const OWN_CONTACT = `COALESCE(${keyOfClaim('?2', '?23')}, ?6)`

// Copies are looked for under the bare key of its contact, and under its scoped key where that is one: a copy may have come
// before the contact was known to be another than the first one with its id. An equal content is about the same contact, as
// it has the id, and the account or site.
const SCOPED =
  "(SELECT contact FROM contacts WHERE source = ?2 AND contact = ?23 ->> 'scoped') AS scoped"

const OWN_KIND = kindOf('?4')

/** Payments and ends are one kind here: which of them a message is depends on the history. */
const OTHER_KIND = `CASE ${OWN_KIND} WHEN 'payment' THEN 'subscription' WHEN 'subscription' THEN 'payment' END`

/** SQL: whether the event `e` is within the window, on either side: in arrival, and in time where both have one. */
const IS_NEAR = `(abs(${timeOfKey('e.key')} - ${timeOfKey(OWN_KEY)}) <= ?11
  AND COALESCE(abs(e.at - ?18) <= ?11, TRUE))`

const IN_ARRIVAL = (other: string) =>
  `${other}.key > min(e.key, ${OWN_KEY}) AND ${other}.key < max(e.key, ${OWN_KEY})`

/** The kinds of events that may lie between, each with its number and when it is looked at. */
const KINDS_BETWEEN = EVENT_KINDS.map(
  (kind, i) => [i, `e.near OR '${kind}' IN (${OWN_KIND}, ${OTHER_KIND})`, kind] as const,
)

/**
 * SQL: whether anything else of the contact lies between the event `e` and this one, in time or in arrival: of any kind if
 * they are near, else of a related kind: only those kinds are read, as a member has hundreds of visits. What arrived between
 * and is earlier or later than both by two windows is not looked for. What is in quarantine is about the contact if it
 * contains its id, or may be if that cannot be told.
 */
const LIES_BETWEEN = `(EXISTS (
  SELECT 1 FROM events AS other
  WHERE other.status IN ('accepted', 'derived') AND other.status = 'accepted' AND other.source = ?2 AND other.contact = ${OWN_CONTACT}
    AND ${kindOf('other.type')} IN (${KINDS_BETWEEN.map(([, is, kind]) => `CASE WHEN ${is} THEN '${kind}' END`).join()})
    AND other.at BETWEEN min(e.at, ?18) - 2 * ?11 AND max(e.at, ?18) + 2 * ?11 AND other.dedup_key <> ?9
    AND (other.at > min(e.at, ?18) AND other.at < max(e.at, ?18)
      OR ${IN_ARRIVAL('other')}))
  OR ${isAnyPacked(
    OWN_CONTACT,
    KINDS_BETWEEN.map(([i, is]) => `CASE WHEN ${is} THEN ${i} END`),
    `p.at BETWEEN min(e.at, ?18) - 2 * ?11 AND max(e.at, ?18) + 2 * ?11
    AND (p.at > min(e.at, ?18) AND p.at < max(e.at, ?18) OR ${IN_ARRIVAL('p')})`,
  )}
  OR near AND EXISTS (SELECT 1 FROM events AS unread WHERE unread.status = 'quarantined' AND unread.dismissed IS NULL
    AND unread.source = ?2 AND ${IN_ARRIVAL('unread')} AND (unread.encoding <> 'utf8' OR instr(unread.raw, ?7 ->> '$.data.contact.vendor_id') IS NOT 0)))`

const HAS_NO_CONTACT = `contact IS NULL AND status <> 'duplicate'`

/** The most events of a contact and kind that are looked through. */
const MAX_LOOKED_AT = 1000

/** SQL: the events of a contact and kind with an equal content, in a part of its history. The index has all that this reads. */
const copiesOf = (contact: string, kind: string, part: string, limit: number, content = '= ?9') => `
    SELECT key, at, dedup_stamp FROM (SELECT key, at, dedup_key, dedup_stamp FROM events
      WHERE status IN ('accepted', 'derived') AND source = ?2 AND contact = ${contact} AND ${kindOf('type')} = ${kind}
        AND ${part} LIMIT ${limit}) WHERE dedup_key ${content}`

type Part = [part: string, limit: number]
const PARTS: Record<Search['among'], Part[]> = {
  instant: [['at BETWEEN ?24 AND ?25', MAX_LOOKED_AT]],
  next: [
    ['at >= ?24 ORDER BY at', MAX_LOOKED_AT],
    ["at < ?24 AND status = 'accepted' ORDER BY at DESC", 1],
  ],
  all: [['at IS NOT NULL ORDER BY at DESC', MAX_LOOKED_AT]],
}

// D1 allows five parts of a compound query.
const unionOf = (parts: string[]) =>
  parts.map((part) => `SELECT * FROM (${part})`).join(' UNION ALL ')
const copiesUnder = (contact: string, among: Search['among']) =>
  unionOf(PARTS[among].map(([part, limit]) => copiesOf(contact, OWN_KIND, part, limit)))
const copiesIn = (among: Search['among']) => `${copiesUnder('?6', among)} UNION ALL
      SELECT e.key, e.at, e.dedup_stamp FROM ${SCOPED} CROSS JOIN events AS e
        ON e.key IN (SELECT key FROM (${copiesUnder('scoped.contact', among)}))`

const SIDE = `CASE WHEN stamp <= ${OWN_STAMP} THEN 1 WHEN stamp IS NULL AND key <= ${OWN_KEY} THEN 2 WHEN stamp IS NOT NULL THEN 3 ELSE 4 END`
const NEAREST = `near DESC, ${SIDE}, CASE WHEN ${SIDE} = 1 THEN stamp END DESC, CASE WHEN ${SIDE} = 3 THEN stamp END,
      CASE WHEN ${SIDE} <= 2 THEN key END DESC, key`

const IS_IDENTICAL = '(stamp = ?10 AND (near OR NOT ?21)) IS TRUE'

/** SQL: of the copies, the one that has a claim before the others: by identity, by its delivery id, by its nearness. */
const best = (among: Search['among'], where = 'TRUE') => `
    (SELECT key FROM (SELECT key, dedup_stamp AS stamp, ${IS_NEAR} AS near,
        (SELECT headers ->> ?22 FROM events WHERE events.key = e.key) = ?16 ->> ?22 AS is_same_delivery
      FROM (${copiesIn(among)}) AS e WHERE key <> ${OWN_KEY}) WHERE ${where}
     ORDER BY ${IS_IDENTICAL} DESC, is_same_delivery IS TRUE DESC, ${NEAREST} LIMIT 1)`

/** SQL: of the messages without a contact, the first of the same content in an order that the index has, if it is of `where`. */
const first = (among: string, order: string, where = 'TRUE') => `
    (SELECT e.key FROM (SELECT e.key, e.at FROM events AS e
      WHERE e.dedup_key = ?9 AND e.${HAS_NO_CONTACT} AND e.key <> ${OWN_KEY} AND ${among} ORDER BY ${order} LIMIT 1) AS e WHERE ${where})`
type Side = [among: string, order: string]
const STAMPED_BEFORE: Side = [`e.dedup_stamp <= ${OWN_STAMP}`, 'e.dedup_stamp DESC, e.key DESC']
const STAMPED_AFTER: Side = [`e.dedup_stamp > ${OWN_STAMP}`, 'e.dedup_stamp, e.key']
const BEFORE: Side = [`e.dedup_stamp IS NULL AND e.key <= ${OWN_KEY}`, 'e.key DESC']
const AFTER: Side = [`e.dedup_stamp IS NULL AND e.key > ${OWN_KEY}`, 'e.key']
const SIDES = [STAMPED_BEFORE, BEFORE, STAMPED_AFTER, AFTER]

/** SQL: the latest messages without a contact and of the same content, if one has the same value of the header `?22`. */
const SENT_AGAIN = `
    (SELECT e.key FROM (SELECT e.key, e.headers FROM events AS e WHERE ?16 ->> ?22 IS NOT NULL AND e.dedup_key = ?9
      AND e.${HAS_NO_CONTACT} AND e.key <> ${OWN_KEY} ORDER BY e.dedup_stamp DESC LIMIT 10) AS e WHERE e.headers ->> ?22 = ?16 ->> ?22 LIMIT 1)`

/** SQL: the same signed message as another type, or as a test or not: in quarantine, or of its contact. */
const ALTERNATIVE = `
    (SELECT e.key FROM json_each(?19) AS other CROSS JOIN events AS e ON e.key IN (
      SELECT key FROM events WHERE ${HAS_NO_CONTACT} AND dedup_key = other.value ->> 'key' AND dedup_stamp = other.value ->> 'stamp'
      UNION ALL ${['contact', 'scoped'].map((name) => `SELECT key FROM (${copiesOf(`other.value ->> '${name}'`, `other.value ->> 'kind'`, 'at IS NOT NULL ORDER BY at DESC', MAX_LOOKED_AT, `= other.value ->> 'key' AND dedup_stamp = other.value ->> 'stamp'`)})`).join(' UNION ALL ')})
     LIMIT 1)`

const [IDENTICAL, ...EQUAL] = [
  first('e.dedup_stamp = ?10', 'e.key DESC', `NOT ?21 OR ${IS_NEAR}`),
  SENT_AGAIN,
  ...SIDES.map((side) => first(...side, IS_NEAR)),
  ...SIDES.map((side) => first(...side)),
]

/** SQL: an erased event of the same content: it has no contact any more. */
const ERASED = `CASE WHEN EXISTS (SELECT 1 FROM events WHERE ${HAS_NO_CONTACT} AND dedup_key = ?9) THEN COALESCE(${[IDENTICAL, ...EQUAL]}) END`

/** SQL: the key of the event that the message may repeat, or null. */
function candidateIn({ among, isSigned }: Scope): string {
  const signed = isSigned ? [ALTERNATIVE] : []
  if (among === 'no contact') return `COALESCE(${[IDENTICAL, ...signed, ...EQUAL]})`
  return isSigned
    ? `COALESCE(${[best(among, IS_IDENTICAL), ...signed, best(among), ERASED]})`
    : `COALESCE(${best(among)}, ${ERASED})`
}

/** SQL: the same of packed events, as far as they are not hot again, as erased ones are. */
function packedCandidateIn({ among }: Scope): string {
  const copies = among === 'no contact' ? PACKED_OF_NOBODY : packedCopies(OWN_KIND, among)
  return `
      SELECT e.key, e.at, e.near, FALSE AS is_alternative, FALSE AS is_erased, e.stamp = ?10 OR e.delivery = ?16 ->> ?22 AS is_same,
        e.delivery <> ?16 ->> ?22 AS is_other
      FROM (SELECT *, ${IS_NEAR} AS near FROM (${copies}) AS e) AS e WHERE NOT EXISTS (SELECT 1 FROM events WHERE events.key = e.key)
      ORDER BY ${IS_IDENTICAL} DESC, is_same IS TRUE DESC, ${NEAREST} LIMIT 1`
}

/** Tables of a statement: `earlier` has the event that is like this one, if there is one, and the verdict. It is found once. */
export const earlierIn = (scope: Scope) => `
WITH found AS (
  SELECT * FROM (
    SELECT e.key, e.at, ${IS_NEAR} AS near, e.dedup_key <> ?9 AS is_alternative,
      e.status ${IS_ERASED} AS is_erased, e.dedup_stamp = ?10 OR e.headers ->> ?22 = ?16 ->> ?22 AS is_same,
      e.headers ->> ?22 <> ?16 ->> ?22 AS is_other
    FROM events AS e WHERE e.key = ${candidateIn(scope)}
    UNION ALL
    SELECT * FROM (${packedCandidateIn(scope)})
  ) ORDER BY is_alternative OR is_same DESC LIMIT 1
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

/** SQL: whether the log has an inferred event with the dedup key `?9`, of the contact `contact`. */
export const isInferredKnown = (
  contact: string,
) => `(EXISTS (${copiesOf(contact, OWN_KIND, 'at IS NOT NULL ORDER BY at DESC', MAX_LOOKED_AT)})
  OR EXISTS (SELECT 1 FROM events WHERE ${HAS_NO_CONTACT} AND dedup_key = ?9) OR ${isPackedInferred(contact, OWN_KIND)})`

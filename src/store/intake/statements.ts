// The SQL that writes an event, by the way it enters the log, and the one that creates its deliveries. The parameters
// ?1 to ?18 are the columns of a record (records.ts).
import { ID_RANDOM_RANGE } from '../../core/id.ts'
import { kindOf } from '../events/history.ts'
import { keyOfClaim } from '../events/joins.ts'

const OWN_KEY = 'CAST(?1 AS INTEGER)'
const OWN_STAMP = 'COALESCE(?10, char(1114111))'

/** SQL: the key of its contact. `?20`: what it tells about who that is; `?6` is the bare key. */
const OWN_CONTACT = `COALESCE(${keyOfClaim('?2', '?20')}, ?6)`

/** SQL: whether the event `e` was received within the window, on either side. */
const IS_NEAR = `abs(e.key / ${ID_RANDOM_RANGE} - ${OWN_KEY} / ${ID_RANDOM_RANGE}) <= ?11`

/** SQL: the first event of the same content in an order that the index has, if it is of `where`. One row is read. */
const first = (among: string, order: string, where = 'TRUE') => `
    (SELECT e.key FROM (SELECT e.key FROM events AS e
      WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' AND ${among} ORDER BY ${order} LIMIT 1) AS e WHERE ${where})`
type Side = [among: string, order: string]
const STAMPED_BEFORE: Side = [`e.dedup_stamp <= ${OWN_STAMP}`, 'e.dedup_stamp DESC, e.key DESC']
const STAMPED_AFTER: Side = [`e.dedup_stamp > ${OWN_STAMP}`, 'e.dedup_stamp, e.key']
const BEFORE: Side = [`e.dedup_stamp IS NULL AND e.key <= ${OWN_KEY}`, 'e.key DESC']
const AFTER: Side = [`e.dedup_stamp IS NULL AND e.key > ${OWN_KEY}`, 'e.key']

/** SQL: the same signed message as another type, or as a test or not. */
const ALTERNATIVE = `
    (SELECT e.key FROM json_each(?19) AS other CROSS JOIN events AS e
     WHERE e.dedup_key = other.value ->> 'key' AND e.status <> 'duplicate' AND e.dedup_stamp = other.value ->> 'stamp' LIMIT 1)`

// One statement finds an event of the same content, inside the window if there is one, decides by the rules of
// core/intake/dedupe.ts whether this one repeats it, and writes it: of two copies at once, one is the first. `?9` the dedup
// key, `?10` its stamp, `?11` the milliseconds of the window, `?19` the alternatives, `?20` the claim about its contact. A spilled event is written after later
// ones: hence both sides.
export const INSERT_EVENT = `
WITH candidate AS (
  SELECT CASE WHEN ?19 <> '[]' OR EXISTS (SELECT 1 FROM events WHERE dedup_key = ?9 AND status <> 'duplicate') THEN COALESCE(${[
    first('e.dedup_stamp = ?10', 'e.key'),
    ALTERNATIVE,
    ...[STAMPED_BEFORE, BEFORE, STAMPED_AFTER, AFTER].map((side) => first(...side, IS_NEAR)),
    ...[STAMPED_BEFORE, BEFORE, STAMPED_AFTER, AFTER].map((side) => first(...side)),
  ].join()}) END AS key
), earlier AS (
  SELECT e.key,
    CASE
      WHEN e.dedup_stamp = ?10 OR e.dedup_key <> ?9 THEN 'identity'
      WHEN EXISTS (
        SELECT 1 FROM (
          SELECT key, vendor_type, dedup_key FROM events
          WHERE status IN ('accepted', 'derived') AND source = ?2 AND contact = ${OWN_CONTACT} AND ${kindOf('type')} = ${kindOf('?4')}
            AND key <= max(e.key, ${OWN_KEY})
          ORDER BY at DESC LIMIT 5) AS near
        WHERE near.key > min(e.key, ${OWN_KEY}) AND near.vendor_type = ?5 AND near.dedup_key <> ?9
      ) THEN NULL
      WHEN ${IS_NEAR} THEN 'content'
      ELSE 'twin'
    END AS rung
  FROM candidate CROSS JOIN events AS e ON e.key = candidate.key
)
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status, rung, matched)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ${OWN_CONTACT}, ?7, ?8, ?9, ?10,
  CASE WHEN earlier.rung IN ('identity', 'content') THEN 0 ELSE ?12 END, ?13, ?14, ?15, ?16, ?17, ?18,
  CASE WHEN earlier.rung IN ('identity', 'content') THEN 'duplicate'
    WHEN ?7 IS NULL THEN 'quarantined' ELSE 'accepted' END,
  earlier.rung, CASE WHEN earlier.rung IS NOT NULL THEN earlier.key END
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

// A quarantined message becomes an event like any other, unless the vendor has sent it again since.
export const RELEASE_EVENT = `
WITH repeated AS (
  SELECT e.key, CASE WHEN e.dedup_stamp = ?6 THEN 'identity' WHEN abs(e.key - CAST(?1 AS INTEGER)) <= ?10 THEN 'content'
    ELSE 'twin' END AS rung
  FROM events AS e WHERE e.dedup_key = ?5 AND e.status <> 'duplicate' AND e.key <> CAST(?1 AS INTEGER)
  ORDER BY e.dedup_stamp = ?6 DESC, abs(e.key - CAST(?1 AS INTEGER)) LIMIT 1
)
UPDATE events SET type = ?2, vendor_type = ?3, contact = COALESCE(${keyOfClaim('events.source', '?11')}, ?4), dedup_key = ?5, dedup_stamp = ?6, event = ?7, at = ?9,
  status = CASE WHEN (SELECT rung FROM repeated) IN ('identity', 'content') THEN 'duplicate' ELSE 'accepted' END,
  planned = CASE WHEN (SELECT rung FROM repeated) IN ('identity', 'content') THEN 0 ELSE ?8 END,
  matched = (SELECT key FROM repeated), rung = (SELECT rung FROM repeated)
WHERE key = CAST(?1 AS INTEGER) AND status = 'quarantined'
RETURNING status, CAST(matched AS TEXT) AS matched`

// A repeat gets no deliveries: its first copy has them.
export const INSERT_DELIVERIES = `
INSERT INTO deliveries (event, target, state, reason, attempt, due, attempts)
SELECT e.key, plan.value ->> 'target', plan.value ->> 'state', plan.value ->> 'reason', 1,
  plan.value ->> 'due', '[]'
FROM json_each(?1) AS plan CROSS JOIN events AS e ON e.key = CAST(plan.value ->> 'event' AS INTEGER)
WHERE e.status IN ('accepted', 'derived') ON CONFLICT DO NOTHING`

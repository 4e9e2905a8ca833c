// The SQL that writes an event, by the way it enters the log, and the one that creates its deliveries. The parameters
// ?1 to ?18 are the columns of a record (records.ts), those up to ?25 what it is compared by (repeats.ts).
import { firstNote } from '../deliveries/waiting.ts'
import { earlierIn, isInferredKnown, OWN_CONTACT, OWN_KEY, type Scope } from './repeats.ts'

// One statement decides and writes: of two copies at once, one is the first.
export const insertEvent = (scope: Scope) => `${earlierIn(scope)}
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status, rung, matched)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ${OWN_CONTACT}, ?7, ?8, ?9, ?10,
  CASE WHEN verdict IN ('identity', 'content') THEN 0 ELSE ?12 END, ?13, ?14, ?15, ?16, ?17, ?18,
  CASE WHEN verdict IN ('identity', 'content') THEN 'duplicate' WHEN ?7 IS NULL THEN 'quarantined' ELSE 'accepted' END,
  verdict, CASE WHEN verdict IS NOT NULL THEN matched_key END
FROM (SELECT 1) LEFT JOIN earlier
RETURNING status, CAST(matched AS TEXT) AS matched`

const CAUSES_CONTACT = 'COALESCE((SELECT contact FROM events WHERE key = CAST(?19 AS INTEGER)), ?6)'

// An inferred event is written with its cause, once. A correction is written only where the corrected event was sent, or
// may be on its way at `?21`: until its first attempt, the end of a subscription still changes with what is known.
// `?19` the cause, `?20` the corrected event.
export const INSERT_INFERRED = `
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ${CAUSES_CONTACT},
  ?7, ?8, ?9, ?10, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 'derived'
WHERE ?11 IS NOT NULL AND EXISTS (SELECT 1 FROM events WHERE key = CAST(?19 AS INTEGER) AND status = 'accepted')
  AND NOT ${isInferredKnown(CAUSES_CONTACT)}
  AND (?20 IS NULL OR EXISTS (SELECT 1 FROM deliveries WHERE event = CAST(?20 AS INTEGER) AND (attempt > 1
    OR CASE ?4 WHEN 'subscription.corrected' THEN due <= ?21 AND state <> 'held' ELSE state <> 'cancelled' END)))
RETURNING status, NULL AS matched`

// A quarantined message becomes an event like any other, unless it repeats one.
export const releaseEvent = (scope: Scope) => `${earlierIn(scope)}
UPDATE events SET type = ?4, vendor_type = ?5, contact = ${OWN_CONTACT}, dedup_key = ?9, dedup_stamp = ?10, event = ?7, at = ?18,
  status = CASE WHEN verdict IN ('identity', 'content') THEN 'duplicate' ELSE 'accepted' END,
  planned = CASE WHEN verdict IN ('identity', 'content') THEN 0 ELSE ?12 END,
  rung = verdict, matched = CASE WHEN verdict IS NOT NULL THEN matched_key END
FROM (SELECT 1) LEFT JOIN earlier
WHERE key = ${OWN_KEY} AND status = 'quarantined'
RETURNING status, CAST(matched AS TEXT) AS matched`

// A repeat gets no deliveries: its first copy has them. D1 counts a row of json_each as read, but not one of VALUES.
const insertFrom = (plans: string) => `
WITH plan(value) AS (${plans})
INSERT INTO deliveries (event, target, state, reason, attempt, due, swept, attempts)
SELECT e.key, plan.value ->> 'target', plan.value ->> 'state', plan.value ->> 'reason', 1,
  plan.value ->> 'due', ${firstNote('e.key')}, '[]'
FROM plan CROSS JOIN events AS e ON e.key = CAST(plan.value ->> 'event' AS INTEGER)
WHERE e.status IN ('accepted', 'derived') ON CONFLICT DO NOTHING`

/** The statement that creates some deliveries, one JSON object a parameter. */
export const insertDeliveries = (count: number) =>
  insertFrom(`VALUES ${Array.from({ length: count }, (_, i) => `(?${i + 1})`)}`)

/** The same for any number, as one JSON list. */
export const INSERT_DELIVERIES = insertFrom('SELECT value FROM json_each(?1)')

// The SQL that writes an event, by the way it enters the log, and the one that creates its deliveries. The parameters
// ?1 to ?18 are the columns of a record (records.ts), those up to ?25 what it is compared by (repeats.ts).
import { firstNote } from '../deliveries/waiting.ts'
import { isCurrent } from './erased.ts'
import { earlierIn, isInferredKnown, OWN_CONTACT, OWN_KEY, type Scope } from './repeats.ts'

const IS_REPEAT = `verdict IN ('identity', 'content')`

/** SQL: a value of a message, unless it repeats an erased one: then nothing of it is kept but that it came. */
const kept = (value: string, without = 'NULL') =>
  `CASE WHEN ${IS_REPEAT} AND is_erased THEN ${without} ELSE ${value} END`

// One statement decides and writes: of two copies at once, one is the first. It fails where `?26`, the version of the erased
// contacts that the record was compared with, is not the present one.
export const insertEvent = (scope: Scope) => `${earlierIn(scope)}
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status, rung, matched)
SELECT CAST(?1 AS INTEGER), CASE WHEN ${isCurrent('?26')} THEN ?2 END, ?3, ?4, ${kept('?5')}, ${kept(OWN_CONTACT)}, ${kept('?7')},
  ${kept('?8')}, ?9, ?10, CASE WHEN ${IS_REPEAT} THEN 0 ELSE ?12 END, ?13, ${kept('?14')}, ?15, ${kept('?16', "'{}'")}, ${kept('?17')}, ?18,
  CASE WHEN ${IS_REPEAT} THEN 'duplicate' WHEN ?7 IS NULL THEN 'quarantined' ELSE 'accepted' END,
  verdict, CASE WHEN verdict IS NOT NULL THEN matched_key END
FROM (SELECT 1) LEFT JOIN earlier
RETURNING status, CAST(matched AS TEXT) AS matched`

const CAUSES_CONTACT = 'COALESCE((SELECT contact FROM events WHERE key = CAST(?19 AS INTEGER)), ?6)'

// An inferred event is written with its cause, once. A correction is written only where the corrected event was sent, or
// may be on its way at `?21`: until its first attempt, the end of a subscription still changes with what is known. One that is
// not in the log is packed: whether it was sent was read with it (History.untold). `?19` the cause, `?20` the corrected event.
export const INSERT_INFERRED = `
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ${CAUSES_CONTACT},
  ?7, ?8, ?9, ?10, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 'derived'
WHERE ?11 IS NOT NULL AND EXISTS (SELECT 1 FROM events WHERE key = CAST(?19 AS INTEGER) AND status = 'accepted')
  AND NOT ${isInferredKnown(CAUSES_CONTACT)}
  AND (?20 IS NULL OR NOT EXISTS (SELECT 1 FROM events WHERE key = CAST(?20 AS INTEGER)) OR EXISTS (SELECT 1 FROM deliveries WHERE event = CAST(?20 AS INTEGER) AND (attempt > 1
    OR CASE ?4 WHEN 'subscription.corrected' THEN due <= ?21 AND state <> 'held' ELSE state <> 'cancelled' END)))
RETURNING status, NULL AS matched`

// A quarantined message becomes an event like any other, unless it repeats one.
export const releaseEvent = (scope: Scope) => `${earlierIn(scope)}
UPDATE events SET source = CASE WHEN ${isCurrent('?26')} THEN source END, type = ?4, vendor_type = ${kept('?5')}, contact = ${kept(OWN_CONTACT)}, dedup_key = ?9, dedup_stamp = ?10,
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

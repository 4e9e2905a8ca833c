// The SQL that writes an event, by the way it enters the log, and the one that creates its deliveries. The parameters
// ?1 to ?18 are the columns of a record (records.ts).
import { kindOf } from '../events/history.ts'

// One statement finds the earlier event of the same content, decides by the rules of core/intake/dedupe.ts whether this
// one repeats it, and writes it: of two copies at once, one is the first. `?9` the dedup key, `?10` its stamp, `?11` the
// first key inside the window, `?19` the alternatives.
export const INSERT_EVENT = `
WITH candidate AS (
  SELECT COALESCE(
    (SELECT e.key FROM events AS e
     WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' AND e.dedup_stamp = ?10 LIMIT 1),
    (SELECT e.key FROM json_each(?19) AS other CROSS JOIN events AS e
     WHERE e.dedup_key = other.value ->> 'key' AND e.status <> 'duplicate' AND e.dedup_stamp = other.value ->> 'stamp'
     LIMIT 1),
    (SELECT e.key FROM events AS e WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' AND e.dedup_stamp IS NOT NULL
     ORDER BY e.dedup_stamp DESC, e.key DESC LIMIT 1),
    (SELECT e.key FROM events AS e WHERE e.dedup_key = ?9 AND e.status <> 'duplicate' AND e.dedup_stamp IS NULL
     ORDER BY e.key DESC LIMIT 1)
  ) AS key
), earlier AS (
  SELECT e.key,
    CASE
      WHEN e.dedup_stamp = ?10 OR e.dedup_key <> ?9 THEN 'identity'
      WHEN EXISTS (
        SELECT 1 FROM (
          SELECT key, vendor_type, dedup_key FROM events
          WHERE status IN ('accepted', 'derived') AND source = ?2 AND contact = ?6 AND ${kindOf('type')} = ${kindOf('?4')}
          ORDER BY at DESC LIMIT 5) AS later
        WHERE later.key > e.key AND later.vendor_type = ?5 AND later.dedup_key <> ?9
      ) THEN NULL
      WHEN e.key >= CAST(?11 AS INTEGER) THEN 'content'
      ELSE 'twin'
    END AS rung
  FROM candidate CROSS JOIN events AS e ON e.key = candidate.key
)
INSERT INTO events (key, source, vendor, type, vendor_type, contact, event, issues, dedup_key, dedup_stamp,
  planned, hops, raw, encoding, headers, event_name, at, status, rung, matched)
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
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
SELECT CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 'derived'
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
UPDATE events SET type = ?2, vendor_type = ?3, contact = ?4, dedup_key = ?5, dedup_stamp = ?6, event = ?7, at = ?9,
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

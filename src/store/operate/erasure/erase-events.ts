// Erasing events: what is left of one is that it was received, when, and what became of its deliveries.
import { UNFINISHED_STATES } from '../../../core/deliveries/delivery.ts'
import { type EventId, idOfKey } from '../../../core/id.ts'
import { TEST_HEADER } from '../../../core/intake/request.ts'
import type { ErasedPlace } from '../../../core/operate/erasure/erasure.ts'
import { IS_TEST } from '../../events/event-rows.ts'
import type { BatchDatabase } from '../../group-commit.ts'
import { markSegments } from '../../segments.ts'
import { ERASED_INFERRED, IS_ERASED } from '../../stored-words.ts'

const KEYS = '(SELECT CAST(value AS INTEGER) FROM json_each(?1))'
const UNFINISHED = `(${UNFINISHED_STATES.map((state) => `'${state}'`).join()})`

// What an attempt says of the message goes: the response, the digest, and what the format says in headers.
const ERASE_DELIVERIES = `
UPDATE deliveries SET body = NULL, content_type = NULL, headers = NULL,
  attempts = (SELECT json_group_array(json_remove(value, '$.response', '$.digest', '$.format_headers')) FROM json_each(attempts)),
  reason = CASE WHEN state IN ${UNFINISHED} THEN 'erased' ELSE reason END,
  due = CASE WHEN state NOT IN ${UNFINISHED} THEN due END,
  state = CASE WHEN state IN ${UNFINISHED} THEN 'cancelled' ELSE state END, lease_holder = NULL, lease_until = NULL
WHERE event IN ${KEYS}`

// The keys of deduplication stay for a time (forgetRepeats): a hash of the content, the stamp of the vendor, and of the headers
// the one whose equal value makes equal content a repeat (?2). A test stays a test, as the counts have it.
const ERASE_EVENTS = `
UPDATE events AS e SET status = CASE status WHEN 'derived' THEN '${ERASED_INFERRED}' ELSE 'erased' END,
  vendor_type = NULL, contact = NULL, issues = NULL, event = NULL, raw = NULL, encoding = 'utf8', event_name = NULL,
  dismissed = NULL, headers = json_patch(
    (SELECT json_group_object(key, value) FROM json_each(e.headers) WHERE key IN (SELECT value FROM json_each(?2))),
    CASE WHEN ${IS_TEST} THEN json_object('${TEST_HEADER}', 'true') ELSE '{}' END)
WHERE key IN ${KEYS} AND status NOT ${IS_ERASED}`

/** The statements that erase events, given by their keys (decimal texts), after the objects of their bodies. `kept`: names of headers that tell repeats. */
export function eraseEvents(
  db: BatchDatabase,
  keys: readonly string[],
  kept: readonly string[],
): D1PreparedStatement[] {
  const all = JSON.stringify(keys)
  const ids: EventId[] = keys.map(idOfKey)
  return [
    db.prepare(ERASE_DELIVERIES).bind(all),
    db.prepare(`DELETE FROM bodies WHERE owner IN ${KEYS}`).bind(all),
    db.prepare(ERASE_EVENTS).bind(all, JSON.stringify(kept)),
    markSegments(db, ids, 'changed'),
  ]
}

/**
 * The statement that forgets by what erased events with keys below `before` (decimal text) would be recognised as those
 * that a message repeats, at most `limit`.
 */
export function forgetRepeats(
  db: BatchDatabase,
  before: string,
  limit: number,
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE events SET dedup_key = '', dedup_stamp = NULL, headers = CASE WHEN ${IS_TEST.replaceAll('e.', '')}
         THEN json_object('${TEST_HEADER}', 'true') ELSE '{}' END
       WHERE key IN (SELECT key FROM events WHERE status ${IS_ERASED} AND dedup_key <> '' AND key < CAST(?1 AS INTEGER)
         ORDER BY key LIMIT ?2)`,
    )
    .bind(before, limit)
}

/** The queries of what is about to be erased with some events, for the receipt. `place`: where the events were found. */
export function countsOf(keys: readonly string[], place: ErasedPlace): Record<string, string> {
  const own = `event IN (${keys})`
  return {
    [place]: `SELECT count(*) FROM events WHERE key IN (${keys}) AND status NOT ${IS_ERASED}`,
    bodies: `SELECT count(*) FROM deliveries WHERE ${own} AND body IS NOT NULL`,
    attempts: `SELECT count(*) FROM deliveries CROSS JOIN json_each(attempts) AS a WHERE ${own} AND a.value ->> 'digest' IS NOT NULL`,
    cancelled: `SELECT count(*) FROM deliveries WHERE ${own} AND state IN ${UNFINISHED}`,
  }
}

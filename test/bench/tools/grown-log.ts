// A large log: copies of events that the relay itself recorded and delivered, five thousand in the last hour and two hundred
// in each hour before, so that the smallest log that is measured is longer than a day.
import type { D1Database } from '@cloudflare/workers-types'
import { KEYS_PER_MS } from '../../../src/core/id.ts'
import { keyAt } from '../../../src/store/segments.ts'
import { LIST_SEGMENTS } from '../../store/segments.ts'

const HOUR_MS = 3_600_000
const LAST_HOUR = 5000
const EACH_HOUR = 200
const CHUNK = 10_000
const EVENTS_PER_CONTACT = 25

const COLUMNS =
  'source, vendor, vendor_type, planned, hops, dedup_stamp, encoding, headers, raw, event_name'

/** Contacts are as long as the vendors' own, and hashes as scattered as hashes are. */
const contactOf = (i: string, events: number) =>
  `printf('%08x-0000-4000-8000-%012x', ${i} % ${Math.max(1, events / EVENTS_PER_CONTACT)}, 7)`

/**
 * Adds so many events to a log that has some delivered ones, back in time from `before` (epoch milliseconds): one in 97
 * a duplicate, one in 30 quarantined, one in 125 of a rare type, one in 150 with a dead delivery: the smallest log that
 * is measured fills a page of each.
 */
export async function growLog(
  db: D1Database,
  events: number,
  { before, progress }: { before: number; progress: (line: string) => void },
): Promise<void> {
  const timeOf = `CASE WHEN ${events} - i <= ${LAST_HOUR}
    THEN ${before} - (${events} - i) * ${HOUR_MS / LAST_HOUR}
    ELSE ${before - HOUR_MS} - (${events - LAST_HOUR} - i) * ${HOUR_MS / EACH_HOUR} END`
  const keyOf = `${keyAt(timeOf)} + i % ${KEYS_PER_MS}`
  const { results } = await db.prepare('SELECT key FROM events ORDER BY key').all<{ key: number }>()
  const templates = results.length
  await db
    .prepare(
      'CREATE TABLE templates AS SELECT row_number() OVER (ORDER BY key) - 1 AS nth, * FROM events',
    )
    .run()
  await db
    .prepare(
      'CREATE TABLE template_deliveries AS SELECT t.nth, d.* FROM deliveries d JOIN templates t ON t.key = d.event',
    )
    .run()
  for (let from = 0; from < events; from += CHUNK) {
    const chunk = `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${Math.min(events, from + CHUNK)})`
    await db.batch([
      db.prepare(`${chunk}, facts AS (SELECT i, CASE WHEN i % 30 = 3 THEN 'quarantined' WHEN i % 97 = 5 THEN 'duplicate' ELSE 'accepted' END AS status FROM n)
        INSERT INTO events (key, status, type, contact, dedup_key, issues, event, at, ${COLUMNS})
        SELECT ${keyOf}, f.status, CASE WHEN i % 125 = 7 THEN 'payment.failed' ELSE type END,
          CASE WHEN f.status = 'quarantined' THEN NULL ELSE ${contactOf('i', events)} END,
          lower(hex(randomblob(16))), CASE WHEN f.status = 'quarantined' THEN '[{"path":"type","message":"unknown event type"}]' END,
          CASE WHEN f.status = 'quarantined' THEN NULL ELSE event END, ${timeOf}, ${COLUMNS}
        FROM facts f JOIN templates t ON t.nth = i % ${templates}`),
      db.prepare(`${chunk} INSERT INTO deliveries (event, target, state, reason, attempt, attempts)
        SELECT ${keyOf}, d.target, CASE WHEN i % 150 = 4 THEN 'dead' ELSE 'delivered' END, NULL, d.attempt,
          json_replace(d.attempts, '$[0].at', strftime('%Y-%m-%dT%H:%M:%fZ', (${timeOf}) / 1000.0, 'unixepoch'))
        FROM n JOIN template_deliveries d ON d.nth = i % ${templates} WHERE i % 30 <> 3 AND i % 97 <> 5`),
    ])
    if (from % 100_000 === 0) progress(`${from} of ${events} events`)
  }
  const contacts = Math.ceil(events / EVENTS_PER_CONTACT)
  for (let from = 0; from < contacts; from += CHUNK) {
    const chunk = `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${Math.min(contacts, from + CHUNK)})`
    await db
      .prepare(`${chunk} INSERT OR IGNORE INTO contacts (source, contact, vendor, person, email, sites)
      SELECT source, ${contactOf('i', events)}, vendor, ${keyOf}, 'member' || i || '@example.com', '[]'
      FROM n JOIN (SELECT DISTINCT source, vendor FROM templates)`)
      .run()
  }
  await db.batch([
    db.prepare(LIST_SEGMENTS),
    db.prepare('DROP TABLE template_deliveries'),
    db.prepare('DROP TABLE templates'),
  ])
}

// A log of many events: copies of different events that the relay itself recorded, of other contacts and at other times.
import type { D1Database } from '@cloudflare/workers-types'
import { KEYS_PER_MS } from '../../../src/core/id.ts'
import { keyAt, timeOfKey } from '../../../src/store/segments.ts'

const CHUNK = 5000

/** `before`: all events are received before that (epoch milliseconds), evenly in whole segments. */
export type Shape = {
  before: number
  eventsAContact: number
  eventsASegment: number
  segmentMs: number
}

/** Copies the events of a log so often that it has so many more, with their deliveries, contacts and segments. */
export async function copyEvents(db: D1Database, events: number, shape: Shape): Promise<void> {
  const { before, eventsAContact, eventsASegment, segmentMs } = shape
  const segments = Math.ceil(events / eventsASegment)
  const begin = Math.floor(before / segmentMs) * segmentMs - segments * segmentMs
  const at = `(${begin} + i * ${segmentMs} / ${eventsASegment})`
  const key = `(${keyAt(at)} + abs(i * 1103515245) % ${KEYS_PER_MS})`
  // Contacts come in no order, as in life.
  const contact = `printf('%08x-0000-4000-8000-%012x', (i * 2654435761) % ${Math.ceil(events / eventsAContact)}, 7)`
  const count = (await db.prepare('SELECT count(*) AS n FROM events').first<number>('n')) ?? 0
  await db.batch([
    db.prepare(
      'CREATE TABLE templates AS SELECT row_number() OVER (ORDER BY dedup_key) - 1 AS nth, * FROM events',
    ),
    db.prepare(
      'CREATE TABLE template_deliveries AS SELECT t.nth, d.* FROM deliveries d JOIN templates t ON t.key = d.event',
    ),
  ])
  for (let from = 0; from < events; from += CHUNK) {
    const n = `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${Math.min(events, from + CHUNK)})`
    await db.batch([
      db.prepare(
        `${n} INSERT INTO events (key, contact, at, dedup_key, source, vendor, status, type, vendor_type, planned, hops, dedup_stamp,
           encoding, headers, event, raw, event_name)
         SELECT ${key}, ${contact}, ${at}, lower(hex(randomblob(16))), source, vendor, status, type, vendor_type, planned, hops,
           dedup_stamp, encoding, headers, event, raw, event_name FROM n JOIN templates AS t ON t.nth = i % ${count}`,
      ),
      db.prepare(
        `${n} INSERT INTO deliveries (event, target, state, attempt, attempts)
         SELECT ${key}, target, state, attempt,
           json_replace(attempts, '$[0].at', strftime('%Y-%m-%dT%H:%M:%fZ', (${at} + 300) / 1000.0, 'unixepoch'),
             '$[0].digest', substr(hex(randomblob(32)), 1, 43) || '=')
         FROM n JOIN template_deliveries AS d ON d.nth = i % ${count}`,
      ),
    ])
  }
  await db.batch([
    db.prepare(
      `INSERT OR IGNORE INTO contacts (source, contact, vendor, person, email, sites)
       SELECT source, contact, vendor, min(key), contact || '@example.com', '[]' FROM events WHERE contact IS NOT NULL GROUP BY 1, 2`,
    ),
    db.prepare(
      `INSERT OR IGNORE INTO segments (start, until, counted)
       SELECT DISTINCT ${timeOfKey('key')} / ${segmentMs} * ${segmentMs}, ${timeOfKey('key')} / ${segmentMs} * ${segmentMs} + ${segmentMs}, 0
       FROM events`,
    ),
    db.prepare('DROP TABLE template_deliveries'),
    db.prepare('DROP TABLE templates'),
  ])
}

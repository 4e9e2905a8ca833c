// A log of 100,000 events in five days, counted and posted except for its last minutes.
import { env } from 'cloudflare:workers'
import { firstKeyAt, KEYS_PER_MS, personIdOfKey } from '../../src/core/id.ts'
import { postSegments } from '../../src/store/events/postings.ts'
import { countSegments } from '../../src/store/ledger/ledger.ts'
import { keyAt as sqlKeyAt } from '../../src/store/segments.ts'
import { NOW } from '../builders.ts'
import { LIST_SEGMENTS } from './segments.ts'

export const HOUR = 3_600_000
export const EVENTS = 100_000
/** An event every 4.32 s: 100,000 in five days. */
export const STEP = 4320
export const BEGIN = NOW - EVENTS * STEP
export const keyAt = (i: number) => BigInt(firstKeyAt(BEGIN + i * STEP)) + BigInt(i % KEYS_PER_MS)
export const MANY = personIdOfKey('1')
export const FEW = personIdOfKey('2')

const FACTS = `
  CASE WHEN i % 3 = 0 THEN 'hapana' ELSE 'hype' END AS source,
  CASE WHEN i % 1999 = 3 THEN 'quarantined' WHEN i % 97 = 5 THEN 'duplicate' ELSE 'accepted' END AS status,
  CASE WHEN i % 2500 = 7 THEN 'payment.failed' WHEN i % 10 < 5 THEN 'checkin.recorded'
    WHEN i % 10 < 8 THEN 'contact.updated' ELSE 'payment.created' END AS type,
  CASE WHEN i % 1999 = 3 THEN NULL WHEN i % 20 = 1 THEN 'many' WHEN i % 9001 = 2 THEN 'few' ELSE 'c' || (i % 4000) END AS contact`

/** The deliveries of the events: all to the CRM, payments to finance, and a few to a target that gets few. */
const DELIVERIES = `
  SELECT key, i, 'crm' AS target FROM log UNION ALL
  SELECT key, i, 'finance' FROM log WHERE type LIKE 'payment.%' UNION ALL
  SELECT key, i, 'seldom' FROM log WHERE i % 3001 = 11`

async function fill(from: number, until: number): Promise<void> {
  const log = `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${until}),
    facts AS (SELECT i, ${sqlKeyAt(`${BEGIN} + i * ${STEP}`)} + i % ${KEYS_PER_MS} AS key, ${FACTS} FROM n),
    log AS (SELECT * FROM facts WHERE status = 'accepted')`
  await env.DB.batch(
    [
      `${log} INSERT INTO events (key, source, vendor, status, type, contact, planned, hops, dedup_key, encoding, headers, at)
       SELECT key, source, source, status, type, contact,
         CASE WHEN status = 'accepted' THEN 1 + (type LIKE 'payment.%') + (i % 3001 = 11) ELSE 0 END,
         0, '', 'utf8', '{}', ${BEGIN} + i * ${STEP} FROM facts`,
      `${log} INSERT INTO deliveries (event, target, state, attempt, due, attempts)
       SELECT key, target, CASE WHEN i % 1500 = 4 THEN 'dead' WHEN i % 701 = 9 THEN 'held' WHEN i % 5003 = 1 THEN 'pending'
         ELSE 'delivered' END, 2, 0, '[{"attempt":1,"at":"2026-11-20T00:00:00.000Z","ms":12,"status":200}]' FROM (${DELIVERIES})`,
    ].map((sql) => env.DB.prepare(sql)),
  )
}

/** Fills the log; takes some seconds. */
export async function fillLargeLog(): Promise<void> {
  for (let i = 0; i < EVENTS; i += 10_000) await fill(i, i + 10_000)
  await env.DB.batch(
    [
      LIST_SEGMENTS,
      `INSERT INTO contacts (source, contact, vendor, person, email, sites)
       SELECT DISTINCT source, contact, source, CASE contact WHEN 'many' THEN 1 WHEN 'few' THEN 2 ELSE 3 + rowid END,
         contact || '@example.com', '[]' FROM events WHERE contact IS NOT NULL GROUP BY source, contact`,
    ].map((sql) => env.DB.prepare(sql)),
  )
  for (let hour = Math.floor(BEGIN / HOUR); hour < NOW / HOUR; hour++) {
    await countSegments(env.DB, [hour * HOUR])
    await postSegments(env.DB, [hour * HOUR])
  }
}

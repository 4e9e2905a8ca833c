// How many rows of D1 and blocks of packs a page of packed events reads, by the count of D1 and of the bucket.
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { firstKeyAt, idOfKey, personIdOfKey } from '../../../src/core/id.ts'
import { getTimeline, listDeliveries } from '../../../src/store/deliveries/lists/delivery-lists.ts'
import type { DeliveryFilter } from '../../../src/store/deliveries/lists/delivery-rows.ts'
import type { EventFilter } from '../../../src/store/events/event-filter.ts'
import { listEvents } from '../../../src/store/events/events.ts'
import type { PackEnv } from '../../../src/store/events/packs/packs.ts'
import type { Page, Paged } from '../../../src/store/pages.ts'
import { NOW } from '../../builders.ts'
import { counting, empty, LOG_TABLES } from '../../database.ts'
import { clearPacks, PLACES, packAll } from '../../packs.ts'
import { LIST_SEGMENTS } from '../segments.ts'

const HOUR = 3_600_000
const HOURS = 24
const EVENTS_AN_HOUR = 200
const STEP = HOUR / EVENTS_AN_HOUR
const BEGIN = NOW - HOURS * HOUR
const MANY = personIdOfKey('1')
const FEW = personIdOfKey('2')

/** What the text of each event says of its time: nothing here reads it. */
const TIME = new Date(BEGIN).toISOString()

const KEYS_A_STEP = BigInt(firstKeyAt(BEGIN + STEP)) - BigInt(firstKeyAt(BEGIN))

/** Events with bodies of 1 KB, so that a pack has some blocks. */
const LOG = `
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${HOURS * EVENTS_AN_HOUR}), facts AS (
  SELECT i, ${firstKeyAt(BEGIN)} + i * ${KEYS_A_STEP} AS key, ${BEGIN} + i * ${STEP} AS at,
    CASE WHEN i % 3 = 0 THEN 'hapana' ELSE 'hype' END AS source,
    CASE WHEN i % 400 = 7 THEN 'payment.failed' WHEN i % 2 = 0 THEN 'checkin.recorded' ELSE 'payment.created' END AS type,
    CASE WHEN i % 10 = 1 THEN 'many' WHEN i % 400 = 2 THEN 'few' ELSE 'c' || (i % 500) END AS contact FROM n)`

async function fill(): Promise<void> {
  await env.DB.batch(
    [
      `INSERT INTO events (key, source, vendor, status, type, contact, planned, hops, dedup_key, encoding, headers, at, event, raw)
       ${LOG} SELECT key, source, source, 'accepted', type, contact, 1 + (type LIKE 'payment.%'), 0, 'k' || i, 'utf8', '{}', at,
         json_object('id', '${idOfKey(firstKeyAt(NOW))}', 'vendor', source, 'vendortype', 'clientUpdated', 'type', type, 'time', '${TIME}', 'receivedat', '${TIME}', 'data', json_object('contact', json_object('vendor_id', contact))), hex(randomblob(500)) FROM facts`,
      `INSERT INTO deliveries (event, target, state, attempt, attempts)
       SELECT key, 'crm', CASE WHEN substr(dedup_key, 2) % 600 = 4 THEN 'dead' ELSE 'delivered' END, 2,
         '[{"attempt":1,"at":"2026-11-20T00:00:00.000Z","ms":12,"status":200}]' FROM events
       UNION ALL SELECT key, 'finance', 'delivered', 2, '[{"attempt":1,"at":"2026-11-20T00:00:00.000Z","ms":12,"status":200}]'
       FROM events WHERE type LIKE 'payment.%'`,
      LIST_SEGMENTS,
      `INSERT INTO contacts (source, contact, vendor, person, email, sites)
       SELECT source, contact, source, CASE contact WHEN 'many' THEN 1 WHEN 'few' THEN 2 ELSE 3 + rowid END,
         contact || '@example.com', '[]' FROM events GROUP BY source, contact`,
    ].map((sql) => env.DB.prepare(sql)),
  )
}

/** Returns what a page of a log in R2 reads: rows, and blocks. */
async function costOf<T>(list: (env: PackEnv) => Promise<Paged<T>>) {
  const { db, read } = counting()
  const bucket = PLACES.r2.ARCHIVE as R2Bucket
  const get = vi.fn((...args: Parameters<R2Bucket['get']>) => bucket.get(...args))
  const page = await list({ DB: db, ARCHIVE: { get } as unknown as R2Bucket })
  return { ...page, rows: read(), blocks: get.mock.calls.length }
}

beforeAll(async () => {
  await empty(...LOG_TABLES, 'statistics', 'totals')
  await clearPacks()
  await fill()
  await packAll(PLACES.r2, NOW + 2 * HOUR)
  expect(await env.DB.prepare('SELECT count(*) AS n FROM events').first('n')).toBe(0)
  const { results } = await env.DB.prepare('SELECT json_array_length(blocks) AS n FROM packs').all()
  expect(results).toHaveLength(HOURS)
  expect(Math.min(...results.map(({ n }) => n as number))).toBeGreaterThan(1)
}, 180_000)

// Beside the rows of a page of hot events: where a pack and its block are.
const ROWS_A_BLOCK = 4

// A contact with packed events has their kinds looked up, and a query more for each: the two of a person.
const ROWS_OF_PERSON = 2 * 15

const EVENT_FILTERS: [string, EventFilter, blocks: number][] = [
  ['all', {}, 3],
  ['of a source', { sources: ['hapana'] }, 5],
  ['of a frequent type', { types: ['payment.created'] }, 4],
  ['of a rare type', { types: ['payment.failed'] }, 14],
  ['of half the time', { until: BEGIN + (HOURS / 2) * HOUR }, 3],
  ['of a type without events', { types: ['membership.*'] }, 0],
  ['without deliveries', { unrouted: true }, 0],
  ['of a person with many', { person: MANY }, 10],
  ['of a person with few', { person: FEW }, 14],
  ['of a contact', { text: 'few' }, 14],
]
const DELIVERY_FILTERS: [string, DeliveryFilter, blocks: number][] = [
  ['all', {}, 3],
  ['to a target', { targets: ['finance'] }, 4],
  ['that are delivered', { states: ['delivered'] }, 3],
  ['that are pending', { states: ['pending'] }, 0],
  ['that are dead, to a target without any', { states: ['dead'], targets: ['finance'] }, 0],
  ['that are cancelled', { states: ['cancelled'] }, 0],
  ['that are dead', { states: ['dead'] }, 30],
  ['of a person', { person: FEW, targets: ['crm'] }, 14],
]

describe('a page of packed events', () => {
  const page: Page = { limit: 20 }

  it.each(EVENT_FILTERS)('%s reads few rows and few blocks', async (_name, filter, most) => {
    const { rows, blocks, items } = await costOf((env) => listEvents(env, filter, page))
    const extra = filter.person === undefined ? 0 : ROWS_OF_PERSON
    expect(blocks).toBeLessThanOrEqual(most)
    expect(rows).toBeLessThanOrEqual(3 * page.limit + 20 + ROWS_A_BLOCK * blocks + extra)
    if (most > 0) expect(items.length).toBeGreaterThan(5)
  })

  it.each(DELIVERY_FILTERS)('of deliveries %s reads few of both', async (_name, filter, most) => {
    const { rows, blocks } = await costOf((env) => listDeliveries(env, filter, page))
    expect(blocks).toBeLessThanOrEqual(most)
    expect(rows).toBeLessThanOrEqual(3 * page.limit + 20 + ROWS_A_BLOCK * blocks)
  })

  it('of a timeline reads the blocks of its events', async () => {
    const { rows, blocks, items } = await costOf((env) => getTimeline(env, MANY, page))
    expect(items.length).toBeGreaterThan(5)
    expect(blocks).toBeLessThanOrEqual(10)
    expect(rows).toBeLessThanOrEqual(3 * page.limit + 20 + ROWS_A_BLOCK * blocks + ROWS_OF_PERSON)
  })
})

it('a page stops at its bound of blocks where segments have no postings, and the next ones find the rest', async () => {
  await env.DB.prepare('UPDATE segments SET posted = 0').run()
  const found: string[] = []
  let next: string | undefined
  let pages = 0
  do {
    const limit = 5
    const filter = { types: ['payment.failed'] }
    const page = await costOf((env) => listEvents(env, filter, { limit, cursor: next }))
    expect(page.blocks).toBeLessThanOrEqual(limit + 20)
    found.push(...page.items.map(({ id }) => id))
    next = page.next
    pages++
  } while (next !== undefined)

  expect(found).toHaveLength((HOURS * EVENTS_AN_HOUR) / 400)
  expect(pages).toBeGreaterThan(2)
})

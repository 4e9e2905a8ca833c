// How many rows D1 reads for a page of a log of 100,000 events, by its own count.
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { idOfKey } from '../../../src/core/id.ts'
import { getTimeline, listDeliveries } from '../../../src/store/deliveries/lists/delivery-lists.ts'
import type { DeliveryFilter } from '../../../src/store/deliveries/lists/delivery-rows.ts'
import type { EventFilter } from '../../../src/store/events/event-filter.ts'
import { listEvents } from '../../../src/store/events/events.ts'
import { postSegments } from '../../../src/store/events/postings.ts'
import { listCauses } from '../../../src/store/operate/quarantine.ts'
import { encodeCursor, type Page, type Paged } from '../../../src/store/pages.ts'
import { listPendingSegments } from '../../../src/store/segments.ts'
import { aMeteredDatabase } from '../../database.ts'
import { BEGIN, EVENTS, FEW, fillLargeLog, HOUR, keyAt, MANY, STEP } from '../large-log.ts'

beforeAll(fillLargeLog, 180_000)

/** Returns a page and how many rows D1 read for it. Expects each query to read at most 20 rows and 3 for each it returned. */
async function priceOf<T>(
  list: () => Promise<Paged<T>>,
): Promise<{ items: T[]; read: number; next: string | undefined }> {
  const batch = env.DB.batch.bind(env.DB)
  const queries: { read: number; returned: number }[] = []
  const spy = vi
    .spyOn(env.DB, 'batch')
    .mockImplementation(async <Row>(statements: D1PreparedStatement[]) => {
      const results = await batch<Row>(statements)
      queries.push(
        ...results.map(({ meta, results: rows }) => ({
          read: meta.rows_read,
          returned: rows.length,
        })),
      )
      return results
    })
  const { items, next } = await list()
  spy.mockRestore()
  for (const { read, returned } of queries) expect(read).toBeLessThanOrEqual(3 * returned + 20)
  return { items, next, read: queries.reduce((sum, { read }) => sum + read, 0) }
}

/** The cursor of a position deep in the log, in lists by receipt and in lists by contact. */
const deep = ({ person, email, text }: EventFilter) => {
  const isByContact = person ?? email ?? (text === 'few' ? text : undefined)
  const at = isByContact === undefined ? null : BEGIN + 30_000 * STEP
  return encodeCursor({ key: keyAt(30_000), target: null, at })
}

const HALFWAY = BEGIN + (EVENTS / 2) * STEP
/** Filters that no index serves as a whole: their pages may be short, but read no more rows than full pages. */
const SHORT = [
  'of a person, of one kind',
  'of a contact id and a type',
  'of a contact id',
  'of a person',
  'of a person, to a target',
]

const EVENT_FILTERS: [string, EventFilter][] = [
  ['all', {}],
  ['of a source', { sources: ['hapana'] }],
  ['of a vendor, and a time', { vendors: ['hype'], until: HALFWAY }],
  ['of a frequent type', { types: ['payment.created'] }],
  ['of a rare type', { types: ['payment.failed'] }],
  ['of types by a pattern', { types: ['payment.*'] }],
  ['of a type without events', { types: ['membership.*'] }],
  ['of a rare status', { statuses: ['quarantined'] }],
  ['of a status without events', { statuses: ['inferred'] }],
  ['without deliveries', { unrouted: true }],
  ['of a rare type of one source', { types: ['payment.failed'], sources: ['hapana'] }],
  ['of a rare status and a type', { statuses: ['quarantined'], types: ['contact.*'] }],
  [
    'of a status, a source and half the time',
    { statuses: ['duplicate'], sources: ['hype'], since: HALFWAY },
  ],
  ['of a person with many', { person: MANY }],
  ['of a person with few', { person: FEW }],
  ['of a person, of one kind', { person: MANY, types: ['payment.*'] }],
  ['of a person, duplicates', { person: MANY, statuses: ['duplicate'] }],
  ['of a person, of one source', { person: MANY, sources: ['hapana'] }],
  ['of an address', { email: 'FEW@example.com' }],
  ['of an event id', { text: idOfKey(keyAt(50_000)) }],
  ['of a prefix of an event id', { text: idOfKey(keyAt(50_000)).slice(0, 11) }],
  ['of a contact id', { text: 'few' }],
  ['of a contact id and a type', { text: 'c17', types: ['checkin.*'], sources: ['hype'] }],
]
const DELIVERY_FILTERS: [string, DeliveryFilter][] = [
  ['all', {}],
  ['to a target', { targets: ['finance'] }],
  ['to a target with few', { targets: ['seldom'] }],
  ['to a target without any', { targets: ['unused'] }],
  ['that are delivered', { states: ['delivered'] }],
  ['that are dead', { states: ['dead'] }],
  ['that are dead or held', { states: ['dead', 'held'] }],
  ['that are dead, to a target', { states: ['dead'], targets: ['finance'] }],
  ['that are cancelled', { states: ['cancelled'] }],
  ['of a rare type', { types: ['payment.failed'] }],
  ['of a rare type, to a target', { types: ['payment.failed'], targets: ['finance'] }],
  ['of a source and half the time', { sources: ['hapana'], until: HALFWAY }],
  ['of a person', { person: MANY }],
  ['of a person, to a target', { person: FEW, targets: ['crm'] }],
  ['of an event', { text: idOfKey(keyAt(50_001)) }],
  ['that are held, of an event', { states: ['held'], text: idOfKey(keyAt(50_001)) }],
]

describe('the causes of quarantine', () => {
  it.each([10, 200])('are read with the rows that a page of %i may read', async (limit) => {
    let cursor: string | undefined
    let count = 0
    do {
      const page = { limit, cursor }
      const { items, read, next } = await priceOf(() => listCauses(env.DB, page))
      expect(read).toBeLessThanOrEqual(3 * limit + 20)
      count += items.reduce((sum, cause) => sum + cause.count, 0)
      cursor = next
    } while (cursor !== undefined)

    expect(count).toBe(51)
  })
})

describe('a page of 100,000 events', () => {
  describe.each([
    [10, 'first'],
    [200, 'first'],
    [10, 'deep'],
    [200, 'deep'],
  ] as const)('of at most %i, the %s', (limit, position) => {
    const pageOf = (filter: EventFilter): Page => ({
      limit,
      cursor: position === 'deep' ? deep(filter) : undefined,
    })
    const bound = (name: string, items: number) => 3 * (SHORT.includes(name) ? limit : items) + 20

    it.each(EVENT_FILTERS)(
      'events %s: reads 20 rows, and 3 for each that it holds',
      async (name, filter) => {
        const { items, read } = await priceOf(() => listEvents(env, filter, pageOf(filter)))
        expect(read).toBeLessThanOrEqual(bound(name, items.length))
      },
    )

    it.each(DELIVERY_FILTERS)(
      'deliveries %s: reads 20 rows, and 3 for each that it holds',
      async (name, filter) => {
        const { items, read } = await priceOf(() => listDeliveries(env, filter, pageOf(filter)))
        expect(read).toBeLessThanOrEqual(bound(name, items.length))
      },
    )

    it('a timeline: reads 20 rows, and 3 for each event and delivery that it holds', async () => {
      const page = pageOf({ person: MANY })
      const { items, read } = await priceOf(() => getTimeline(env, MANY, page))
      const rows = items.reduce((sum, { deliveries }) => sum + 1 + deliveries.length, 0)
      expect(rows).toBeGreaterThan(limit)
      expect(read).toBeLessThanOrEqual(3 * rows + 20)
    })
  })

  it('and its next pages have every event of a rare type', async () => {
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const page = await listEvents(env, { types: ['payment.failed'] }, { limit: 7, cursor })
      ids.push(...page.items.map(({ id }) => id))
      cursor = page.next
    } while (cursor !== undefined)
    const rare = Array.from({ length: 40 }, (_, n) => idOfKey(keyAt(n * 2500 + 7)))
    expect(ids).toEqual(rare.toReversed())
  })

  it('reads no more rows than a full page where nothing is posted', async () => {
    await env.DB.prepare('UPDATE segments SET posted = 0').run()
    let [count, isEnd, cursor] = [0, false, undefined as string | undefined]
    for (let pages = 0; pages < 5 && !isEnd; pages++) {
      const page = { limit: 50, cursor }
      const list = () => listEvents(env, { types: ['checkin.recorded'], sources: ['hype'] }, page)
      const spied = vi.fn(list)
      const { items, read } = await priceOf(spied)
      expect(read).toBeLessThanOrEqual(3 * 50 + 20)
      count += items.length
      cursor = (await spied.mock.results[0]?.value)?.next
      isEnd = cursor === undefined
    }
    expect(count).toBeGreaterThan(100)
  })

  it('costs four written rows for posting a segment, and none if its events have not changed', async () => {
    const start = (Math.floor(BEGIN / HOUR) + 50) * HOUR
    const { db, rows } = aMeteredDatabase('rows_written')
    await env.DB.batch([
      env.DB.prepare('DELETE FROM postings WHERE start = ?1').bind(start),
      env.DB.prepare('DELETE FROM posting_spans'),
      env.DB.prepare('UPDATE segments SET posted = 0 WHERE start = ?1').bind(start),
    ])

    await postSegments(db, [start])

    expect(rows).toEqual([4])
    await env.DB.prepare('UPDATE segments SET counted = 0 WHERE start = ?1').bind(start).run()
    expect(await listPendingSegments(env.DB, 'posted', start + HOUR)).not.toContain(start)
  })
})

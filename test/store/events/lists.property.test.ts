// Compares lists with a naive filter of a small log: for any filter, the pages hold the same items in the same order.
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { DELIVERY_STATES } from '../../../src/core/deliveries/delivery.ts'
import { matchesType } from '../../../src/core/deliveries/routing.ts'
import { EVENT_STATUSES, type EventStatus } from '../../../src/core/events/event.ts'
import {
  firstKeyAt,
  idOfKey,
  KEYS_PER_MS,
  keyOfId,
  type PersonId,
  personIdOfKey,
  timeOfId,
  timeOfKey,
} from '../../../src/core/id.ts'
import { getTimeline, listDeliveries } from '../../../src/store/deliveries/lists/delivery-lists.ts'
import type { DeliveryFilter } from '../../../src/store/deliveries/lists/delivery-rows.ts'
import type { EventFilter } from '../../../src/store/events/event-filter.ts'
import { listEvents } from '../../../src/store/events/events.ts'
import { findPeople } from '../../../src/store/events/people.ts'
import { postSegments } from '../../../src/store/events/postings.ts'
import { countSegments } from '../../../src/store/ledger/ledger.ts'
import { restoreEvents } from '../../../src/store/ledger/packs/restore.ts'
import type { Paged } from '../../../src/store/pages.ts'
import { markSegments } from '../../../src/store/segments.ts'
import { storedWord } from '../../../src/store/stored-words.ts'
import { NOW } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'
import { clearPacks, PLACES, packAll } from '../../packs.ts'

const HOUR = 3_600_000
const SPAN = BigInt(KEYS_PER_MS)
const SOURCES = ['hapana', 'hype']
const TARGETS = ['crm', 'finance', 'slack']
const TYPES = ['payment.created', 'payment.failed', 'contact.updated', 'checkin.recorded']
const CONTACTS = ['a', 'ab', 'b', 'c']
const PEOPLE = [11n, 12n]

/** An event of the small log, received `ms` before now, with its deliveries. */
const Event = fc.record({
  ms: fc.integer({ min: 0, max: 300 * HOUR }),
  source: fc.constantFrom(...SOURCES),
  status: fc.constantFrom(...EVENT_STATUSES),
  type: fc.constantFrom(...TYPES),
  contact: fc.option(fc.constantFrom(...CONTACTS)),
  late: fc.integer({ min: 0, max: 5 }),
  deliveries: fc.uniqueArray(
    fc.record({ target: fc.constantFrom(...TARGETS), state: fc.constantFrom(...DELIVERY_STATES) }),
    { selector: ({ target }) => target, maxLength: 3 },
  ),
})
type Event = typeof Event extends fc.Arbitrary<infer E> ? E & { key: bigint } : never

const some = <T extends string>(...values: T[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }), {
    nil: undefined,
    freq: 2,
  })
const rarely = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined, freq: 1 })
const Common = {
  sources: some(...SOURCES),
  vendors: some(...SOURCES),
  types: some(...TYPES, 'payment.*', 'contact*', '*', 'nothing'),
  person: rarely(fc.constantFrom(...PEOPLE.map((key) => personIdOfKey(String(key))))),
  email: rarely(fc.constantFrom('Ana@example.com', 'nobody@example.com')),
  since: rarely(fc.integer({ min: NOW - 300 * HOUR, max: NOW })),
  until: rarely(fc.integer({ min: NOW - 300 * HOUR, max: NOW })),
}
const EventQuery = fc.record({
  ...Common,
  statuses: some(...EVENT_STATUSES),
  unrouted: rarely(fc.boolean()),
})
const DeliveryQuery = fc.record({
  ...Common,
  targets: some(...TARGETS, 'none'),
  states: some(...DELIVERY_STATES),
})

/** The contacts belong to two persons, except one of hapana's that has no person. */
const personOf = (source: string, contact: string | null) => {
  if (contact === null || (source === 'hapana' && contact === 'c')) return null
  return contact.startsWith('a') ? (PEOPLE[0] as bigint) : (PEOPLE[1] as bigint)
}
const emailOf = (contact: string | null) => (contact === 'ab' ? 'ana@example.com' : null)
const isHistory = (status: EventStatus) => status !== 'quarantined' && status !== 'erased'

async function write(events: readonly Event[]): Promise<void> {
  for (const { key, source, status, type, contact, late, deliveries } of events) {
    const own = isHistory(status) ? contact : null
    const at = timeOfKey(key) - late * HOUR
    const routed = status === 'accepted' || status === 'inferred' ? deliveries : []
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO events (key, source, vendor, status, type, contact, planned, hops, dedup_key, encoding, headers, at)
         VALUES (${key}, ?1, ?1, ?2, ?3, ?4, ?5, 0, '', 'utf8', '{}', ?6)`,
      ).bind(source, storedWord(status), type, own, routed.length, at),
      ...routed.map(({ target, state }) =>
        env.DB.prepare(
          `INSERT INTO deliveries (event, target, state, attempt, attempts) VALUES (${key}, ?1, ?2, 1, '[]')`,
        ).bind(target, state),
      ),
      markSegments(env.DB, [idOfKey(key)], 'added'),
    ])
  }
}

/** Counts and posts the segments of two out of three events; lists scan the others. */
async function rollUpSome(events: readonly Event[]): Promise<void> {
  const starts = new Set(
    events.filter((_, i) => i % 3 > 0).map(({ key }) => Math.floor(timeOfKey(key) / HOUR) * HOUR),
  )
  if (starts.size === 0) return
  await countSegments(env.DB, [...starts])
  await postSegments(env.DB, [...starts])
  // Counts the segments again, as after a change of deliveries: their postings stay.
  await env.DB.prepare('UPDATE segments SET counted = 0').run()
  await countSegments(env.DB, [...starts])
}

/** Packs what may be packed, so that segments have both; restores some, and has lists scan a third of the segments. */
async function packSome(events: readonly Event[]): Promise<void> {
  await packAll(PLACES.d1, NOW + 2 * HOUR)
  await restoreEvents(
    PLACES.d1,
    events.filter((_, i) => i % 5 === 0).map(({ key }) => idOfKey(key)),
  )
  await env.DB.prepare(`UPDATE segments SET posted = 0 WHERE start / ${HOUR} % 3 = 0`).run()
}

const LOGS = [
  { name: 'hot', prepare: rollUpSome, runs: 8 },
  { name: 'packed', prepare: packSome, runs: 4 },
]

function keyed(events: readonly Omit<Event, 'key'>[], salt: number): Event[] {
  return events.map((event, i) => ({
    ...event,
    key: BigInt(firstKeyAt(NOW - event.ms)) + BigInt(salt + i),
  }))
}

function matches(filter: EventFilter, event: Event): boolean {
  const { source, status, type } = event
  const contact = isHistory(status) ? event.contact : null
  const person = personOf(source, contact)
  const time = timeOfKey(event.key)
  const isRouted = (status === 'accepted' || status === 'inferred') && event.deliveries.length > 0
  const { text } = filter
  return (
    (filter.sources?.includes(source) ?? true) &&
    (filter.vendors?.includes(source) ?? true) &&
    (filter.types?.some((pattern) => matchesType(pattern, type)) ?? true) &&
    (filter.statuses?.includes(status) ?? true) &&
    (!filter.unrouted || (status === 'accepted' && !isRouted)) &&
    (filter.person === undefined || String(person) === keyOfId(filter.person)) &&
    (filter.email === undefined ||
      (person !== null && emailOf(contact) === filter.email.toLowerCase())) &&
    (filter.since === undefined || time >= filter.since) &&
    (filter.until === undefined || time < filter.until) &&
    (text === undefined ||
      (text.startsWith('evt_')
        ? idOfKey(event.key).startsWith(text)
        : person !== null && contact?.startsWith(text) === true))
  )
}

/** Returns the events that match, in the order of a list. */
function naive(filter: EventFilter, events: readonly Event[]): Event[] {
  const isByContact = filter.person !== undefined || filter.email !== undefined
  const at = ({ key, late }: Event) => (isByContact ? timeOfKey(key) - late * HOUR : 0)
  return events
    .filter((event) => matches(filter, event))
    .sort((a, b) => at(b) - at(a) || (a.key < b.key ? 1 : -1))
}

async function all<T>(
  list: (page: { limit: number; cursor?: string | undefined }) => Promise<Paged<T>>,
  limit: number,
  between: (pages: number) => Promise<void> = async () => undefined,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  for (let pages = 1; ; pages++) {
    const page = await list({ limit, cursor })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    items.push(...page.items)
    if (page.next === undefined) return items
    expect(pages).toBeLessThan(1000)
    cursor = page.next
    await between(pages)
  }
}

beforeEach(begin)

/** Empties the log and creates the contacts. */
async function begin(): Promise<void> {
  await empty(...LOG_TABLES, 'statistics', 'totals')
  await clearPacks()
  for (const source of SOURCES) {
    for (const contact of CONTACTS) {
      const person = personOf(source, contact)
      if (person === null) continue
      await env.DB.prepare(
        `INSERT INTO contacts (source, contact, vendor, person, email, sites) VALUES (?1, ?2, ?1, ${person}, ?3, '[]')`,
      )
        .bind(source, contact, emailOf(contact))
        .run()
    }
  }
}

const Log = fc.array(Event, { minLength: 10, maxLength: 60 })
const Limit = fc.integer({ min: 1, max: 12 })
const RUNS = 8
const QUERIES = 10

describe.each(LOGS)('a list of a log that is $name', ({ prepare, runs }) => {
  it('of events holds what a naive filter returns, also if events are received between pages', async () => {
    const queries = fc.array(fc.tuple(EventQuery, Limit), {
      minLength: QUERIES,
      maxLength: QUERIES,
    })
    const property = async (
      log: Omit<Event, 'key'>[],
      news: Omit<Event, 'key'>[],
      queries: [EventFilter, number][],
    ) => {
      await begin()
      const events = keyed(log, 0)
      await write(events)
      await prepare(events)
      for (const [filter, limit] of queries) {
        const found = await all((page) => listEvents(env, filter, page), limit)
        expect(found.map(({ id }) => id)).toEqual(
          naive(filter, events).map(({ key }) => idOfKey(key)),
        )
      }
      // Events newer than the first page are on no later page, and no other event is missing or listed twice.
      const [filter, limit] = queries[0] as [EventFilter, number]
      const newer = keyed(news, 1000).map((event) => ({
        ...event,
        key: event.key + 301n * BigInt(HOUR) * SPAN,
        late: 0,
      }))
      const found = await all(
        (page) => listEvents(env, filter, page),
        limit,
        (pages) => write(newer.slice(pages - 1, pages)),
      )
      expect(found.map(({ id }) => id)).toEqual(
        naive(filter, events).map(({ key }) => idOfKey(key)),
      )
    }
    await fc.assert(fc.asyncProperty(Log, fc.array(Event, { maxLength: 5 }), queries, property), {
      numRuns: runs,
    })
  }, 240_000)

  it('of deliveries holds what a naive filter returns', async () => {
    const queries = fc.array(fc.tuple(DeliveryQuery, Limit), {
      minLength: QUERIES,
      maxLength: QUERIES,
    })
    const property = async (log: Omit<Event, 'key'>[], queries: [DeliveryFilter, number][]) => {
      await begin()
      const events = keyed(log, 0)
      await write(events)
      await prepare(events)
      for (const [{ targets, states, ...filter }, limit] of queries) {
        const found = await all(
          (page) => listDeliveries(env, { ...filter, targets, states }, page),
          limit,
        )
        const expected = naive(filter, events)
          .filter(({ status }) => status === 'accepted' || status === 'inferred')
          .flatMap(({ key, deliveries }) =>
            deliveries
              .filter(({ target }) => targets?.includes(target) ?? true)
              .filter(({ state }) => states?.includes(state) ?? true)
              .map(({ target }) => `${idOfKey(key)} ${target}`)
              .sort(),
          )
        expect(found.map(({ event, target }) => `${event} ${target}`)).toEqual(expected)
      }
    }
    await fc.assert(fc.asyncProperty(Log, queries, property), { numRuns: runs })
  }, 240_000)
})

describe('a list', () => {
  it('finds prefixes of event and contact ids, together with another condition', async () => {
    const property = async (log: Omit<Event, 'key'>[], limit: number, length: number) => {
      await begin()
      const events = keyed(log, 0)
      await write(events)
      await rollUpSome(events)
      const id = idOfKey(events[0]?.key ?? 0n)
      for (const text of [id, id.slice(0, length), 'a', 'b', 'zz', 'evt_!']) {
        const filter = { text, types: ['payment.*'] }
        const found = await all((page) => listEvents(env, filter, page), limit)
        const ids = naive(filter, events).map(({ key }) => idOfKey(key))
        expect(found.map((one) => one.id).sort()).toEqual(ids.sort())
      }
    }
    await fc.assert(fc.asyncProperty(Log, Limit, fc.integer({ min: 4, max: 17 }), property), {
      numRuns: RUNS,
    })
  }, 60_000)

  it('of persons has pages', async () => {
    const statement = env.DB.prepare(
      `INSERT INTO contacts (source, contact, vendor, person, email, sites) VALUES ('hype', ?1, 'hype', ?2, 'desk@gym.example', '[]')`,
    )
    await env.DB.batch([1, 2, 3, 4, 5, 5].map((n, i) => statement.bind(`desk-${i}`, 100 + n)))

    const wanted = { email: 'Desk@gym.example' }
    const found = await all((page) => findPeople(env.DB, wanted, page), 2)

    const keys = [101, 102, 103, 104, 105]
    expect(found.map(({ id }) => id)).toEqual(keys.map((key) => personIdOfKey(String(key))))
    expect(found.at(-1)?.contacts).toHaveLength(2)
  })

  it('of the events of a person has the deliveries of each', async () => {
    const events = keyed(fc.sample(Event, { numRuns: 60, seed: 7 }), 0)
    await write(events)
    const person = personIdOfKey('11') as PersonId

    const found = await all((page) => getTimeline(env, person, page), 7)

    const expected = naive({ person }, events)
    expect(found.map(({ id }) => id)).toEqual(expected.map(({ key }) => idOfKey(key)))
    expect(found.map(({ deliveries }) => deliveries.length)).toEqual(
      expected.map(({ status, deliveries }) =>
        status === 'accepted' || status === 'inferred' ? deliveries.length : 0,
      ),
    )
    expect(found.every(({ id, receivedat }) => timeOfId(id) === Date.parse(receivedat))).toBe(true)
  })
})

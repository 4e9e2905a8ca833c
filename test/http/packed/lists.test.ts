// Nothing that is read through the API or the console changes when events are packed, whatever the place of their packs.
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { aLog, aReader, idsOfLog, packIn } from './scene.ts'

type Reader = Awaited<ReturnType<typeof aReader>>

const EVENTS = [
  '',
  'source=hype',
  'source=hapana&source=relay',
  'vendor=hapana',
  'type=payment.created',
  'type=payment.*&type=contact.*',
  'type=nothing',
  ...['accepted', 'quarantined', 'duplicate', 'inferred'].map((status) => `status=${status}`),
  'unrouted=true',
  'status=accepted&source=hapana&type=membership.*',
  'since=2026-11-21T01:00:30Z&until=2026-11-21T03:00:40Z',
  'since=2026-11-21T01:00:30Z&type=payment.*',
  'email=ana@example.com',
  'email=ben@example.com&type=payment.*',
  'q=ana',
  'q=c',
  'q=client&since=2026-11-21T01:30:00Z',
  'q=evt_',
]
const DELIVERIES = [
  '',
  'target=crm',
  'target=finance&target=choosy',
  'target=nobody',
  ...['delivered', 'dead', 'cancelled', 'held', 'pending', 'retrying'].map(
    (state) => `state=${state}`,
  ),
  'state=dead&state=cancelled',
  'state=dead&target=crm',
  'state=cancelled&target=finance&since=2026-11-21T01:00:30Z',
  'state=delivered&state=dead&source=hype',
  'state=dead&type=contact.*',
  'type=payment.*&target=finance',
  'source=relay',
  'until=2026-11-21T02:00:40Z',
  'email=cleo@example.com&target=flaky',
  'q=ben',
]
const REPLAYS = [
  { since: '2026-08-01T00:00Z' },
  { target: ['finance'], type: ['payment.*'] },
  { state: ['dead', 'cancelled'] },
  { source: ['hapana'], until: '2026-11-21T02:00:40Z' },
  { person: 'ana' },
  { person: 'ben@example.com', target: ['crm'] },
]
const OTHERS = [
  '/ledger?since=2026-08-01T00:00Z&until=2026-12-31T00:00Z',
  '/sources',
  '/targets',
  '/drift',
  '/quarantine',
  '/people?email=ben@example.com',
]

/** All that the API says: lists by pages of some sizes, each event, each person, previews of replays. */
async function readApi({ api, all }: Reader, limits: readonly number[]) {
  const { events, people } = await idsOfLog(all)
  const answers: Record<string, unknown> = {}
  const lists = [
    ...EVENTS.map((query) => `/events?${query}`),
    ...people.map((person) => `/events?person=${person}`),
    ...events.slice(0, 3).map((id) => `/events?q=${id.slice(0, 14)}`),
    ...DELIVERIES.map((query) => `/deliveries?${query}`),
    ...people.slice(0, 2).map((person) => `/deliveries?person=${person}&state=delivered`),
    ...people.map((person) => `/people/${person}/events?`),
  ]
  for (const list of lists) {
    for (const limit of limits)
      answers[`${list}&limit=${limit}`] = await all(`${list}&limit=${limit}`)
  }
  for (const id of events) answers[id] = await api(`/events/${id}`)
  for (const person of people) answers[String(person)] = await api(`/people/${person}`)
  for (const filter of REPLAYS) {
    answers[JSON.stringify(filter)] = await api('/replays', { filter, dry_run: true })
  }
  for (const path of OTHERS) answers[path] = await api(path)
  return { answers, events, people }
}

const PAGES = ['/console/events', '/console/deliveries', '/console/people']

/** The pages of the console, without what differs by their time. */
async function readConsole(
  { visitor }: Reader,
  events: readonly string[],
  people: readonly unknown[],
) {
  const pages: Record<string, unknown> = {}
  const paths = [
    ...PAGES,
    '/console/events?type=payment.*&limit=20',
    '/console/deliveries?state=dead&limit=20',
    ...events.map((id) => `/console/events/${id}`),
    ...people.map((person) => `/console/people/${person}`),
  ]
  for (const path of paths) {
    const { status, text } = await visitor.open(path)
    pages[path] = { status, text }
  }
  return pages
}

describe.each(['d1', 'r2'] as const)('packed in %s', (place) => {
  let hot: Awaited<ReturnType<typeof readApi>>
  let hotPages: Record<string, unknown>
  let reader: Reader

  beforeAll(async () => {
    await aLog()
    reader = await aReader(place)
    hot = await readApi(reader, [3, 50])
    hotPages = await readConsole(reader, hot.events, hot.people)
    const packed = await packIn(place)
    expect(packed).toBeGreaterThan(30)
    const { results } = await env.DB.prepare('SELECT DISTINCT place FROM packs').all()
    expect(results).toEqual([{ place }])
  }, 120_000)

  it('the log has events of every status and deliveries of every settled state', () => {
    const found = (query: string) => (hot.answers[`${query}&limit=50`] as unknown[]).length
    for (const status of ['accepted', 'quarantined', 'duplicate', 'inferred']) {
      expect({ status, count: found(`/events?status=${status}`) }).not.toMatchObject({ count: 0 })
    }
    for (const state of ['delivered', 'dead', 'cancelled']) {
      expect({ state, count: found(`/deliveries?state=${state}`) }).not.toMatchObject({ count: 0 })
    }
    const details = hot.events.map((id) => JSON.stringify(hot.answers[id]))
    expect(details.some((detail) => detail.includes('"by":"possible_duplicate"'))).toBe(true)
  })

  it('lists, events, people and previews of replays are as before', async () => {
    const cold = await readApi(reader, [3, 50])
    for (const [question, answer] of Object.entries(hot.answers)) {
      expect({ question, answer: cold.answers[question] }).toEqual({ question, answer })
    }
  }, 120_000)

  it('pages of the console are as before', async () => {
    const pages = await readConsole(reader, hot.events, hot.people)
    for (const [path, page] of Object.entries(hotPages)) {
      expect({ path, page: pages[path] }).toEqual({ path, page })
    }
  }, 120_000)
})

it('a list that is begun before its events are packed goes on behind its cursor', async () => {
  await aLog()
  const reader = await aReader('d1')
  const lists = [
    '/events?limit=5',
    '/events?type=payment.*&limit=3',
    '/events?email=ana@example.com&limit=2',
    '/deliveries?limit=4',
    '/deliveries?state=dead&state=cancelled&limit=2',
  ]
  const hot = await Promise.all(lists.map((list) => reader.all(list)))

  for (const [i, list] of lists.entries()) {
    if (i > 0) await aLog()
    const expected = i > 0 ? await reader.all(list) : hot[0]
    const found = await reader.all(list, async (page) => {
      if (page === 1) expect(await packIn('d1')).toBeGreaterThan(30)
    })
    expect({ list, found }).toEqual({ list, found: expected })
  }
}, 180_000)

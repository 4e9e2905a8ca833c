// What events mean does not depend on whether those before them are in rows or in packs: the same messages are sent twice, the
// second time with everything packed between any two of them.
import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import { keyOfId } from '../../../src/core/id.ts'
import { accept } from '../../../src/stages/intake/accept.ts'
import { renormalize } from '../../../src/stages/operate/renormalize.ts'
import { readTold } from '../../../src/store/events/told.ts'
import { restoreEvents } from '../../../src/store/ledger/packs/restore.ts'
import { aConfig, aQueue, NOW, toolsAt } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'
import { bodyOf, EVENT_FIXTURES, type FixtureRequest } from '../../fixtures.ts'
import { allLines, clearPacks, PLACES, packAll } from '../../packs.ts'
import { aWorld } from '../../world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const T0 = 1_760_000_000

const config = aConfig(
  { name: 'crm', url: 'https://crm.example/', ordered: true, retry: [60] },
  { name: 'door', url: 'https://door.example/', events: ['subscription.*', 'checkin.*'] },
)

/** A request; `fails`: its deliveries do, until they are dead. */
type Message = { source: string; request: FixtureRequest; fails?: true }
type Place = keyof typeof PLACES

const ARCHIVED = { ARCHIVE: PLACES.r2.ARCHIVE as R2Bucket }

afterEach(() => vi.restoreAllMocks())

/** Sends messages, three hours apart, and returns all that came of them. `place`: where everything is packed in between. */
async function outcomeOf(messages: readonly Message[], place?: Place, own = config) {
  await empty('targets', ...LOG_TABLES)
  await clearPacks()
  vi.spyOn(Math, 'random').mockReturnValue(0.5) // ids of the same times are the same
  const told: Record<string, { id: string }[]> = { crm: [], door: [] }
  let isFailing = false
  const world = aWorld(
    own,
    () => undefined,
    () => new Response('', { status: isFailing ? 500 : 200 }),
    (target, body) => told[target]?.push(JSON.parse(body)),
  )
  const bindings = Object.assign(world.bindings, place === 'r2' ? ARCHIVED : {})
  for (const { source, request, fails = false } of messages) {
    isFailing = fails
    const url = new URL(`https://relay.example/in/${source}?key=hype%20secret`)
    for (const [name, value] of Object.entries(request.query ?? {}))
      url.searchParams.set(name, value)
    const headers = { ...request.headers, 'x-relay-key': 'hapana secret' }
    const post = new Request(url, { method: 'POST', headers, body: bodyOf(request) })
    await accept(bindings, own, source, post, toolsAt(world.now()))
    for (let i = 0; i < 4; i++) {
      for (const lane of ['DELIVERIES', 'RETRIES'] as const) await world.consume(lane, 100)
      world.advance(5 * MINUTE)
      await world.sweep()
    }
    world.advance(3 * HOUR)
    if (place) await packAll(PLACES[place], world.now())
  }
  const hot = await env.DB.prepare('SELECT count(*) AS n FROM events').first<number>('n')
  // How often the cron came by is no part of what happened.
  const lines = [...(await allLines(PLACES[place ?? 'd1'])).values()].map((line) => ({
    ...line,
    deliveries: line.deliveries.map(({ swept: _, ...delivery }) => delivery),
  }))
  const again = await renormalize(
    { ...bindings, RETRIES: aQueue().queue },
    own,
    {
      ...{ period: { since: 0, until: world.now() }, source: undefined, after: undefined },
      ...{ limit: 50, isDryRun: true, deliver: false, origin: 'https://relay.example' },
    },
    toolsAt(world.now()),
  )
  // Those of one batch go to a target at once.
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
  for (const events of Object.values(told)) events.sort(byId)
  return { told, lines, again: again.changed, hot: hot ?? 0 }
}

const hype = (type: string, at: number, source: string, data: object = {}, id = 'ana') => ({
  source: 'hype',
  request: {
    body: {
      ...{ id, publisher_id: 'p', email: `${id}@example.com`, type: `payment.${type}`, source },
      ...{ timestamp: T0 + at, version: '1.1.0' },
      data: { tier: 'Gold', billing_interval: 'Monthly', recurring: 10, ...data },
    },
  },
})

const hapana = (eventType: string, data: object = {}, clientID = 'cli-1') => ({
  source: 'hapana',
  request: { body: { eventType, clientID, siteID: 'site-1', ...data } },
})

const DAY = 86_400
const platinum = { tier: 'Platinum', recurring: 20 }
const visit = (at: number, checkInStatus = 'Valid') =>
  hapana('checkIn', { checkInStatus, checkInTime: new Date((T0 + at) * 1000).toISOString() })
const months = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    hype('created', i * 30 * DAY, 'user', { total: 10 + 10 * i }),
  )

const STORIES: Record<string, Message[]> = {
  'a refund, a plan switch of which the payment comes late, and a failed charge': [
    hype('created', 0, 'user', { total: 10 }),
    hype('updated', 1000, 'dashboard', { total: 6 }),
    hype('deleted', 5000, 'user', { total: 6 }),
    hype('created', 5005, 'user', { ...platinum, total: 26 }),
    hype('updated', 9000, 'system', { ...platinum, total: 26 }),
    hype('updated', 800, 'dashboard', { total: 8 }),
  ],
  'a plan switch of which the end comes late': [
    hype('created', 0, 'user', { total: 10 }),
    hype('created', 5005, 'user', { ...platinum, total: 30 }),
    hype('deleted', 5000, 'user', { total: 10 }),
  ],
  'an end that is corrected twice': [
    hype('created', 0, 'user', { total: 10 }),
    hype('deleted', 40 * DAY, 'system', { total: 10 }),
    hype('updated', 30 * DAY, 'system', { total: 10 }),
    hype('created', 35 * DAY, 'user', { total: 20 }),
  ],
  'more payments than are kept, and then late ones among the first': [
    ...months(8),
    hype('updated', 65 * DAY, 'dashboard', { total: 25 }),
    hype('updated', 40 * DAY, 'system', { total: 20 }),
    hype('deleted', 215 * DAY, 'system', { total: 80 }),
  ],
  'many ends of one tier at once, of which one is sent again': [
    {
      source: 'hype',
      request: {
        body: ['ana', 'ben', 'cem', 'dan', 'eva'].map(
          (id) => hype('deleted', 0, 'dashboard', { total: 10 }, id).request.body,
        ),
      },
    },
    hype('created', 40 * DAY, 'user', { total: 20 }),
  ],
  'deliveries that ended dead, after which others were delivered': [
    hype('created', 0, 'user', { total: 10 }),
    { ...hype('updated', DAY, 'dashboard', { total: 6 }), fails: true },
    hype('updated', 2 * DAY, 'system', { total: 6 }),
    { ...hype('updated', 3 * DAY, 'system', { total: 6 }), fails: true },
    { ...hype('updated', 4 * DAY, 'system', { total: 6 }), fails: true },
    hype('created', 5 * DAY, 'user', { total: 16 }),
  ],
  'changes of status, one of them of long ago': [
    ...['activePackage', 'suspended', 'activePackage', 'inactive', 'lead', 'activePackage'].map(
      (status) => hapana('clientStatusChange', { status }),
    ),
  ],
  'an announcement at another site, and one by another name': [
    hapana('accountCreated', { firstName: 'Ana', lastName: 'Silva', email: 'ana@example.com' }),
    hapana('accountCreated', {
      ...{ firstName: 'Ana', lastName: 'Silva', email: 'ana@example.com', siteID: 'site-2' },
    }),
    hapana('accountCreated', { firstName: 'Ben', lastName: 'Ode', siteID: 'site-3' }),
    hapana('accountCreated', { firstName: 'Ana', lastName: 'Silva', joinDate: '2020-01-01' }),
  ],
  'first check-ins, rejected and late ones': [
    visit(0, 'Invalid'),
    visit(DAY),
    ...[2, 3, 4, 5, 6].map((day) => visit(day * DAY, 'Invalid')),
    visit(7 * DAY),
    visit(3.5 * DAY),
    visit(-DAY),
  ],
}

it.each(Object.keys(STORIES))('means the same: %s', async (name) => {
  const messages = STORIES[name] ?? []
  const { hot, ...expected } = await outcomeOf(messages)
  expect(hot).toBeGreaterThanOrEqual(messages.length)
  for (const place of ['d1', 'r2'] as const) {
    const { hot, ...got } = await outcomeOf(messages, place)
    expect(hot, place).toBe(0)
    expect(got, place).toEqual(expected)
  }
})

// Repeats of packed events are recognised for thirty days: of these, less than a month is sent at once.
const VECTORS = EVENT_FIXTURES.filter(({ name }) => name !== 'hype/timestamp-missing').map(
  ({ vendor: source, request }) => ({ source, request }),
)
const PARTS = [0, 1, 2].map((n) =>
  VECTORS.slice((n * VECTORS.length) / 3, ((n + 1) * VECTORS.length) / 3),
)

it.each([...PARTS.keys()])(
  'means the same for the messages of the vectors, part %i',
  async (part) => {
    const messages = PARTS[part] ?? []
    const { hot: _, ...expected } = await outcomeOf(messages)
    const { hot, ...got } = await outcomeOf(messages, 'd1')
    expect(hot).toBe(got.lines.filter(({ status }) => status === 'quarantined').length)
    expect(got).toEqual(expected)
  },
  120_000,
)

it('records no correction of a packed event of which nobody was told', async () => {
  const only = {
    name: 'crm',
    url: 'https://crm.example/',
    events: ['subscription.corrected', 'payment.corrected'],
  }
  const messages = STORIES['an end that is corrected twice'] ?? []
  const { told, lines } = await outcomeOf(messages, 'd1', aConfig(only))
  expect(lines.length).toBe(messages.length)
  expect(told.crm).toEqual([])
})

it('knows what a target was told by packed events', async () => {
  const { lines } = await outcomeOf(STORIES['an end that is corrected twice'] ?? [])
  const ended = lines.find(({ type }) => type === 'subscription.ended')?.id ?? 'evt_'
  const type = 'subscription.corrected'
  const corrections = lines.filter((line) => line.type === type).map(({ id }) => id)
  const questions = ['crm', 'door', 'nobody'].flatMap((target) =>
    [...corrections, 'evt_7zzzzzzzzzz' as const].map((id) => ({
      ...{ event: ended, source: 'hype', contact: 'ana', target },
      correction: { id, type },
    })),
  )
  const answers = () => Promise.all(questions.map((one) => readTold(PLACES.d1, one)))
  const expected = await answers()
  expect(expected.filter((one) => one?.isLater).length).toBeGreaterThanOrEqual(2)
  await packAll(PLACES.d1, NOW + 40 * HOUR)
  expect(await env.DB.prepare('SELECT count(*) AS n FROM events').first<number>('n')).toBe(0)
  expect(await answers()).toEqual(expected)
})

it('keeps no fact of an event that is hot again', async () => {
  const messages = months(6)
  await outcomeOf(messages, 'd1')
  const facts = () => env.DB.prepare('SELECT facts FROM packed_facts').first<string>('facts')
  const [last] = [...(await allLines(PLACES.d1)).values()].slice(-1)
  expect(await facts()).toContain(last?.id.slice(4))
  await restoreEvents(PLACES.d1, [last?.id ?? 'evt_'])
  expect(await facts()).not.toContain(last?.id.slice(4))
  const key = keyOfId(last?.id ?? 'evt_')
  expect(
    await env.DB.prepare(`SELECT count(*) AS n FROM events WHERE key = ${key}`).first('n'),
  ).toBe(1)
})

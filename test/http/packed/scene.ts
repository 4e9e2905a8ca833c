// A log with an event of every kind, four hours long and settled, and the API and console of its relay.
import { env } from 'cloudflare:workers'
import type { EventId } from '../../../src/core/id.ts'
import type { Env } from '../../../src/env.ts'
import { recordSystemEvent } from '../../../src/stages/deliveries/system-events.ts'
import { aConfig, aPayment, aStatusChange, NOW, toolsAt } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'
import { clearPacks, PLACES, packAll, rollAll } from '../../packs.ts'
import { aWorld } from '../../world.ts'
import { aVisitor, TOKEN } from '../console/visitor.ts'

const HOUR = 3_600_000

/** When the log is read: a day after it was written. */
export const LATER = NOW + 30 * HOUR

export const config = aConfig(
  { name: 'crm', url: 'https://crm.example/' },
  { name: 'finance', url: 'https://finance.example/', events: ['payment.*', 'subscription.*'] },
  {
    name: 'flaky',
    url: 'https://flaky.example/',
    events: ['contact.*', 'payment.failed'],
    retry: [5],
  },
  { name: 'choosy', url: 'https://choosy.example/', where: 'data.amount.value = "7"' },
)

/** Empties the log. */
async function begin(): Promise<void> {
  await empty(...LOG_TABLES, 'targets', 'replays', 'statistics', 'totals', 'merged_people')
  await clearPacks()
}

/** A message of Hype about a contact. `at` in seconds. */
const hype = (id: string, type: string, at: number, overrides: object = {}, data: object = {}) =>
  aPayment({
    ...{ id, type, email: `${id}@example.com`, source: 'user', timestamp: NOW / 1000 + at },
    data: { tier: 'Gold', billing_interval: 'Monthly', recurring: 10, ...data },
    ...overrides,
  })

/** Writes the log. Returns its world, and the ids of the first copies by contact. */
export async function aLog() {
  await begin()
  const world = aWorld(
    config,
    () => undefined,
    (target) => new Response('', { status: target === 'flaky' ? 500 : 200 }),
  )
  const take = async (source: string, body: object) => {
    world.advance(1000)
    const result = await world.take(source, body)
    if (!result.ok) throw new Error(JSON.stringify(result.error))
    return result.value.events[0]?.id as EventId
  }
  const ids: EventId[] = []
  // The same an hour later may be a repeat.
  const same = aStatusChange({ clientID: 'same' })
  for (let hour = 0; hour < 4; hour++) {
    for (let i = 0; i < 4; i++) {
      const person = ['ana', 'ben', 'cleo', 'dan'][i] as string
      const at = hour * 3600 + i * 60
      const payment = hype(person, 'payment.created', at, {}, { total: 30 + hour })
      ids.push(await take('hype', payment))
      if (i === 0) await take('hype', payment)
      if (i === 1) {
        const change = aStatusChange({ clientID: `client-${i}`, email: 'ben@example.com' })
        await take('hapana', change)
        world.advance(25 * 60_000)
        await take('hapana', { ...change, status: 'inactive' })
      }
      if (i === 2)
        await take(
          'hype',
          hype(person, 'contact.updated', at + 9, { email: `c${hour}@example.com` }),
        )
      // Without an id or an address it is about nobody.
      if (i === 3) {
        await take('hype', {
          type: 'payment.created',
          publisher_id: 'p',
          timestamp: NOW / 1000 + at,
        })
      }
    }
    await take('hapana', same)
    await world.live(2)
    world.advance(HOUR - (world.now() % HOUR))
  }
  // A plan switch, from which the relay infers a change of plan.
  await take(
    'hype',
    hype('eve', 'payment.created', 4 * 3600, {}, { total: 30, billing_end: NOW / 1000 + 90_000 }),
  )
  await take(
    'hype',
    hype(
      'eve',
      'payment.created',
      4 * 3600 + 50,
      {},
      { total: 30, tier: 'Platinum', recurring: 20, billing_end: NOW / 1000 + 95_000 },
    ),
  )
  await take(
    'hype',
    hype(
      'eve',
      'payment.deleted',
      4 * 3600 + 60,
      {},
      { total: 30, billing_end: NOW / 1000 + 90_000 },
    ),
  )
  const tools = toolsAt(world.now())
  await recordSystemEvent(
    world.bindings,
    config,
    { type: 'relay.operator_signed_in', data: { by: 'Ana' } },
    tools,
  )
  await world.live(2)
  await settle()
  await rollAll(LATER)
  return { world, ids }
}

/** What takes an operator or a broken target: a dismissed message, cancelled deliveries, one that was replayed, a mark. */
async function settle(): Promise<void> {
  const { results } = await env.DB.prepare(
    `SELECT CAST(key AS TEXT) AS key FROM events WHERE status = 'quarantined' ORDER BY events.key`,
  ).all<{ key: string }>()
  const [first] = results
  await env.DB.batch([
    env.DB.prepare(
      `UPDATE events SET dismissed = 'a sample' WHERE key <> CAST(?1 AS INTEGER) AND status = 'quarantined'`,
    ).bind(first?.key ?? '0'),
    env.DB.prepare(
      `UPDATE deliveries SET state = 'cancelled', reason = 'its target does not want it', due = NULL
       WHERE target = 'finance' AND event % 5 = 0`,
    ),
    env.DB.prepare(
      `UPDATE deliveries SET replayed = 1, first = 2 WHERE target = 'crm' AND event % 7 = 0`,
    ),
    // As an earlier mapping had them.
    env.DB.prepare(
      `UPDATE events SET event = json_set(event, '$.data.note', 'of before') WHERE type = 'payment.created'`,
    ),
    env.DB.prepare('UPDATE segments SET counted = 0, posted = 0'),
  ])
}

export type Place = keyof typeof PLACES

/** Packs all that may be packed. Returns how many events have no row any more. */
export async function packIn(place: Place): Promise<number> {
  const count = async () =>
    (await env.DB.prepare('SELECT count(*) AS n FROM events').first('n')) as number
  const before = await count()
  await packAll(PLACES[place], LATER)
  return before - (await count())
}

/** A reader of the API and of the console, of a relay whose packs are in a place. */
export async function aReader(place: Place) {
  const visitor = aVisitor({ config, env: PLACES[place] as Partial<Env> })
  visitor.advance(LATER - NOW)
  await visitor.signIn()
  const headers = { authorization: `Bearer ${TOKEN}` }
  const api = async (path: string, body?: object) => {
    const init = body ? { method: 'POST', body: JSON.stringify(body) } : {}
    const response = await visitor.ask(`/api${path}`, { ...init, headers })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  /** All items of a list, page by page; `between` runs after each page. */
  const all = async (
    path: string,
    between: (page: number) => Promise<void> = async () => undefined,
  ) => {
    const items: unknown[] = []
    let next: string | null = null
    for (let page = 1; page === 1 || next !== null; page++) {
      const { status, body } = await api(next === null ? path : `${path}&next=${next}`)
      if (status !== 200 || page > 500) throw new Error(`${path}: ${JSON.stringify(body)}`)
      const [list] = Object.values(body).filter(Array.isArray)
      items.push(...(list ?? []))
      next = body.next as string | null
      await between(page)
    }
    return items
  }
  return { visitor, api, all }
}

/** The ids of all events and persons. */
export async function idsOfLog(all: (path: string) => Promise<unknown[]>) {
  const events = (await all('/events?limit=200')) as { id: EventId; personid: string | null }[]
  const people = [...new Set(events.map(({ personid }) => personid))].filter((id) => id !== null)
  return { events: events.map(({ id }) => id), people }
}

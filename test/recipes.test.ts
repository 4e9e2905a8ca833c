// The recipes of docs/configuration.md as they are written there: each is a configuration without errors, and does what it
// promises.
import { env } from 'cloudflare:workers'
import { parse } from 'smol-toml'
import { beforeEach, expect, it } from 'vitest'
import { parseConfig } from '../src/config.ts'
import type { MembershipEvent } from '../src/core/events/event.ts'
import { SIGNING_SECRET } from './builders.ts'
import { aWorld } from './world.ts'

const [page = ''] = Object.values(
  import.meta.glob<string>('/docs/configuration.md', {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
)
const [, toml = ''] = /^## Recipes\n+```toml\n([\s\S]*?)```/m.exec(page) ?? []
const recipes = parse(toml) as { vars: { TARGETS: Record<string, unknown>[] } }
const SOURCES = [
  { name: 'hapana', vendor: 'hapana', secret: 'HAPANA_SECRET', header: 'x-relay-key' },
  { name: 'hype', vendor: 'hype', secret: 'HYPE_SECRET' },
]
const SECRETS: Record<string, string> = {
  HAPANA_SECRET: 'hapana secret',
  HYPE_SECRET: 'hype secret',
  FRONT_DESK_SLACK_URL: 'https://front-desk.example/',
}
const config = parseConfig(
  { SOURCES, TARGETS: recipes.vars.TARGETS },
  (name) => SECRETS[name] ?? SIGNING_SECRET,
)

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events', 'segments', 'ledger', 'contacts'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})

/** What each target is told of, as Hype says it of one contact after another. */
async function toldOf(...happened: [contact: string, type: string, at: number, data: object][]) {
  const told: { target: string; body: string }[] = []
  const world = aWorld(
    config,
    () => undefined,
    () => new Response('ok'),
    (target, body) => told.push({ target, body }),
  )
  for (const [id, type, at, data] of happened) {
    const timestamp = 1_795_000_000 + at
    const source = type === 'payment.updated' ? 'system' : 'user'
    await world.take('hype', { id, publisher_id: 'p', type, source, data, timestamp })
  }
  await world.live(20)
  const bodiesOf = (name: string) =>
    told.flatMap(({ target, body }) => (target === name ? [body] : []))
  const eventsOf = (name: string) => bodiesOf(name).map((body): MembershipEvent => JSON.parse(body))
  return { bodiesOf, typesOf: (name: string) => eventsOf(name).map(({ type }) => type), eventsOf }
}

it('are configurations without errors', () => {
  expect(config.errors).toEqual([])
  expect(config.targets.map(({ name }) => name)).toEqual(['finance', 'door', 'crm', 'front-desk'])
})

it('tell finance of purchases, refunds and failures, and Slack of each failure in a line', async () => {
  const { typesOf, bodiesOf } = await toldOf(
    ['ana', 'payment.created', 0, { tier: 'Gold', total: 30 }],
    ['ana', 'payment.updated', 1000, { tier: 'Gold', total: 30 }],
    ['ana', 'payment.updated', 2000, { tier: 'Gold', total: 20 }],
  )

  expect(typesOf('finance').sort()).toEqual([
    'payment.created',
    'payment.failed',
    'payment.refunded',
  ])
  expect(bodiesOf('front-desk')).toHaveLength(1)
  expect(JSON.parse(bodiesOf('front-desk')[0] ?? '{}').text).toMatch(/^[^\n]+$/)
})

it('shut the door only when an end is settled, and never on who has switched', async () => {
  const { eventsOf } = await toldOf(
    ['ana', 'payment.created', 0, { tier: 'Gold' }],
    ['ana', 'payment.deleted', 5000, { tier: 'Gold' }],
    ['ana', 'payment.created', 5060, { tier: 'Platinum' }],
    ['ben', 'payment.deleted', 0, { tier: 'Gold' }],
  )

  expect(eventsOf('door').map(({ type, subject }) => [type, subject])).toEqual([
    ['subscription.ended', 'contact/ben'],
  ])
})

// The recipes of docs/configuration.md: each is a configuration without errors, and does what the page promises.
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

/** The bodies and events that each target receives after these messages of Hype. */
async function deliveriesAfter(
  ...messages: [contact: string, type: string, at: number, data: object, by?: string][]
) {
  const sent: { target: string; body: string }[] = []
  const world = aWorld(
    config,
    () => undefined,
    () => new Response('ok'),
    (target, body) => sent.push({ target, body }),
  )
  for (const [id, type, at, data, by = 'user'] of messages) {
    const timestamp = 1_795_000_000 + at
    const source = type === 'payment.updated' ? 'system' : by
    await world.take('hype', { id, publisher_id: 'p', type, source, data, timestamp })
  }
  await world.live(20)
  const bodiesOf = (name: string) =>
    sent.flatMap(({ target, body }) => (target === name ? [body] : []))
  const eventsOf = (name: string) => bodiesOf(name).map((body): MembershipEvent => JSON.parse(body))
  return { bodiesOf, typesOf: (name: string) => eventsOf(name).map(({ type }) => type), eventsOf }
}

it('are configurations without errors', () => {
  expect(config.errors).toEqual([])
  expect(config.targets.map(({ name }) => name)).toEqual(['finance', 'door', 'crm', 'front-desk'])
})

it('send purchases, refunds and failures to finance, and each failure to Slack as one line', async () => {
  const { typesOf, bodiesOf } = await deliveriesAfter(
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

it('send the end of a subscription to the door with the time until when it is paid', async () => {
  const { eventsOf } = await deliveriesAfter([
    'ben',
    'payment.deleted',
    0,
    { tier: 'Gold', billing_end: 1_797_000_000 },
  ])

  expect(eventsOf('door')).toMatchObject([
    { data: { subscription: { period_end_at: '2026-12-11T14:40:00Z' } } },
  ])
})

it('send no end to the door when a new price ends the plan of many', async () => {
  const members = ['ana', 'ben', 'cem', 'dan', 'eva']
  const plan = { tier: 'Gold', billing_end: 1_797_000_000 }
  const { eventsOf } = await deliveriesAfter(
    ...members.map(
      (id) =>
        [id, 'payment.deleted', 0, plan, 'Dashboard'] as [string, string, number, object, string],
    ),
  )

  expect(eventsOf('door')).toEqual([])
})

it('send the end of a subscription to the door only once it has settled, and never a plan switch', async () => {
  const { eventsOf } = await deliveriesAfter(
    ['ana', 'payment.created', 0, { tier: 'Gold' }],
    ['ana', 'payment.deleted', 5000, { tier: 'Gold' }],
    ['ana', 'payment.created', 5060, { tier: 'Platinum' }],
    ['ben', 'payment.deleted', 0, { tier: 'Gold' }],
  )

  expect(eventsOf('door').map(({ type, subject }) => [type, subject])).toEqual([
    ['subscription.ended', 'contact/ben'],
  ])
})

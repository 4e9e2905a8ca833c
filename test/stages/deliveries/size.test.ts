// The limits of D1 in production, which the local runtime does not have: 2,000,000 bytes for a parameter and for a row.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it, vi } from 'vitest'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import type { EventId } from '../../../src/core/id.ts'
import { getEvent, listEvents } from '../../../src/store/events/events.ts'
import {
  aConfig,
  aMessageFor,
  aPayment,
  aQueue,
  deliverBatch,
  NOW,
  stored,
} from '../../builders.ts'
import { empty, limitedLikeProduction } from '../../database.ts'

const config = aConfig({ name: 'crm', events: ['*'] })

beforeEach(() => empty('targets', 'deliveries', 'events', 'contacts'))

/** A payment whose event is longer than its message, and nearly as large as a row allows: all quotes, each escaped. */
const large = () =>
  aPayment({
    email: `${'"'.repeat(130_000)}@example.com`,
    data: { tier: '"'.repeat(270_000) },
  })

async function fail(message: DeliveryMessage, response = 'no') {
  const messages = [
    {
      id: crypto.randomUUID(),
      timestamp: new Date(NOW),
      attempts: 1,
      body: message,
      ack: vi.fn(),
      retry: vi.fn(),
    },
  ]
  const bindings = { DB: limitedLikeProduction(), RETRIES: aQueue().queue }
  await deliverBatch(bindings, config, 'retries', messages, {
    fetch: async () => new Response(response, { status: 500 }),
  })
}

const sizes = () =>
  env.DB.prepare(
    `SELECT length(CAST(body AS BLOB)) AS body, length(CAST(attempts AS BLOB)) AS attempts, attempt FROM deliveries`,
  ).first<{ body: number; attempts: number; attempt: number }>()

const deliveryOf = async (event: EventId) => (await getEvent(env, event))?.deliveries[0]

it('records the failed attempt of a large body, which refers to that of its event', async () => {
  const event = await stored(config, 'hype', large(), { db: limitedLikeProduction() })

  await fail(await aMessageFor(event, 'crm'))

  expect(await deliveryOf(event)).toMatchObject({
    state: 'retrying',
    attempts: [{ attempt: 1, status: 500, response: 'no' }],
  })
  expect((await sizes())?.body).toBeLessThan(2000)
})

it.each([
  [260_000, 'without its response', 2],
  [460_000, 'by its number alone', 1],
])('records an attempt beside %d bytes of earlier ones %s', async (bytes, _case, logged) => {
  const event = await stored(config, 'hype', aPayment())
  const earlier = [{ attempt: 1, at: '2026-11-21T00:00:00Z', ms: 1, response: 'x'.repeat(bytes) }]
  await env.DB.prepare('UPDATE deliveries SET attempts = ?1').bind(JSON.stringify(earlier)).run()

  await fail(await aMessageFor(event, 'crm'), '\u0001'.repeat(1000))

  const after = await sizes()
  expect(after?.attempt).toBe(2)
  expect((after?.attempts ?? 0) - JSON.stringify(earlier).length).toBeLessThan(300)
  const { attempts = [] } = (await deliveryOf(event)) ?? {}
  expect(attempts).toHaveLength(logged)
  expect(attempts[1]?.response).toBeUndefined()
})

it('stores an event although what is inferred from it would be too large: that is left out', async () => {
  const tools = { db: limitedLikeProduction() }
  const hype = (type: string, at: number, data: object, email = 'ana@example.com') =>
    stored(
      config,
      'hype',
      { ...aPayment({ id: 'ana', email, data }), type, timestamp: 1_795_000_000 + at },
      { ...tools, now: NOW + at },
    )
  const interval = { billing_interval: 'Monthly' }
  await hype('payment.created', 0, { ...interval, tier: 'Gold', recurring: 10, total: 10 })
  const paid = { ...interval, tier: '"'.repeat(440_000), recurring: 20, total: 30 }
  await hype('payment.created', 5000, paid)
  const ended = { ...interval, tier: '"'.repeat(30_000), recurring: 10, total: 30 }

  // The other half of a switch: the event about it would hold both plans and the address.
  const event = await hype('payment.deleted', 5010, ended, `${'"'.repeat(300_000)}@example.com`)

  expect((await getEvent(env, event))?.event).toMatchObject({ data: { reason: 'plan_switch' } })
  const { items } = await listEvents(env, {}, { limit: 10 })
  expect(items.filter(({ type }) => type === 'subscription.plan_changed')).toEqual([])
})

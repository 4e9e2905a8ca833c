// A journey of one member, told in every order and each event twice: what a target believes in the end is the same.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import type { MembershipEvent } from '../../../src/core/events/event.ts'
import { aConfig } from '../../builders.ts'
import { aWorld } from '../../world.ts'

const config = aConfig({ name: 'crm', url: 'https://crm.example/' })

type Fact = { type: string; at: number; source: string; data: object; means: string }

const gold = { tier: 'Gold', billing_interval: 'Monthly', recurring: 10 }
const platinum = { tier: 'Platinum', billing_interval: 'Monthly', recurring: 20 }

const JOURNEY: Record<string, Fact> = {
  bought: {
    type: 'payment.created',
    at: 0,
    source: 'user',
    data: { ...gold, total: 10 },
    means: 'payment.created',
  },
  refunded: {
    type: 'payment.updated',
    at: 1000,
    source: 'dashboard',
    data: { ...gold, total: 6 },
    means: 'payment.refunded 4',
  },
  ended: {
    type: 'payment.deleted',
    at: 5000,
    source: 'user',
    data: { ...gold, total: 6 },
    means: 'subscription.ended plan_switch',
  },
  switched: {
    type: 'payment.created',
    at: 5060,
    source: 'user',
    data: { ...platinum, total: 26 },
    means: 'payment.created',
  },
  failed: {
    type: 'payment.updated',
    at: 9000,
    source: 'system',
    data: { ...platinum, total: 26 },
    means: 'payment.failed',
  },
}

function permutations<T>(all: T[]): T[][] {
  if (all.length < 2) return [all]
  return all.flatMap((one, i) => permutations(all.toSpliced(i, 1)).map((rest) => [one, ...rest]))
}

type Told = MembershipEvent & { data: { corrects?: string; is?: object } }

/** What an event, or a correction of one, says happened. */
function meaningIn(said: {
  type: string
  reason?: string
  refund?: { amount: { value: string } | null }
}) {
  const detail = said.reason ?? said.refund?.amount?.value
  return detail === undefined ? said.type : `${said.type} ${detail}`
}

it('means the same in the end, in whatever order it was told', async () => {
  for (const order of permutations(Object.keys(JOURNEY))) {
    await env.DB.batch(
      ['targets', 'deliveries', 'events', 'segments', 'ledger', 'contacts'].map((table) =>
        env.DB.prepare(`DELETE FROM ${table}`),
      ),
    )
    const told: Told[] = []
    const world = aWorld(
      config,
      () => undefined,
      () => new Response('ok'),
      (_target, body) => told.push(JSON.parse(body)),
    )
    const ids = new Map<string, string>()
    for (const name of order.flatMap((one) => [one, one])) {
      const { type, at, source, data } = JOURNEY[name] as Fact
      const body = {
        id: 'ana',
        publisher_id: 'p',
        type,
        source,
        data,
        timestamp: 1_795_000_000 + at,
      }
      const result = await world.take('hype', body)
      ids.set(name, (result.ok && result.value.events[0]?.id) || '')
      world.advance(1000)
      for (let i = 0; i < 2; i++) await world.consume('DELIVERIES', 100)
    }

    for (const [name, id] of ids) {
      const own = told.filter((event) => event.id === id)
      const last = told.findLast(({ data }) => data.corrects === id)?.data.is
      const believed = last ?? { ...own[0]?.data, type: own[0]?.type }
      expect(own, order.join()).toHaveLength(1)
      expect(meaningIn(believed as Parameters<typeof meaningIn>[0]), `${name} of ${order}`).toBe(
        JOURNEY[name]?.means,
      )
    }
    const changes = told.filter(({ type }) => type === 'subscription.plan_changed')
    expect(changes, order.join()).toMatchObject([
      { data: { previous_subscription: { tier: 'Gold' }, subscription: { tier: 'Platinum' } } },
    ])
  }
}, 120_000)

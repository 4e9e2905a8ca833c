// The events of one member in every order of arrival, each twice: a target ends up with the same meanings.
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

type Delivered = MembershipEvent & { data: { corrects?: string; is?: object } }

/** The meaning of an event, or of its correction, in a line. */
function meaningIn(content: {
  type: string
  reason?: string
  refund?: { amount: { value: string } | null }
}) {
  const detail = content.reason ?? content.refund?.amount?.value
  return detail === undefined ? content.type : `${content.type} ${detail}`
}

it('means the same in the end, in any order of arrival', async () => {
  for (const order of permutations(Object.keys(JOURNEY))) {
    await env.DB.batch(
      ['targets', 'deliveries', 'events', 'segments', 'ledger', 'contacts'].map((table) =>
        env.DB.prepare(`DELETE FROM ${table}`),
      ),
    )
    const delivered: Delivered[] = []
    const world = aWorld(
      config,
      () => undefined,
      () => new Response('ok'),
      (_target, body) => delivered.push(JSON.parse(body)),
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
      const own = delivered.filter((event) => event.id === id)
      const last = delivered.findLast(({ data }) => data.corrects === id)?.data.is
      const final = last ?? { ...own[0]?.data, type: own[0]?.type }
      expect(own, order.join()).toHaveLength(1)
      expect(meaningIn(final as Parameters<typeof meaningIn>[0]), `${name} of ${order}`).toBe(
        JOURNEY[name]?.means,
      )
    }
    const changes = delivered.filter(({ type }) => type === 'subscription.plan_changed')
    expect(changes, order.join()).toMatchObject([
      { data: { previous_subscription: { tier: 'Gold' }, subscription: { tier: 'Platinum' } } },
    ])
  }
}, 120_000)

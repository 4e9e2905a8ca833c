// A correction says what its target was told, and goes to nobody who knows it already.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import type { MembershipEvent } from '../../../src/core/events/event.ts'
import { aConfig } from '../../builders.ts'
import { aWorld } from '../../world.ts'

const T0 = 1_760_000_000
const DAY = 86_400

type Correction = MembershipEvent & { data: { corrects: string; was: object; is: object } }

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events', 'segments', 'ledger', 'contacts'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})

function aBusiness(...targets: Parameters<typeof aConfig>) {
  const sent: { target: string; event: MembershipEvent }[] = []
  const world = aWorld(
    aConfig(...targets),
    () => undefined,
    () => new Response('ok'),
    (target, body) => sent.push({ target, event: JSON.parse(body) }),
  )
  const hype = async (type: string, at: number, source: string, data: object, id = 'ana') => {
    const plan = { tier: 'Gold', billing_interval: 'Monthly', recurring: 10, total: 10, ...data }
    const body = { id, publisher_id: 'p', type: `payment.${type}`, source, data: plan }
    const result = await world.take('hype', { ...body, timestamp: T0 + at })
    if (!result.ok) throw new Error(JSON.stringify(result.error))
    return result.value.events[0]?.id ?? ''
  }
  const toldTo = (target: string) =>
    sent.filter((one) => one.target === target).map(({ event }) => event)
  const correctionsTo = (target: string) =>
    toldTo(target).filter(({ type }) => type.endsWith('.corrected')) as Correction[]
  return { world, hype, toldTo, correctionsTo }
}

const CRM = { name: 'crm', url: 'https://crm.example/' }
const DOOR = { name: 'door', url: 'https://door.example/', settle_seconds: 900 }
const platinum = { tier: 'Platinum', recurring: 20, total: 30 }

it('goes to the target that was told something else, and not to the one that was told so at first', async () => {
  const { world, hype, toldTo, correctionsTo } = aBusiness(CRM, DOOR)
  const ended = await hype('deleted', 0, 'user', {})
  await world.live(1)
  await hype('created', 5, 'user', platinum)
  await world.live(20)

  expect(correctionsTo('crm')).toMatchObject([
    { data: { corrects: ended, was: { reason: 'unknown' }, is: { reason: 'plan_switch' } } },
  ])
  expect(toldTo('door').find(({ id }) => id === ended)).toMatchObject({
    data: { reason: 'plan_switch' },
  })
  expect(correctionsTo('door')).toEqual([])
})

it('waits while the end is on its way, and is not sent when that said so itself', async () => {
  const { world, hype, toldTo, correctionsTo } = aBusiness(CRM)
  const ended = await hype('deleted', 0, 'user', {})
  world.advance(1000)
  await hype('created', 5, 'user', platinum)
  await world.live(3)

  expect(toldTo('crm').find(({ id }) => id === ended)).toMatchObject({
    data: { reason: 'plan_switch' },
  })
  expect(correctionsTo('crm')).toEqual([])
})

it('says what its target was told last: at first, or by another correction', async () => {
  const { world, hype, correctionsTo } = aBusiness(CRM, DOOR)
  await hype('created', 0, 'user', {})
  const ended = await hype('deleted', 40 * DAY, 'system', {})
  await world.live(1)
  await hype('updated', 30 * DAY, 'system', {}) // the failed charge, late
  await world.live(20)
  await hype('created', 35 * DAY, 'user', { total: 20 }) // it was made good, later still
  await world.live(20)

  const readings = ({ data: { corrects, was, is } }: Correction) => [
    corrects,
    (was as { reason: string }).reason,
    (is as { reason: string }).reason,
  ]
  expect(correctionsTo('crm').map(readings)).toEqual([
    [ended, 'unknown', 'dunning'],
    [ended, 'dunning', 'unknown'],
  ])
  expect(correctionsTo('door').map(readings)).toEqual([[ended, 'dunning', 'unknown']])
})

it('of a refund says what its target was told', async () => {
  const { world, hype, correctionsTo } = aBusiness(CRM)
  await hype('created', 0, 'user', { total: 30 })
  const refunded = await hype('updated', 1000, 'dashboard', { total: 20 })
  await world.live(1)
  await hype('updated', 500, 'dashboard', { total: 26 })
  await world.live(3)

  expect(correctionsTo('crm')).toMatchObject([
    {
      data: {
        corrects: refunded,
        was: { type: 'payment.refunded', refund: { amount: { value: '10' } } },
        is: { type: 'payment.refunded', refund: { amount: { value: '6' } } },
      },
    },
  ])
})

it('is sent to a target that did not want the event for what it seemed to be', async () => {
  const picky = { ...DOOR, where: 'type != "subscription.ended" or data.reason != "dunning"' }
  const { world, hype, toldTo, correctionsTo } = aBusiness(CRM, picky)
  await hype('created', 0, 'user', {})
  await hype('updated', 30 * DAY, 'system', {})
  const ended = await hype('deleted', 40 * DAY, 'system', {})
  await world.live(20)
  await hype('created', 35 * DAY, 'user', { total: 20 })
  await world.live(3)

  expect(toldTo('door').find(({ id }) => id === ended)).toBeUndefined()
  expect(correctionsTo('door')).toMatchObject([{ data: { is: { reason: 'unknown' } } }])
})

it('is not needed for many ends of one tier that have settled as a price change', async () => {
  const { world, hype, toldTo, correctionsTo } = aBusiness(DOOR)
  const members = ['ana', 'ben', 'cem', 'dan', 'eva']
  const plan = { billing_end: T0 + 20 * DAY }
  for (const id of members) await hype('deleted', 0, 'dashboard', plan, id)
  await hype('deleted', 0, 'dashboard', { ...plan, tier: 'Silver' }, 'fay')
  await world.live(20)

  const ends = toldTo('door').filter(({ type }) => type === 'subscription.ended')
  const reasons = ends.map(({ data }) => [data.contact.vendor_id, 'reason' in data && data.reason])
  expect(reasons.sort()).toEqual([...members.map((id) => [id, 'price_change']), ['fay', 'unknown']])
  await hype('created', 20 * DAY, 'user', { ...plan, recurring: 12, total: 22 })
  await world.live(3)
  expect(correctionsTo('door')).toEqual([])
})

// Receivers as they are: they refuse one kind of message, are limited, or flap. Over minutes of the whole relay.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import { listHealth } from '../../../src/store/deliveries/targets.ts'
import { aConfig, aPayment } from '../../builders.ts'
import { empty } from '../../database.ts'
import { aWorld } from '../../world.ts'

beforeEach(() => empty('targets', 'deliveries', 'events', 'contacts'))

const crm = { name: 'crm', url: 'https://crm.example/', events: ['payment.*'] }

/** A world whose CRM answers by the number of the payment; `take` sends one, `taken` are those that it has accepted. */
function aCrm(answer: (payment: number, at: number) => Response, settings: object = {}) {
  const payments = new Map<string, number>()
  const config = aConfig(
    { ...crm, ...settings },
    { name: 'ops', url: 'https://ops.example/', events: ['relay.target_*'] },
  )
  const alerts: { type: string; data: Record<string, unknown> }[] = []
  const world = aWorld(
    config,
    () => undefined,
    (target, _n, request) => {
      if (target === 'ops') return new Response('')
      return answer(payments.get(request.get('webhook-id') ?? '') ?? 0, world.now())
    },
    (target, body) => {
      if (target === 'ops') alerts.push(JSON.parse(body))
    },
  )
  const take = async (payment: number) => {
    const result = await world.take('hype', aPayment({ data: { total: payment } }))
    if (result.ok) payments.set(result.value.events[0]?.id ?? '', payment)
  }
  const requests = () => world.received.filter(({ target }) => target === 'crm')
  const taken = () =>
    requests()
      .filter(({ status }) => status < 300)
      .map(({ event }) => payments.get(event))
  return { world, take, taken, requests, alerts }
}

const status = (code: number, headers = {}) => new Response('', { status: code, headers })

it('that refuses one kind of message gets all others at once', async () => {
  const { world, take, taken, alerts } = aCrm((payment) => status(payment < 20 ? 422 : 200))
  for (let payment = 0; payment < 23; payment++) await take(payment)

  await world.live(1)

  expect(taken().sort()).toEqual([20, 21, 22])
  expect(alerts).toEqual([])
  expect((await listHealth(env.DB)).get('crm')).toBeUndefined()
})

it('that fails with one kind of message gets the others with the next probe', async () => {
  const { world, take, taken } = aCrm((payment) => status(payment < 5 ? 500 : 200), {
    retry: Array(50).fill(20),
  })
  for (let payment = 0; payment < 5; payment++) await take(payment)
  await world.live(0.2)
  for (let payment = 5; payment < 8; payment++) await take(payment)

  await world.live(2)

  expect(taken().sort()).toEqual([5, 6, 7])
})

it('that asks for a pause gets one request for each, however much waits, and all in the end', async () => {
  let isLimited = true
  const { world, take, taken, requests } = aCrm(() =>
    isLimited ? status(429, { 'retry-after': '300' }) : status(200),
  )
  for (let minute = 0; minute < 15; minute++) {
    await take(minute)
    await take(minute)
    await world.live(1)
  }
  const limited = requests()
  isLimited = false
  await world.live(7)

  // The first two are in flight together. Then one after each pause.
  const gaps = limited.slice(1).map(({ at }, i) => at - (limited[i]?.at ?? 0))
  expect(gaps.filter((gap) => gap > 0 && gap < 300_000)).toEqual([])
  expect(limited.length).toBeLessThanOrEqual(5)
  expect(taken()).toHaveLength(30)
}, 60_000)

it('that flaps is reported once when it starts, and once when it is well, with a count', async () => {
  const start = Date.parse('2026-11-21T00:00:00Z')
  const isDown = (at: number) => at - start < 12 * 60_000 && Math.floor(at / 120_000) % 2 === 0
  const { world, take, alerts } = aCrm((_payment, at) => status(isDown(at) ? 500 : 200))

  for (let minute = 0; minute < 32; minute++) {
    for (let payment = 0; payment < 6; payment++) await take(payment)
    await world.live(1)
  }

  expect(alerts.map(({ type }) => type)).toEqual([
    'relay.target_backing_off',
    'relay.target_recovered',
  ])
  expect(alerts[1]?.data.times_backed_off).toBeGreaterThan(2)
}, 60_000)

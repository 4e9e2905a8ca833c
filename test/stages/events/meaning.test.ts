// The meaning of the vendors' ambiguous events beside the other events of the log: Hype's payments, Hapana's accounts.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { MembershipEvent } from '../../../src/core/events/event.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aStatusChange } from '../../builders.ts'
import { empty } from '../../database.ts'
import { aWorld } from '../../world.ts'

const config = aConfig(
  { name: 'finance', url: 'https://finance.example/' },
  {
    name: 'door',
    url: 'https://door.example/',
    events: ['subscription.*'],
    settle_seconds: 900,
  },
  { name: 'live', url: 'https://live.example/', test: false },
  {
    name: 'lock',
    url: 'https://lock.example/',
    events: ['subscription.ended'],
    where: 'data.reason != "plan_switch"',
    settle_seconds: 900,
  },
  {
    name: 'switches',
    url: 'https://switches.example/',
    events: ['subscription.ended'],
    where: 'data.reason = "plan_switch"',
    settle_seconds: 900,
  },
)

const emptyLog = () => empty('targets', 'deliveries', 'events', 'segments', 'ledger', 'contacts')
beforeEach(emptyLog)

const T0 = 1_760_000_000
/** The end of a paid period that runs during these stories. */
const PERIOD_END = T0 + 2_592_000
const CRM = 'https://crm.example/'

/** A membership business whose vendors send the events of Ana. */
function aBusiness(own = config) {
  const bodies: { target: string; event: MembershipEvent }[] = []
  const world = aWorld(
    own,
    () => undefined,
    () => new Response('ok'),
    (target, body) => bodies.push({ target, event: JSON.parse(body) }),
  )
  const take = async (source: 'hype' | 'hapana', body: object) => {
    const result = await world.take(source, body)
    if (!result.ok) throw new Error(JSON.stringify(result.error))
    world.advance(1000)
    const [accepted] = result.value.events
    if (accepted === undefined) throw new Error('no event was accepted')
    return accepted.id
  }
  /** A Hype event of Ana's; `at` in seconds. */
  const hype = (type: string, at: number, source: string | undefined, data: object = {}) =>
    take('hype', {
      id: 'ana',
      publisher_id: 'p',
      email: 'ana@example.com',
      type,
      ...(source === undefined ? {} : { source }),
      data: { tier: 'Gold', billing_interval: 'Monthly', recurring: 10, ...data },
      version: '1.1.0',
      timestamp: T0 + at,
    })
  const eventOf = async (id: `evt_${string}`) =>
    (await getEvent(env, id))?.event as MembershipEvent & { data: Record<string, unknown> }
  const inferred = async () => {
    const { results } = await env.DB.prepare(
      `SELECT event FROM events WHERE status = 'derived' ORDER BY key`,
    ).all<{ event: string }>()
    return results.map(({ event }) => JSON.parse(event) as MembershipEvent)
  }
  const sentTo = (name: string) =>
    bodies.flatMap(({ target, event }) => (target === name ? [event] : []))
  return { world, take, hype, eventOf, inferred, sentTo }
}

describe('payment.updated', () => {
  it.each([
    // total before, actor, total now → type, confidence, refund
    ['a lower total', 30, 'dashboard', 20, 'payment.refunded', 'strong', ['10', false]],
    ['a total of zero', 30, 'dashboard', 0, 'payment.refunded', 'strong', ['30', true]],
    [
      'a total that is lower by cents',
      30.5,
      'user',
      30.25,
      'payment.refunded',
      'likely',
      ['0.25', false],
    ],
    ['the same total, by the system', 30, 'system', 30, 'payment.failed', 'likely', undefined],
    ['the same total, by the user', 30, 'user', 30, 'payment.failed', 'likely', undefined],
    ['the same total, by the dashboard', 30, 'dashboard', 30, 'payment.updated', 'none', undefined],
    ['the same total, without an actor', 30, undefined, 30, 'payment.updated', 'none', undefined],
    ['a higher total', 30, 'user', 40, 'payment.updated', 'none', undefined],
  ] as const)(
    'with %s means what the evidence shows',
    async (_case, before, actor, now, type, confidence, refund) => {
      const { hype, eventOf } = aBusiness()
      const first = await hype('payment.created', 0, 'user', { total: before })

      const event = await eventOf(await hype('payment.updated', 100, actor, { total: now }))

      expect(event.type).toBe(type)
      expect(event.dataschema).toBe(`https://relay.example/schemas/${type}/1`)
      expect(event.data.inference).toMatchObject({ confidence, evidence: [first] })
      if (refund === undefined) expect(event.data).not.toHaveProperty('refund')
      else {
        const [value, full] = refund
        expect(event.data.refund).toEqual({
          amount: { value, unit: 'unspecified', currency: null },
          full,
          confidence: 'likely',
        })
      }
    },
  )

  it.each([
    ['dashboard', 0, 'payment.refunded', 'likely', true],
    ['dashboard', 5, 'payment.refunded', 'likely', null],
    ['user', 5, 'payment.updated', 'none', undefined],
    [undefined, 5, 'payment.updated', 'none', undefined],
  ] as const)(
    'by %s without history, total %d, is %s',
    async (actor, total, type, confidence, full) => {
      const { hype, eventOf } = aBusiness()

      const event = await eventOf(await hype('payment.updated', 100, actor, { total }))

      expect(event.type).toBe(type)
      expect(event.data.inference).toMatchObject({ confidence, evidence: [] })
      expect((event.data as { refund?: { full: unknown } }).refund?.full).toBe(full)
    },
  )

  it('compares its total with an earlier state only', async () => {
    const { hype, eventOf } = aBusiness()
    await hype('payment.created', 0, 'user', { total: 30 })
    await hype('payment.created', 1000, 'user', { total: 50 })

    const late = await eventOf(await hype('payment.updated', 500, 'system', { total: 30 }))
    const sameSecond = await eventOf(
      await hype('payment.updated', 1000, 'dashboard', { total: 20 }),
    )

    expect(late).toMatchObject({ type: 'payment.failed', late: true })
    expect(sameSecond).toMatchObject({
      type: 'payment.refunded',
      data: { refund: { amount: { value: '10' } } },
    })
  })

  it('is corrected when a late event shows that it was something else', async () => {
    const { world, hype, inferred, sentTo } = aBusiness()
    await hype('payment.created', 0, 'user', { total: 30 })
    const refunded = await hype('payment.updated', 1000, 'system', { total: 20 })
    await world.live(0.5)
    await hype('payment.updated', 500, 'dashboard', { total: 20 }) // the refund, late

    const [corrected] = await inferred()

    expect(corrected).toMatchObject({
      type: 'payment.corrected',
      subject: 'contact/ana',
      typebasis: 'history',
      data: {
        corrects: refunded,
        was: { type: 'payment.refunded', refund: { amount: { value: '10' } } },
        is: { type: 'payment.failed' },
      },
    })
    await world.live(0.5)
    expect(sentTo('finance').filter(({ type }) => type === 'payment.corrected')).toHaveLength(1)
  })
})

describe('payment.updated that is held for its target', () => {
  it('is corrected, as it will be sent as it was first', async () => {
    const { hype, inferred } = aBusiness(aConfig({ name: 'crm', url: CRM, enabled: false }))
    await hype('payment.created', 0, 'user', { total: 30 })
    const refunded = await hype('payment.updated', 1000, 'system', { total: 20 })
    await hype('payment.updated', 500, 'dashboard', { total: 20 }) // the refund, late

    expect(await inferred()).toMatchObject([
      { type: 'payment.corrected', data: { corrects: refunded, is: { type: 'payment.failed' } } },
    ])
  })
})

describe('payment.deleted', () => {
  it.each([
    ['a failed charge', 'system', 'dunning', 'likely'],
    ['a failed charge', 'dashboard', 'unknown', 'none'],
    ['nothing', 'system', 'unknown', 'none'],
    ['nothing', 'dashboard', 'unknown', 'none'],
    ['nothing', 'user', 'unknown', 'none'],
  ] as const)(
    'after %s, by the %s, has the reason %s',
    async (event, actor, reason, confidence) => {
      const { hype, eventOf } = aBusiness()
      await hype('payment.created', -100_000, 'user', { total: 30 })
      if (event !== 'nothing') await hype('payment.updated', -50_000, 'system', { total: 30 })

      const ended = await eventOf(await hype('payment.deleted', 0, actor, { total: 30 }))

      expect(ended).toMatchObject({
        type: 'subscription.ended',
        data: { reason, inference: { confidence } },
      })
    },
  )

  it('right after the payment of another plan is the other half of a switch', async () => {
    const { hype, eventOf, inferred } = aBusiness()
    await hype('payment.created', 0, 'user', { total: 10 })
    const paid = await hype('payment.created', 5000, 'user', {
      tier: 'Platinum',
      recurring: 20,
      total: 30,
      billing_end: PERIOD_END + 5000,
    })

    const ended = await hype('payment.deleted', 5010, 'user', {
      total: 30,
      billing_end: PERIOD_END,
    })

    expect(await eventOf(ended)).toMatchObject({
      data: { reason: 'plan_switch', inference: { confidence: 'strong', evidence: [paid] } },
    })
    const [change, ...more] = await inferred()
    expect(change).toMatchObject({
      type: 'subscription.plan_changed',
      relaysource: 'hype',
      data: {
        subscription: { tier: 'Platinum', recurring_amount: { value: '20' } },
        previous_subscription: { tier: 'Gold', recurring_amount: { value: '10' } },
        inference: { confidence: 'strong', evidence: [ended, paid] },
      },
    })
    expect(more).toEqual([])
  })

  it('is never sent as a cancellation to a target with a settle time', async () => {
    const { world, hype, inferred, sentTo } = aBusiness()
    await hype('payment.created', 0, 'user', { total: 10 })
    const ended = await hype('payment.deleted', 5000, 'user', { total: 10 })
    await world.live(2)
    expect(sentTo('door')).toEqual([])
    await hype('payment.created', 5060, 'user', { tier: 'Platinum', total: 30 })

    await world.live(20)

    const received = sentTo('door').filter(({ type }) => type === 'subscription.ended')
    expect(received).toMatchObject([{ id: ended, data: { reason: 'plan_switch' } }])
    // The other target got it at once, so it gets the correction; this one knows it already.
    expect(sentTo('finance').find(({ id }) => id === ended)).toMatchObject({
      data: { reason: 'unknown' },
    })
    const correctedAt = (name: string) =>
      sentTo(name).filter(({ type }) => type === 'subscription.corrected')
    expect(correctedAt('finance')).toHaveLength(1)
    expect(correctedAt('door')).toEqual([])
    expect(await inferred()).toMatchObject([
      { type: 'subscription.plan_changed' },
      {
        type: 'subscription.corrected',
        data: { corrects: ended, was: { reason: 'unknown' }, is: { reason: 'plan_switch' } },
      },
    ])
  })

  it.each([
    ['the renewal of the same plan', 'payment.created', -180, { total: 20 }],
    [
      'a donation',
      'payment.created',
      100,
      { tier: 'Donation', billing_interval: 'One-time', total: 60 },
    ],
    [
      'a gift',
      'payment.created',
      100,
      { tier: 'Gift of a month', billing_interval: null, total: 60 },
    ],
    [
      'a payment for no plan',
      'payment.created',
      100,
      { tier: null, billing_interval: null, recurring: null, total: 60 },
    ],
  ] as const)('within minutes of %s is still an end', async (_case, type, seconds, data) => {
    const { hype, eventOf, inferred } = aBusiness()
    await hype('payment.created', -100_000, 'user', { total: 10 })
    if (seconds < 0) await hype(type, seconds, 'user', data)
    const ended = await hype('payment.deleted', 0, 'dashboard', { total: 20 })
    if (seconds > 0) await hype(type, seconds, 'user', data)

    expect(await eventOf(ended)).toMatchObject({ data: { reason: 'unknown' } })
    expect(await inferred()).toEqual([])
  })

  it('is half of one switch only, although more is paid within minutes', async () => {
    const { hype, inferred } = aBusiness()
    await hype('payment.created', -100_000, 'user', { total: 10 })
    await hype('payment.deleted', 0, 'user', { total: 10 })
    await hype('payment.created', 60, 'user', { tier: 'Platinum', total: 40 })
    await hype('payment.created', 120, 'user', { tier: 'Diamond', total: 90 })

    const changes = (await inferred()).filter(({ type }) => type === 'subscription.plan_changed')
    expect(changes).toHaveLength(1)
  })

  it('becomes one switch also when both halves arrive at the same moment', async () => {
    const { world, hype, inferred, sentTo } = aBusiness()
    await hype('payment.created', -100_000, 'user', { total: 10 })

    const [ended] = await Promise.all([
      hype('payment.deleted', 0, 'user', { total: 10 }),
      hype('payment.created', 1, 'user', { tier: 'Platinum', total: 30 }),
    ])
    await world.live(20)

    expect((await inferred()).map(({ type }) => type)).toContain('subscription.plan_changed')
    expect(sentTo('door').filter(({ type }) => type === 'subscription.plan_changed')).toMatchObject(
      [{ data: { previous_subscription: { tier: 'Gold' }, subscription: { tier: 'Platinum' } } }],
    )
    expect(sentTo('door').find(({ id }) => id === ended)).toMatchObject({
      data: { reason: 'plan_switch' },
    })
  })

  it.each([
    ['before', -100],
    ['after', 100],
  ])('and a payment just %s it without a plan are not a switch', async (_case, at) => {
    const { hype, inferred } = aBusiness()
    const paid = ['payment.created', at, 'user', { tier: undefined, total: 60 }] as const
    await hype('payment.created', -100_000, 'user', { total: 10 })
    if (at < 0) await hype(...paid)
    await hype('payment.deleted', 0, 'user', { total: 10 })
    if (at > 0) await hype(...paid)

    expect(await inferred()).toEqual([])
  })

  it('that is sent late still has its meaning, although many payments followed', async () => {
    const { world, hype, sentTo } = aBusiness()
    await hype('payment.created', -100_000, 'user', { total: 10 })
    const ended = await hype('payment.deleted', 0, 'user', { total: 10 })
    await hype('payment.created', 60, 'user', { tier: 'Platinum', recurring: 20, total: 30 })
    for (let month = 1; month <= 6; month++) {
      await hype('payment.created', month * 2_592_000, 'user', {
        tier: 'Platinum',
        recurring: 20,
        total: 30 + 20 * month,
      })
    }
    await world.live(20)

    expect(sentTo('door').find(({ id }) => id === ended)).toMatchObject({
      data: { reason: 'plan_switch' },
    })
    expect(sentTo('door').find(({ id }) => id === ended)).not.toHaveProperty('late')
  })

  it('that was corrected is not corrected again by unrelated events', async () => {
    const { world, hype, inferred } = aBusiness()
    await hype('payment.created', -100_000, 'user', { total: 10 })
    await hype('payment.deleted', 0, 'dashboard', { total: 10 })
    await world.live(1)
    await hype('payment.created', 60, 'user', { tier: 'Platinum', recurring: 20, total: 30 })
    for (let i = 1; i <= 4; i++) {
      await hype('payment.updated', i * 1000, 'system', {
        tier: 'Platinum',
        recurring: 20,
        total: 30,
        note: i,
      })
    }
    await hype('payment.created', 2_592_000, 'user', { recurring: 12, total: 42 })

    const corrections = (await inferred()).filter(({ type }) => type === 'subscription.corrected')
    expect(corrections).toMatchObject([{ data: { is: { reason: 'plan_switch' } } }])
  })

  it('is checked against the filters of targets when it is due, with its meaning of that time', async () => {
    const { world, hype, sentTo } = aBusiness()
    const cancelled = await hype('payment.deleted', 0, 'user', { total: 10 })
    await world.live(20)
    const switched = await hype('payment.deleted', 500_000, 'user', { total: 10 })
    await hype('payment.created', 500_060, 'user', { tier: 'Platinum', total: 30 })
    await world.live(20)

    expect(sentTo('lock').map(({ id }) => id)).toEqual([cancelled])
    expect(sentTo('switches').map(({ id }) => id)).toEqual([switched])
  })

  it('that was not sent yet needs no correction', async () => {
    const settling = aConfig({ name: 'door', url: 'https://door.example/', settle_seconds: 900 })
    const { world, hype, inferred, sentTo } = aBusiness(settling)
    const ended = await hype('payment.deleted', 5000, 'user', { total: 10 })
    await hype('payment.created', 5060, 'user', { tier: 'Platinum', total: 30 })
    await world.live(20)

    expect((await inferred()).map(({ type }) => type)).toEqual(['subscription.plan_changed'])
    expect(sentTo('door').find(({ id }) => id === ended)).toMatchObject({
      data: { reason: 'plan_switch' },
    })
  })

  it('that is held for its target needs no correction', async () => {
    const { world, hype, inferred, sentTo } = aBusiness(aConfig({ name: 'crm', url: CRM }))
    const steer = (state: string) =>
      env.DB.prepare(
        `INSERT INTO targets (name, state, failures, rest_seconds) VALUES ('crm', ?1, 0, 0)
         ON CONFLICT (name) DO UPDATE SET state = excluded.state`,
      )
        .bind(state)
        .run()
    await steer('paused')
    const ended = await hype('payment.deleted', 5000, 'user', { total: 30 })
    await world.live(1)
    await hype('payment.created', 5060, 'user', { tier: 'Platinum', total: 50 })
    await steer('active')
    await world.live(3)

    expect((await inferred()).map(({ type }) => type)).toEqual(['subscription.plan_changed'])
    expect(sentTo('crm').find(({ id }) => id === ended)).toMatchObject({
      data: { reason: 'plan_switch' },
    })
  })

  it('is sent again as it was sent first, whatever is known by the time of a replay', async () => {
    const { world, hype, sentTo } = aBusiness()
    const ended = await hype('payment.deleted', 0, 'dashboard', { total: 10 })
    await world.live(20)
    await hype('payment.created', 60, 'user', { tier: 'Platinum', total: 30 })
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'retrying', due = ?1, replayed = 1, first = attempt
       WHERE target = 'door' AND state = 'delivered'`,
    )
      .bind(world.now())
      .run()
    await world.live(3)

    const received = sentTo('door').filter(({ id }) => id === ended)
    expect(received).toHaveLength(2)
    expect(received[1]).toEqual(received[0])
    expect(received[0]).toMatchObject({ data: { reason: 'unknown' } })
  })

  it('is a new price when the same tier has another price at its renewal', async () => {
    const { world, hype, inferred } = aBusiness()
    await hype('payment.created', 0, 'user', { total: 10 })
    const ended = await hype('payment.deleted', 5000, 'dashboard', { total: 10 })
    await world.live(20)

    await hype('payment.created', 30 * 86_400, 'user', { recurring: 12, total: 22 })

    expect(await inferred()).toMatchObject([
      {
        type: 'subscription.corrected',
        data: { corrects: ended, was: { reason: 'unknown' }, is: { reason: 'price_change' } },
      },
    ])
  })

  it('and a payment in the same request are one switch', async () => {
    const { take, inferred } = aBusiness()
    const both = ['payment.deleted', 'payment.created'].map((type) => ({
      id: 'ana',
      publisher_id: 'p',
      type,
      data: { tier: type === 'payment.created' ? 'Platinum' : 'Gold' },
      timestamp: T0,
    }))

    await take('hype', both)

    expect((await inferred()).map(({ type }) => type)).toEqual(['subscription.plan_changed'])
  })
})

describe('payment.created', () => {
  const kindOf = (event: MembershipEvent) => [
    (event.data as { payment?: { kind: string } }).payment?.kind,
    event.data.inference?.confidence,
  ]

  it.each([
    ['a first payment of today', { first_payment: T0 }, ['first_purchase', 'likely']],
    ['a first payment of last year', { first_payment: T0 - 31_536_000 }, ['unknown', 'none']],
    ['no other data', {}, ['unknown', 'none']],
    ['a single payment', { billing_interval: 'One-time' }, ['one_time', 'likely']],
    [
      'a tier that is called a gift, once',
      { tier: 'Gift of a year', billing_interval: null },
      ['gift', 'likely'],
    ],
    [
      'a membership that is called a donation, once',
      { membership: 'Donation', billing_interval: 'Once' },
      ['donation', 'likely'],
    ],
  ])('of an unseen contact with %s', async (_case, data, expected) => {
    const { hype, eventOf } = aBusiness()

    expect(kindOf(await eventOf(await hype('payment.created', 0, 'user', data)))).toEqual(expected)
  })

  it.each([
    ['the same tier, and a total that rose by its price', { total: 20 }, ['renewal', 'likely']],
    [
      'the next period, and a total that rose by its price',
      { total: 20, billing_end: T0 + 5_184_000 },
      ['renewal', 'strong'],
    ],
    ['the same tier', {}, ['renewal', 'likely']],
    ['another tier', { tier: 'Platinum', total: 40 }, ['unknown', 'none']],
    ['no plan', { tier: null, billing_interval: null, total: 60 }, ['one_time', 'likely']],
    ['a plan that is missing', { tier: undefined, total: 60 }, ['unknown', 'none']],
  ])('of a running subscription with %s', async (_case, data, expected) => {
    const { hype, eventOf } = aBusiness()
    await hype('payment.created', 0, 'user', { total: 10, billing_end: T0 + 2_592_000 })

    expect(kindOf(await eventOf(await hype('payment.created', 2_592_000, 'user', data)))).toEqual(
      expected,
    )
  })

  it('after an end is a purchase, and within minutes of an end the half of a switch', async () => {
    const { hype, eventOf } = aBusiness()
    await hype('payment.deleted', 0, 'user', { total: 10 })

    const back = await eventOf(await hype('payment.created', 864_000, 'user', { total: 20 }))
    await hype('payment.deleted', 900_000, 'user', { total: 20, billing_end: PERIOD_END })
    const switched = await eventOf(
      await hype('payment.created', 900_005, 'user', {
        tier: 'Platinum',
        total: 50,
        billing_end: PERIOD_END + 900_005,
      }),
    )

    expect(kindOf(back)).toEqual(['first_purchase', 'likely'])
    expect(kindOf(switched)).toEqual(['plan_switch', 'strong'])
  })
})

describe('a late event', () => {
  it('is marked for each of several late events', async () => {
    const { hype, eventOf } = aBusiness()
    await hype('contact.updated', 10_000, 'user')
    const late = []
    for (let i = 0; i < 7; i++)
      late.push(await eventOf(await hype('contact.updated', i, 'user', { total: i })))

    expect(late.map((event) => event.late)).toEqual(Array(7).fill(true))
  })

  it('is marked, and does not change the meaning of later events', async () => {
    const { hype, eventOf } = aBusiness()
    await hype('payment.created', 1000, 'user', { total: 50 })
    const late = await eventOf(await hype('payment.created', 0, 'user', { total: 30 }))

    const next = await eventOf(await hype('payment.updated', 2000, 'dashboard', { total: 40 }))

    expect(late.late).toBe(true)
    expect(next).not.toHaveProperty('late')
    expect(next).toMatchObject({ data: { refund: { amount: { value: '10' } } } })
  })

  it('is late among events of its own kind only', async () => {
    const { hype, eventOf } = aBusiness()
    await hype('payment.created', 1000, 'user', { total: 50 })

    expect(await eventOf(await hype('contact.updated', 0, 'user'))).not.toHaveProperty('late')
    expect(await eventOf(await hype('contact.updated', -5, 'user', { total: 1 }))).toHaveProperty(
      'late',
      true,
    )
  })
})

describe('accountCreated', () => {
  const account = (siteID: string | undefined, clientID = 'client-1') => ({
    eventType: 'accountCreated',
    clientID,
    ...(siteID === undefined ? {} : { siteID }),
    firstName: 'Ana',
    phone: `number at ${siteID}`,
  })

  it.each([
    ['an unseen client', [], 'site-1', 'contact.created', 'likely'],
    ['a known client at a new site', ['site-1'], 'site-2', 'contact.site_linked', 'likely'],
    ['a known client at a known site', ['site-1', 'site-2'], 'site-1', 'contact.updated', 'none'],
    ['a known client at no site', ['site-1'], undefined, 'contact.updated', 'none'],
  ] as const)('of %s', async (_case, seen, site, type, confidence) => {
    const { take, eventOf } = aBusiness()
    for (const one of seen) await take('hapana', account(one))

    const event = await eventOf(await take('hapana', { ...account(site), lastName: 'Silva' }))

    expect(event.type).toBe(type)
    expect(event.data.inference?.confidence).toBe(confidence)
  })

  it('of a known id at a new site with another name leaves open whether that is the client', async () => {
    const { take, eventOf } = aBusiness()
    await take('hapana', account('site-1'))

    const event = await eventOf(await take('hapana', { ...account('site-2'), firstName: 'Bob' }))

    expect(event).toMatchObject({
      type: 'contact.site_linked',
      data: { inference: { confidence: 'none' } },
    })
  })

  it('of an unseen client at several sites in the same moment is new at one of them only', async () => {
    const { world, eventOf } = aBusiness()

    const all = await Promise.all(
      ['site-1', 'site-2', 'site-3'].map((site) => world.take('hapana', account(site))),
    )

    const ids = all.flatMap((one) => (one.ok ? one.value.events.map(({ id }) => id) : []))
    const events = await Promise.all(ids.map((id) => eventOf(id)))
    expect(events.map(({ type }) => type).sort()).toEqual([
      'contact.created',
      'contact.site_linked',
      'contact.site_linked',
    ])
  })

  const sale = (siteID: string | undefined) => ({
    eventType: 'packagePurchased',
    clientID: 'client-1',
    siteID,
    packageID: 'p',
    amount: 10,
  })
  const mail = { eventType: 'outboundMessage', clientID: 'client-1', messageId: 'm', message: '' }
  const rejected = {
    eventType: 'checkIn',
    clientID: 'client-1',
    siteID: 'site-1',
    checkInStatus: 'Invalid',
  }

  it.each([
    ['a sale', sale('site-1')],
    ['a mail', mail],
    ['a rejected check-in', rejected],
    ['a status', aStatusChange({ clientID: 'client-1', siteID: 'site-1' })],
    ['a change', { ...account('site-1'), eventType: 'clientUpdated' }],
  ])('announces a client of whom %s arrived before, also in one list', async (_case, other) => {
    const { take, eventOf, world } = aBusiness()
    await take('hapana', other)
    const after = await eventOf(await take('hapana', account('site-1')))
    await emptyLog()
    const list = await world.take('hapana', [other, account('site-1')])
    const ids = list.ok ? list.value.events.map(({ id }) => id) : []

    expect(after).toMatchObject({ type: 'contact.created', data: { contact: {} } })
    expect((await Promise.all(ids.map(eventOf)))[1]?.type).toBe('contact.created')
  })

  it('at a site where the client checked in before is a link to that site', async () => {
    const { take, eventOf } = aBusiness()
    await take('hapana', account('site-1'))
    await take('hapana', sale('site-2'))

    expect((await eventOf(await take('hapana', account('site-2')))).type).toBe(
      'contact.site_linked',
    )
  })

  it('is recognised in every spelling of its type', async () => {
    const { take, eventOf } = aBusiness()
    const spelled = (siteID: string) => ({ ...account(siteID), eventType: 'Account Created' })
    const ids = [await take('hapana', spelled('site-1')), await take('hapana', spelled('site-2'))]

    expect((await Promise.all(ids.map(eventOf))).map(({ type }) => type)).toEqual([
      'contact.created',
      'contact.site_linked',
    ])
  })

  it.each([
    ['2019-03-01', 'none', ['client_unseen', 'joined_before']],
    ['2026-11-20', 'likely', ['client_unseen']],
  ])('of a client who joined on %s is new with the confidence %s', async (joinDate, ...why) => {
    const { take, eventOf } = aBusiness()
    const [confidence, basis] = why

    expect(await eventOf(await take('hapana', { ...account('site-1'), joinDate }))).toMatchObject({
      type: 'contact.created',
      data: { inference: { confidence, basis } },
    })
  })
})

describe('the state of a client', () => {
  it('has the previous state, where that is known', async () => {
    const { take, eventOf } = aBusiness()
    const change = (status: string) => aStatusChange({ clientID: 'client-1', status })
    const first = await eventOf(await take('hapana', change('introOffer')))
    const second = await eventOf(await take('hapana', change('activePackage')))
    const third = await eventOf(await take('hapana', change('introOffer')))

    const previous = [first, second, third].map(
      ({ data }) =>
        (data as { membership?: { previous_status?: string } }).membership?.previous_status,
    )
    expect(previous).toEqual([undefined, 'intro_offer', 'active'])
  })

  it('marks the first check-in', async () => {
    const { take, eventOf } = aBusiness()
    const checkIn = (minute: number, status = 'Valid') => ({
      eventType: 'checkIn',
      clientID: 'client-1',
      siteID: 'site-1',
      checkInTime: `2026-11-20T10:${minute}:00Z`,
      checkInStatus: status,
    })
    await take('hapana', checkIn(10, 'Invalid'))
    const events = []
    for (const minute of [20, 30, 15])
      events.push(await eventOf(await take('hapana', checkIn(minute))))

    expect(
      events.map(({ data }) => (data as { checkin?: { first: boolean } }).checkin?.first),
    ).toEqual([true, false, false])
    expect(events.map(({ late }) => late)).toEqual([undefined, undefined, true])
  })
})

describe('the vendor’s sample', () => {
  const sample = (type: string, total: number, at: number) => ({
    id: '00001234-4444-4f1e-8c6c-4adb7652a75c',
    publisher_id: 'p',
    email: 'support@trypico.com',
    type,
    source: 'dashboard',
    data: { tier: 'Gold', total },
    timestamp: T0 + at,
  })

  it('is marked as a test, not sent to targets without tests, and absent from the history of contacts', async () => {
    const { world, take, eventOf, sentTo } = aBusiness()
    const id = await take('hype', sample('payment.created', 100, 0))
    const real = await take('hype', {
      ...sample('payment.updated', 40, 9),
      id: 'ana',
      email: 'ana@example.com',
    })
    await world.live(0.5)

    expect(await eventOf(id)).toMatchObject({ test: true })
    expect(await eventOf(id)).not.toHaveProperty('personid')
    expect((await eventOf(real)).data.inference?.confidence).toBe('likely') // no history
    expect(sentTo('finance').map((event) => event.id)).toEqual([id, real])
    expect(sentTo('live').map((event) => event.id)).toEqual([real])
  })

  it('has a history of its own', async () => {
    const { take, eventOf } = aBusiness()
    await take('hype', sample('payment.created', 100, 0))

    const event = await eventOf(await take('hype', sample('payment.updated', 40, 9)))

    expect(event).toMatchObject({
      type: 'payment.refunded',
      test: true,
      subject: expect.stringMatching(/^contact\/0000/),
    })
  })
})

describe('an event that arrives while D1 is unavailable', () => {
  it('gets its meaning when the spilled request is recorded', async () => {
    const { world, take, hype, eventOf } = aBusiness()
    await hype('payment.created', 0, 'user', { total: 30 })
    world.breakD1(true)
    const id = await take('hype', {
      id: 'ana',
      publisher_id: 'p',
      type: 'payment.updated',
      source: 'dashboard',
      data: { tier: 'Gold', total: 20 },
      timestamp: T0 + 100,
    })
    world.breakD1(false)
    await world.live(2)

    expect(await eventOf(id)).toMatchObject({
      type: 'payment.refunded',
      data: { refund: { amount: { value: '10' } }, inference: { confidence: 'strong' } },
    })
  })

  it('has the previous state of its arrival, and is late when a newer event was recorded before it', async () => {
    const { world, take, eventOf } = aBusiness()
    const change = (status: string) => aStatusChange({ clientID: 'client-1', status })
    await take('hapana', change('introOffer'))
    world.breakD1(true)
    const spilled = await take('hapana', change('activePackage'))
    world.breakD1(false)
    await take('hapana', change('suspendedMembership'))
    await world.live(2)

    expect(await eventOf(spilled)).toMatchObject({
      late: true,
      data: { membership: { status: 'active', previous_status: 'intro_offer' } },
    })
  })

  it('does not overwrite a newer address of its contact', async () => {
    const { world, take } = aBusiness()
    const profile = (email: string) => ({
      eventType: 'clientUpdated',
      clientID: 'client-1',
      siteID: 'site-1',
      email,
    })
    await take('hapana', profile('first@example.com'))
    world.breakD1(true)
    await take('hapana', profile('old@example.com'))
    world.breakD1(false)
    await take('hapana', profile('new@example.com'))
    await world.live(2)

    expect(await env.DB.prepare('SELECT email FROM contacts').all()).toMatchObject({
      results: [{ email: 'new@example.com' }],
    })
  })
})

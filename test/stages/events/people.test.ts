// Who is who, through the accept path: contacts of two vendors that are one human, and those that are not.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { MembershipEvent } from '../../../src/core/events/event.ts'
import { type PersonId, personIdOfKey } from '../../../src/core/id.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aPayment, NOW, stored, take } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'

const config = aConfig({ name: 'crm' })
let now = NOW
const tick = () => {
  now += 1000
  return now
}

beforeEach(() => empty(...LOG_TABLES, 'merged_people'))

const status = (clientID: string, name: string | undefined, email?: string, more: object = {}) => {
  const [firstName, lastName] = name?.split(' ') ?? []
  const event = { eventType: 'clientStatusChange', status: 'activePackage', siteID: 'site-1' }
  return { ...event, clientID, firstName, lastName, email, ...more }
}
const payment = (id: string, name: string | undefined, email?: string, more: object = {}) =>
  aPayment({ id, name, email, ...more })

const hapana = (...message: Parameters<typeof status>) =>
  stored(config, 'hapana', status(...message), { now: tick() })
const hype = (...message: Parameters<typeof payment>) =>
  stored(config, 'hype', payment(...message), { now: tick() })
const eventOf = async (id: `evt_${string}`) =>
  (await getEvent(env, id))?.event as MembershipEvent & { data: Record<string, unknown> }

/** The person of each contact, by its id (and account or site, where another contact has the same id). */
async function people(): Promise<Record<string, PersonId>> {
  const { results } = await env.DB.prepare(
    'SELECT contact, CAST(person AS TEXT) AS person FROM contacts',
  ).all<{ contact: string; person: string }>()
  return Object.fromEntries(
    results.map(({ contact, person }) => [
      contact.replace('\u001f', ' of '),
      personIdOfKey(person),
    ]),
  )
}

/** The groups of contacts that are one person. */
async function groups(): Promise<string[][]> {
  const entries = Object.entries(await people())
  const byPerson = Map.groupBy(entries, ([, person]) => person)
  return [...byPerson.values()].map((group) => group.map(([contact]) => contact).sort()).sort()
}

const ANA = 'ana@example.com'

describe('two ids of one account', () => {
  it('are two people, whatever address they have, also in one list', async () => {
    const first = await hapana('1', 'Ana Silva', ANA)
    await hapana('2', 'Bob Silva', ANA)
    await take(config, 'hapana', [status('3', 'Ana Silva', ANA), status('4', 'Ana Silva', ANA)])
    await hype('5', 'Ana', 'family@example.com')
    await hype('6', 'Bob', 'family@example.com')

    expect(await groups()).toEqual([['1'], ['2'], ['3'], ['4'], ['5'], ['6']])
    expect((await eventOf(first)).personid).toBe((await people())['1'])
  })

  it('have a first check-in each', async () => {
    const checkIn = (clientID: string) =>
      stored(
        config,
        'hapana',
        {
          eventType: 'checkIn',
          clientID,
          email: ANA,
          checkInStatus: 'Valid',
          checkInTime: '2026-11-20T10:00:00Z',
        },
        { now: tick() },
      )
    const events = [await checkIn('1'), await checkIn('2')]

    expect(await Promise.all(events.map(eventOf))).toMatchObject([
      { data: { checkin: { first: true } } },
      { data: { checkin: { first: true } } },
    ])
  })
})

describe('an address', () => {
  it.each([
    ['the same name', 'Ana Silva', 'Ana Silva'],
    ['a short given name', 'Samantha Jones', 'Sam Jones'],
    ['an accent', 'Zoë Brown', 'ZOE BROWN'],
    ['no name at Hype', 'Ana Silva', undefined],
    ['no name at Hapana', undefined, 'Ana Silva'],
  ])('joins contacts of two vendors with %s, in either order', async (_case, atHapana, atHype) => {
    await hapana('1', atHapana, ANA)
    await hype('2', atHype, ANA)
    await hype('3', atHype, 'other@example.com')
    await hapana('4', atHapana, 'Other@Example.com')

    expect(await groups()).toEqual([
      ['1', '2'],
      ['3', '4'],
    ])
  })

  it.each([
    ['Ana Silva', 'Bob Silva'],
    ['Ana Silva', 'Anton Maier'],
  ])('does not join %s and %s', async (atHapana, atHype) => {
    await hapana('1', atHapana, ANA)
    await hype('2', atHype, ANA)

    expect(await groups()).toEqual([['1'], ['2']])
  })

  it('of a couple joins each with the own name, in any order', async () => {
    await hype('bob', 'Bob', ANA)
    await hapana('1', 'Ana Silva', ANA)
    await hapana('2', 'Bob Silva', ANA)
    await hype('ana', 'Ana Silva', ANA)

    expect(await groups()).toEqual([
      ['1', 'ana'],
      ['2', 'bob'],
    ])
  })

  it('of a couple joins nobody without a name', async () => {
    await hapana('1', 'Ana Silva', ANA)
    await hapana('2', 'Bob Silva', ANA)
    await hype('3', undefined, ANA)

    expect(await groups()).toEqual([['1'], ['2'], ['3']])
  })

  it('separates whom it joined without a name, when it turns out to be that of a couple', async () => {
    await hapana('1', 'Ana Silva', ANA)
    const joined = await hype('3', undefined, ANA)
    const before = await people()
    await hapana('2', 'Bob Silva', ANA)
    const after = await people()

    expect(before['3']).toBe(before['1'])
    expect(after['1']).toBe(before['1'])
    expect(after['3']).toBe(joined.replace('evt_', 'per_'))
    expect(new Set(Object.values(after)).size).toBe(3)
  })

  it('of more contacts than a household has joins nobody, also not those joined before', async () => {
    const DESK = 'harbour@gym.example'
    await hapana('1', 'Ana Silva', DESK)
    await hype('2', 'Ana Silva', DESK)
    const joined = await groups()
    for (const id of ['3', '4', '5', '6']) await hapana(id, `Name${id} Silva`, DESK)
    const stillJoined = await groups()
    await hapana('7', 'Seven', DESK)
    await hype('8', 'Seven', DESK)

    expect(joined).toEqual([['1', '2']])
    expect(stillJoined[0]).toEqual(['1', '2'])
    expect((await groups()).every((group) => group.length === 1)).toBe(true)
  })

  it.each([
    'none',
    'no email',
    'null',
    '-',
    '0',
    'noemail@noemail.com',
    'no-email@gym.example',
    'none@none.com',
    'a b@c.example',
    'info@gym.example',
  ])("that is nobody's own, as %s, joins nobody", async (email) => {
    await hapana('1', 'Ana Silva', email)
    await hype('2', 'Ana Silva', email)

    expect(await groups()).toEqual([['1'], ['2']])
  })

  it.each([
    ['Iris Nguyen', 'Iris Novak', false],
    ['Iris Nguyen', 'Iris', true],
    ['Iris Nguyen', 'I. T. Nguyen', true],
    ['Iris Nguyen', 'IRIS NGUYEN NOVAK', true],
    ['Iris Nguyen', 'Ian Nguyen', false],
  ])('joins %s and %s: %s', async (one, other, isJoined) => {
    await hapana('1', one, ANA)
    await hype('2', other, ANA)

    expect(await groups()).toEqual(isJoined ? [['1', '2']] : [['1'], ['2']])
  })

  it('that the configuration lists joins nobody', async () => {
    const shared = { ...config, sharedAddresses: ['harbour@gym.example'] }
    await stored(shared, 'hapana', status('1', 'Ana Silva', 'Harbour@gym.example'), { now: now++ })
    await stored(shared, 'hype', payment('2', 'Ana Silva', 'harbour@gym.example'), { now: now++ })

    expect(await groups()).toEqual([['1'], ['2']])
  })

  it('of before joins too, in either order', async () => {
    await hapana('1', 'Ana Silva', 'old@example.com')
    await hapana('1', 'Ana Silva', 'new@example.com', { status: 'inactive' })
    await hype('2', 'Ana Silva', 'old@example.com')
    await hype('3', 'Bo', 'old@work.example')
    await hype('3', 'Bo', 'new@work.example', { data: {} })
    await hapana('4', 'Bo Li', 'old@work.example')

    expect(await groups()).toEqual([
      ['1', '2'],
      ['3', '4'],
    ])
  })

  it('is named in the events of the contact that it joined', async () => {
    const events = [await hapana('1', 'Ana Silva', ANA), await hype('2', 'Ana Silva', ANA)]
    await hapana('1', 'Ana Silva', 'new@example.com', { status: 'inactive' })
    await hapana('3', 'Bo Li', 'old@example.com')
    await hapana('3', 'Bo Li', 'bo@example.com', { status: 'inactive' })
    events.push(await hype('4', 'Bo Li', 'old@example.com'))

    const bases = (await Promise.all(events.map(eventOf))).map(({ personbasis }) => personbasis)
    expect(bases).toEqual([undefined, 'address', 'former_address'])
  })

  it('that changes moves nobody', async () => {
    await hapana('1', 'Ana Silva', 'old@example.com')
    await hype('2', 'Ana Silva', ANA)
    await hapana('1', 'Ana Silva', ANA, { status: 'inactive' })

    expect(await groups()).toEqual([['1'], ['2']])
  })
})

describe('a contact of Hype', () => {
  const total = (publisher: string, id: string | undefined, total: number, more: object = {}) =>
    aPayment({ id, publisher_id: publisher, email: ANA, data: { tier: 'Gold', total }, ...more })
  const updated = { type: 'payment.updated', source: 'user', timestamp: 1_795_212_999 }
  const orders = ['one after the other', 'in one list'] as const

  it.each(orders.flatMap((order) => [[order, 'one'] as const, [order, undefined] as const]))(
    'of another publisher is another one, %s, with the id %s',
    async (order, id) => {
      const bodies = [total('a', id, 100), total('b', id, 10, updated), total('a', id, 90, updated)]
      const events: `evt_${string}`[] = []
      if (order === 'in one list') {
        const result = await take(config, 'hype', bodies)
        if (result.ok) events.push(...result.value.events.map(({ id }) => id))
      } else {
        for (const body of bodies) events.push(await stored(config, 'hype', body, { now: tick() }))
      }

      const key = id ?? `email:${ANA}`
      expect(await groups()).toEqual([[key], [`${key} of b`]])
      expect(await Promise.all(events.map(eventOf))).toMatchObject([
        { type: 'payment.created' },
        { type: 'payment.updated', data: { inference: { evidence: [] } } },
        { type: 'payment.refunded', data: { refund: { amount: { value: '10' } } } },
      ])
    },
  )

  it('in a log of before keeps its history, and another publisher has none of it', async () => {
    await stored(config, 'hype', total('a', 'one', 100), { now: tick() })
    await env.DB.prepare('UPDATE contacts SET account = NULL, name = NULL').run()
    const body = total('b', 'one', 10, updated)
    const other = await stored(config, 'hype', body, { now: tick() })

    expect(await eventOf(other)).toMatchObject({ type: 'payment.updated' })
    expect(await groups()).toEqual([['one'], ['one of b']])
    const own = await stored(config, 'hype', total('a', 'one', 90, updated), { now: tick() })
    expect(await eventOf(own)).toMatchObject({ type: 'payment.refunded' })
    expect(await groups()).toEqual([['one'], ['one of b']])
  })

  it('of both publishers joins the one client with the address', async () => {
    await hapana('1', 'Ana', ANA)
    await stored(config, 'hype', total('a', 'one', 100, { name: 'Ana' }), { now: now++ })
    await stored(config, 'hype', total('b', 'two', 100, { name: 'Ana' }), { now: now++ })

    expect(await groups()).toEqual([['1', 'one', 'two']])
  })

  it('has no id "null"', async () => {
    await hype('null', 'Ana', ANA)

    expect(await groups()).toEqual([[`email:${ANA}`]])
  })
})

describe('a client id', () => {
  const at = (siteID: string, name: string, email: string, more: object = {}) =>
    status('2001', name, email, { siteID, ...more })
  const account = { eventType: 'accountCreated', status: undefined }
  const BOB = 'bob@example.com'

  it.each(['one after the other', 'in one list'])(
    'of two humans at two sites is two clients, %s',
    async (order) => {
      const bodies = [
        at('a', 'Ana Silva', ANA, account),
        at('b', 'Bob Maier', BOB, account),
        at('a', 'Ana Silva', ANA),
        at('b', 'Bob Maier', BOB, { status: 'inactive' }),
        // A message without a name belongs to whom the id is at its site.
        at('b', '', BOB, { status: 'introOffer' }),
      ]
      const events: `evt_${string}`[] = []
      if (order === 'in one list') {
        const result = await take(config, 'hapana', bodies, { now: tick() })
        if (result.ok) events.push(...result.value.events.map(({ id }) => id))
      } else {
        for (const body of bodies)
          events.push(await stored(config, 'hapana', body, { now: tick() }))
      }

      expect(await groups()).toEqual([['2001'], ['2001 of b']])
      const seen = await Promise.all(events.map(eventOf))
      expect(seen.map(({ type }) => type).slice(0, 2)).toEqual([
        'contact.created',
        'contact.created',
      ])
      expect(seen[1]?.data.inference).toMatchObject({ confidence: 'likely' })
      const previous = seen
        .slice(2)
        .map(({ data }) => (data.membership as { previous_status?: string }).previous_status)
      expect(previous).toEqual([undefined, undefined, 'inactive'])
    },
  )

  it.each([
    ['another address', 'Ana Silva', 'ana@work.example'],
    ['another name', 'Ana Costa', ANA],
    ['no family name and another address', 'Ana', 'ana@work.example'],
  ])('with %s at another site is the same client', async (_case, name, email) => {
    await stored(config, 'hapana', at('a', 'Ana Silva', ANA, account), { now: tick() })
    const link = at('b', name, email, account)
    const linked = await stored(config, 'hapana', link, { now: tick() })

    expect(await groups()).toEqual([['2001']])
    expect(await eventOf(linked)).toMatchObject({ type: 'contact.site_linked' })
  })

  it('changes neither address nor sites by a message without a name from elsewhere', async () => {
    await stored(config, 'hapana', at('a', 'Ana Silva', ANA), { now: tick() })
    const mail = { eventType: 'outboundMessage', messageId: 'm', message: 'Hi', status: undefined }
    await stored(config, 'hapana', at('b', '', BOB, mail), { now: tick() })

    expect(await env.DB.prepare('SELECT email, sites FROM contacts').first()).toEqual({
      email: ANA,
      sites: '["a"]',
    })
  })

  it.each(['null', 'undefined', 'NULL', 0, '0', ''])('%j is none', async (clientID) => {
    const result = await take(config, 'hapana', { ...status('1', 'Ana'), clientID })

    expect(result).toMatchObject({ ok: true, value: { events: [{ status: 'quarantined' }] } })
  })
})

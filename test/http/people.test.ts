// People: contacts of two vendors are joined to one person, and an operator splits and merges people.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EventId } from '../../src/core/id.ts'
import { createApp } from '../../src/http/app.ts'
import { getEvent } from '../../src/store/events/events.ts'
import { aConfig, aPayment, aQueue, aStatusChange, NOW, stored } from '../builders.ts'

const config = aConfig({ name: 'crm' })
let now = NOW
const app = createApp(() => config, {
  now: () => now++,
  random: () => Math.random(),
  log: () => undefined,
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
})

beforeEach(async () => {
  await env.DB.batch(
    ['deliveries', 'events', 'segments', 'contacts', 'merged_people'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})

type Person = {
  id: string
  contacts: { source: string; contact: string | null; email: string | null; sites: string[] }[]
}

async function call(method: string, path: string, body?: object) {
  const response = await app.request(
    `https://relay.example/api/people${path}`,
    {
      method,
      headers: { authorization: 'Bearer operator' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    },
    { DB: env.DB, RETRIES: aQueue().queue, ADMIN_TOKEN: 'operator' },
  )
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} }
}
const find = async (email: string): Promise<Person[]> =>
  (await call('GET', `?email=${encodeURIComponent(email)}`)).body.people

const hapana = (clientID: string, email: string, more: object = {}) =>
  stored(config, 'hapana', aStatusChange({ clientID, email, ...more }), { now: now++ })
const hype = (id: string, email: string, more: object = {}) =>
  stored(config, 'hype', aPayment({ id, email, ...more }), { now: now++ })

describe('a person', () => {
  it('has the contacts of both vendors with one e-mail address, in any case', async () => {
    const event = await hapana('client-1', 'Ana@Example.com')
    await hype('contact-1', 'ana@example.COM')
    await hype('contact-2', 'ben@example.com')

    const [ana, ...more] = await find('ANA@example.com')

    expect(more).toEqual([])
    expect(ana?.contacts).toMatchObject([
      { source: 'hapana', contact: 'client-1', email: 'ana@example.com', sites: ['site-1'] },
      { source: 'hype', contact: 'contact-1', email: 'ana@example.com' },
    ])
    expect((await getEvent(env, event))?.event).toMatchObject({ personid: ana?.id })
    expect((await call('GET', `/${ana?.id}`)).body).toEqual(ana)
    expect((await call('GET', '?contact=contact-1')).body.people).toEqual([ana])
  })

  it('keeps its id if its address changes to that of another person', async () => {
    await hapana('client-1', 'ana@example.com')
    await hapana('client-2', 'ben@example.com')
    const [ben] = await find('ben@example.com')

    await hapana('client-2', 'ana@example.com', { status: 'inactive' })

    expect(await find('ben@example.com')).toEqual([])
    const people = await find('ana@example.com')
    expect(people).toHaveLength(2)
    expect(people.map(({ id }) => id)).toContain(ben?.id)
  })

  it('includes a contact that is known by the address alone', async () => {
    await hapana('contact-1', 'ana@example.com')
    await stored(
      config,
      'hype',
      { publisher_id: 'p', email: 'ANA@example.com', type: 'contact.updated', timestamp: 1e9 },
      { now: now++ },
    )

    const [ana] = await find('ana@example.com')

    expect(ana?.contacts.map(({ contact }) => contact)).toEqual(['contact-1', null])
  })

  it('without an address is not joined with another', async () => {
    await stored(config, 'hapana', aStatusChange({ clientID: 'a' }), { now: now++ })
    await stored(config, 'hapana', aStatusChange({ clientID: 'b' }), { now: now++ })

    const [a] = (await call('GET', '?contact=a')).body.people as Person[]
    const [b] = (await call('GET', '?contact=b')).body.people as Person[]
    expect(a?.id).not.toBe(b?.id)
  })

  it('does not change with messages that are quarantined, repeated or late', async () => {
    await hype('contact-1', 'new@example.com', { timestamp: 1_700_000_000 })
    await hype('contact-1', 'old@example.com', { timestamp: 1_600_000_000, data: { total: 1 } })
    await stored(
      config,
      'hapana',
      { eventType: 'clientStatusChange', email: 'q@example.com' },
      { now: now++ },
    )

    expect(await find('old@example.com')).toEqual([])
    expect(await find('q@example.com')).toEqual([])
    expect(await find('new@example.com')).toHaveLength(1)
  })

  it('has a late check-in only after a later one of the same contact', async () => {
    const checkIn = (clientID: string, checkInTime: string) => ({
      eventType: 'checkIn',
      clientID,
      email: 'ana@example.com',
      siteID: 'site-1',
      checkInStatus: 'Valid',
      checkInTime,
    })
    const events: EventId[] = []
    for (const body of [
      checkIn('client-1', '2026-11-20T10:30:00Z'),
      checkIn('client-2', '2026-11-20T10:20:00Z'),
      checkIn('client-1', '2026-11-20T10:10:00Z'),
    ]) {
      events.push(await stored(config, 'hapana', body, { now: now++ }))
    }

    const details = await Promise.all(events.map((id) => getEvent(env, id)))

    expect(details.map((detail) => (detail?.event as { late?: true } | undefined)?.late)).toEqual([
      undefined,
      undefined,
      true,
    ])
  })

  it('has one first check-in across all contacts that an operator merged', async () => {
    const checkIn = (clientID: string, minute: number) =>
      stored(
        config,
        'hapana',
        {
          eventType: 'checkIn',
          clientID,
          email: `${clientID}@example.com`,
          siteID: 'site-1',
          checkInStatus: 'Valid',
          checkInTime: `2026-11-20T10:${minute}:00Z`,
        },
        { now: now++ },
      )
    const first = await checkIn('client-1', 10)
    await hapana('client-2', 'client-2@example.com')
    const [[one], [two]] = [await find('client-1@example.com'), await find('client-2@example.com')]
    await call('POST', `/${one?.id}/merge`, { person: two?.id })
    const events = [first, await checkIn('client-2', 20)]

    const details = await Promise.all(events.map((id) => getEvent(env, id)))

    expect(details.map((detail) => detail?.event)).toMatchObject([
      { data: { checkin: { first: true } } },
      { data: { checkin: { first: false } } },
    ])
  })
})

describe('a join by address', () => {
  it('is undone by a split, which is an event, and no contact is joined to the new person again', async () => {
    await hapana('client-1', 'family@example.com')
    await hype('contact-1', 'family@example.com')
    const [both] = await find('family@example.com')

    const { status, body } = await call('POST', `/${both?.id}/split`, {
      source: 'hype',
      contact: 'contact-1',
    })
    await stored(
      config,
      'hype',
      aPayment({ id: 'contact-1', publisher_id: 'other', email: 'family@example.com' }),
      { now: now++ },
    )

    expect(status).toBe(200)
    expect(body.person.contacts).toMatchObject([{ contact: 'client-1' }])
    expect(body.new_person.contacts).toMatchObject([{ contact: 'contact-1' }])
    const people = await find('family@example.com')
    expect(people.map(({ contacts }) => contacts.map(({ contact }) => contact))).toEqual([
      ['client-1', 'contact-1'],
      ['contact-1'],
    ])
    const { results } = await env.DB.prepare(
      `SELECT event FROM events WHERE type = 'relay.person_split'`,
    ).all<{ event: string }>()
    expect(results.map(({ event }) => JSON.parse(event))).toMatchObject([
      {
        subject: `person/${both?.id}`,
        data: {
          person: both?.id,
          source: 'hype',
          contact: 'contact-1',
          new_person: body.new_person.id,
        },
      },
    ])
  })

  it('is not undone with an address in place of an id, so that no address gets into the log', async () => {
    await hapana('client-9', 'alone@example.com')
    const [alone] = await find('alone@example.com')
    const body = { source: 'hype', contact: 'email:alone@example.com' }

    expect(await call('POST', `/${alone?.id}/split`, body)).toMatchObject({ status: 400 })
  })

  it.each([
    ['the only contact', 'client-9', 409],
    ['a contact of another person', 'client-8', 409],
  ])('is not undone for %s', async (_case, contact, status) => {
    await hapana('client-9', 'alone@example.com')
    await hapana('client-8', 'other@example.com')
    const [alone] = await find('alone@example.com')

    expect(await call('POST', `/${alone?.id}/split`, { source: 'hapana', contact })).toMatchObject({
      status,
    })
  })
})

describe('two people', () => {
  it('are merged by an operator, which is an event, and the old id redirects to the new one', async () => {
    await hapana('client-1', 'ana@example.com')
    await hype('contact-1', 'ana.silva@work.example')
    const [[home], [work]] = [await find('ana@example.com'), await find('ana.silva@work.example')]

    const { body } = await call('POST', `/${home?.id}/merge`, { person: work?.id })
    const event = await hype('contact-1', 'ana.silva@work.example', { data: { total: 7 } })

    expect(body.person.contacts).toHaveLength(2)
    const old = await call('GET', `/${work?.id}`)
    expect(old.status).toBe(308)
    expect(old.headers.get('location')).toBe(`/api/people/${home?.id}`)
    expect((await getEvent(env, event))?.event).toMatchObject({ personid: home?.id })
    const { results } = await env.DB.prepare(
      `SELECT event FROM events WHERE type = 'relay.people_merged'`,
    ).all<{ event: string }>()
    expect(results.map(({ event }) => JSON.parse(event).data)).toEqual([
      { person: home?.id, merged_person: work?.id, contacts: 1 },
    ])
  })

  it.each([
    ['if they are the same person', 409],
    ['if one does not exist', 404],
  ])('cannot be merged %s', async (who, status) => {
    await hapana('client-1', 'ana@example.com')
    const [ana] = await find('ana@example.com')
    const person = who === 'if one does not exist' ? 'per_0000000000000' : ana?.id

    expect(await call('POST', `/${ana?.id}/merge`, { person })).toMatchObject({ status })
  })
})

describe('people who were joined by earlier rules', () => {
  const named = (clientID: string, firstName: string, email: string) =>
    hapana(clientID, email, { firstName, lastName: 'Silva' })
  /** As a relay of before had it: one person for all contacts with the address. */
  async function aLogOfBefore() {
    await named('1', 'Ana', 'ana@example.com')
    await named('2', 'Bob', 'ana@example.com')
    await hype('3', 'ana@example.com', { name: 'Bob Silva' })
    await hype('4', 'eve@example.com', { name: 'Eve' })
    await named('5', 'Eve', 'eve@example.com')
    await env.DB.prepare(
      `UPDATE contacts SET name = NULL, account = NULL, basis = NULL,
         person = (SELECT min(person) FROM contacts AS other WHERE other.email = contacts.email)`,
    ).run()
  }
  type Page = { people: { id: string; parts: Person['contacts'][] }[]; next: string | null }
  const partsOf = ({ people }: Page) =>
    people.map(({ parts }) => parts.map((part) => part.map(({ contact }) => contact)))

  it('are listed with the contacts that belong together, and split on request', async () => {
    await aLogOfBefore()
    const [before] = await find('ana@example.com')
    const listed = await call('GET', '/wrongly-joined')
    const dry = await call('POST', '/wrongly-joined/split', {})
    const split = await call('POST', '/wrongly-joined/split', { dry_run: false })

    expect(partsOf(listed.body)).toEqual([[['1'], ['2', '3']]])
    expect(listed.body).toMatchObject({ people: [{ id: before?.id }], dry_run: true, next: null })
    expect(dry.body).toEqual(listed.body)
    expect(split.body).toEqual({ ...listed.body, dry_run: false })
    const people = await find('ana@example.com')
    expect(people.map(({ contacts }) => contacts.map(({ contact }) => contact)).sort()).toEqual([
      ['1'],
      ['2', '3'],
    ])
    expect(people[0]?.id).toBe(before?.id)
    expect((await call('GET', '/wrongly-joined')).body.people).toEqual([])
    const { results } = await env.DB.prepare(
      `SELECT event ->> '$.data.new_person' AS person FROM events WHERE type = 'relay.person_split'`,
    ).all()
    expect(results).toEqual([{ person: people[1]?.id }, { person: people[1]?.id }])
  })

  /** Splits in calls as long as there is a next one; returns how many people each call made. */
  async function splitAll(): Promise<number[]> {
    const sizes: number[] = []
    let after: string | null | undefined
    do {
      const json = { dry_run: false, ...(after ? { after } : {}) }
      const { body } = await call('POST', '/wrongly-joined/split', json)
      sizes.push(body.people.flatMap(({ parts }: { parts: object[] }) => parts.slice(1)).length)
      after = body.next
    } while (after)
    return sizes
  }

  it('are split twenty new people at a time', async () => {
    const list = Array.from({ length: 30 }, (_, i) =>
      aStatusChange({ clientID: `c-${i}`, email: 'none' }),
    )
    await stored(config, 'hapana', list, { now: now++ })
    await env.DB.prepare(
      `UPDATE contacts SET email = 'none', person = (SELECT min(person) FROM contacts)`,
    ).run()

    expect(await splitAll()).toEqual([20, 9])
    const count = 'SELECT count(DISTINCT person) AS n FROM contacts'
    expect(await env.DB.prepare(count).first('n')).toBe(30)
  })

  it('are split ten at a time where each has two contacts: each contact is an event', async () => {
    for (let i = 0; i < 12; i++) {
      await named(`c-${i}`, 'Ana', `ana-${i}@example.com`)
      await hype(`p-${i}`, `ana-${i}@example.com`, { name: 'Ana' })
    }
    await env.DB.prepare(
      'UPDATE contacts SET basis = NULL, person = (SELECT min(person) FROM contacts)',
    ).run()

    expect(await splitAll()).toEqual([10, 1])
  })

  it('are left alone where an operator merged them', async () => {
    await named('1', 'Ana', 'ana@example.com')
    await named('2', 'Ana', 'ana@work.example')
    const [[one], [two]] = [await find('ana@example.com'), await find('ana@work.example')]
    await call('POST', `/${one?.id}/merge`, { person: two?.id })
    const merged = await call('GET', '/wrongly-joined')
    await env.DB.prepare('DELETE FROM merged_people').run()

    expect(merged.body.people).toEqual([])
    expect((await call('GET', '/wrongly-joined')).body.people).toEqual([])
  })

  it('are not those whom the present rules join', async () => {
    await named('1', 'Ana', 'ana@example.com')
    await hype('2', 'ana@example.com', { name: 'Ana' })
    await hype('3', 'ana@example.com', { name: 'Ana', publisher_id: 'other' })
    await named('4', 'Eve', 'old@example.com')
    await hapana('4', 'eve@example.com', { firstName: 'Eve', status: 'inactive' })
    await hype('5', 'old@example.com')

    expect((await call('GET', '/wrongly-joined')).body.people).toEqual([])
    expect((await find('ana@example.com'))[0]?.contacts).toHaveLength(3)
    expect((await find('eve@example.com'))[0]?.contacts).toHaveLength(2)
  })
})

it('a contact of one account is found by its id, and split off by id and account', async () => {
  await hapana('1', 'ana@example.com')
  await hype('same', 'ana@example.com', { publisher_id: 'a' })
  await hype('same', 'ana@example.com', { publisher_id: 'b' })
  const { people } = (await call('GET', '?contact=same')).body
  const contact = { source: 'hype', contact: 'same', account: 'b' }
  const { body } = await call('POST', `/${people[0].id}/split`, contact)

  expect(people).toMatchObject([{ contacts: [{}, { account: 'a' }, { account: 'b' }] }])
  expect(body.new_person.contacts).toMatchObject([{ contact: 'same', account: 'b' }])
  expect(body.person.contacts).toMatchObject([{ contact: '1' }, { account: 'a' }])
})

it.each([
  ['', 400],
  ['?email=a&contact=b', 400],
  ['/per_0000000000000', 404],
  ['/evt_0000000000000', 404],
])('GET /api/people%s is %i', async (path, status) => {
  expect(await call('GET', path)).toMatchObject({ status })
})

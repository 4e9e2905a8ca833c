// Erasing a person: what is left, what is told, what comes later, and what a search finds.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import { type EventId, keyOfId } from '../../../src/core/id.ts'
import { discrepancies, tally } from '../../../src/core/ledger/ledger.ts'
import { createApp } from '../../../src/http/app.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { continueErasures } from '../../../src/stages/operate/erasure/erase.ts'
import { getEvent, listEvents } from '../../../src/store/events/events.ts'
import { listCounts } from '../../../src/store/ledger/ledger.ts'
import { listDifferences } from '../../../src/store/ledger/verify.ts'
import {
  aConfig,
  aMessageFor,
  aPayment,
  aQueue,
  aStatusChange,
  deliverBatch,
  NOW,
  stored,
  take,
  toolsAt,
} from '../../builders.ts'
import { empty } from '../../database.ts'

// biome-ignore lint/suspicious/noExplicitAny: what the API answers is judged by its schemas elsewhere
type Answer = any

const DAY = 24 * 3_600_000
const MAIL = 'ana.silva@example.com'
const config = aConfig({ name: 'crm', events: ['*'] })
let now = NOW
const tools = toolsAt(NOW, { now: () => now++ })
const app = (using = config) => createApp(() => using, tools)

const ALL = [
  'deliveries',
  'events',
  'segments',
  'ledger',
  'postings',
  'posting_spans',
  'statistics',
  'totals',
  'contacts',
  'merged_people',
  'erasures',
  'erased_values',
  'erased_contacts',
  'replays',
  'idempotency',
  'issues',
]

beforeEach(async () => {
  now = NOW
  await empty(...ALL)
  await env.DB.prepare('UPDATE erasing SET version = ?1')
    .bind(Math.floor(Math.random() * 1e9) + 1)
    .run()
  await env.ARCHIVE?.delete((await env.ARCHIVE.list()).objects.map(({ key }) => key))
})

async function call(method: string, path: string, body?: object, using = config, more = {}) {
  const response = await app(using).request(
    `https://relay.example/api${path}`,
    {
      method,
      headers: { authorization: 'Bearer operator', ...more },
      ...(body ? { body: JSON.stringify(body) } : {}),
    },
    {
      DB: env.DB,
      RETRIES: aQueue().queue,
      ARCHIVE: env.ARCHIVE,
      ADMIN_TOKEN: 'operator',
      VIEWER_TOKEN: 'viewer',
    },
  )
  return { status: response.status, body: (await response.json()) as Answer }
}

const ana = (more: object = {}) => ({
  clientID: 'client-ana-0001',
  email: MAIL,
  firstName: 'Ana',
  lastName: 'Silva',
  phone: '+61 412 345 678',
  ...more,
})
const hapana = (fields: object) =>
  stored(config, 'hapana', aStatusChange(fields as Record<string, unknown>), { now: now++ })
const hype = (fields: object) =>
  stored(config, 'hype', aPayment(fields as Record<string, unknown>), { now: now++ })
const personOf = async (email: string): Promise<string> =>
  (await call('GET', `/people?email=${email}`)).body.people[0].id
const erase = (person: string, more: object = {}, using = config) =>
  call('POST', `/people/${person}/erase`, { dry_run: false, ...more }, using)

/** Searches everything, call after call. */
async function search(receipt: object) {
  const all = { found: [] as Answer[], others: 0, later: 0, tables: [] as string[] }
  let after: string | null = null
  do {
    const { status, body } = await call('POST', '/people/erased/verify', {
      receipt,
      ...(after === null ? {} : { after }),
    })
    expect(status).toBe(200)
    all.found.push(...body.found)
    all.others += body.others
    all.later += body.later
    all.tables.push(...body.read.tables)
    after = body.next
  } while (after !== null)
  return all
}

/** The row of an event; its key as text. */
const rowOf = (id: EventId) =>
  env.DB.prepare(
    `SELECT CAST(key AS TEXT) AS key, status, type, at, contact, event, raw, headers, vendor_type, dedup_key, dedup_stamp
     FROM events WHERE key = CAST(?1 AS INTEGER)`,
  )
    .bind(keyOfId(id))
    .first<Record<string, unknown>>()

describe('an erased person', () => {
  it('is shown first, and nothing changes', async () => {
    const event = await hapana(ana())
    await hype({ id: 'hype-ana-0001', email: MAIL })
    const person = await personOf(MAIL)

    const { body } = await call('POST', `/people/${person}/erase`)

    expect(body).toEqual({
      person,
      dry_run: true,
      contacts: 2,
      events: 2,
      deliveries: 2,
      cancelled: 2,
    })
    expect((await getEvent(env, event))?.status).toBe('accepted')
  })

  it('is not erased by a viewer, nor is one that nobody knows', async () => {
    const event = await hapana(ana())
    const person = await personOf(MAIL)
    const viewer = { authorization: 'Bearer viewer' }

    const refused = await call(
      'POST',
      `/people/${person}/erase`,
      { dry_run: false },
      config,
      viewer,
    )
    const unknown = await erase('per_0000000000000')

    expect([refused.status, unknown.status]).toEqual([403, 404])
    expect((await getEvent(env, event))?.status).toBe('accepted')
  })

  it('leaves of each event that it was received, and when', async () => {
    const event = await hapana(ana())
    const other = await hapana({ clientID: 'client-ben-0001', email: 'ben@example.com' })
    const before = await rowOf(event)

    const { status, body } = await erase(await personOf(MAIL))

    expect(status).toBe(200)
    expect(body).toMatchObject({ state: 'done', counts: { contacts: 1, events: 1, cancelled: 1 } })
    expect(await rowOf(event)).toMatchObject({
      key: before?.key,
      status: 'erased',
      type: 'membership.status_changed',
      at: before?.at,
      contact: null,
      event: null,
      raw: null,
      headers: '{}',
      vendor_type: null,
    })
    expect(
      (await listEvents(env, {}, { limit: 10 })).items.map(({ id, status }) => [id, status]),
    ).toContainEqual([event, 'erased'])
    expect((await getEvent(env, event))?.deliveries).toMatchObject([
      { target: 'crm', state: 'cancelled', reason: 'erased' },
    ])
    expect((await getEvent(env, other))?.status).toBe('accepted')
    expect((await call('GET', `/people?email=${MAIL}`)).body.people).toEqual([])
  })

  it('stays in the counts, which add up as before', async () => {
    await hapana(ana())
    await hapana(ana())
    await hype({ id: 'hype-ana-0001', email: MAIL })
    const period = { since: NOW - DAY, until: NOW + DAY }
    const received = async () =>
      tally(await listCounts(env, period)).sources.map(({ source, received, created, erased }) => ({
        source,
        received,
        created,
        erased,
      }))
    await rollUp({ DB: env.DB }, tools)
    const [wasHapana, wasHype] = await received()

    await erase(await personOf(MAIL))

    expect(await received()).toEqual([
      { ...wasHapana, erased: wasHapana?.received },
      { ...wasHype, erased: wasHype?.received },
      expect.objectContaining({ source: 'relay' }),
    ])
    for (const step of ['before it is counted', 'after']) {
      expect(discrepancies(tally(await listCounts(env, period))), step).toEqual([])
      expect((await listDifferences(env, period)).differences, step).toEqual([])
      now += 2 * 3_600_000
      await rollUp({ DB: env.DB }, tools)
    }
  })

  it('is known to nobody who searches, and the receipt has no value', async () => {
    await hapana(ana())
    await hype({ id: 'hype-ana-0001', email: MAIL, first_name: 'Ana', last_name: 'Silva' })
    const person = await personOf(MAIL)

    const { body: receipt } = await erase(person)

    expect(JSON.stringify(receipt)).not.toMatch(/silva|client-ana|\+61/i)
    expect(receipt.values.length).toBeGreaterThan(3)
    expect(receipt).toMatchObject({ state: 'done' })
    const { found, tables } = await search(receipt)
    expect(found).toEqual([])
    const { results } = await env.DB.prepare(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND (sql LIKE '%TEXT%' OR sql LIKE '%BLOB%') AND name NOT LIKE '_cf%'`,
    ).all<{ name: string }>()
    expect(tables).toEqual(results.map(({ name }) => name).sort())
    expect((await call('GET', `/people/${person}/erasure`)).body).toEqual(receipt)
  })

  it('loses what targets answered and what was sent to them', async () => {
    const event = await hapana(ana())
    const message = await aMessageFor(event, 'crm')
    await deliverBatch(
      { DB: env.DB, RETRIES: aQueue().queue },
      config,
      'deliveries',
      [
        {
          id: '1',
          timestamp: new Date(now),
          attempts: 1,
          body: message,
          ack: () => undefined,
          retry: () => undefined,
        } as unknown as Message<DeliveryMessage>,
      ],
      {
        now: () => now,
        fetch: async () => new Response(`no such member: ${MAIL}`, { status: 500 }),
      },
    )
    expect(JSON.stringify((await getEvent(env, event))?.deliveries)).toContain(MAIL)

    const { body: receipt } = await erase(await personOf(MAIL))

    expect(receipt.counts).toMatchObject({ bodies: 1, attempts: 1, cancelled: 1 })
    expect((await getEvent(env, event))?.deliveries[0]?.attempts).toMatchObject([
      { attempt: 1, status: 500 },
    ])
    expect((await search(receipt)).found).toEqual([])
  })

  it('is found where no contact leads: in quarantine, in answers, in filters and in who is who', async () => {
    await hapana(ana())
    await hype({ id: 'hype-ana-0001', email: MAIL })
    const person = await personOf(MAIL)
    const unread = await stored(
      config,
      'hapana',
      { eventType: 'clientStatusChange', email: MAIL },
      { now: now++ },
    )
    const ofBen = await stored(
      config,
      'hapana',
      { eventType: 'clientStatusChange', email: 'ben@example.com' },
      { now: now++ },
    )
    await call(
      'POST',
      `/people/${person}/split`,
      { source: 'hype', contact: 'hype-ana-0001' },
      config,
      { 'idempotency-key': 'one' },
    )
    await call('POST', `/people/${person}/merge`, {
      person: (await call('GET', '/people?contact=hype-ana-0001')).body.people[0].id,
    })
    await env.DB.prepare(`INSERT INTO replays (key, filter, state, per_second, next_due, total, replayed, event, target, last)
      VALUES (1, json_object('person', ?1), 'running', 1, 0, 0, 0, 0, '', 1)`)
      .bind(MAIL)
      .run()
    await env.DB.prepare(`INSERT INTO issues VALUES ('x', 'crm', 'target', ?1, 1, 1, 1)`)
      .bind(`refuses ${MAIL}`)
      .run()

    const { body: receipt } = await erase(person)

    expect(receipt.counts).toMatchObject({ quarantined: 1, answers: 1, replays: 1, issues: 1 })
    expect((await rowOf(unread))?.status).toBe('erased')
    expect((await rowOf(ofBen))?.status).toBe('quarantined')
    expect((await search(receipt)).found).toEqual([])
  })

  it('does not take away what others have too', async () => {
    await hapana(ana())
    const ben = await hapana({
      clientID: 'client-ben-0001',
      email: MAIL,
      firstName: 'Ben',
      lastName: 'Silva',
    })
    const people = (await call('GET', `/people?email=${MAIL}`)).body.people
    const ofBoth = await stored(
      config,
      'hapana',
      { eventType: 'clientStatusChange', email: MAIL },
      { now: now++ },
    )

    const { body: receipt } = await erase(people[0].id)

    expect((await rowOf(ben))?.status).toBe('accepted')
    expect((await rowOf(ofBoth))?.status).toBe('quarantined')
    const { found, others } = await search(receipt)
    expect(others).toBeGreaterThan(0)
    expect(found.map(({ row }) => row)).toEqual(found.map(() => ofBoth))
  })
})

describe('what comes after an erasure', () => {
  it('is another person, whom the search does not confuse with the erased one', async () => {
    await hapana(ana())
    const first = await personOf(MAIL)
    const { body: receipt } = await erase(first)

    const event = await hapana(ana({ status: 'inactive' }))

    expect((await getEvent(env, event))?.status).toBe('accepted')
    expect(await personOf(MAIL)).not.toBe(first)
    const { found, later } = await search(receipt)
    expect(found).toEqual([])
    expect(later).toBeGreaterThan(0)
    const again = await erase(await personOf(MAIL))
    expect(again.body.counts).toMatchObject({ events: 1 })
  })

  it('is kept out while that was asked for, counted, and let in again', async () => {
    await hapana(ana())
    const person = await personOf(MAIL)
    const { body: receipt } = await erase(person, { suppress: true })

    const kept = await take(config, 'hapana', aStatusChange(ana({ status: 'inactive' })), {
      now: now++,
    })
    const unread = await take(
      config,
      'hapana',
      { eventType: 'clientStatusChange', email: MAIL },
      { now: now++ },
    )
    const other = await take(config, 'hapana', aStatusChange({ clientID: 'client-ben-0001' }), {
      now: now++,
    })

    expect(kept).toMatchObject({
      ok: true,
      value: { events: [{ status: 'erased', deliveries: 0 }] },
    })
    expect(unread).toMatchObject({ ok: true, value: { events: [{ status: 'erased' }] } })
    expect(other).toMatchObject({ ok: true, value: { events: [{ status: 'accepted' }] } })
    expect((await call('GET', '/people/erased')).body.erasures).toMatchObject([
      { person, suppress: true, kept_out: 2 },
    ])
    expect(await search(receipt)).toMatchObject({ found: [], later: 0 })
    expect(
      discrepancies(tally(await listCounts(env, { since: NOW - DAY, until: NOW + DAY }))),
    ).toEqual([])

    expect(
      (await call('POST', `/people/${person}/suppress`, { suppress: false })).body.suppress,
    ).toBe(false)
    const letIn = await take(config, 'hapana', aStatusChange(ana({ status: 'suspended' })), {
      now: now++,
    })
    expect(letIn).toMatchObject({ ok: true, value: { events: [{ status: 'accepted' }] } })
  })

  it('is kept out at once, also where an isolate knew otherwise', async () => {
    await hapana(ana())
    await erase(await personOf(MAIL))
    // What another isolate writes.
    await env.DB.batch([
      env.DB.prepare('UPDATE erasures SET suppress = 1'),
      env.DB.prepare('UPDATE erasing SET version = version + 1'),
    ])

    const event = await hapana(ana({ status: 'inactive' }))

    expect((await rowOf(event))?.status).toBe('erased')
  })

  it('is a repeat where a vendor sends an erased message again, and nothing of it is kept', async () => {
    const body = aStatusChange(ana())
    const event = await stored(config, 'hapana', body, { now: now++ })
    const { body: receipt } = await erase(await personOf(MAIL))

    const repeat = await take(config, 'hapana', body, { now: now++ })

    expect(repeat).toMatchObject({
      ok: true,
      value: { events: [{ id: event, status: 'duplicate' }] },
    })
    expect(await search(receipt)).toMatchObject({ found: [], later: 0 })
  })

  it('forgets after thirty days by what a repeat would be recognised', async () => {
    const event = await hapana(ana())
    await erase(await personOf(MAIL))
    expect((await rowOf(event))?.dedup_key).not.toBe('')
    const bindings = { DB: env.DB, RETRIES: aQueue().queue }

    await continueErasures(bindings, config, toolsAt(now + 29 * DAY))
    expect((await rowOf(event))?.dedup_key).not.toBe('')
    await continueErasures(bindings, config, toolsAt(now + 31 * DAY))

    expect(await rowOf(event)).toMatchObject({ dedup_key: '', dedup_stamp: null })
    expect(await env.DB.prepare('SELECT count(*) AS n FROM erased_contacts').first('n')).toBe(0)
  })
})

// Quarantine: the causes of messages, releasing and dismissing them. And normalizing events again.

import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import { type EventId, idOfKey, keyOfId } from '../../../src/core/id.ts'
import { createApp } from '../../../src/http/app.ts'
import { getEvent } from '../../../src/store/events/events.ts'
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
} from '../../builders.ts'

const config = aConfig({ name: 'crm' })
let now = NOW
let retries = aQueue()
const app = createApp(() => config, {
  now: () => now++,
  random: () => Math.random(),
  log: () => undefined,
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
})

beforeEach(async () => {
  retries = aQueue()
  await env.DB.batch(
    ['targets', 'deliveries', 'events', 'segments', 'ledger', 'contacts'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})

async function call(method: string, path: string, body?: object) {
  const response = await app.request(
    `https://relay.example/api${path}`,
    {
      method,
      headers: { authorization: 'Bearer operator' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    },
    { DB: env.DB, RETRIES: retries.queue, ADMIN_TOKEN: 'operator' },
  )
  return { status: response.status, body: JSON.parse(await response.text()) }
}
const take = (source: 'hype' | 'hapana', body: object) => {
  now += 1000
  return stored(config, source, body, { now })
}
const systemEvents = async (type: string) => {
  const { results } = await env.DB.prepare('SELECT event FROM events WHERE type = ?1')
    .bind(type)
    .all<{ event: string }>()
  return results.map(({ event }) => JSON.parse(event).data)
}
/** Turns an event into a quarantined message, as if an earlier mapping had not understood it. */
async function quarantinedBefore(event: EventId) {
  await env.DB.batch([
    env.DB.prepare(
      `UPDATE events SET status = 'quarantined', event = NULL, planned = 0, dedup_stamp = NULL, contact = NULL,
           issues = '[{"path":"status","message":"is not known"}]', dedup_key = 'q' || key
         WHERE key = CAST(?1 AS INTEGER)`,
    ).bind(keyOfId(event)),
    env.DB.prepare('DELETE FROM deliveries WHERE event = CAST(?1 AS INTEGER)').bind(keyOfId(event)),
  ])
}
/** Passes a message to its consumer when it is due; returns the bodies that were sent. */
async function deliverNow(message: DeliveryMessage): Promise<string[]> {
  const bodies: string[] = []
  await deliverBatch(
    { DB: env.DB, RETRIES: retries.queue },
    config,
    'retries',
    [
      {
        id: '1',
        timestamp: new Date(),
        attempts: 1,
        body: message,
        ack() {},
        retry() {},
      },
    ],
    {
      fetch: async (_url, init) => {
        bodies.push(String(init.body))
        return new Response('ok')
      },
      now: () => message.due,
      random: () => 0,
      log: () => undefined,
    },
  )
  return bodies
}
const differences = async () =>
  (await listDifferences(env, { since: NOW - 3_600_000, until: NOW + 3_600_000 })).differences

describe('the quarantine', () => {
  it('lists each cause with the path in the body, the count and the times', async () => {
    await take('hype', { type: 'payment.created', publisher_id: 'p', timestamp: 1 })
    await take('hype', { type: 'payment.created', publisher_id: 'p', timestamp: 2 })
    const last = await take('hapana', { eventType: 'somethingElse', clientID: 'c' })

    const { body } = await call('GET', '/quarantine')

    expect(body.causes).toEqual([
      {
        source: 'hype',
        vendortype: 'payment.created',
        cause: 'id: is missing, and so is email; the contact of the event is unknown',
        count: 2,
        first_at: expect.stringMatching(/^2026-11-21T/),
        last_at: expect.stringMatching(/^2026-11-21T/),
        events: [expect.stringMatching(/^evt_/), expect.stringMatching(/^evt_/)],
      },
      {
        source: 'hapana',
        vendortype: 'somethingElse',
        cause: 'type: unknown event type',
        count: 1,
        first_at: expect.any(String),
        last_at: expect.any(String),
        events: [last],
      },
    ])
  })

  it('includes the envelope in the path of a missing key', async () => {
    await take('hapana', { eventType: 'clientStatusChange', Payload: { clientID: 'c' } })

    const { body } = await call('GET', '/quarantine')

    expect(body.causes).toMatchObject([{ cause: expect.stringMatching(/^Payload\.status: /) }])
  })

  it('releases messages that the mapping understands now, with their deliveries and a system event', async () => {
    const id = await take('hype', aPayment({ id: 'released' }))
    await quarantinedBefore(id)

    const dry = await call('POST', '/quarantine/release', { events: [id], dry_run: true })
    expect(dry.body).toMatchObject({ released: [{ id, type: 'payment.created', deliveries: 1 }] })
    expect((await getEvent(env, id))?.status).toBe('quarantined')
    const { body } = await call('POST', '/quarantine/release', { events: [id] })

    expect(body).toMatchObject({
      released: [{ id, status: 'accepted', deliveries: 1 }],
      refused: [],
    })
    expect(await getEvent(env, id)).toMatchObject({
      status: 'accepted',
      type: 'payment.created',
      deliveries_created: 1,
      issues: [{ path: 'status', message: 'is not known' }],
      event: { id, type: 'payment.created', personid: expect.stringMatching(/^per_/) },
      deliveries: [{ target: 'crm', state: 'pending' }],
    })
    expect(retries.messages).toMatchObject([
      { event: id, target: 'crm', attempt: 1 },
      { target: 'crm' },
    ])
    expect(await systemEvents('relay.events_released')).toEqual([{ events: [id] }])
    expect(await differences()).toEqual([])
  })

  it('releases all of one cause at once, and leaves the others', async () => {
    const ids: EventId[] = []
    for (let i = 0; i < 3; i++) ids.push(await take('hype', aPayment()))
    for (const id of ids) await quarantinedBefore(id)
    const other = await take('hype', { type: 'payment.created', publisher_id: 'p', timestamp: 1 })

    const { body } = await call('POST', '/quarantine/release', { cause: 'status: is not known' })

    expect(body.released.map(({ id }: { id: string }) => id)).toEqual(ids)
    expect((await getEvent(env, other))?.status).toBe('quarantined')
  })

  it('releases all requested messages although the queue refuses: their deliveries are due, and there is a system event', async () => {
    const ids = [await take('hype', aPayment()), await take('hype', aPayment())]
    for (const id of ids) await quarantinedBefore(id)
    vi.spyOn(retries.queue, 'sendBatch').mockRejectedValue(new Error('Too Many Requests'))

    const { status, body } = await call('POST', '/quarantine/release', { source: 'hype' })

    expect(status).toBe(200)
    expect(body.released.map(({ id }: { id: string }) => id)).toEqual(ids)
    expect(await systemEvents('relay.events_released')).toEqual([{ events: ids }])
    const states = await Promise.all(ids.map(async (id) => (await getEvent(env, id))?.deliveries))
    expect(states).toMatchObject([[{ state: 'pending' }], [{ state: 'pending' }]])
  })

  it('keeps messages that are still not understood, with the reason', async () => {
    const id = await take('hype', { type: 'payment.created', publisher_id: 'p', timestamp: 1 })

    const { body } = await call('POST', '/quarantine/release', { source: 'hype' })

    expect(body).toMatchObject({
      released: [],
      refused: [{ id, issues: [expect.stringContaining('the contact of the event is unknown')] }],
    })
    expect((await getEvent(env, id))?.status).toBe('quarantined')
  })

  it('releases a message that the vendor has sent again since as a duplicate', async () => {
    const payment = aPayment({ id: 'twice' })
    const id = await take('hype', payment)
    await quarantinedBefore(id)
    const again = await take('hype', payment)

    const { body } = await call('POST', '/quarantine/release', { events: [id] })

    expect(body.released).toMatchObject([
      { id: expect.any(String), status: 'duplicate', deliveries: 0 },
    ])
    expect(await getEvent(env, id)).toMatchObject({
      status: 'duplicate',
      deliveries_created: 0,
      matched: { id: again, by: 'identity' },
      deliveries: [],
    })
    expect(await differences()).toEqual([])
  })

  it('releases the second of two equal messages within minutes as a duplicate', async () => {
    const [first, second] = [
      await take('hype', aPayment({ id: 'a' })),
      await take('hype', aPayment({ id: 'b' })),
    ]
    const raw = (await getEvent(env, first))?.raw.text
    for (const id of [first, second]) await quarantinedBefore(id)
    await env.DB.prepare('UPDATE events SET raw = ?1')
      .bind((raw ?? '').replace(/,"timestamp":\d+/, ''))
      .run()

    const { body } = await call('POST', '/quarantine/release', { events: [first, second] })

    expect(body.released.map(({ status }: { status: string }) => status)).toEqual([
      'accepted',
      'duplicate',
    ])
    expect(await getEvent(env, second)).toMatchObject({
      matched: { id: first, by: 'content' },
    })
  })

  it('releases a message that is no repeat: a purchase made again, a status behind another', async () => {
    const purchase = { eventType: 'packagePurchased', clientID: 'c', packageID: 'p', amount: 90 }
    const status = (word: string) => aStatusChange({ clientID: 'd', status: word })
    const [bought, active] = [
      await take('hapana', purchase),
      await take('hapana', status('active')),
    ]
    for (const id of [bought, active]) await quarantinedBefore(id)
    const again = await take('hapana', purchase)
    await take('hapana', status('inactive'))
    const returned = await take('hapana', status('active'))

    const { body } = await call('POST', '/quarantine/release', { events: [bought, active] })

    expect(body.released).toMatchObject([{ status: 'accepted' }, { status: 'accepted' }])
    const matches = [{ id: again }, { id: returned }].map((match) => ({
      matched: { ...match, by: 'possible_duplicate' },
    }))
    expect(await getEvent(env, bought)).toMatchObject(matches[0] ?? {})
    expect(await getEvent(env, active)).toMatchObject(matches[1] ?? {})
  })

  it('releases one element of a list, with the event that is inferred from it', async () => {
    const list = [
      {
        id: 'ana',
        publisher_id: 'p',
        type: 'payment.created',
        data: { tier: 'Platinum' },
        timestamp: 1_795_212_060,
      },
      {
        id: 'ana',
        publisher_id: 'p',
        type: 'payment.deleted',
        data: { tier: 'Gold' },
        timestamp: 1_795_212_000,
      },
      { id: 'ana', publisher_id: 'p', type: 'contact.updated', timestamp: 1_795_212_000 },
    ]
    await take('hype', list)
    const { results } = await env.DB.prepare(
      `SELECT CAST(key AS TEXT) AS key FROM events WHERE vendor_type = 'payment.deleted' AND status = 'accepted'`,
    ).all<{ key: string }>()
    const id = idOfKey(results[0]?.key ?? '0')
    await quarantinedBefore(id)
    await env.DB.prepare(`DELETE FROM events WHERE status = 'derived'`).run()

    const { status, body } = await call('POST', '/quarantine/release', { events: [id] })

    expect(status).toBe(200)
    expect(body.released).toMatchObject([{ id, status: 'accepted', type: 'subscription.ended' }])
    const inferred = await env.DB.prepare(`SELECT type FROM events WHERE status = 'derived'`).all()
    expect(inferred.results).toEqual([{ type: 'subscription.plan_changed' }])
  })

  it('dismisses messages with a reason, and deletes nothing', async () => {
    const id = await take('hype', { type: 'payment.created', publisher_id: 'p', timestamp: 1 })

    const { body } = await call('POST', '/quarantine/dismiss', {
      events: [id],
      reason: 'a test of ours',
    })

    expect(body).toEqual({ dismissed: [id], more: false })
    expect((await call('GET', '/quarantine')).body).toEqual({ causes: [], next: null })
    expect(await getEvent(env, id)).toMatchObject({
      status: 'quarantined',
      raw: { encoding: 'utf8' },
    })
    expect(await systemEvents('relay.events_dismissed')).toEqual([
      { events: [id], reason: 'a test of ours' },
    ])
    const released = await call('POST', '/quarantine/release', { events: [id] })
    expect(released.body.released).toEqual([])
  })

  it('is processed page by page', async () => {
    const ids: string[] = []
    for (let i = 0; i < 52; i++) {
      ids.push(await take('hype', { type: 'payment.created', publisher_id: `p${i}`, timestamp: 1 }))
    }

    const first = (await call('POST', '/quarantine/release', { source: 'hype' })).body
    const second = (
      await call('POST', '/quarantine/release', { source: 'hype', after: first.next })
    ).body

    expect(first.refused).toHaveLength(50)
    expect(second).toMatchObject({ next: null })
    expect([...first.refused, ...second.refused].map(({ id }: { id: string }) => id)).toEqual(ids)
  })

  it.each([
    ['/quarantine/release', {}, 'must have at least one of events, source'],
    ['/quarantine/dismiss', { source: 'hype' }, 'reason is missing'],
    ['/quarantine/dismiss', { reason: 'x' }, 'must have at least one of'],
    ['/quarantine/release', { events: ['evt_1'] }, 'must be an event ID'],
    ['/renormalize', {}, 'since is missing'],
  ])('POST %s with %j is refused with the reason', async (path, body, words) => {
    const answer = await call('POST', path, body)

    expect(answer.status).toBe(400)
    expect(answer.body.title).toContain(words)
  })
})

/** Changes an event in the log to the result of an earlier mapping. */
async function asMappedBefore(event: EventId, change: (json: Record<string, unknown>) => void) {
  const detail = await getEvent(env, event)
  const { personid: _, ...json } = (detail?.event ?? {}) as Record<string, unknown>
  change(json)
  await env.DB.prepare('UPDATE events SET event = ?2, type = ?3 WHERE key = CAST(?1 AS INTEGER)')
    .bind(keyOfId(event), JSON.stringify(json), json.type)
    .run()
}

describe('normalizing again', () => {
  it('previews the differences of each event, and changes nothing', async () => {
    const first = await take('hype', aPayment({ id: 'ana', data: { tier: 'Gold', total: 30 } }))
    const id = await take(
      'hype',
      aPayment({
        id: 'ana',
        type: 'payment.updated',
        source: 'system',
        timestamp: 1_795_212_990,
        data: { tier: 'Gold', total: 20 },
      }),
    )
    await asMappedBefore(id, (json) => {
      json.type = 'payment.updated'
      json.mappingversion = 1
      json.data = { ...(json.data as object), refund: undefined, inference: undefined }
    })

    const { body } = await call('POST', '/renormalize', { since: '1h' })

    expect(body).toMatchObject({
      dry_run: true,
      checked: 2,
      refused: [],
      next: null,
      changed: [{ id, was: 'payment.updated', is: 'payment.refunded' }],
    })
    expect(body.changed[0].differences).toContainEqual({
      path: 'data.refund',
      is: {
        amount: { value: '10', unit: 'unspecified', currency: null },
        full: false,
        confidence: 'likely',
      },
    })
    expect(body.changed[0].differences).toContainEqual({
      path: 'data.inference',
      is: { basis: ['total_fell', 'actor_system'], confidence: 'likely', evidence: [first] },
    })
    expect((await getEvent(env, id))?.type).toBe('payment.updated')
    expect(retries.messages).toEqual([])
  })

  it('stores its result if requested, keeps the bytes, and delivers the event only if that is requested too', async () => {
    const id = await take('hapana', aStatusChange({ clientID: 'c', status: 'suspendedMembership' }))
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'delivered', due = NULL, attempt = 2, body = 'old', content_type = 'text/plain'`,
    ).run()
    const raw = (await getEvent(env, id))?.raw
    const before = (json: Record<string, unknown>) => {
      const data = json.data as { membership: { status: string } }
      data.membership.status = 'unknown'
    }
    await asMappedBefore(id, before)

    await call('POST', '/renormalize', { since: '1h', dry_run: false })
    expect((await getEvent(env, id))?.event).toMatchObject({
      data: { membership: { status: 'suspended' } },
    })
    expect((await getEvent(env, id))?.raw).toEqual(raw)
    expect(retries.messages.filter(({ event }) => event === id)).toEqual([])

    await asMappedBefore(id, before)
    await call('POST', '/renormalize', { since: '1h', dry_run: false, deliver: true })
    const [message] = retries.messages.filter(({ event }) => event === id)
    const bodies = await deliverNow(message as DeliveryMessage)
    expect(JSON.parse(bodies[0] ?? '{}')).toMatchObject({
      id,
      data: { membership: { status: 'suspended' } },
    })
    expect(await systemEvents('relay.events_renormalized')).toEqual([
      { events: [id], delivered: false },
      { events: [id], delivered: true },
    ])
  })

  it('finds no difference in events of the present mapping, whatever arrived later', async () => {
    const accounts = ['site-1', 'site-2', 'site-1'].map((siteID, i) => ({
      eventType: 'accountCreated',
      clientID: 'client-1',
      siteID,
      firstName: `Ana ${i}`,
    }))
    for (const account of accounts) await take('hapana', account)
    for (const status of ['introOffer', 'activePackage', 'inactive']) {
      await take('hapana', aStatusChange({ clientID: 'client-1', status }))
    }
    for (const [type, total] of [
      ['payment.created', 10],
      ['payment.deleted', 10],
      ['payment.created', 40],
      ['payment.updated', 30],
    ] as const) {
      await take(
        'hype',
        aPayment({
          id: 'ana',
          type,
          data: { tier: `Gold ${total}`, total },
          timestamp: 1_795_212_000 + (now % 1e6),
        }),
      )
    }

    const { body } = await call('POST', '/renormalize', { since: '1h' })

    expect(body.checked).toBe(10)
    expect(body.changed).toEqual([])
    expect(body.refused).toEqual([])
  })

  it('does not change events whose warnings alone have other words', async () => {
    const id = await take('hapana', aStatusChange({ clientID: 'c', status: 'suspendedMembership' }))
    await asMappedBefore(id, (json) => {
      json.data = { ...(json.data as object), warnings: ['data.status: was worded differently'] }
    })

    const { body } = await call('POST', '/renormalize', { since: '1h' })

    expect(body).toMatchObject({ checked: 1, changed: [] })
  })

  it('does not change events that were settled when they were sent, or late when they arrived', async () => {
    const ended = await take('hype', aPayment({ id: 'ana', type: 'payment.deleted' }))
    await take(
      'hype',
      aPayment({ id: 'ana', data: { tier: 'Platinum' }, timestamp: 1_795_212_960 }),
    )
    await deliverNow(await aMessageFor(ended, 'crm'))
    await take('hapana', aStatusChange({ clientID: 'client-1' }))
    // Recorded after a later event, as with the spill queue.
    const late = await stored(
      config,
      'hapana',
      aStatusChange({ clientID: 'client-1', status: 'x' }),
      {
        now: now - 500,
      },
    )
    expect((await getEvent(env, ended))?.event).toMatchObject({
      data: { reason: 'plan_switch' },
    })
    expect((await getEvent(env, late))?.event).toMatchObject({ late: true })

    const { body } = await call('POST', '/renormalize', { since: '1h' })

    const own = [ended, late].map((id) => body.changed.find((one: { id: string }) => one.id === id))
    expect(own).toEqual([undefined, undefined])
  })

  it('does not change events that it no longer understands, and lists them', async () => {
    const id = await take('hype', aPayment())
    await env.DB.prepare(
      `UPDATE events SET raw = '{"type":"payment.created"}' WHERE key = CAST(?1 AS INTEGER)`,
    )
      .bind(keyOfId(id))
      .run()

    const { body } = await call('POST', '/renormalize', { since: '1h', dry_run: false })

    expect(body.refused).toMatchObject([
      { id, issues: expect.arrayContaining([expect.stringContaining('publisher_id')]) },
    ])
    expect((await getEvent(env, id))?.status).toBe('accepted')
  })

  it('is processed page by page', async () => {
    for (let i = 0; i < 51; i++) await take('hype', aPayment())

    const first = (await call('POST', '/renormalize', { since: '1h', source: 'hype' })).body
    const second = (
      await call('POST', '/renormalize', { since: '1h', source: 'hype', after: first.next })
    ).body

    expect([first.checked, second.checked]).toEqual([50, 1])
    expect(second.next).toBeNull()
    expect(
      (await call('POST', '/renormalize', { since: '1h', source: 'hapana' })).body.checked,
    ).toBe(0)
  })
})

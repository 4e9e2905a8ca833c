// Accepting requests, and what is stored of them. Real D1; the queue only records its messages.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { EventId } from '../../../src/core/id.ts'
import { getEvent, listEvents } from '../../../src/store/events/events.ts'
import { VENDORS } from '../../../src/vendors/index.ts'
import {
  aConfig,
  aPayment,
  aQueue,
  aSpill,
  aStatusChange,
  NOW,
  stored,
  take,
} from '../../builders.ts'

const config = aConfig({ name: 'crm' }, { name: 'finance', events: ['payment.*'] })

describe('an accepted event', () => {
  it('is in the log with its deliveries, whose ids are in the queue', async () => {
    const { queue, sent } = aQueue()

    const result = await take(config, 'hype', aPayment(), { queue })

    expect(result).toMatchObject({
      ok: true,
      value: {
        batch: false,
        events: [{ status: 'accepted', type: 'payment.created', deliveries: 2 }],
      },
    })
    const id = (result as { value: { events: { id: EventId }[] } }).value.events[0]?.id as EventId
    const event = await getEvent(env, id)
    expect(event?.deliveries).toEqual([
      {
        target: 'crm',
        state: 'pending',
        reason: null,
        replayed: false,
        attempt: 1,
        due: '2026-11-21T00:00:00Z',
        attempts: [],
      },
      {
        target: 'finance',
        state: 'pending',
        reason: null,
        replayed: false,
        attempt: 1,
        due: '2026-11-21T00:00:00Z',
        attempts: [],
      },
    ])
    expect(sent).toEqual([
      { event: id, target: 'crm', attempt: 1, delaySeconds: 0 },
      { event: id, target: 'finance', attempt: 1, delaySeconds: 0 },
    ])
  })

  it.each([
    [
      'normalize',
      'quarantined',
      { issues: [{ path: 'body', message: 'made our mapping fail: TypeError' }] },
    ],
    [
      'interpret',
      'accepted',
      { event: { data: { warnings: ['history: made our mapping fail: TypeError'] } } },
    ],
  ] as const)('is stored although the mapping fails in %s', async (step, status, stored) => {
    const failing = vi.spyOn(VENDORS.hype, step).mockImplementation(() => {
      throw new TypeError('not for the log: ana@example.com')
    })

    const result = await take(config, 'hype', aPayment())
    failing.mockRestore()

    expect(result).toMatchObject({ ok: true, value: { events: [{ status }] } })
    const id = (result as { value: { events: { id: EventId }[] } }).value.events[0]?.id as EventId
    expect(await getEvent(env, id)).toMatchObject({ status, ...stored })
  })

  it('is stored with the exact bytes of its request', async () => {
    const text = `\uFEFF{ "type" : "payment.created",\r\n "id":"spaced","publisher_id":"p", "data": {"total":1.50} }\n`

    const id = await stored(config, 'hype', text)

    expect((await getEvent(env, id))?.raw).toMatchObject({ text, encoding: 'utf8' })
  })

  it('is stored with the useful headers, and never with the one that authenticates the sender', async () => {
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Hapana/2',
      'x-hapana-delivery': 'del_1',
      cookie: 'session=1',
      authorization: 'Bearer x',
    }

    const id = await stored(config, 'hapana', aStatusChange(), { headers })

    expect((await getEvent(env, id))?.raw.headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Hapana/2',
      'x-hapana-delivery': 'del_1',
    })
  })

  it('that no target wants is stored, and listed as unrouted', async () => {
    const unwanted = aConfig({ name: 'finance', events: ['payment.*'] })

    const id = await stored(unwanted, 'hapana', aStatusChange())

    const { items: unrouted } = await listEvents(env, { unrouted: true }, { limit: 200 })
    expect(unrouted.map((event) => event.id)).toContain(id)
    expect(unrouted.every((event) => event.deliveries_created === 0)).toBe(true)
  })

  it('waits the settle time of a target when its meaning may change', async () => {
    const { queue, sent } = aQueue()
    const settling = aConfig({ name: 'crm', settle_seconds: 600 })

    await take(settling, 'hype', aPayment({ type: 'payment.deleted' }), { queue })

    expect(sent).toMatchObject([{ target: 'crm', delaySeconds: 600 }])
  })

  it('is stored although the queue refuses its ids: the deliveries are due, and the sweep finds them', async () => {
    const queue = aQueue().queue
    vi.spyOn(queue, 'sendBatch').mockRejectedValueOnce(new Error('Too Many Requests'))

    const result = await take(config, 'hapana', aStatusChange(), { queue })

    expect(result).toMatchObject({ ok: true, value: { events: [{ status: 'accepted' }] } })
  })

  it('is acknowledged while the queue does not respond: the message is sent after the response', async () => {
    const queue = aQueue().queue
    vi.spyOn(queue, 'sendBatch').mockReturnValueOnce(new Promise<never>(() => undefined))
    const waitUntil = vi.fn()

    const result = await take(config, 'hapana', aStatusChange(), { queue, tools: { waitUntil } })

    expect(result).toMatchObject({ ok: true, value: { events: [{ status: 'accepted' }] } })
    expect(waitUntil).toHaveBeenCalledOnce()
  })

  it('of 900,000 bytes is stored and normalized whole', async () => {
    const note = 'ü'.repeat(449_800)
    const text = JSON.stringify(aStatusChange({ note }))
    expect(new TextEncoder().encode(text).length).toBeGreaterThan(899_000)

    const id = await stored(config, 'hapana', text)

    const event = await getEvent(env, id)
    expect(event?.raw.text).toBe(text)
    expect(event?.event).toMatchObject({ data: { extra: { note } } })
  })
})

it('stores an HTML mail of 300 kB whole', async () => {
  const html = `<html>${'<p>Hello Ana, your pass is ready &amp; waiting.</p>'.repeat(6000)}</html>`
  expect(html.length).toBeGreaterThan(300_000)
  const mail = {
    eventType: 'outboundMessage',
    clientID: 'client-mail',
    siteID: 'site-1',
    messageId: 'm-300',
    communicationType: 'Email',
    emailTo: 'ana@example.com',
    subject: 'Your pass',
    message: html,
  }

  const id = await stored(config, 'hapana', mail)

  const event = await getEvent(env, id)
  expect(event?.event).toMatchObject({
    type: 'message.sent',
    data: { message: { channel: 'email', body: html, body_format: 'html' } },
  })
})

describe('a duplicate', () => {
  it('is a row of its own in the log that names the first event, and has no deliveries', async () => {
    const { queue, sent } = aQueue()
    const change = aStatusChange({ clientID: 'sent-twice' })
    const first = await stored(config, 'hapana', change)

    const second = await take(config, 'hapana', change, { queue, now: NOW + 60_000 })

    expect(second).toMatchObject({
      value: { events: [{ id: first, status: 'duplicate', deliveries: 0 }] },
    })
    const filter = { statuses: ['duplicate' as const] }
    const { items: duplicates } = await listEvents(env, filter, { limit: 200 })
    const own = duplicates.find(({ subject }) => subject === 'contact/sent-twice')
    expect(own?.id).not.toBe(first)
    expect(await getEvent(env, own?.id as EventId)).toMatchObject({
      matched: { id: first, by: 'content' },
      deliveries_created: 0,
      deliveries: [],
    })
    expect(sent).toEqual([])
  })
})

describe('a list of events', () => {
  it('has a receipt for each event, and each is stored exactly as it was sent', async () => {
    const [first, second] = [aStatusChange(), aStatusChange({ status: 'inactive' })]
    const text = `[ ${JSON.stringify(first)},\n  ${JSON.stringify(second, null, 2)} ]`

    const result = await take(config, 'hapana', text)

    if (!result.ok) throw new Error('refused')
    expect(result.value).toMatchObject({
      batch: true,
      events: [{ status: 'accepted' }, { status: 'accepted' }],
    })
    const ids = result.value.events.map(({ id }) => id)
    const raws = await Promise.all(ids.map(async (id) => (await getEvent(env, id))?.raw.text))
    expect(raws).toEqual([JSON.stringify(first), JSON.stringify(second, null, 2)])
  })

  it('with the same event twice becomes one event and one duplicate', async () => {
    const change = aStatusChange()

    const result = await take(config, 'hapana', [change, change])

    if (!result.ok) throw new Error('refused')
    const [first, second] = result.value.events
    expect([first?.status, second?.status]).toEqual(['accepted', 'duplicate'])
    expect(second?.id).toBe(first?.id)
  })

  it('is handled in its order: a status that returns is an event of its own', async () => {
    for (let round = 0; round < 10; round++) {
      const active = aStatusChange()
      const list = [active, { ...active, status: 'inactive' }, active]

      const result = await take(config, 'hapana', list)

      if (!result.ok) throw new Error('refused')
      expect(result.value.events.map(({ status }) => status)).toEqual([
        'accepted',
        'accepted',
        'accepted',
      ])
    }
  })

  it('of more than 100 is refused whole', async () => {
    const result = await take(
      config,
      'hapana',
      Array.from({ length: 101 }, () => aStatusChange()),
    )

    expect(result).toEqual({ ok: false, error: { kind: 'too_many_events', maxEvents: 100 } })
  })
})

describe('a message that is not understood', () => {
  it('is quarantined with its issues and bytes, without deliveries', async () => {
    const { queue, sent } = aQueue()
    const body = { eventType: 'refundIssued', clientID: 'c1', siteID: 's1' }

    const result = await take(config, 'hapana', body, { queue })

    if (!result.ok) throw new Error('refused')
    const [receipt] = result.value.events
    expect(receipt).toMatchObject({
      status: 'quarantined',
      type: 'vendor.unrecognized',
      deliveries: 0,
      issues: ['type: unknown event type'],
    })
    const event = await getEvent(env, receipt?.id as EventId)
    expect(event).toMatchObject({
      status: 'quarantined',
      vendortype: 'refundIssued',
      event: null,
      deliveries: [],
    })
    expect(event?.raw.text).toBe(JSON.stringify(body))
    expect(sent).toEqual([])
  })

  it('because it is not UTF-8 is stored byte by byte', async () => {
    const bytes = new Uint8Array([
      ...new TextEncoder().encode('{"clientID":"'),
      0xe9,
      ...new TextEncoder().encode('"}'),
    ])

    const id = await stored(config, 'hapana', bytes)

    const event = await getEvent(env, id)
    expect(event).toMatchObject({ status: 'quarantined', raw: { encoding: 'base64' } })
    expect(Uint8Array.from(atob(event?.raw.text ?? ''), (c) => c.charCodeAt(0))).toEqual(bytes)
  })

  it('because it nests 10,000 levels deep is stored as it was sent', async () => {
    const text = `{"clientID":"c","a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`

    const id = await stored(config, 'hapana', text)

    expect(await getEvent(env, id)).toMatchObject({ status: 'quarantined', raw: { text } })
  })
})

describe('while D1 fails', () => {
  const failures: [string, () => Promise<never>][] = [
    ['rejects the write', () => Promise.reject(new Error('D1_ERROR: Network connection lost.'))],
    ['does not respond within 2 s', () => new Promise<never>(() => undefined)],
  ]
  const without = (batch: () => Promise<never>) =>
    ({ prepare: (sql: string) => env.DB.prepare(sql), batch }) as unknown as D1Database

  it.each(failures)('when D1 %s, the request is in the spill queue', async (_case, batch) => {
    const { queue, kept } = aSpill()

    const result = await take(config, 'hype', aPayment(), { db: without(batch), spill: queue })

    expect(result).toMatchObject({
      ok: true,
      value: { events: [{ status: 'queued', type: 'payment.created', deliveries: 2 }] },
    })
    expect(kept).toHaveLength(1)
  })

  it.each(failures)(
    'when D1 %s and the spill queue fails too, the request is refused as not stored',
    async (_case, batch) => {
      const result = await take(config, 'hapana', aStatusChange(), { db: without(batch) })

      expect(result).toMatchObject({ ok: false, error: { kind: 'not_stored' } })
    },
  )

  it('when the spill queue does not respond either, the request is refused as not stored within 3 s', async () => {
    const silent = { send: () => new Promise<never>(() => undefined) }

    const result = await take(config, 'hapana', aStatusChange(), {
      db: without(() => Promise.reject(new Error('D1 is unavailable'))),
      spill: silent as unknown as Queue<Uint8Array>,
    })

    expect(result).toMatchObject({
      ok: false,
      error: {
        kind: 'not_stored',
        reason: 'Error: D1 is unavailable; spill: Error: the queue did not answer within 3000 ms',
      },
    })
  })

  it('when reading and writing take longer than 2 s together, the request is in the spill queue', async () => {
    const { queue, kept } = aSpill()
    const trips: Promise<D1Result[]>[] = []
    const slow = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: (statements: D1PreparedStatement[]) => {
        const trip = new Promise((resolve) => setTimeout(resolve, 1300)).then(() =>
          env.DB.batch(statements),
        )
        trips.push(trip)
        return trip
      },
    } as unknown as D1Database

    const result = await take(config, 'hype', aPayment(), { db: slow, spill: queue })

    expect(result).toMatchObject({ ok: true, value: { events: [{ status: 'queued' }] } })
    expect(kept).toHaveLength(1)
    await Promise.all(trips)
  })

  it('refuses a request that is too large for the spill queue even when compressed', async () => {
    const noise = [...crypto.getRandomValues(new Uint8Array(60_000))]
      .map((n) => n.toString(16))
      .join('')
    const { queue, kept } = aSpill()
    const db = without(() => Promise.reject(new Error('D1 is unavailable')))

    const result = await take(config, 'hapana', aStatusChange({ noise, more: noise }), {
      db,
      spill: queue,
    })

    expect(result).toMatchObject({ ok: false, error: { kind: 'not_stored' } })
    expect(kept).toEqual([])
  })

  it('assigns another id when one is used already', async () => {
    const first = await stored(config, 'hapana', aStatusChange(), { tools: { random: () => 4711 } })
    const numbers = [4711, 4712]

    const second = await stored(config, 'hapana', aStatusChange(), {
      tools: { random: () => numbers.shift() ?? 0 },
    })

    expect(second).not.toBe(first)
  })
})

describe('the price of an event', () => {
  /** The price of accepting a body: its round trips to D1, and the rows that these wrote and read. */
  async function priceOf(targets: number, source: 'hype' | 'hapana', body: object, now: number) {
    const priced = aConfig(...Array.from({ length: targets }, (_, i) => ({ name: `t${i}` })))
    const spy = vi.spyOn(env.DB, 'batch')
    await stored(priced, source, body, { now })
    const batches = (await Promise.all(spy.mock.results.map(({ value }) => value))) as D1Result[][]
    spy.mockRestore()
    const metas = batches.flat().map(({ meta }) => meta)
    return {
      trips: batches.length,
      written: sum(metas.map(({ rows_written }) => rows_written)),
      read: sum(metas.map(({ rows_read }) => rows_read)),
    }
  }
  const profile = (id: string, n: number) => ({
    eventType: 'clientUpdated',
    clientID: id,
    siteID: 'site-1',
    firstName: `Ana ${n}`,
  })
  const payment = (id: string, n: number) => aPayment({ id, data: { tier: 'Gold', total: n } })

  it.each([
    [0, 'hapana', profile, 1],
    [1, 'hapana', profile, 1],
    [5, 'hapana', profile, 1],
    [0, 'hype', payment, 2],
    [1, 'hype', payment, 2],
    [5, 'hype', payment, 2],
  ] as const)(
    'with %i targets, from %s, is at most 2 + 2·T rows written and 40 + 10·T read, and no row for a known person',
    async (targets, source, body, trips) => {
      const [time, id] = [NOW + targets, `priced-${targets}`]
      for (const n of [1, 2, 3]) {
        await stored(aConfig(), source, body(id, n), { now: time + n * 1000 })
      }

      const price = await priceOf(targets, source, body(id, 4), time + 5000)

      expect(price.trips).toBe(trips)
      // Each delivery's final update is a second row; test/stages/deliveries/deliver.test.ts counts it.
      expect(price.written).toBe(2 + targets)
      expect(price.read).toBeLessThanOrEqual(40 + 5 * targets)
    },
  )

  it('is three rows more for a new contact with an address', async () => {
    await stored(aConfig(), 'hype', aPayment())
    const known = { id: 'new-here', email: 'new-here@example.com' }

    const price = await priceOf(1, 'hype', aPayment(known), NOW + 5000)

    expect(price.written).toBe(2 + 1 + 3)
  })
})

function sum(numbers: number[]): number {
  return numbers.reduce((total, n) => total + n, 0)
}

// When D1 is available again, spilled requests are recorded as they would have been.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import { type EventId, keyOfId } from '../../../src/core/id.ts'
import { spill } from '../../../src/stages/intake/spill.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aPayment, aQueue, aSpill, NOW, stored, take, toolsAt } from '../../builders.ts'
import PACKED from './packed-0.1.json?raw'

const config = aConfig({ name: 'crm' })
const UNAVAILABLE = {
  prepare: (sql: string) => env.DB.prepare(sql),
  batch: () => Promise.reject(new Error('D1 is unavailable')),
} as unknown as D1Database

/** Accepts a body while D1 is unavailable; returns its id and its packed request. */
async function spilled(
  body: object,
  {
    source = 'hype',
    ...options
  }: { now?: number; db?: D1Database; source?: 'hapana' | 'hype' } = {},
) {
  const { queue, kept } = aSpill()
  const result = await take(config, source, body, { db: UNAVAILABLE, spill: queue, ...options })
  const event = result.ok ? result.value.events[0] : undefined
  if (event === undefined || kept[0] === undefined) throw new Error(JSON.stringify(result))
  return { id: event.id, packed: kept[0] }
}

function messagesOf(...packed: Uint8Array[]) {
  return packed.map((body) => ({
    id: crypto.randomUUID(),
    timestamp: new Date(NOW),
    attempts: 2,
    body: body.slice().buffer,
    ack: vi.fn(),
    retry: vi.fn(),
  }))
}

async function run(packed: Uint8Array[], db: D1Database = env.DB) {
  const { queue, sent } = aQueue()
  const messages = messagesOf(...packed)
  await spill(
    { DB: db, DELIVERIES: queue, SPILL: aSpill().queue },
    config,
    messages,
    toolsAt(NOW + 60_000),
  )
  return { sent, messages }
}

describe('a spilled request', () => {
  it('is recorded under the id of its receipt, and its deliveries are enqueued', async () => {
    const { id, packed } = await spilled(aPayment({ id: 'spilled' }))

    const { sent, messages } = await run([packed])

    expect(await getEvent(env, id)).toMatchObject({
      status: 'accepted',
      receivedat: '2026-11-21T00:00:00Z',
      raw: { text: expect.stringContaining('"spilled"') },
      deliveries: [{ target: 'crm', state: 'pending' }],
    })
    expect(sent).toEqual([{ event: id, target: 'crm', attempt: 1, delaySeconds: 0 }])
    expect(messages[0]?.ack).toHaveBeenCalledOnce()
  })

  it('that is handled twice is recorded once', async () => {
    const { id, packed } = await spilled(aPayment())
    await run([packed])

    await run([packed])

    expect((await getEvent(env, id))?.deliveries).toHaveLength(1)
    const { results } = await env.DB.prepare(
      `SELECT status FROM events WHERE contact = (SELECT contact FROM events ORDER BY key DESC LIMIT 1)`,
    ).all()
    expect(results).toEqual([{ status: 'accepted' }])
  })

  it('is recorded and acknowledged although the queue takes its ids and reports an error', async () => {
    const { queue, sent } = aQueue()
    const unreliable = {
      sendBatch: async (batch: Iterable<MessageSendRequest<DeliveryMessage>>) => {
        await queue.sendBatch(batch)
        throw new Error('Network connection lost.')
      },
    } as unknown as Queue<DeliveryMessage>
    const first = await spilled(aPayment())
    const second = await spilled(aPayment())
    const messages = messagesOf(first.packed, second.packed)
    const log = vi.fn()

    const tools = toolsAt(NOW + 60_000, { log })
    await spill(
      { DB: env.DB, DELIVERIES: unreliable, SPILL: aSpill().queue },
      config,
      messages,
      tools,
    )

    expect(sent.map(({ event }) => event)).toEqual([first.id, second.id].sort())
    for (const { ack, retry } of messages) {
      expect(ack).toHaveBeenCalledOnce()
      expect(retry).not.toHaveBeenCalled()
    }
    expect(log).toHaveBeenCalledWith({
      at: 'queue',
      deliveries: sent.map(({ event }) => ({ event, target: 'crm', attempt: 1 })),
      fault: 'the queue did not take the messages; the sweep will send them again',
      detail: 'Error: Network connection lost.',
    })
  })

  it('whose first write succeeded unnoticed is recognised, and its ids are sent', async () => {
    const silent = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        await env.DB.batch(statements)
        throw new Error('Network connection lost.')
      },
    } as unknown as D1Database
    const { id, packed } = await spilled(aPayment(), { db: silent })

    const { sent, messages } = await run([packed])

    expect((await getEvent(env, id))?.status).toBe('accepted')
    expect(sent).toEqual([{ event: id, target: 'crm', attempt: 1, delaySeconds: 0 }])
    expect(messages[0]?.ack).toHaveBeenCalledOnce()
  })

  it('that repeats an event of the log is a duplicate, and is not delivered', async () => {
    const payment = aPayment()
    await stored(config, 'hype', payment)
    const { id, packed } = await spilled(payment, { now: NOW + 1000 })

    const { sent } = await run([packed])

    expect(await getEvent(env, id)).toMatchObject({ status: 'duplicate', deliveries: [] })
    expect(sent).toEqual([])
  })

  const PURCHASE = { eventType: 'packagePurchased', packageID: 'pass-10', amount: 90 }
  const PROFILE = { eventType: 'clientUpdated', email: 'ana@example.com' }

  it.each([
    ['purchase made an hour later', PURCHASE, 3_600_000, 'accepted', 1],
    ['purchase made a minute later', PURCHASE, 60_000, 'accepted', 1],
    ['profile sent an hour later', PROFILE, 3_600_000, 'accepted', 1],
    ['profile sent a minute later', PROFILE, 60_000, 'duplicate', 0],
  ])(
    'is compared with an equal %s that was recorded first',
    async (about, message, later, status, sent) => {
      const body = { ...message, clientID: about }
      const { id, packed } = await spilled(body, { source: 'hapana' })
      const second = await stored(config, 'hapana', body, { now: NOW + later })

      const result = await run([packed])

      expect(await getEvent(env, id)).toMatchObject({ status, matched: { id: second } })
      expect(result.sent).toHaveLength(sent)
    },
  )

  it('that repeats an earlier event is its duplicate, although the same was recorded again since', async () => {
    const profile = { ...PROFILE, clientID: 'sends-again' }
    const first = await stored(config, 'hapana', profile, { now: NOW })
    const { id, packed } = await spilled(profile, { source: 'hapana', now: NOW + 10_000 })
    await stored(config, 'hapana', profile, { now: NOW + 3_600_000 })

    await run([packed])

    expect(await getEvent(env, id)).toMatchObject({
      status: 'duplicate',
      matched: { id: first },
    })
  })

  it('whose id is used by another event gets the next one', async () => {
    const { queue, kept } = aSpill()
    const tools = { random: () => 99 }
    const result = await take(config, 'hype', aPayment({ id: 'late' }), {
      db: UNAVAILABLE,
      spill: queue,
      tools,
    })
    const id = result.ok ? (result.value.events[0]?.id as EventId) : 'evt_'
    expect(await stored(config, 'hype', aPayment({ id: 'first' }), { tools })).toBe(id)

    const { sent } = await run(kept)
    const again = await run(kept)

    expect(again.sent).toEqual(sent)
    expect(again.messages[0]?.ack).toHaveBeenCalledOnce()
    const [message] = sent
    expect(message?.event).not.toBe(id)
    expect(await getEvent(env, message?.event as EventId)).toMatchObject({
      subject: 'contact/late',
      event: { id: message?.event },
    })
  })

  it('is retried with a delay while D1 is unavailable', async () => {
    const { packed } = await spilled(aPayment())

    const { messages } = await run([packed], UNAVAILABLE)

    expect(messages[0]?.ack).not.toHaveBeenCalled()
    expect(messages[0]?.retry).toHaveBeenCalledWith({ delaySeconds: 15 })
  })
})

it('records a batch in the order of arrival, in any order of its messages', async () => {
  const payment = aPayment()
  const first = await spilled(payment, { now: NOW + 10 })
  const repeat = await spilled(payment, { now: NOW + 20 })

  await run([repeat.packed, first.packed])

  expect((await getEvent(env, first.id))?.status).toBe('accepted')
  expect(await getEvent(env, repeat.id)).toMatchObject({
    status: 'duplicate',
    matched: { id: first.id },
  })
})

describe('the form of a spilled request', () => {
  const ACCEPTED = 'evt_38fvcwc00c502'
  const QUARANTINED = 'evt_38fvcwc015wxe'

  it('is that of version 0.1, whose requests are recorded', async () => {
    const gzip = new Blob([PACKED]).stream().pipeThrough(new CompressionStream('gzip'))

    const { sent, messages } = await run([await new Response(gzip).bytes()])

    expect(messages[0]?.ack).toHaveBeenCalledOnce()
    expect(sent).toEqual([{ event: ACCEPTED, target: 'crm', attempt: 1, delaySeconds: 0 }])
    const accepted = await getEvent(env, ACCEPTED)
    expect(accepted?.status).toBe('accepted')
    expect(JSON.stringify(accepted?.event)).toContain('"value":"12.50"')
    const [row] = (
      await env.DB.prepare('SELECT event FROM events WHERE key = CAST(?1 AS INTEGER)')
        .bind(keyOfId(ACCEPTED))
        .all<{ event: string }>()
    ).results
    expect(row?.event).toContain('"extra":{"note":1e400}')
    expect(await getEvent(env, QUARANTINED)).toMatchObject({
      status: 'quarantined',
      issues: [{ path: 'type', message: 'names no event that is known' }],
    })
  })

  it('is one that version 0.1 reads, for a rollback', async () => {
    const spilledNow = await Promise.all([aPayment(), { nonsense: true }].map(recordOf))
    const [accepted, quarantined] = JSON.parse(PACKED)
    // What it does not know, it does not read.
    for (const record of spilledNow) delete record.nature

    // Version 0.1 computes these again for a provisional record.
    const { at: _, sighting: __, ...needed } = accepted
    expect(Object.keys(spilledNow[0] ?? {}).sort()).toEqual(Object.keys(needed).sort())
    expect(typeof spilledNow[0]?.content.event).toBe('string')
    expect(Object.keys(spilledNow[1] ?? {}).sort()).toEqual(Object.keys(quarantined).sort())
  })
})

/** The record of a spilled body, as it is in the queue. */
async function recordOf(body: object) {
  const { queue, kept } = aSpill()
  await take(config, 'hype', body, { db: UNAVAILABLE, spill: queue })
  const gzip = new Blob([kept[0] as Uint8Array<ArrayBuffer>]).stream()
  const text = await new Response(gzip.pipeThrough(new DecompressionStream('gzip'))).text()
  return JSON.parse(text)[0]
}

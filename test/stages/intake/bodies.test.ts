// Large bodies are stored once, compressed, in R2 where a bucket is bound and in D1 where none is: whoever reads the event gets
// it to the byte, and R2 is in nobody's way.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import { type EventId, keyOfId, timeOfId } from '../../../src/core/id.ts'
import { spill } from '../../../src/stages/intake/spill.ts'
import { readStatus } from '../../../src/stages/operate/attention.ts'
import { release } from '../../../src/stages/operate/quarantine.ts'
import { renormalize } from '../../../src/stages/operate/renormalize.ts'
import { type EventDetail, getEvent } from '../../../src/store/events/events.ts'
import {
  aConfig,
  aMail,
  aMessageFor,
  aPayment,
  aQueue,
  aSpill,
  deliverBatch,
  NOW,
  stored,
  take,
  toolsAt,
} from '../../builders.ts'
import { counting, empty, LOG_TABLES } from '../../database.ts'

const ARCHIVE = env.ARCHIVE as R2Bucket
const config = aConfig(
  { name: 'crm', include: ['message_body'] },
  { name: 'bytes', format: 'raw' },
  {
    name: 'shout',
    transform: '{"text": $uppercase(data.message.body), "same": data.message.body}',
    include: ['message_body'],
  },
)

const objectNames = async () => (await ARCHIVE.list()).objects.map(({ key }) => key)

beforeEach(async () => {
  await empty(...LOG_TABLES, 'targets')
  await ARCHIVE.delete(await objectNames())
})

/** A bucket of which some methods do something else. */
const bucketWith = (methods: Partial<Record<'put' | 'get' | 'delete', () => Promise<never>>>) =>
  new Proxy(ARCHIVE, {
    get: (bucket, name) => {
      const member = methods[name as keyof typeof methods] ?? bucket[name as keyof R2Bucket]
      return typeof member === 'function' ? (member as () => unknown).bind(bucket) : member
    },
  })
const failing = () => Promise.reject(new Error('R2: internal error (10001)'))
const hanging = () => new Promise<never>(() => undefined)

const rowOf = (event: EventId) =>
  env.DB.prepare(
    `SELECT raw, event, length(event) AS length, object, length(packed) AS packed, size FROM events
     LEFT JOIN bodies ON owner = key WHERE key = CAST(?1 AS INTEGER)`,
  )
    .bind(keyOfId(event))
    .first<
      Record<'raw' | 'event' | 'object', string | null> & {
        length: number
        packed: number
        size: number
      }
    >()

const bodyInEvent = (found: EventDetail | undefined) =>
  (found?.event as { data: { message?: { body: string } } } | null)?.data.message?.body

/** Tries a delivery once; returns what its target got. */
async function attempt(
  event: EventId,
  target: string,
  {
    archive,
    status = 200,
    now = NOW,
    message,
  }: { archive?: R2Bucket | undefined; status?: number; now?: number; message?: DeliveryMessage },
) {
  const got: string[] = []
  const body = message ?? (await aMessageFor(event, target))
  const one = {
    id: crypto.randomUUID(),
    timestamp: new Date(now),
    attempts: 1,
    body,
    ack: vi.fn(),
    retry: vi.fn(),
  }
  const bindings = { DB: env.DB, RETRIES: aQueue().queue, ...(archive && { ARCHIVE: archive }) }
  await deliverBatch(bindings, config, 'retries', [one as unknown as Message<DeliveryMessage>], {
    now: () => now,
    fetch: async (_url, init) => {
      got.push(String(init.body))
      return new Response('', { status })
    },
  })
  expect(one.retry).not.toHaveBeenCalled()
  return got
}

type Bound = { archive?: R2Bucket }

describe.each<[string, Bound]>([
  ['R2', { archive: ARCHIVE }],
  ['D1', {}],
])('in %s', (place, bound) => {
  const bindings = {
    DB: env.DB,
    RETRIES: aQueue().queue,
    ...(bound.archive && { ARCHIVE: bound.archive }),
  }

  it('keeps a mail once, and compressed', async () => {
    const mail = JSON.stringify(aMail())
    const event = await stored(config, 'hapana', mail, bound)

    const row = await rowOf(event)

    expect(row?.raw).toBeNull()
    expect(row?.length).toBeLessThan(2000)
    expect(row?.size).toBe(mail.length)
    const bytes = place === 'R2' ? (await ARCHIVE.head(row?.object ?? ''))?.size : row?.packed
    expect(bytes).toBeLessThan(20_000)
    expect(place === 'R2' ? row?.packed : row?.object).toBeNull()
    expect(await objectNames()).toHaveLength(place === 'R2' ? 1 : 0)
  })

  it('gives the exact bytes and the whole event back', async () => {
    const mail = aMail(60_000, { subject: "'raw 0 3000' – Grüße 😀" })
    const text = JSON.stringify(mail, null, 2).replaceAll('</', '<\\/')
    const event = await stored(config, 'hapana', text, bound)

    const found = await getEvent(bindings, event)

    expect(found?.raw.text).toBe(text)
    expect(found?.raw).not.toHaveProperty('unreadable')
    expect(bodyInEvent(found)).toBe(mail.message)
    expect(found?.event).toMatchObject({ data: { message: { subject: mail.subject } } })
  })

  it('keeps bytes that are no text', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(40_000)).fill(0xff, 0, 2)
    const event = await stored(config, 'hapana', bytes, bound)

    const { raw, status } = (await getEvent(bindings, event)) ?? {}

    expect(status).toBe('quarantined')
    expect(raw?.encoding).toBe('base64')
    expect(Uint8Array.from(atob(raw?.text ?? ''), (c) => c.charCodeAt(0))).toEqual(bytes)
  })

  it('keeps each message of a list by itself, the small ones in their rows', async () => {
    const list = [aMail(20_000), aMail(5000), aMail(90_000)]
    const result = await take(config, 'hapana', list, bound)
    if (!result.ok) throw new Error(JSON.stringify(result))
    const ids = result.value.events.map(({ id }) => id)

    const texts = await Promise.all(ids.map(async (id) => (await getEvent(bindings, id))?.raw.text))
    const inRows = await Promise.all(ids.map(async (id) => (await rowOf(id))?.raw !== null))

    expect(texts).toEqual(list.map((one) => JSON.stringify(one)))
    expect(inRows).toEqual([false, true, false])
  })

  it('delivers the same body at the first attempt and at each later one, and keeps it once', async () => {
    const mail = aMail()
    const text = JSON.stringify(mail)
    const event = await stored(config, 'hapana', text, bound)

    for (const target of ['crm', 'bytes', 'shout']) {
      const first = await attempt(event, target, {
        archive: bound.archive,
        status: 500,
      })
      const kept = await env.DB.prepare(
        'SELECT length(body) AS n FROM deliveries WHERE target = ?1',
      )
        .bind(target)
        .first<number>('n')
      const later = await attempt(event, target, { archive: bound.archive, now: NOW + 3_600_000 })

      expect(later).toEqual(first)
      expect(first).toHaveLength(1)
      if (target === 'crm') expect(JSON.parse(first[0] ?? '').data.message.body).toBe(mail.message)
      if (target === 'bytes') expect(first[0]).toBe(text)
      if (target === 'shout') expect(JSON.parse(first[0] ?? '').same).toBe(mail.message)
      expect(kept).toBeLessThan(target === 'shout' ? 25_000 : 2000)
    }
  })

  it('normalizes it again', async () => {
    const event = await stored(config, 'hapana', aMail(), bound)
    await env.DB.prepare(`UPDATE events SET event = replace(event, 'Your week', 'Another')`).run()
    const period = { since: timeOfId(event), until: timeOfId(event) + 1 }
    const request = {
      period,
      source: undefined,
      after: undefined,
      limit: 10,
      isDryRun: false,
      deliver: false,
      origin: 'https://relay.example',
    }

    const result = await renormalize(bindings, config, request, toolsAt(NOW))

    expect(result.changed.map(({ id }) => id)).toEqual([event])
    expect((await rowOf(event))?.length).toBeLessThan(2000)
    expect((await getEvent(bindings, event))?.event).toMatchObject({
      data: { message: { subject: 'Your week' } },
    })
  })

  it('releases it from quarantine', async () => {
    const mail = aMail(60_000, { eventType: 'unheardOf' })
    const event = await stored(config, 'hapana', mail, bound)
    const known = JSON.stringify({ ...mail, eventType: 'outboundMessage' })
    // As if the mapping had learned the type since: its bytes are those of a type that is known.
    const other = await stored(config, 'hapana', known, { ...bound, now: NOW - 86_400_000 })
    await env.DB.batch([
      env.DB.prepare('DELETE FROM bodies WHERE owner = CAST(?1 AS INTEGER)').bind(keyOfId(event)),
      env.DB.prepare('UPDATE bodies SET owner = CAST(?1 AS INTEGER)').bind(keyOfId(event)),
      env.DB.prepare('DELETE FROM events WHERE key = CAST(?1 AS INTEGER)').bind(keyOfId(other)),
    ])

    const released = await release(
      bindings,
      config,
      {},
      { after: undefined, limit: 10, isDryRun: false, origin: 'https://relay.example' },
      toolsAt(NOW),
    )

    expect(released.released.map(({ id }) => id)).toEqual([event])
    expect((await rowOf(event))?.length).toBeLessThan(2000)
    expect(bodyInEvent(await getEvent(bindings, event))).toBe(mail.message)
  })

  it('places the body of a spilled request when that is recorded', async () => {
    const mail = aMail()
    const { queue, kept } = aSpill()
    const db = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: failing,
    } as unknown as D1Database
    const result = await take(config, 'hapana', mail, { ...bound, db, spill: queue })
    if (!result.ok || kept[0] === undefined) throw new Error(JSON.stringify(result))
    const event = result.value.events[0]?.id as EventId
    const message = {
      id: '1',
      timestamp: new Date(NOW),
      attempts: 1,
      body: kept[0].slice().buffer,
      ack: vi.fn(),
      retry: vi.fn(),
    }

    const all = { ...bindings, DELIVERIES: aQueue().queue, SPILL: aSpill().queue }
    await spill(all, config, [message as unknown as Message<ArrayBuffer>], toolsAt(NOW))

    expect(message.ack).toHaveBeenCalled()
    expect((await rowOf(event))?.raw).toBeNull()
    expect((await getEvent(bindings, event))?.raw.text).toBe(JSON.stringify(mail))
  })

  it('costs a small event nothing', async () => {
    const costOf = async (options: Bound) => {
      const meter = counting()
      await stored(config, 'hype', aPayment({ email: undefined }), { ...options, db: meter.db })
      return { read: meter.read(), written: meter.written() }
    }
    await costOf({})

    expect(await costOf(bound)).toEqual(await costOf({}))
    expect(await objectNames()).toEqual([])
  })
})

describe('when R2 fails', () => {
  it.each([
    ['refuses', failing],
    ['hangs', hanging],
  ])('accepts a mail into D1 while R2 %s', async (_how, put) => {
    const event = await stored(config, 'hapana', aMail(), { archive: bucketWith({ put }) })

    expect(await rowOf(event)).toMatchObject({ object: null, packed: expect.any(Number) })
  })

  it.each([
    ['refuses', failing, 'R2: internal error (10001)'],
    ['hangs', hanging, 'R2 did not answer within 3000 ms'],
  ])('lets a delivery wait while R2 %s, and says why', async (_how, get, reason) => {
    const event = await stored(config, 'hapana', aMail(), { archive: ARCHIVE })

    const got = await attempt(event, 'crm', { archive: bucketWith({ get }) })

    expect(got).toEqual([])
    const [delivery] =
      (await getEvent(env, event))?.deliveries.filter(({ target }) => target === 'crm') ?? []
    expect(delivery).toMatchObject({
      state: 'pending',
      attempt: 1,
      attempts: [],
      due: '2026-11-21T00:00:30Z',
      reason: `its bytes cannot be read now: ${reason}`,
    })
    expect(await attempt(event, 'crm', { archive: ARCHIVE, now: NOW + 30_000 })).toHaveLength(1)
    expect(
      (await getEvent(env, event))?.deliveries.find(({ target }) => target === 'crm'),
    ).toMatchObject({
      state: 'delivered',
      reason: null,
    })
  })

  it('needs attention while deliveries wait, and no longer', async () => {
    const event = await stored(config, 'hapana', aMail(), { archive: ARCHIVE })
    const { queue: SPILL } = aSpill()
    const bodiesIn = async () => {
      const { attention } = await readStatus({ DB: env.DB, SPILL }, config, toolsAt(NOW))
      return attention
        .filter(({ cause }) => cause === 'bodies_unreadable')
        .map(({ words }) => words)
    }
    expect(await bodiesIn()).toEqual([])

    for (const target of ['crm', 'bytes']) await attempt(event, target, { archive: undefined })

    expect(await bodiesIn()).toEqual([
      expect.stringMatching(
        `^2 deliveries wait for a large body; that of ${event}: its bytes cannot`,
      ),
    ])
    for (const target of ['crm', 'bytes'])
      await attempt(event, target, { archive: ARCHIVE, now: NOW + 30_000 })
    expect(await bodiesIn()).toEqual([])
  })

  it('waits while the bucket is not bound', async () => {
    const event = await stored(config, 'hapana', aMail(), { archive: ARCHIVE })

    expect(await attempt(event, 'crm', { archive: undefined })).toEqual([])
    const { DB } = env
    const found = await getEvent({ DB }, event)

    expect(found?.raw).toMatchObject({
      text: null,
      unreadable: expect.stringContaining('ARCHIVE is not bound'),
    })
    expect(found?.event).toMatchObject({
      type: 'message.sent',
      data: { message: { subject: 'Your week', body: null } },
    })
  })

  it('refuses to normalize again what cannot be read', async () => {
    const event = await stored(config, 'hapana', aMail(), { archive: ARCHIVE })
    const before = await rowOf(event)
    const period = { since: timeOfId(event), until: timeOfId(event) + 1 }
    const request = {
      period,
      source: undefined,
      after: undefined,
      limit: 10,
      isDryRun: false,
      deliver: true,
      origin: 'https://relay.example',
    }
    const bindings = { DB: env.DB, RETRIES: aQueue().queue, ARCHIVE: bucketWith({ get: failing }) }

    const result = await renormalize(bindings, config, request, toolsAt(NOW))

    expect(result).toMatchObject({
      changed: [],
      pruned: 0,
      refused: [{ id: event, issues: [expect.stringContaining('cannot be read now')] }],
    })
    expect(await rowOf(event)).toEqual(before)
  })
})

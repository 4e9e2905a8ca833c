// Large bodies at the end of their retention: what refers to them keeps its text, their objects go, and what a cut left of them
// is found. Drift reads them like any other.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import { type EventId, keyOfId, newEventId } from '../../../src/core/id.ts'
import { tidyBodies } from '../../../src/stages/ledger/bodies.ts'
import { updateDriftReports } from '../../../src/stages/ledger/drift.ts'
import { prune } from '../../../src/stages/ledger/prune.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { readPacked } from '../../../src/store/events/packs/read.ts'
import { listDriftReports } from '../../../src/store/ledger/drift.ts'
import { restoreEvents } from '../../../src/store/ledger/packs/restore.ts'
import {
  aConfig,
  aMail,
  aMessageFor,
  aQueue,
  deliverBatch,
  NOW,
  stored,
  toolsAt,
} from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'
import { clearPacks, packAll } from '../../packs.ts'

const DAY = 86_400_000
const ARCHIVE = env.ARCHIVE as R2Bucket
const config = aConfig(
  { name: 'crm', include: ['message_body'], retry: [] },
  { name: 'bytes', format: 'raw', retry: [] },
)
const retention = {
  retentionDays: 400,
  rawRetentionDays: 90,
  isRetentionReadable: true,
  rawRetentionMinDays: 7,
  databaseBytes: 10e9,
}

const objectNames = async (prefix = '') =>
  (await ARCHIVE.list({ prefix })).objects.map(({ key }) => key)
const countBodies = () => env.DB.prepare('SELECT count(*) AS n FROM bodies').first<number>('n')

beforeEach(async () => {
  await empty(...LOG_TABLES, 'targets', 'drift')
  await ARCHIVE.delete(await objectNames())
  await clearPacks()
  await env.DB.batch([
    env.DB.prepare(
      `UPDATE pruned SET events = 0, raws = 0, raws_left = NULL, day = 0, objects = NULL`,
    ),
    env.DB.prepare('UPDATE drift_read SET event = 0'),
  ])
})

/** Tries both deliveries of an event once, and returns what the targets got. */
async function deliverAll(event: EventId, archive: R2Bucket | undefined, status = 500) {
  const got: Record<string, string> = {}
  for (const target of ['crm', 'bytes']) {
    const body = await aMessageFor(event, target)
    const one = {
      id: target,
      timestamp: new Date(NOW),
      attempts: 1,
      body,
      ack: vi.fn(),
      retry: vi.fn(),
    }
    const bindings = { DB: env.DB, RETRIES: aQueue().queue, ...(archive && { ARCHIVE: archive }) }
    await deliverBatch(bindings, config, 'retries', [one as unknown as Message<DeliveryMessage>], {
      fetch: async (_url, init) => {
        got[target] = String(init.body)
        return new Response('', { status })
      },
    })
  }
  return got
}

/** The bodies that are kept of the deliveries of an event. */
async function sentBodies(event: EventId) {
  const { results } = await env.DB.prepare(
    'SELECT target, body FROM deliveries WHERE event = CAST(?1 AS INTEGER)',
  )
    .bind(keyOfId(event))
    .all<{ target: string; body: string | null }>()
  return Object.fromEntries(results.map(({ target, body }) => [target, body]))
}

type Bound = { archive?: R2Bucket }

describe.each<[string, Bound]>([
  ['R2', { archive: ARCHIVE }],
  ['D1', {}],
])('in %s', (_place, bound) => {
  const bindings = { DB: env.DB, ...(bound.archive && { ARCHIVE: bound.archive }) }
  const pruneAt = (now: number) => prune(bindings, retention, toolsAt(now))

  it('gives the event its own text when the bytes go, and deletes copies of them', async () => {
    const event = await stored(config, 'hapana', aMail(), bound)
    const got = await deliverAll(event, bound.archive)
    const before = await getEvent(bindings, event)

    await pruneAt(NOW + 91 * DAY)

    const after = await getEvent(env, event)
    expect(after?.raw.text).toBeNull()
    expect(after?.raw).not.toHaveProperty('unreadable')
    expect(JSON.stringify(after?.event)).toBe(JSON.stringify(before?.event))
    expect(await sentBodies(event)).toEqual({ crm: got.crm, bytes: null })
    expect(await countBodies()).toBe(0)
    expect(await objectNames()).toEqual([])
  })

  it('keeps the bytes of what is still owed', async () => {
    const event = await stored(config, 'hapana', aMail(), bound)

    await pruneAt(NOW + 91 * DAY)

    expect((await getEvent(bindings, event))?.raw.text).not.toBeNull()
  })

  it('keeps a body whose event changes at the same moment', async () => {
    const event = await stored(config, 'hapana', aMail(), bound)
    await deliverAll(event, bound.archive, 200)
    const DB = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        await env.DB.prepare(
          `UPDATE events SET event = replace(event, 'Your week', 'Another')`,
        ).run()
        return env.DB.batch(statements)
      },
    } as unknown as D1Database

    await prune({ ...bindings, DB }, retention, toolsAt(NOW + 91 * DAY))
    const found = await getEvent(bindings, event)

    expect(found?.event).toMatchObject({
      data: { message: { subject: 'Another', body: expect.any(String) } },
    })
    await pruneAt(NOW + 91 * DAY + 60_000)
    expect((await getEvent(bindings, event))?.event).toEqual(found?.event)
    expect(await countBodies()).toBe(0)
  })

  it('deletes it with its event', async () => {
    const event = await stored(config, 'hapana', aMail(), bound)
    await deliverAll(event, bound.archive, 200)

    await pruneAt(NOW + 401 * DAY)

    expect(await getEvent(env, event)).toBeUndefined()
    expect(await countBodies()).toBe(0)
    expect(await objectNames()).toEqual([])
  })

  it('keeps it while the database is nearly full: the event would take more without it', async () => {
    const event = await stored(config, 'hapana', aMail(), bound)
    const small = await stored(config, 'hapana', aMail(1000), bound)
    for (const one of [event, small]) await deliverAll(one, bound.archive, 200)

    await prune(bindings, { ...retention, databaseBytes: 1 }, toolsAt(NOW + 30 * DAY))

    expect((await getEvent(bindings, small))?.raw.text).toBeNull()
    expect((await getEvent(bindings, event))?.raw.text).not.toBeNull()
  })

  it('is packed as a whole, its object goes with its rows, and all of it comes back', async () => {
    const mail = JSON.stringify(aMail())
    const event = await stored(config, 'hapana', mail, bound)
    const got = await deliverAll(event, bound.archive)
    const before = await getEvent(bindings, event)

    await packAll(bindings, NOW + 31 * DAY)

    const line = (await readPacked(bindings, [event])).get(event)
    const own = env.DB.prepare(`SELECT count(*) AS n FROM events WHERE key = ${keyOfId(event)}`)
    expect(await own.first('n')).toBe(0)
    expect(await getEvent(bindings, event)).toEqual(before)
    expect(line?.raw).toBe(mail)
    const {
      personid: _,
      personbasis: __,
      ...content
    } = (before?.event ?? {}) as Record<string, unknown>
    expect(line?.event).toEqual(content)
    expect(line?.deliveries.map(({ body }) => body)).toEqual([got.bytes, got.crm])
    expect(await countBodies()).toBe(0)
    expect(await objectNames('bodies/')).toEqual([])
    await restoreEvents(bindings, [event])
    expect(await getEvent(bindings, event)).toEqual(before)
  })

  it('reads it for the report of schema drift', async () => {
    await stored(config, 'hapana', aMail(60_000, { unheardOf: 1 }), bound)

    await updateDriftReports(bindings, toolsAt(NOW + 10 * 60_000))

    const [report] = await listDriftReports(env.DB, {})
    expect([...(report?.report.keys.keys() ?? [])]).toContain('unheardOf')
  })
})

it('lets bytes wait that R2 does not give, and deletes the others', async () => {
  const events = [
    await stored(config, 'hapana', aMail(), { archive: ARCHIVE }),
    await stored(config, 'hapana', aMail()),
  ]
  for (const event of events) await deliverAll(event, ARCHIVE, 200)
  const failing = {
    get: () => Promise.reject(new Error('R2: internal error (10001)')),
  } as unknown as R2Bucket

  await prune({ DB: env.DB, ARCHIVE: failing }, retention, toolsAt(NOW + 91 * DAY))

  const texts = await Promise.all(
    events.map(async (event) => (await getEvent(env, event))?.raw.text),
  )
  expect(texts).toEqual([expect.any(String), null])
})

describe('once a day', () => {
  const tidyAt = async (now: number) => {
    await prune(env, retention, toolsAt(now))
    await tidyBodies(env, toolsAt(now))
  }
  // R2 stamps objects with the present.
  const tomorrow = () => Date.now() + 1.5 * DAY

  it('deletes objects that no row has, and no others', async () => {
    const event = await stored(config, 'hapana', aMail(), { archive: ARCHIVE })
    const [own = ''] = await objectNames()
    const leftovers = [`bodies/${newEventId(NOW, 1)}-abc.gz`, own.replace('.gz', 'x.gz')]
    const foreign = ['bodies/notes.txt', 'spill/evt_1', 'packs/1']
    for (const name of [...leftovers, ...foreign]) await ARCHIVE.put(name, 'x')

    await tidyAt(tomorrow())

    expect((await objectNames()).sort()).toEqual([own, ...foreign].sort())
    expect((await getEvent(env, event))?.raw.text).not.toBeNull()
  })

  it('leaves an object of today: its row may be on its way', async () => {
    await ARCHIVE.put(`bodies/${newEventId(NOW, 1)}-abc.gz`, 'x')

    await tidyAt(Date.now())

    expect(await objectNames()).toHaveLength(1)
  })

  it('looks at each page, and then at none until the next day', async () => {
    const now = tomorrow()
    const names = Array.from({ length: 5 }, (_, i) => `bodies/${newEventId(NOW + i, 1)}-abc.gz`)
    for (const name of names) await ARCHIVE.put(name, 'x')
    const pages: (string | undefined)[] = []
    const counted = new Proxy(ARCHIVE, {
      get: (bucket, name) => {
        const member = bucket[name as keyof R2Bucket]
        if (name !== 'list')
          return typeof member === 'function' ? (member as () => unknown).bind(bucket) : member
        return (options: R2ListOptions) => {
          pages.push(options.startAfter)
          return bucket.list({ ...options, limit: 2 })
        }
      },
    })
    await prune(env, retention, toolsAt(now))

    await tidyBodies({ DB: env.DB, ARCHIVE: counted }, toolsAt(now))
    await tidyBodies({ DB: env.DB, ARCHIVE: counted }, toolsAt(now + 60_000))

    expect(pages).toEqual([undefined, names[1], names[3]])
    expect((await ARCHIVE.list()).objects).toEqual([])
  })
})

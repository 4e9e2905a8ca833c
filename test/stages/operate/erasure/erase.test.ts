// An erasure while things go wrong: cut off anywhere, beside requests that wait, and with targets that have to be told.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../../../../src/config.ts'
import type { EventId, PersonId } from '../../../../src/core/id.ts'
import type { Env } from '../../../../src/env.ts'
import { recordArchived } from '../../../../src/stages/intake/archive.ts'
import { spill } from '../../../../src/stages/intake/spill.ts'
import { continueErasures, erasePerson } from '../../../../src/stages/operate/erasure/erase.ts'
import { verifyErased } from '../../../../src/stages/operate/erasure/verify.ts'
import { getEvent, listEvents } from '../../../../src/store/events/events.ts'
import { findPeople } from '../../../../src/store/events/people.ts'
import { getErasure, listErasedValues } from '../../../../src/store/operate/erasure/erasures.ts'
import {
  aConfig,
  aMessageFor,
  aPayment,
  aQueue,
  aSpill,
  aStatusChange,
  deliverBatch,
  NOW,
  stored,
  take,
  toolsAt,
} from '../../../builders.ts'
import { empty, LOG_TABLES } from '../../../database.ts'

const MAIL = 'ana.silva@example.com'
const HOUR = 3_600_000
const config = aConfig({ name: 'crm' })
const ARCHIVE = env.ARCHIVE as R2Bucket
const bindings = (db: D1Database = env.DB) => ({
  DB: db,
  RETRIES: aQueue().queue,
  DELIVERIES: aQueue().queue,
  ARCHIVE,
})
let now = NOW

/** Everything as at the start. */
async function startAgain(): Promise<void> {
  await empty(...LOG_TABLES, 'erasures', 'erased_values', 'erased_contacts')
  await env.DB.prepare('UPDATE erasing SET version = version + 1').run()
  await ARCHIVE.delete((await ARCHIVE.list()).objects.map(({ key }) => key))
  now = NOW
}

beforeEach(startAgain)

const person = async (): Promise<PersonId> => {
  const { items } = await findPeople(env.DB, { email: MAIL }, { limit: 1 })
  if (items[0] === undefined) throw new Error('nobody has this address')
  return items[0].id
}
const ana = (more: object = {}) =>
  aStatusChange({ clientID: 'client-ana-0001', email: MAIL, ...more })
const erase = (
  id: PersonId,
  using: Config = config,
  env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'> = bindings(),
) => erasePerson(env, using, id, false, toolsAt(now))

/** How many values a search finds. */
async function left(id: PersonId): Promise<number> {
  const erasure = await getErasure(env.DB, id)
  const searched = {
    person: id,
    askedAt: erasure?.askedAt ?? 0,
    salt: erasure?.salt ?? '',
    values: await listErasedValues(env.DB, id),
  }
  const { found, next } = await verifyErased(env, searched, undefined, toolsAt(now))
  expect(next).toBeUndefined()
  return found.length
}

/** The real D1 until its n-th call, which fails: before it did anything, or after. */
function cutAt(n: number, isDone: boolean): D1Database {
  let calls = 0
  const cut = async <T>(work: () => Promise<T>): Promise<T> => {
    const isCut = ++calls === n
    if (isCut && !isDone) throw new Error('cut off')
    const result = await work()
    if (isCut) throw new Error('cut off')
    return result
  }
  const inner = Symbol()
  type Wrapped = D1PreparedStatement & { [inner]: D1PreparedStatement }
  const wrap = (statement: D1PreparedStatement): Wrapped =>
    ({
      [inner]: statement,
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      all: () => cut(() => statement.all()),
      run: () => cut(() => statement.run()),
      first: (column?: string) =>
        cut(() => (column === undefined ? statement.first() : statement.first(column))),
    }) as unknown as Wrapped
  return {
    prepare: (sql: string) => wrap(env.DB.prepare(sql)),
    batch: (all: Wrapped[]) => cut(() => env.DB.batch(all.map((one) => one[inner]))),
  } as unknown as D1Database
}

async function aLife(): Promise<PersonId> {
  for (const status of ['activePackage', 'inactive'])
    await stored(config, 'hapana', ana({ status }), { now: now++ })
  await stored(config, 'hype', aPayment({ id: 'hype-ana-0001', email: MAIL }), { now: now++ })
  await stored(config, 'hapana', { eventType: 'clientStatusChange', email: MAIL }, { now: now++ })
  return person()
}

describe('an erasure', () => {
  it.each([
    ['before', false],
    ['after', true],
  ])(
    'is finished although each call is cut off, a little later each time, %s a statement',
    async (_, isDone) => {
      const whole = (await erase(await aLife()))?.erasure.counts
      expect(whole).toMatchObject({ contacts: 2, events: 3, quarantined: 1, cancelled: 3 })
      await startAgain()
      const id = await aLife()

      let calls = 0
      for (let isCut = true; isCut; ) {
        const cut = bindings(cutAt(++calls, isDone))
        isCut = await erase(id, config, cut).then(
          () => false,
          () => true,
        )
      }

      const erasure = await getErasure(env.DB, id)
      expect(calls).toBeGreaterThan(5)
      expect([erasure?.step, erasure?.counts, erasure?.contacts]).toEqual(['done', whole, []])
      expect(await left(id)).toBe(0)
    },
  )

  it('of many events goes on in steps, and says so until it is done', async () => {
    for (let i = 0; i < 250; i++)
      await stored(config, 'hapana', ana({ status: `s${i}` }), { now: now++ })
    const id = await person()
    let asked = 0
    // Each look at the clock takes a second, so that a call does some steps only.
    const slow = { ...toolsAt(now), now: () => now + 2500 * asked++ }

    const first = await erasePerson(bindings(), config, id, false, slow)

    expect(first?.erasure.step).toBe('events')
    expect(first?.erasure.counts.events).toBeLessThan(250)
    await continueErasures(bindings(), config, toolsAt(now))
    expect(await getErasure(env.DB, id)).toMatchObject({ step: 'done', counts: { events: 250 } })
  })
})

describe('a request that was received before', () => {
  const refusing = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: () => Promise.reject(new Error('D1_ERROR: full')),
  } as unknown as D1Database

  async function spilled(body: object) {
    const { queue, kept } = aSpill()
    const result = await take(config, 'hapana', body, { db: refusing, spill: queue, now: now++ })
    const id = result.ok ? result.value.events[0]?.id : undefined
    return { id: id as EventId, packed: kept[0] as Uint8Array }
  }

  it('and waits in the queue is recorded without a value', async () => {
    await stored(config, 'hapana', ana(), { now: now++ })
    const { id, packed } = await spilled([
      ana({ status: 'inactive' }),
      aStatusChange({ clientID: 'client-ben-0001' }),
    ])
    const who = await person()
    now += HOUR
    await erase(who)

    const message = {
      id: '1',
      timestamp: new Date(now),
      attempts: 1,
      body: packed.slice().buffer,
      ack: () => undefined,
      retry: () => undefined,
    }
    await spill(
      { ...bindings(), SPILL: aSpill().queue },
      config,
      [message as unknown as Message<ArrayBuffer>],
      toolsAt(now),
    )

    expect((await getEvent(env, id))?.status).toBe('erased')
    const { items } = await listEvents(
      env,
      { statuses: ['accepted'], sources: ['hapana'] },
      { limit: 10 },
    )
    expect(items).toHaveLength(1)
    expect(await left(who)).toBe(0)
  })

  it('and waits in the archive loses its values there', async () => {
    await stored(config, 'hapana', ana(), { now: now++ })
    const { id, packed } = await spilled([
      ana({ status: 'inactive' }),
      aStatusChange({ clientID: 'client-ben-0001' }),
    ])
    await ARCHIVE.put(`spill/${id}`, packed)
    const who = await person()

    const { erasure } = (await erase(who)) ?? {}

    expect(erasure?.counts).toMatchObject({ spilled: 1 })
    expect(await left(who)).toBe(0)
    await recordArchived(bindings(), config, toolsAt(now + HOUR))
    expect((await getEvent(env, id))?.status).toBe('erased')
    expect((await listEvents(env, { statuses: ['accepted'] }, { limit: 10 })).items).toHaveLength(1)
  })
})

describe('targets', () => {
  const asking = aConfig({ name: 'crm' }, { name: 'shop', events: ['contact.erased'] })

  it('that ask are told whom to erase, and what tells them is erased when they have it', async () => {
    await stored(asking, 'hapana', ana(), { now: now++ })
    await stored(
      asking,
      'hype',
      { publisher_id: 'p', email: MAIL, type: 'contact.updated', timestamp: 1e9 },
      { now: now++ },
    )
    const who = await person()

    const { erasure } = (await erase(who, asking)) ?? {}

    expect(erasure?.step).toBe('told')
    const { items } = await listEvents(env, { types: ['contact.erased'] }, { limit: 10 })
    const [told] = await Promise.all(items.map(({ id }) => getEvent(env, id)))
    expect(told?.deliveries.map(({ target }) => target)).toEqual(['shop'])
    const bodies: string[] = []
    const message = await aMessageFor(told?.id as EventId, 'shop')
    await deliverBatch(
      bindings(),
      asking,
      'retries',
      [
        {
          id: '1',
          timestamp: new Date(now),
          attempts: 1,
          body: message,
          ack: () => undefined,
          retry: () => undefined,
        } as never,
      ],
      {
        now: () => now,
        fetch: async (_, init) => {
          bodies.push(String(init.body))
          return new Response()
        },
      },
    )
    expect(JSON.parse(bodies[0] ?? '').data).toEqual({
      person: who,
      contacts: [
        { source: 'hapana', vendor: 'hapana', vendor_id: 'client-ana-0001' },
        {
          source: 'hype',
          vendor: 'hype',
          vendor_id: null,
          account: 'p',
          email_sha256: await sha256(MAIL),
        },
      ],
    })

    await continueErasures(bindings(), asking, toolsAt(now))

    expect((await getErasure(env.DB, who))?.step).toBe('done')
    expect((await getEvent(env, told?.id as EventId))?.status).toBe('erased')
    expect(await left(who)).toBe(0)
  })

  it('are not told where none asks', async () => {
    await stored(config, 'hapana', ana(), { now: now++ })
    await erase(await person())

    expect((await listEvents(env, { types: ['contact.erased'] }, { limit: 10 })).items).toEqual([])
  })
})

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

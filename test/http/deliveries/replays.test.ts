// Replays by filter: their matches, their rate, and that they continue after any failure.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config.ts'
import { type EventId, keyOfId, personIdOfKey } from '../../../src/core/id.ts'
import { createApp } from '../../../src/http/app.ts'
import { continueReplays, startReplay } from '../../../src/stages/deliveries/replay.ts'
import { getReplay } from '../../../src/store/deliveries/replays/replays.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aPayment, aQueue, aStatusChange, toolsAt } from '../../builders.ts'
import { counting } from '../../database.ts'
import { anInvocation } from '../../invocation.ts'
import { aWorld, type Fault } from '../../world.ts'

const config = aConfig(
  { name: 'crm', url: 'https://crm.example/' },
  { name: 'finance', url: 'https://finance.example/', events: ['payment.*'] },
)

beforeEach(async () => {
  await env.DB.batch(
    [
      'targets',
      'deliveries',
      'events',
      'segments',
      'ledger',
      'replays',
      'contacts',
      'merged_people',
    ].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

/** A world whose API can be called; `failing` names targets that answer 500. */
function aRelay(failing: Set<string> = new Set()) {
  const world = aWorld(
    config,
    () => undefined,
    (target) => new Response('', { status: failing.has(target) ? 500 : 200 }),
  )
  const app = createApp(() => config, {
    now: world.now,
    random: () => Math.random(),
    log: () => undefined,
    fetch: () => Promise.reject(new Error('nothing is sent here')),
    waitUntil: () => undefined,
  })
  const bindings = { ...world.bindings, ADMIN_TOKEN: 'operator' }
  const call = async (method: string, path: string, body?: object) => {
    const response = await app.request(
      `https://relay.example/api/replays${path}`,
      {
        method,
        headers: { authorization: 'Bearer operator' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      },
      bindings,
    )
    return { status: response.status, body: await response.json<Record<string, unknown>>() }
  }
  const take = async (source: 'hype' | 'hapana', body: object) => {
    const result = await world.take(source, body)
    if (!result.ok) throw new Error(JSON.stringify(result.error))
    return result.value.events[0]?.id as EventId
  }
  /** The replays that targets received. */
  const replayed = () =>
    world.received.filter(({ headers }) => headers.get('relay-replay') === 'true')
  return { world, call, take, replayed }
}

/** A world of another configuration, and its API; `fault` as in a world. */
function aRelayOf(own: Config, fault: Fault = () => undefined) {
  const world = aWorld(own, fault, () => new Response('ok'))
  const app = createApp(() => own, {
    now: world.now,
    random: () => Math.random(),
    log: () => undefined,
    fetch: () => Promise.reject(new Error('nothing is sent here')),
    waitUntil: () => undefined,
  })
  const call = async (path: string, body: object = {}) => {
    const response = await app.request(
      `https://relay.example/api/${path}`,
      {
        method: 'POST',
        headers: { authorization: 'Bearer operator' },
        body: JSON.stringify(body),
      },
      { ...world.bindings, ADMIN_TOKEN: 'operator' },
    )
    return { status: response.status, body: await response.json<Record<string, unknown>>() }
  }
  return { world, call }
}

/** Ten delivered events: five payments of Hype at two targets, five status changes of Hapana at one. */
async function aHistory(relay: ReturnType<typeof aRelay>) {
  const events: EventId[] = []
  for (let i = 0; i < 5; i++) {
    events.push(
      await relay.take('hype', aPayment({ id: `payer-${i}`, email: `P${i}@example.com` })),
    )
    events.push(await relay.take('hapana', aStatusChange({ clientID: `client-${i}` })))
    relay.world.advance(1000)
  }
  await relay.world.live(0.5)
  expect(relay.world.received).toHaveLength(15)
  return events
}

/** Check-ins of another contact before an event, each delivered to the CRM. */
async function insertEarlier(key: string, count: number) {
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO events (key, source, vendor, status, type, contact, planned, hops, dedup_key, encoding, headers, event)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         SELECT CAST(?1 AS INTEGER) - i, 'hype', 'hype', 'accepted', 'checkin.recorded', 'other', 1, 0, 'k' || i, 'utf8', '{}', '{}' FROM n`,
    ).bind(key, count),
    env.DB.prepare(
      `INSERT INTO deliveries (event, target, state, attempt, attempts)
       SELECT key, 'crm', 'delivered', 2, '[]' FROM events WHERE contact = 'other'`,
    ),
  ])
}

describe('a dry run', () => {
  it('returns the numbers of deliveries and people, and sends nothing', async () => {
    const relay = aRelay()
    await aHistory(relay)

    const { status, body } = await relay.call('POST', '', {
      filter: { since: '1h' },
      dry_run: true,
    })
    await relay.world.live(2)

    expect(status).toBe(200)
    expect(body).toMatchObject({
      dry_run: true,
      filter: { since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) },
      total: 15,
      people: 10,
      targets: { crm: 10, finance: 5 },
      types: { 'payment.created': 10, 'membership.status_changed': 5 },
      states: { delivered: 15 },
    })
    expect(relay.replayed()).toEqual([])
    expect((await relay.call('GET', '')).body).toEqual({ replays: [], next: null })
  })

  it.each([
    [{ target: 'finance' }, 5],
    [{ target: ['crm', 'finance'] }, 15],
    [{ source: 'hapana' }, 5],
    [{ type: 'payment.*' }, 10],
    [{ type: 'payment' }, 0],
    [{ type: ['membership.status_changed', 'contact.*'] }, 5],
    [{ type: 'membership_*' }, 0],
    [{ state: 'dead' }, 0],
    [{ state: ['delivered', 'dead'] }, 15],
    [{ person: 'payer-3' }, 2],
    [{ person: 'p3@EXAMPLE.com' }, 2],
    [{ person: 'nobody' }, 0],
    [{ since: '2026-11-21T00:00:03Z' }, 6],
    [{ until: '2026-11-21T00:00:03Z' }, 9],
    [{ target: 'crm', type: 'payment.*', person: 'payer-1' }, 1],
  ])('of %j matches %d', async (filter, total) => {
    const relay = aRelay()
    await aHistory(relay)

    expect((await relay.call('POST', '', { filter, dry_run: true })).body).toMatchObject({ total })
  })
})

it.each(['ünal@example.com', 'ÜNAL@EXAMPLE.COM', ' Ünal@Example.com ', ' payer-ü '])(
  'a replay finds a person by an address or id as it was written: "%s"',
  async (person) => {
    const relay = aRelay()
    await relay.take('hype', aPayment({ id: 'payer-ü', email: 'ÜNAL@example.com' }))
    await relay.take('hype', aPayment({ id: undefined, email: 'Ünal@example.com' }))
    await relay.world.live(0.5)

    const { body } = await relay.call('POST', '', { filter: { person }, dry_run: true })

    expect(body).toMatchObject({ total: person.includes('@') ? 4 : 2 })
  },
)

it('a replay of a person has the events of all contacts, by any id of the person', async () => {
  const relay = aRelay()
  const two = { email: 'same@example.com' }
  await relay.take('hype', aPayment({ id: 'one', ...two }))
  await relay.take('hapana', aStatusChange({ clientID: 'two', ...two }))
  await relay.take('hype', aPayment({ id: 'other', email: 'other@example.com' }))
  await relay.world.live(0.2)
  const key = await env.DB.prepare(
    `SELECT CAST(person AS TEXT) AS person FROM contacts WHERE contact = 'one'`,
  ).first<string>('person')
  const person = personIdOfKey(key ?? '')
  const old = personIdOfKey('77')
  await env.DB.prepare(
    'INSERT INTO merged_people (person, merged_into) VALUES (77, CAST(?1 AS INTEGER))',
  )
    .bind(key)
    .run()
  const dry = (id: string) =>
    relay.call('POST', '', { filter: { target: 'crm', person: id }, dry_run: true })

  expect((await dry(person)).body).toMatchObject({ total: 2, filter: { person } })
  expect((await dry(old)).body).toMatchObject({ total: 2 })
  const { body } = await relay.call('POST', '', { filter: { target: 'crm', person } })
  expect(body).toMatchObject({ replayed: 2, filter: { person } })
})

describe('a replay', () => {
  it('sends the matching deliveries again, with the same ids and a mark, and shows its progress', async () => {
    const relay = aRelay()
    const events = await aHistory(relay)

    const { status, body } = await relay.call('POST', '', { filter: { target: 'finance' } })
    await relay.world.live(1)

    expect(status).toBe(202)
    expect(body).toMatchObject({ state: 'done', total: 5, replayed: 5, per_second: 10 })
    const copies = relay.replayed()
    expect(copies.map(({ target }) => target)).toEqual(Array(5).fill('finance'))
    expect(new Set(copies.map(({ event }) => event))).toEqual(
      new Set(events.filter((_, i) => i % 2 === 0)),
    )
    expect((await relay.call('GET', `/${body.id}`)).body).toMatchObject({
      state: 'done',
      filter: { target: ['finance'] },
      replayed: 5,
    })
  })

  it('returns its filter in the form of the request, so that it can be requested again', async () => {
    const relay = aRelay()
    await aHistory(relay)
    const filter = {
      type: 'payment.*',
      state: ['delivered', 'dead'],
      since: '1h',
      person: 'payer-1',
    }
    const { body } = await relay.call('POST', '', { filter })

    const again = await relay.call('POST', '', { filter: body.filter, dry_run: true })

    expect(body.filter).toMatchObject({ ...filter, type: ['payment.*'], since: expect.any(String) })
    expect(again).toMatchObject({ status: 200, body: { filter: body.filter } })
  })

  it('keeps its rate across the runs of the cron', async () => {
    const relay = aRelay()
    for (let i = 0; i < 60; i++) await relay.take('hype', aPayment())
    await relay.world.live(0.5)

    const { body } = await relay.call('POST', '', { filter: { target: 'crm' }, per_second: 0.5 })
    expect(body).toMatchObject({ state: 'running', total: 60, replayed: 35 })
    await relay.world.live(3)

    const times = relay.replayed().map(({ at }) => at)
    expect(times).toHaveLength(60)
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    // The clock of this world moves 5 s at a time: two or three are due in each step.
    expect(gaps.filter((gap) => gap === 0).length).toBeLessThanOrEqual(36)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(115_000)
  })

  it('can be stopped, and continues from there', async () => {
    const relay = aRelay()
    for (let i = 0; i < 60; i++) await relay.take('hype', aPayment())
    await relay.world.live(0.5)
    const { body } = await relay.call('POST', '', { filter: { target: 'crm' }, per_second: 0.5 })

    const stopped = await relay.call('POST', `/${body.id}/stop`)
    await relay.world.live(3)
    expect(stopped.body).toMatchObject({ state: 'stopped', replayed: 35 })
    expect(relay.replayed()).toHaveLength(35)

    const resumed = await relay.call('POST', `/${body.id}/resume`)
    await relay.world.live(3)
    expect(resumed.body).toMatchObject({ state: 'done', ended_at: expect.any(String) })
    expect(relay.replayed()).toHaveLength(60)
    expect(new Set(relay.replayed().map(({ event }) => event)).size).toBe(60)
    expect(await relay.call('POST', `/${body.id}/stop`)).toMatchObject({ status: 409 })
  })

  it('reads through many deliveries that do not match', async () => {
    const relay = aRelay()
    const id = await relay.take('hype', aPayment({ id: 'the-one' }))
    await relay.world.live(0.5)
    const [key] = (
      await env.DB.prepare('SELECT CAST(key AS TEXT) AS key FROM events').all<{ key: string }>()
    ).results
    await insertEarlier(key?.key ?? '', 12_000)

    const { body } = await relay.call('POST', '', { filter: { type: 'payment.*', target: 'crm' } })
    await relay.world.live(0.5)

    expect(body).toMatchObject({ total: 1, replayed: 1, state: 'done' })
    expect(relay.replayed().map(({ event }) => event)).toEqual([id])
  })

  it.each([
    ['dead', 'gave up after 3 attempts; last error: fault'],
    ['cancelled', 'its target does not want it'],
    ['held', 'disabled'],
  ])('evaluates where for a delivery that is %s and was never sent', async (state, reason) => {
    const { world, call } = aRelayOf(
      aConfig({ name: 'crm', url: 'https://crm.example/', where: 'data.extra.wanted = true' }),
    )
    for (const wanted of [true, false]) await world.take('hype', aPayment({ wanted }))
    const [row] = (await env.DB.prepare('SELECT * FROM deliveries').all()).results
    expect(row).toMatchObject({ target: 'crm' })
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO deliveries (event, target, state, attempt, attempts)
         SELECT key, 'crm', 'dead', 3, '[]' FROM events WHERE true ON CONFLICT DO NOTHING`,
      ),
      env.DB.prepare('UPDATE deliveries SET state = ?1, reason = ?2, due = NULL').bind(
        state,
        reason,
      ),
    ])
    world.queues.DELIVERIES = []
    world.advance(1000)

    const { body } = await call('replays', { filter: { target: 'crm' } })
    await world.consume('RETRIES')
    world.advance(1000)
    await world.consume('RETRIES')

    expect(body).toMatchObject({ replayed: 2 })
    expect(world.received).toHaveLength(1)
    const ends = env.DB.prepare('SELECT state, reason FROM deliveries ORDER BY state')
    expect((await ends.all()).results).toEqual([
      { state: 'cancelled', reason: 'its target does not want it' },
      { state: 'delivered', reason: null },
    ])
  })

  it('of one person reads the deliveries of that person only', async () => {
    const relay = aRelay()
    const id = await relay.take('hype', aPayment({ id: 'the-one' }))
    await relay.world.live(0.5)
    const [key] = (
      await env.DB.prepare('SELECT CAST(key AS TEXT) AS key FROM events').all<{ key: string }>()
    ).results
    await insertEarlier(key?.key ?? '', 12_000)
    const { db, read } = counting()

    const bindings = { DB: db, RETRIES: aQueue().queue }
    const filter = { person: 'the-one', targets: ['crm'] }
    const started = await startReplay(bindings, config, filter, 10, toolsAt(relay.world.now()))
    await continueReplays(bindings, config, toolsAt(relay.world.now() + 60_000))

    expect(started.plan).toMatchObject({ total: 1, people: 1, counted: true })
    expect(await getReplay(env.DB, started.id)).toMatchObject({ state: 'done', replayed: 1 })
    expect(await getEvent(env, id)).toMatchObject({ deliveries: [{ state: 'retrying' }, {}] })
    expect(read()).toBeLessThan(100)
  })

  it('of a long period is counted in parts: the first by its request, the others by the cron', async () => {
    const relay = aRelay()
    await relay.take('hype', aPayment())
    relay.world.advance(1000)
    const [key] = (
      await env.DB.prepare('SELECT CAST(key AS TEXT) AS key FROM events').all<{ key: string }>()
    ).results
    await insertEarlier(key?.key ?? '', 121_000)
    const filter = { source: ['hype'], state: ['delivered'] }

    const { body } = await anInvocation(
      () => relay.call('POST', '', { filter, per_second: 0.1 }),
      'free',
    )
    const progress: unknown[] = []
    for (let minute = 1; minute <= 2; minute++) {
      relay.world.advance(60_000)
      await relay.world.continueReplays()
      progress.push((await relay.call('GET', `/${body.id}`)).body)
    }

    expect(body).toMatchObject({ total: 60_000, counted: false, replayed: 7, missing: null })
    expect(progress).toMatchObject([
      { total: 110_000, counted: false, replayed: 13 },
      { total: 121_000, counted: true, replayed: 19 },
    ])
  })

  it('says how many deliveries it could not send, when retention has deleted them before their turn', async () => {
    const relay = aRelay()
    const events = await aHistory(relay)
    const { body } = await relay.call('POST', '', { filter: { target: 'crm' }, per_second: 0.1 })
    const deleted = events.slice(-2).map(keyOfId).join()
    await env.DB.batch([
      env.DB.prepare(`DELETE FROM deliveries WHERE event IN (${deleted})`),
      env.DB.prepare(`DELETE FROM events WHERE key IN (${deleted})`),
    ])

    await relay.world.live(3)

    expect(body).toMatchObject({ total: 10, replayed: 7, missing: null })
    const { body: ended } = await relay.call('GET', `/${body.id}`)
    expect(ended).toMatchObject({ state: 'done', total: 10, replayed: 8, missing: 2 })
  })

  it('of a delivery that was never sent is not marked as a replay', async () => {
    const { world, call } = aRelayOf(aConfig({ name: 'crm', url: 'https://crm.example/' }))
    await call('targets/crm/pause')
    await world.take('hype', aPayment())
    await world.consume('DELIVERIES')
    await call('targets/crm/resume')
    world.advance(1000)

    const { body } = await call('replays', { filter: { target: 'crm', type: 'payment.*' } })
    await world.consume('RETRIES')

    expect(body).toMatchObject({ replayed: 1 })
    const [request] = world.received.filter(({ headers }) => headers.get('relay-attempt') === '1')
    expect(request?.headers.get('relay-replay')).toBeNull()
  })

  it('is accepted once it is stored, although it cannot start yet', async () => {
    let isBad = false
    const { world, call } = aRelayOf(
      aConfig({ name: 'crm', url: 'https://crm.example/' }),
      (name, when) => {
        if (isBad && when === 'before' && name === 'RETRIES.sendBatch') throw new Error('busy')
      },
    )
    await world.take('hype', aPayment())
    await world.live(0.2)
    isBad = true

    const { status, body } = await call('replays', { filter: { target: 'crm' } })
    await call(`replays/${body.id}/stop`)
    const resumed = await call(`replays/${body.id}/resume`)

    expect(status).toBe(202)
    expect([200, 409]).toContain(resumed.status)
    isBad = false
    await world.live(3)
    expect(world.received).toHaveLength(2)
  })

  it('starts in its own request, and all others continue only with the cron', async () => {
    const relay = aRelay()
    await aHistory(relay)
    const first = await relay.call('POST', '', { filter: { target: 'crm' }, per_second: 0.1 })
    const { body: before } = await relay.call('GET', `/${first.body.id}`)
    relay.world.advance(30_000)

    await relay.call('POST', '', { filter: { target: 'finance' } })

    expect((await relay.call('GET', `/${first.body.id}`)).body).toEqual(before)
  })

  it('continues although an earlier one fails', async () => {
    let calls = 0
    let isArmed = false
    const { world, call } = aRelayOf(
      aConfig({ name: 'crm', url: 'https://crm.example/' }),
      (name, when) => {
        // The list of replays is not a batch; the first batch reads for the first replay.
        if (isArmed && name === 'DB.batch' && when === 'before' && ++calls === 1)
          throw new Error('D1_ERROR: exceeded timeout')
      },
    )
    for (let i = 0; i < 20; i++) await world.take('hype', aPayment())
    await world.live(0.2)
    for (const type of ['payment.created', 'payment.*']) {
      await call('replays', { filter: { target: 'crm', type }, per_second: 0.1 })
    }
    world.advance(120_000)
    const replayed = async () =>
      (await env.DB.prepare('SELECT replayed FROM replays ORDER BY key').all()).results.map(
        (row) => row.replayed as number,
      )
    const before = await replayed()
    isArmed = true

    await world.continueReplays().catch(() => undefined)

    const after = await replayed()
    expect(after[0]).toBe(before[0])
    expect(after[1]).toBeGreaterThan(before[1] ?? 0)
  })

  it('with few matches shares the reads of a run with the others', async () => {
    let batches = 0
    const { world, call } = aRelayOf(
      aConfig({ name: 'crm', url: 'https://crm.example/' }),
      (name, when) => {
        if (name === 'DB.batch' && when === 'before') batches++
      },
    )
    await world.take('hype', aPayment())
    await world.live(0.2)
    await env.DB.prepare(
      `INSERT INTO deliveries (event, target, state, attempt, attempts)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
       SELECT i, 'crm', 'delivered', 2, '[]' FROM n`,
    ).run()
    for (let i = 0; i < 5; i++) {
      await call('replays', { filter: { target: 'crm', state: 'dead' } })
      world.advance(1000)
    }
    await env.DB.prepare(
      `UPDATE replays SET state = 'running', event = 0, target = '', uncounted = NULL`,
    ).run()
    batches = 0

    await world.continueReplays()

    // After each search, a batch moves the position.
    expect(batches).toBe(10)
  })

  it('does not change deliveries that await an attempt', async () => {
    const failing = new Set(['crm'])
    const relay = aRelay(failing)
    const id = await relay.take('hype', aPayment())
    await relay.world.live(0.1)
    const before = await getEvent(env, id)

    const { body } = await relay.call('POST', '', { filter: { since: '1h' } })

    expect(body).toMatchObject({ total: 1, targets: { finance: 1 } })
    const crm = (detail: typeof before) => detail?.deliveries.find(({ target }) => target === 'crm')
    expect(crm(await getEvent(env, id))).toEqual(crm(before))
  })

  it('does not count for the circuit breaker, and has its whole schedule', async () => {
    const failing = new Set<string>()
    const relay = aRelay(failing)
    for (let i = 0; i < 8; i++) await relay.take('hype', aPayment())
    await relay.world.live(0.5)
    failing.add('crm')

    await relay.call('POST', '', { filter: { target: 'crm' } })
    await relay.world.live(1)

    expect(relay.replayed().length).toBeGreaterThanOrEqual(16)
    const { results } = await env.DB.prepare(
      `SELECT state, first, attempt FROM deliveries WHERE target = 'crm'`,
    ).all()
    expect(results).toEqual(Array(8).fill({ state: 'retrying', first: 2, attempt: 4 }))
    expect(
      (await env.DB.prepare(`SELECT failures FROM targets WHERE name = 'crm'`).first('failures')) ??
        0,
    ).toBe(0)
  })

  it('stays marked while it waits for the rate limit', async () => {
    const slow = aConfig({ name: 'crm', url: 'https://crm.example/', rate_per_second: 0.1 })
    const world = aWorld(
      slow,
      () => undefined,
      () => new Response('ok'),
    )
    for (let i = 0; i < 3; i++) await world.take('hype', aPayment())
    await world.live(1)
    const app = createApp(() => slow, {
      now: world.now,
      random: () => 0,
      log: () => undefined,
      fetch: () => Promise.reject(new Error('nothing is sent here')),
      waitUntil: () => undefined,
    })
    const request = {
      method: 'POST',
      headers: { authorization: 'Bearer operator' },
      body: JSON.stringify({ filter: { target: 'crm' } }),
    }

    await app.request('https://relay.example/api/replays', request, {
      ...world.bindings,
      ADMIN_TOKEN: 'operator',
    })
    await world.live(2)

    expect(world.received.map(({ headers }) => headers.get('relay-replay'))).toEqual([
      null,
      null,
      null,
      'true',
      'true',
      'true',
    ])
  })

  it('continues after any call that fails, and the ledger adds up', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let n = 1, calls = n; calls >= n; n++) {
        await env.DB.batch(
          ['targets', 'deliveries', 'events', 'segments', 'ledger', 'replays'].map((table) =>
            env.DB.prepare(`DELETE FROM ${table}`),
          ),
        )
        let isArmed = false
        calls = 0
        const world = aWorld(
          config,
          (_call, now) => {
            if (!isArmed) return
            if (now === 'before') calls++
            if (calls === n && now === when) throw new Error(`injected ${when} call ${n}`)
          },
          () => new Response('ok'),
        )
        for (let i = 0; i < 3; i++) await world.take('hype', aPayment())
        await world.live(0.2)
        const app = createApp(() => config, {
          now: world.now,
          random: () => Math.random(),
          log: () => undefined,
          fetch: () => Promise.reject(new Error('nothing is sent here')),
          waitUntil: () => undefined,
        })
        const call = (method: string, path: string, body: object) =>
          app.request(
            `https://relay.example/api${path}`,
            {
              method,
              headers: { authorization: 'Bearer operator' },
              ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
            },
            { ...world.bindings, ADMIN_TOKEN: 'operator' },
          )
        isArmed = true
        const answer = await call('POST', '/replays', { filter: { target: 'crm' } })
        isArmed = false
        // After an error, the operator checks whether the replay has started, and otherwise requests it again.
        const { replays } = await (await call('GET', '/replays', {})).json<{ replays: object[] }>()
        if (replays.length === 0) await call('POST', '/replays', { filter: { target: 'crm' } })
        await world.live(4)

        const context = `${when} call ${n}, answered ${answer.status}`
        const copies = world.received.filter(({ headers }) => headers.get('relay-replay'))
        expect(copies, context).toHaveLength(3)
        const ledger = await (await call('GET', '/ledger?since=1d', {})).json()
        expect(ledger, context).toMatchObject({ adds_up: true })
      }
    }
  }, 60_000)
})

describe('an invalid replay', () => {
  it.each([
    ['of everything', { filter: {} }, 400, 'at least one'],
    ['without a filter', {}, 400, 'filter'],
    ['by a misspelt key', { filter: { targets: 'crm' } }, 400, 'is not a known field'],
    ['to an unknown target', { filter: { target: 'nobody' } }, 404, 'nobody'],
    ['of pending deliveries', { filter: { state: 'pending' } }, 400, 'must be one of'],
    ['at a rate of 0', { filter: { target: 'crm' }, per_second: 0 }, 400, 'at least 0.1'],
    ['since an invalid time', { filter: { since: 'yesterday' } }, 400, 'must be a time'],
    ['of an invalid type', { filter: { type: '*.created' } }, 400, 'at its end'],
  ])('%s is refused with the reason', async (_case, body, status, words) => {
    const answer = await aRelay().call('POST', '', body)

    expect(answer.status).toBe(status)
    expect(JSON.stringify(answer.body)).toContain(words)
  })

  it.each(['rpl_0000000000000', 'evt_0000000000000', 'nothing'])('%s is not found', async (id) => {
    expect(await aRelay().call('GET', `/${id}`)).toMatchObject({ status: 404 })
    expect(await aRelay().call('POST', `/${id}/stop`)).toMatchObject({ status: 404 })
  })
})

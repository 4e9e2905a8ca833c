// Acts of operators: the same act by the console and by the API leaves the same record of the operator and the act, once.
import { env } from 'cloudflare:test'
import { beforeEach, describe, expect, it } from 'vitest'
import { OPERATOR_ACTS } from '../../../src/core/events/system-event.ts'
import { type EventId, keyOfId } from '../../../src/core/id.ts'
import { listEvents } from '../../../src/store/events/events.ts'
import { aConfig, aPayment, NOW, stored } from '../../builders.ts'
import { actsOf, anOperator, emptyLog, TOKEN } from '../console/visitor.ts'

const config = aConfig({ name: 'crm' })
type Visitor = Awaited<ReturnType<typeof anOperator>>

const run = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .run()

/** A delivered event. */
async function aDelivered(overrides: Record<string, unknown> = {}): Promise<EventId> {
  const id = await stored(config, 'hype', aPayment(overrides), { now: NOW - 9000 })
  await run("UPDATE deliveries SET state = 'delivered', attempt = 2, due = NULL")
  return id
}

/** An event that an earlier mapping would have normalized differently. */
async function anOutdated(): Promise<EventId> {
  const id = await aDelivered()
  const sql =
    "UPDATE events SET event = json_set(event, '$.data.actor', 'x') WHERE key = CAST(?1 AS INTEGER)"
  await run(sql, keyOfId(id))
  return id
}

/** A message in quarantine that the mapping understands now. */
async function aQuarantined(): Promise<EventId> {
  const id = await stored(config, 'hype', aPayment(), { now: NOW - 9000 })
  const issues = JSON.stringify([{ path: 'type', message: 'was not known' }])
  await run("UPDATE events SET status = 'quarantined', issues = ?1, event = NULL", issues)
  return id
}

const CAUSE = { source: 'hype', cause: 'type: was not known' }

const post = (visitor: Visitor, path: string, body: object = {}, headers: object = {}) =>
  visitor.ask(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
  })

async function aReplay(visitor: Visitor): Promise<string> {
  for (let i = 0; i < 12; i++) await aDelivered()
  const response = await post(visitor, '/api/replays', {
    filter: { target: 'crm' },
    per_second: 0.1,
  })
  const { id } = (await response.json()) as { id: string }
  return id
}

async function personOf(visitor: Visitor, contact: string): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}` }
  const response = await visitor.ask(`/api/people?contact=${contact}`, { headers })
  const { people } = (await response.json()) as { people: { id: string }[] }
  return people[0]?.id ?? ''
}

type Request = { id?: string; body?: Record<string, unknown> }

type Act = {
  act: (typeof OPERATOR_ACTS)[number]
  /** The routes of API and console, with a place-holder for the id or the name. */
  api: string
  form: string
  /** Creates the object of the act; returns the request for each way. */
  given: (visitor: Visitor) => Promise<{ api: Request; form: Request }>
  /** The object of the act in the record, with ids shortened to their prefix. */
  on: string
}

const both = (request: Request) => ({ api: request, form: request })

const ACTS: Act[] = [
  {
    act: 'replayed an event',
    api: '/api/events/:id/replay',
    form: '/console/events/:id/replay',
    given: async () => both({ id: await aDelivered() }),
    on: 'evt to crm',
  },
  {
    act: 'renormalized events',
    api: '/api/renormalize',
    form: '/console/events/:id/renormalize',
    given: async () => {
      const id = await anOutdated()
      return { api: { body: { since: '1h', dry_run: false } }, form: { id } }
    },
    on: 'evt',
  },
  {
    act: 'started a replay',
    api: '/api/replays',
    form: '/console/replays',
    given: async () => {
      await aDelivered()
      return { api: { body: { filter: { target: 'crm' } } }, form: { body: { target: 'crm' } } }
    },
    on: 'rpl of 1',
  },
  {
    act: 'stopped a replay',
    api: '/api/replays/:id/stop',
    form: '/console/replays/:id/stop',
    given: async (visitor) => both({ id: await aReplay(visitor) }),
    on: 'rpl',
  },
  {
    act: 'resumed a replay',
    api: '/api/replays/:id/resume',
    form: '/console/replays/:id/resume',
    given: async (visitor) => {
      const id = await aReplay(visitor)
      await run("UPDATE replays SET state = 'stopped'")
      return both({ id })
    },
    on: 'rpl',
  },
  {
    act: 'paused a target',
    api: '/api/targets/:name/pause',
    form: '/console/targets/:name/pause',
    given: async () => both({}),
    on: 'crm',
  },
  {
    act: 'resumed a target',
    api: '/api/targets/:name/resume',
    form: '/console/targets/:name/resume',
    given: async () => both({}),
    on: 'crm',
  },
  {
    act: 'tested a target',
    api: '/api/targets/:name/test',
    form: '/console/targets/:name/test',
    given: async () => both({}),
    on: 'crm',
  },
  {
    act: 'released from quarantine',
    api: '/api/quarantine/release',
    form: '/console/quarantine/release',
    given: async () => {
      await aQuarantined()
      return both({ body: CAUSE })
    },
    on: '1 message',
  },
  {
    act: 'dismissed from quarantine',
    api: '/api/quarantine/dismiss',
    form: '/console/quarantine/dismiss',
    given: async () => {
      await aQuarantined()
      return both({ body: { ...CAUSE, reason: 'theirs' } })
    },
    on: '1 message',
  },
  {
    act: 'split a person',
    api: '/api/people/:id/split',
    form: '/console/people/:id/split',
    given: async (visitor) => {
      for (const id of ['c-1', 'c-2']) await aDelivered({ id })
      await run('UPDATE contacts SET person = (SELECT min(person) FROM contacts)')
      return both({
        id: await personOf(visitor, 'c-2'),
        body: { source: 'hype', contact: 'c-2' },
      })
    },
    on: 'per: per',
  },
  {
    act: 'split people',
    api: '/api/people/wrongly-joined/split',
    form: '/console/people/wrongly-joined/split',
    given: async () => {
      for (const id of ['c-1', 'c-2']) await aDelivered({ id })
      await run('UPDATE contacts SET person = (SELECT min(person) FROM contacts)')
      return { api: { body: { dry_run: false } }, form: {} }
    },
    on: '1 person',
  },
  {
    act: 'merged people',
    api: '/api/people/:id/merge',
    form: '/console/people/:id/merge',
    given: async (visitor) => {
      await aDelivered({ id: 'c-1' })
      await aDelivered({ id: 'c-2', email: 'other@example.com' })
      const person = await personOf(visitor, 'c-2')
      return both({ id: await personOf(visitor, 'c-1'), body: { person } })
    },
    on: 'per: per',
  },
  {
    act: 'erased a person',
    api: '/api/people/:id/erase',
    form: '/console/people/:id/erase',
    given: async (visitor) => {
      await aDelivered({ id: 'c-1' })
      const id = await personOf(visitor, 'c-1')
      return { api: { id, body: { dry_run: false } }, form: { id, body: { sure: 'yes' } } }
    },
    on: 'per',
  },
  {
    act: 'changed who is kept out',
    api: '/api/people/:id/suppress',
    form: '/console/people/:id/suppress',
    given: async (visitor) => {
      await aDelivered({ id: 'c-1' })
      const id = await personOf(visitor, 'c-1')
      await post(visitor, `/api/people/${id}/erase`, { dry_run: false })
      return { api: { id, body: { suppress: true } }, form: { id, body: { suppress: 'yes' } } }
    },
    on: 'per: out',
  },
  {
    act: 'simulated messages',
    api: '/api/simulate',
    form: '/console/simulate',
    given: async () => both({ body: { source: 'hype', type: 'payment.created' } }),
    on: '1 message to hype',
  },
]

const pathOf = (route: string, id = 'crm') => route.replace(/:(name|id)/, id)

const byApi = (visitor: Visitor, { api }: Act, { id, body }: Request, headers: object = {}) =>
  post(visitor, pathOf(api, id), body, headers)

beforeEach(async () => {
  await emptyLog()
  await run('DELETE FROM idempotency')
})

/** The records of one act, with ids shortened to their prefix; acts of the set-up are recorded too. */
async function recordsOf(act: string) {
  const all = await actsOf()
  return all
    .filter((one) => one.act === act)
    .map(({ on, ...rest }) => ({ ...rest, on: on.replace(/(evt|per|rpl)_\w{11}/g, '$1') }))
}

describe.each(ACTS)('$act', (one) => {
  const record = { by: 'ADMIN_TOKEN', via: 'api', act: one.act, on: one.on }

  it('leaves the same record by the API, the command line and the console, but for where it was done', async () => {
    const visitor = await anOperator({ config })
    const response = await byApi(visitor, one, (await one.given(visitor)).api)
    expect(response.status).toBeLessThan(300)
    expect(await recordsOf(one.act)).toEqual([record])

    await emptyLog()
    const cli = { 'user-agent': 'membership-relay-cli' }
    await byApi(visitor, one, (await one.given(visitor)).api, cli)
    expect(await recordsOf(one.act)).toEqual([{ ...record, via: 'command line' }])

    await emptyLog()
    const { form } = await one.given(visitor)
    await visitor.send(pathOf(one.form, form.id), form.body as Record<string, string>)
    expect(await recordsOf(one.act)).toEqual([{ ...record, via: 'console' }])
  })

  it('is done and recorded once if it is requested twice with one key', async () => {
    const visitor = await anOperator({ config })
    const { api } = await one.given(visitor)
    const key = { 'idempotency-key': 'k' }
    const first = await byApi(visitor, one, api, key)
    const again = await byApi(visitor, one, api, key)

    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await again.text()).toBe(await first.text())
    expect(await recordsOf(one.act)).toEqual([record])
  })

  it('succeeds although it cannot be recorded, which is logged', async () => {
    const visitor = await anOperator({ config, env: { DB: withoutRecordsOf('operator_acted') } })
    const { api } = await one.given(visitor)
    visitor.logged.length = 0
    const response = await byApi(visitor, one, api)

    expect(response.status).toBeLessThan(300)
    expect(visitor.logged).toContainEqual(
      expect.objectContaining({ at: 'audit', act: one.act, fault: 'an act was not audited' }),
    )
    expect(await recordsOf(one.act)).toEqual([])
  })
})

/** D1 that refuses to insert events of one type. */
function withoutRecordsOf(type: string): D1Database {
  const marked = new WeakSet<object>()
  const guarded = {
    prepare(sql: string) {
      const statement = env.DB.prepare(sql)
      const bind = statement.bind.bind(statement)
      statement.bind = (...values: unknown[]) => {
        const bound = bind(...values)
        if (values.some((value) => String(value).includes(type)) && /INSERT/.test(sql))
          marked.add(bound)
        return bound
      }
      return statement
    },
    batch: async (statements: D1PreparedStatement[]) => {
      if (statements.some((one) => marked.has(one))) throw new Error('D1_ERROR: disk full')
      return env.DB.batch(statements)
    },
  }
  return guarded as unknown as D1Database
}

it('covers all acts, all POST routes of the API and all forms of the console', async () => {
  const visitor = await anOperator({ config })
  /** Forms that change nothing, and those to sign in and out, which leave records of their own (access.test.ts). */
  const others = [
    '/console/sign-in',
    '/console/sign-out',
    '/console/find',
    '/console/replays/plan',
    '/console/quarantine/plan',
  ]

  // An import has no form, and its record is tested in ledger/backup.test.ts.
  const acts = [...ACTS.map(({ act }) => act), 'imported a log']
  expect(acts.toSorted()).toEqual([...OPERATOR_ACTS].toSorted())
  const unlisted = ['/api/people/erased/verify', '/api/import', '/api/import/lines']
  expect([...ACTS.map(({ api }) => api), ...unlisted].toSorted()).toEqual(
    visitor.postsOf('/api').toSorted(),
  )
  expect([...ACTS.map(({ form }) => form), ...others].toSorted()).toEqual(
    visitor.postsOf('/console').toSorted(),
  )
})

it('does not record a dry run, a preview or a refusal', async () => {
  const visitor = await anOperator({ config })
  const id = await anOutdated()
  const issues = JSON.stringify([{ path: 'type', message: 'was not known' }])
  const dryRun = { dry_run: true }
  const unknown = 'per_00000000000'
  const requests: [path: string, body: object][] = [
    [`/api/events/${id}/replay`, dryRun],
    ['/api/renormalize', { since: '1h' }],
    ['/api/replays', { filter: { target: 'crm' }, ...dryRun }],
    ['/api/replays', { filter: { target: 'nobody' } }],
    ['/api/replays/rpl_00000000000/stop', {}],
    ['/api/targets/nobody/pause', {}],
    ['/api/targets/nobody/test', {}],
    [`/api/people/${unknown}/merge`, { person: unknown }],
    [`/api/people/${unknown}/erase`, dryRun],
    [`/api/people/${unknown}/erase`, { dry_run: false }],
    [`/api/people/${unknown}/suppress`, { suppress: true }],
    ['/api/quarantine/dismiss', { ...CAUSE, reason: 'theirs' }],
    ['/api/simulate', { source: 'nobody', type: 'payment.created' }],
  ]
  for (const [path, body] of requests) await post(visitor, path, body)
  await visitor.open(`/console/events/${id}/renormalize`)
  await visitor.send('/console/replays/plan', { target: 'crm' })
  await run("UPDATE events SET status = 'quarantined', issues = ?1, event = NULL", issues)
  await post(visitor, '/api/quarantine/release', { ...CAUSE, ...dryRun })
  await visitor.send('/console/quarantine/plan', CAUSE)

  expect(await actsOf()).toEqual([])
})

it('records the number of renormalized events when there are several', async () => {
  const visitor = await anOperator({ config })
  for (let i = 0; i < 2; i++) await aDelivered()
  await run("UPDATE events SET event = json_set(event, '$.data.actor', 'x') WHERE event NOT NULL")
  await run("DELETE FROM events WHERE source = 'relay'")
  await post(visitor, '/api/renormalize', { since: '1h', dry_run: false })

  expect(await actsOf()).toEqual([
    { by: 'ADMIN_TOKEN', via: 'api', act: 'renormalized events', on: '2 events' },
  ])
})

it('records an act as one event, beside the event that notifies targets', async () => {
  const visitor = await anOperator({ config })
  await emptyLog()
  await post(visitor, '/api/targets/crm/pause')
  const { items } = await listEvents(env, {}, { limit: 10 })

  expect(items.map(({ type }) => type).toSorted()).toEqual([
    'relay.operator_acted',
    'relay.target_paused',
  ])
})

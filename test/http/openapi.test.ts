// The OpenAPI document matches the API: every operation is called until it has given each documented answer, and each
// answer is checked against its schema; an undocumented one fails the test. test/cli/relay/reading.test.ts validates the
// document itself.

import { env } from 'cloudflare:workers'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { DELIVERY_STATES } from '../../src/core/deliveries/delivery.ts'
import { EVENT_STATUSES, EVENT_TYPES } from '../../src/core/events/event.ts'
import type { Env } from '../../src/env.ts'
import { createApp } from '../../src/http/app.ts'
import { aConfig, aPayment, aQueue, aSpill, deliverBatch, NOW, stored } from '../builders.ts'

type Json = Record<string, unknown>
type Operation = {
  operationId: string
  security?: []
  parameters?: { name: string; in: string; schema: object }[]
  requestBody?: { required?: true; content: Record<string, { schema: object }> }
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}
type Document = Json & {
  components: { schemas: Record<string, Json>; parameters: Record<string, Json> }
  paths: Record<string, Record<string, Operation>>
  webhooks: Record<
    string,
    {
      post: {
        parameters: { $ref: string }[]
        requestBody: { content: Record<string, { schema: object }> }
      }
    }
  >
}

let now = NOW
let answerOfTarget = 200
const BROKEN = { name: 'broken', events: [], sources: undefined, broken: 'url must be https' }
const usable = aConfig({ name: 'crm', events: ['payment.*', 'contact.*'] })
const config = { ...usable, targets: [...usable.targets, BROKEN] }
const app = createApp(() => config, {
  now: () => now++,
  random: () => Math.random(),
  log: () => undefined,
  fetch: async () => new Response('', { status: answerOfTarget }),
  waitUntil: () => undefined,
})
const unavailable = () => {
  throw new Error('D1 is unavailable')
}
const BROKEN_DB = { prepare: unavailable, batch: unavailable } as unknown as D1Database
const FULL = { limit: async () => ({ success: false }) } as unknown as RateLimit
const bindings = () =>
  ({
    DB: env.DB,
    DELIVERIES: aQueue().queue,
    RETRIES: aQueue().queue,
    SPILL: Object.assign(aSpill().queue, { metrics: async () => ({ backlogCount: 0 }) }),
    ADMIN_TOKEN: 'operator',
    VIEWER_TOKEN: 'viewer',
  }) as unknown as Env

async function call(path: string, init: RequestInit = {}, over: Partial<Env> = {}) {
  const headers = { authorization: 'Bearer operator', ...init.headers }
  return app.request(
    `https://relay.example${path}`,
    { ...init, headers },
    { ...bindings(), ...over },
  )
}

const document = (await (await app.request('/openapi.json', {}, bindings())).json()) as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

describe('the document', () => {
  it('describes every route of the API once', () => {
    const served = new Set(
      app.routes
        .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/'))
        .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`),
    )
    const described = operations.map(({ method, path }) => `${method} ${path}`)

    expect(described.filter((one) => one.includes('/api')).sort()).toEqual([...served].sort())
    const names = operations.map(({ operation }) => operation.operationId)
    expect(new Set(names).size).toBe(names.length)
  })

  it('has the same routes as the table of docs/api.md', () => {
    const [page = ''] = Object.values(
      import.meta.glob<string>('/docs/api.md', { query: '?raw', import: 'default', eager: true }),
    )
    const listed = page
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) => [...line.matchAll(/`(GET|POST) (\/api\/\S+)`/g)])
      .map(([, method = '', path = '']) => `${method.toLowerCase()} ${path}`)
    const described = operations
      .filter(({ path }) => path.startsWith('/api/'))
      .map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`)

    expect(listed.toSorted()).toEqual(described.toSorted())
  })

  it('describes the values of each parameter', () => {
    const { parameters = [] } = document.paths['/api/deliveries']?.get ?? {}

    expect(parameters).toContainEqual({
      name: 'state',
      in: 'query',
      description: 'States of deliveries',
      schema: { type: 'array', items: { $ref: '#/components/schemas/DeliveryState' } },
    })
    expect(document.components.schemas.DeliveryState).toEqual({
      enum: ['pending', 'retrying', 'held', 'delivered', 'dead', 'cancelled'],
      type: 'string',
    })
    expect(parameters).toContainEqual({
      name: 'type',
      in: 'query',
      description: 'Exact types, or a prefix and `*`: `payment.*`',
      schema: {
        type: 'array',
        items: {
          type: 'string',
          minLength: 1,
          maxLength: 500,
          pattern: '^[^*]*\\*?$',
          examples: ['payment.*'],
        },
      },
    })
  })

  it('describes the types of a query', () => {
    const named = (path: string) =>
      Object.fromEntries(
        (document.paths[path]?.get?.parameters ?? []).map(({ name, schema }) => [name, schema]),
      )

    expect(named('/api/events')).toMatchObject({
      limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
      unrouted: { type: 'boolean', default: false },
      source: { type: 'array', items: { type: 'string' } },
      status: { type: 'array', items: { $ref: '#/components/schemas/EventStatus' } },
      since: { type: 'string' },
    })
    expect(document.components.schemas).toMatchObject({
      EventStatus: { enum: EVENT_STATUSES },
      DeliveryState: { enum: DELIVERY_STATES },
    })
    expect(named('/api/ledger').since).toMatchObject({ type: 'string', default: '24h' })
  })

  it('marks required bodies, and describes the webhooks of a source', () => {
    const needed = operations.filter(({ operation }) => operation.requestBody?.required)

    expect(needed.map(({ operation }) => operation.operationId).sort()).toEqual(
      [...Object.keys(BODIES), 'postInSource'].sort(),
    )
    const { parameters = [], requestBody } = document.paths['/in/{source}']?.post ?? {}
    expect(parameters.map(({ name }) => name)).toEqual(['source', 'key', 'event'])
    const schema = requestBody?.content['application/json']?.schema ?? {}
    expect(violations(schema, aPayment())).toEqual([])
    expect(violations(schema, [aPayment()])).toEqual([])
  })

  it('has a webhook for every type of event, with the signature headers', () => {
    // What an earlier version recorded can be replayed.
    const types = [...EVENT_TYPES, 'relay.target_opened']
    expect(Object.keys(document.webhooks).sort()).toEqual(types.sort())
    for (const { post } of Object.values(document.webhooks)) {
      const names = post.parameters.map(({ $ref }) => $ref.split('/').at(-1))
      expect(names).toEqual(
        expect.arrayContaining(['webhook-id', 'webhook-timestamp', 'webhook-signature']),
      )
    }
  })

  it('describes a delivery as it is sent', async () => {
    const sent: string[] = []
    const id = await stored(config, 'hype', aPayment())
    const queue = aQueue()
    const row = await env.DB.prepare('SELECT due FROM deliveries').first<{ due: number }>()
    const body = { event: id, target: 'crm', attempt: 1, due: row?.due ?? 0 }
    const message = { id: 'm', body, ack: () => undefined, retry: () => undefined }
    await deliverBatch(
      { DB: env.DB, RETRIES: queue.queue },
      config,
      'deliveries',
      [message as unknown as Message<typeof body>],
      {
        now: () => row?.due ?? 0,
        random: () => 0,
        log: () => undefined,
        fetch: async (_url, init) => {
          sent.push(String(init.body))
          return new Response()
        },
      },
    )

    const event = JSON.parse(sent[0] ?? '{}')
    const webhook = document.webhooks['payment.created']?.post.requestBody
    const schema = webhook?.content['application/json']?.schema ?? {}
    expect(violations(schema, event)).toEqual([])
    expect(violations(schema, { ...event, type: 'payment.failed' })).not.toEqual([])
  })
})

const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema({
  $id: 'https://relay.example/openapi.json',
  components: close(document.components as Json),
})

/** Schemas without additional properties: what an answer has and its schema lacks is an error of the document. */
function close(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema), (_key, value) =>
    value?.type === 'object' && 'properties' in value
      ? { additionalProperties: false, ...value }
      : value,
  )
}

/** The places where a value violates its schema. */
function violations(schema: object, value: unknown): string[] {
  const text = JSON.stringify(schema).replaceAll('"#/', '"https://relay.example/openapi.json#/')
  const validate = ajv.compile(close(JSON.parse(text)))
  validate(value)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** They say what could not be read, or leave it out. */
const ANSWERS_ALWAYS = ['getAttention', 'getMetrics']

/** The answers that were seen: operation and status. */
const seen = new Set<string>()

/** Calls an operation by its name and checks the answer against the document. */
async function check(
  name: string,
  status: number,
  { path, init, over }: { path?: string; init?: RequestInit; over?: Partial<Env> } = {},
): Promise<Json> {
  const found = operations.find(({ operation }) => operation.operationId === name)
  if (found === undefined) throw new Error(`there is no operation ${name}`)
  const response = await call(
    path ?? found.path,
    { method: found.method.toUpperCase(), ...init },
    over,
  )
  expect(response.status, `${name} ${path}: ${await response.clone().text()}`).toBe(status)
  const described = found.operation.responses[status]
  expect(described, `${name} answers ${status}, which is not documented`).toBeDefined()
  seen.add(`${name} ${status}`)
  if (described?.content === undefined) return {}
  const [type = '', { schema = {} } = {}] = Object.entries(described.content)[0] ?? []
  expect(response.headers.get('content-type')).toContain(type)
  const body = (await response.json()) as Json
  expect(violations(schema, body), `${name} ${status}`).toEqual([])
  return body
}

const json = (body: object, headers: Record<string, string> = {}): { init: RequestInit } => ({
  init: { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } },
})
const take = () => stored(config, 'hype', aPayment(), { now: now++ })
const UNKNOWN = {
  event: 'evt_00000000000',
  person: 'per_00000000000',
  replay: 'rpl_00000000000',
}

beforeEach(async () => {
  answerOfTarget = 200
  await env.DB.batch(
    [
      'targets',
      'deliveries',
      'events',
      'segments',
      'ledger',
      'contacts',
      'replays',
      'idempotency',
      'imports',
    ].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

/** A path of an operation with values for its placeholders. */
const filled = (path: string) =>
  path
    .replace('/events/{id}', `/events/${UNKNOWN.event}`)
    .replace('/people/{id}', `/people/${UNKNOWN.person}`)
    .replace('/replays/{id}', `/replays/${UNKNOWN.replay}`)
    .replace('{name}', 'crm')

/** The smallest body that each operation accepts. */
const BODIES: Record<string, object> = {
  postReplays: { filter: { target: 'crm' }, dry_run: true },
  postPeopleIdSplit: { source: 'hype', contact: 'c' },
  postPeopleIdMerge: { person: UNKNOWN.person },
  postPeopleErasedVerify: {
    receipt: {
      person: UNKNOWN.person,
      asked_at: '2026-12-01T00:00:00.000Z',
      salt: '00',
      values: [],
    },
  },
  postPeopleIdSuppress: { suppress: false },
  postImport: { file: '0'.repeat(64), lines: 0 },
  postImportLines: { file: '0'.repeat(64), from: 0, lines: [] },
  postQuarantineRelease: { cause: 'x' },
  postQuarantineDismiss: { cause: 'x', reason: 'noise' },
  postRenormalize: { since: '1h' },
  postSimulate: { source: 'hype', type: 'payment.created' },
}
const QUERIES: Record<string, string> = {
  getPeople: '?email=ana@example.com',
  getExport: '?part=contacts',
}

const guarded = operations.filter(({ operation }) => operation.security === undefined)
const acts = guarded.filter(({ method }) => method === 'post')

describe.each(guarded)('$operation.operationId', ({ path, method, operation }) => {
  const name = operation.operationId
  const asked = (headers: Record<string, string> = {}, over: Partial<Env> = {}) => ({
    path: `${filled(path)}${QUERIES[name] ?? ''}`,
    init: {
      headers,
      ...(BODIES[name] ? { body: JSON.stringify(BODIES[name]) } : {}),
    },
    over,
  })

  it('refuses a request without a valid token, after too many of them, and while no token is set', async () => {
    await check(name, 401, asked({ authorization: '' }))
    await check(name, 401, asked({ authorization: 'Bearer somebody' }))
    await check(name, 429, asked({ authorization: '' }, { FAILURES: FULL }))
    if (method === 'post') {
      await check(name, 403, asked({ authorization: 'Bearer viewer' }))
    }
    await check(name, 503, asked({}, { ADMIN_TOKEN: '' }))
  })

  it('answers an internal error with a problem', async () => {
    const over = { DB: BROKEN_DB }
    // A webhook would be spilled instead, so the idempotency key causes the error.
    const key: Record<string, string> = method === 'post' ? { 'idempotency-key': 'k' } : {}
    await check(name, ANSWERS_ALWAYS.includes(name) ? 200 : 500, asked(key, over))
  })

  if (operation.parameters?.some((one) => one.in === 'query')) {
    it('refuses a query that it does not understand', async () => {
      const query = operation.parameters?.some((one) => one.name === 'limit')
        ? 'limit=0'
        : 'since=then'
      await check(name, 400, { path: `${filled(path)}?${query}` })
    })
  }
  if (operation.requestBody) {
    it('refuses a body that is not a JSON object, and an unknown field', async () => {
      for (const body of ['{', 'null', '[]', '"text"']) {
        const { title } = await check(name, 400, { path: filled(path), init: { body } })
        expect(title).toBe('The body is not a JSON object.')
      }
      const body = JSON.stringify({ ...BODIES[name], nobody: 'knows this' })
      const { title } = await check(name, 400, { path: filled(path), init: { body } })
      expect(title).toBe('nobody is not a known field.')
    })
  }
})

describe.each(acts)('$operation.operationId with an idempotency key', ({ path, operation }) => {
  const name = operation.operationId
  const body = JSON.stringify(BODIES[name] ?? {})
  const ask = (key: string, more = '') =>
    call(`${filled(path)}${more}`, { method: 'POST', body, headers: { 'idempotency-key': key } })

  it('answers a repeat in the same way, and does nothing more', async () => {
    const first = await ask('k')
    const second = await ask('k')

    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(second.status).toBe(first.status)
    expect(await second.text()).toBe(await first.text())
  })

  if (BODIES[name]) {
    it('accepts the key again for a corrected body', async () => {
      const asked = (text: string) => ({
        path: filled(path),
        init: { body: text, headers: { 'idempotency-key': 'k' } },
      })
      await check(name, 400, asked('{'))

      expect((await ask('k')).headers.get('idempotency-replayed')).toBeNull()
      expect((await ask('k')).headers.get('idempotency-replayed')).toBe('true')
    })
  }

  it('answers although its answer cannot be stored', async () => {
    const failingDb = new Proxy(env.DB, {
      get:
        (db, key) =>
        (sql: string, ...rest: unknown[]) => {
          if (key === 'prepare' && /^UPDATE idempotency/.test(sql)) throw new Error('too big')
          return (db[key as 'prepare'] as (...args: unknown[]) => unknown).call(db, sql, ...rest)
        },
    })
    const known = await ask('k')

    const response = await call(
      filled(path),
      { method: 'POST', body, headers: { 'idempotency-key': 'another' } },
      { DB: failingDb },
    )

    expect(response.status).toBe(known.status)
  })

  it('refuses a key of another request, a key in use, and an invalid key', async () => {
    const asked = (key: string, path_ = filled(path)) => ({
      path: path_,
      init: { body, headers: { 'idempotency-key': key } },
    })
    await ask('k')
    await check(name, 422, asked('k', `${filled(path)}?other`))
    await env.DB.prepare('UPDATE idempotency SET status = NULL').run()
    await check(name, 409, asked('k'))
    await check(name, 400, asked('k'.repeat(256)))
  })
})

describe('the operations', () => {
  it('accept webhooks, or refuse them with the reason', async () => {
    const body = JSON.stringify(aPayment())
    const authenticated = '/in/hype?key=hype%20secret'
    await check('postInSource', 202, { path: authenticated, init: { body } })
    await check('postInSource', 202, { path: authenticated, init: { body: `[${body}]` } })
    await check('postInSource', 400, { path: authenticated, init: { body: '' } })
    await check('postInSource', 401, { path: '/in/hype?key=wrong', init: { body } })
    await check('postInSource', 404, { path: '/in/nobody', init: { body } })
    await check('postInSource', 413, {
      path: authenticated,
      init: { body: `[${'{},'.repeat(100)}{}]` },
    })
    await check('postInSource', 429, {
      path: authenticated,
      init: { body },
      over: { INTAKE: FULL },
    })
    await check('postInSource', 508, {
      path: authenticated,
      init: { body, headers: { 'relay-hops': '99' } },
    })
    const SPILL = aSpill({ refusing: true }).queue
    await check('postInSource', 503, {
      path: authenticated,
      init: { body },
      over: { DB: BROKEN_DB, SPILL },
    })
  })

  it('return health, metrics and schemas', async () => {
    await check('getHealthz', 200)
    await check('getHealthz', 503, { over: { DB: BROKEN_DB } })
    await check('getAttention', 200)
    await check('getMetrics', 200)
    await check('getSchemasTypeVersion', 200, { path: '/schemas/payment.created/1' })
    await check('getSchemasTypeVersion', 404, { path: '/schemas/payment.created/2' })
  })

  it('list events, and send one again', async () => {
    const id = await take()
    const quarantined = await stored(config, 'hype', { strange: true }, { now: now++ })
    await check('getEvents', 200)
    await check('getEvents', 200, {
      path: '/api/events?type=payment.*&status=accepted&source=hype',
    })
    await check('getEventsId', 200, { path: `/api/events/${id}` })
    await check('getDeliveries', 200, { path: '/api/deliveries?target=crm' })
    await check('getEventsId', 200, { path: `/api/events/${quarantined}` })
    await check('getEventsId', 404, { path: `/api/events/${UNKNOWN.event}` })
    await check('postEventsIdReplay', 200, {
      path: `/api/events/${id}/replay`,
      ...json({ dry_run: true }),
    })
    await check('postEventsIdReplay', 200, { path: `/api/events/${id}/replay` })
    await check('postEventsIdReplay', 404, { path: `/api/events/${UNKNOWN.event}/replay` })
    await check('postEventsIdReplay', 409, { path: `/api/events/${quarantined}/replay` })
  })

  it('list sources', async () => {
    await check('getSources', 200)
    expect(await check('getSourcesName', 200, { path: '/api/sources/hype' })).toMatchObject({
      name: 'hype',
    })
    await check('getSourcesName', 404, { path: '/api/sources/nobody' })
  })

  it('list, pause, resume and test targets', async () => {
    await check('getTargets', 200)
    expect(await check('getTargetsName', 200, { path: '/api/targets/crm' })).toMatchObject({
      name: 'crm',
      state: 'active',
    })
    await check('getTargetsName', 404, { path: '/api/targets/nobody' })
    for (const act of ['pause', 'resume', 'test']) {
      const name = `postTargetsName${act[0]?.toUpperCase()}${act.slice(1)}`
      await check(name, 200, { path: `/api/targets/crm/${act}` })
      await check(name, 404, { path: `/api/targets/nobody/${act}` })
    }
    await check('postTargetsNameTest', 409, { path: '/api/targets/broken/test' })
    answerOfTarget = 500
    await check('postTargetsNameTest', 200, { path: '/api/targets/crm/test' })
  })

  it('replay by a filter', async () => {
    const { id } = await check('postReplays', 202, json({ filter: { since: '1h', state: 'dead' } }))
    await check('postReplays', 200, json({ filter: { since: '1h' }, dry_run: true }))
    await check('postReplays', 404, json({ filter: { target: 'nobody' } }))
    await check('getReplays', 200)
    await check('getReplaysId', 200, { path: `/api/replays/${id}` })
    await check('getReplaysId', 404, { path: `/api/replays/${UNKNOWN.replay}` })
    for (const [name, act, state] of [
      ['postReplaysIdStop', 'stop', 'stopped'],
      ['postReplaysIdResume', 'resume', 'running'],
    ]) {
      await env.DB.prepare('UPDATE replays SET state = ?1').bind(state).run()
      await check(`${name}`, 200, { path: `/api/replays/${id}/${act}` })
      await check(`${name}`, 404, { path: `/api/replays/${UNKNOWN.replay}/${act}` })
      await env.DB.prepare("UPDATE replays SET state = 'done'").run()
      await check(`${name}`, 409, { path: `/api/replays/${id}/${act}` })
    }
  })

  it('find, split and merge people', async () => {
    for (const id of ['a', 'b'])
      await stored(config, 'hype', aPayment({ id, email: 'one@example.com' }), { now: now++ })
    await env.DB.prepare('UPDATE contacts SET person = (SELECT min(person) FROM contacts)').run()
    await check('getPeopleWronglyJoined', 200)
    await check('postPeopleWronglyJoinedSplit', 200, json({}))
    const { people } = (await check('getPeople', 200, {
      path: '/api/people?email=one@example.com',
    })) as {
      people: { id: string }[]
    }
    const [person] = people
    await check('getPeopleId', 200, { path: `/api/people/${person?.id}` })
    await check('getPeopleId', 404, { path: `/api/people/${UNKNOWN.person}` })
    await check('getPeopleIdEvents', 200, { path: `/api/people/${person?.id}/events` })
    await check('getPeopleIdEvents', 404, { path: `/api/people/${UNKNOWN.person}/events` })
    const split = { path: `/api/people/${person?.id}/split` }
    const { new_person: separate } = (await check('postPeopleIdSplit', 200, {
      ...split,
      ...json({ source: 'hype', contact: 'b' }),
    })) as { new_person: { id: string } }
    await check('postPeopleIdSplit', 409, { ...split, ...json({ source: 'hype', contact: 'b' }) })
    await check('postPeopleIdSplit', 404, {
      path: `/api/people/${UNKNOWN.person}/split`,
      ...json({ source: 'hype', contact: 'b' }),
    })
    const merge = { path: `/api/people/${person?.id}/merge` }
    await check('postPeopleIdMerge', 409, { ...merge, ...json({ person: person?.id }) })
    await check('postPeopleIdMerge', 404, { ...merge, ...json({ person: UNKNOWN.person }) })
    await check('postPeopleIdMerge', 200, { ...merge, ...json({ person: separate.id }) })
    const merged = { init: { redirect: 'manual' as const } }
    await check('getPeopleId', 308, { path: `/api/people/${separate.id}`, ...merged })
    await check('getPeopleIdEvents', 308, { path: `/api/people/${separate.id}/events`, ...merged })
    const of = (id: string | undefined, act: string) => ({ path: `/api/people/${id}/${act}` })
    await check('postPeopleIdErase', 200, of(person?.id, 'erase'))
    const erase = json({ dry_run: false })
    const receipt = await check('postPeopleIdErase', 200, { ...of(person?.id, 'erase'), ...erase })
    await check('postPeopleIdErase', 404, { ...of(UNKNOWN.person, 'erase'), ...erase })
    await check('getPeopleIdErasure', 200, of(person?.id, 'erasure'))
    await check('getPeopleIdErasure', 404, of(UNKNOWN.person, 'erasure'))
    await check('getPeopleErased', 200)
    await check('postPeopleErasedVerify', 200, json({ receipt }))
    const suppress = json({ suppress: false })
    await check('postPeopleIdSuppress', 200, { ...of(person?.id, 'suppress'), ...suppress })
    await check('postPeopleIdSuppress', 404, { ...of(UNKNOWN.person, 'suppress'), ...suppress })
  })

  it('release and dismiss quarantined messages, and normalize again', async () => {
    const id = await stored(config, 'hype', { strange: true }, { now: now++ })
    await take()
    await check('getQuarantine', 200)
    await check('postQuarantineRelease', 200, json({ events: [id] }))
    await check('postQuarantineDismiss', 200, json({ events: [id], reason: 'a test' }))
    await check('postRenormalize', 200, json({ since: '1h' }))
  })

  it('simulate messages and journeys', async () => {
    await check('postSimulate', 200, json({ source: 'hapana', type: 'checkIn' }))
    const journey = { members: 2, junk: true, duplicates: 1 }
    await check('postSimulate', 200, json({ source: 'hype', journey, limit: 10 }))
    for (const body of [
      { source: 'nobody', type: 'checkIn' },
      { source: 'hapana', type: 'noType' },
      { source: 'hapana' },
      { source: 'hype', type: 'payment.created', overrides: { 'email.address': 'a' } },
    ])
      await check('postSimulate', 400, json(body))
  })

  it('export the log, and import one into a fresh relay', async () => {
    const file = 'f'.repeat(64)
    await check('postImport', 200, json({ file, lines: 1 }))
    await check('postImport', 409, json({ file: '0'.repeat(64), lines: 1 }))
    await check('postImportLines', 422, json({ file, from: 0, lines: [{}] }))
    await check('postImportLines', 200, json({ file, from: 0, lines: [] }))
    await check('postImportLines', 409, json({ file, from: 5, lines: [] }))
    await check('getExport', 200, { path: '/api/export?part=merged_people' })
    await check('getExport', 400, { path: '/api/export?part=everything' })
  })

  it('return the ledger, its differences and schema drift', async () => {
    await take()
    await check('getLedger', 200)
    await check('getLedgerDifferences', 200)
    await check('getDrift', 200)
  })
})

afterAll(() => {
  const documented = operations.flatMap(({ operation }) =>
    Object.keys(operation.responses).map((status) => `${operation.operationId} ${status}`),
  )
  const never = ANSWERS_ALWAYS.map((name) => `${name} 500`)
  expect(documented.filter((one) => !never.includes(one) && !seen.has(one))).toEqual([])
})

// Health, the API behind its token, schemas, and unknown paths and methods.

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { DeliveryMessage } from '../../src/core/deliveries/delivery.ts'
import { keyOfId } from '../../src/core/id.ts'
import { createApp } from '../../src/http/app.ts'
import { aConfig, aPayment, aQueue, deliverBatch, stored } from '../builders.ts'

const config = aConfig({ name: 'crm' })
const lines: Record<string, unknown>[] = []
const app = createApp(() => config, {
  now: () => Date.now(),
  random: () => Math.random(),
  log: (line) => lines.push(line),
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
})
const bindings = {
  DB: env.DB,
  DELIVERIES: aQueue().queue,
  RETRIES: aQueue().queue,
  ADMIN_TOKEN: 'operator',
}

async function get(
  path: string,
  headers: Record<string, string> = {},
  over: Partial<typeof bindings> = {},
) {
  const response = await app.request(
    `https://relay.example${path}`,
    { headers },
    { ...bindings, ...over },
  )
  return {
    status: response.status,
    headers: response.headers,
    body: await response.json<Record<string, unknown>>(),
  }
}
const OPERATOR = { authorization: 'Bearer operator' }
const BROKEN_DB = {
  prepare: () => {
    throw new Error('D1 is unavailable')
  },
} as unknown as D1Database

describe('/healthz', () => {
  it('is 200 while D1 responds, without details', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  })

  it('is 503 while D1 does not respond', async () => {
    expect(await get('/healthz', {}, { DB: BROKEN_DB })).toMatchObject({ status: 503 })
  })
})

describe('/api', () => {
  it.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer somebody' }],
    ['another scheme', { authorization: 'Basic operator' }],
    ['an empty token', { authorization: 'Bearer ' }],
  ])('refuses %s', async (_case, headers) => {
    const answer = await get('/api/events', headers as Record<string, string>)

    expect(answer).toMatchObject({
      status: 401,
      body: { type: 'urn:membership-relay:problem:unauthenticated' },
    })
    expect(answer.headers.get('www-authenticate')).toContain('Bearer')
  })

  it('refuses every request while ADMIN_TOKEN is not set, with the reason', async () => {
    const answer = await get('/api/events', { authorization: 'Bearer ' }, { ADMIN_TOKEN: '' })

    expect(answer).toMatchObject({
      status: 503,
      body: { title: expect.stringContaining('ADMIN_TOKEN') },
    })
  })

  it('lists events, newest first, in pages', async () => {
    const ids: string[] = []
    for (let i = 0; i < 3; i++)
      ids.push(await stored(config, 'hype', aPayment(), { now: Date.now() + i }))

    const first = await get('/api/events?limit=2', OPERATOR)
    const second = await get(`/api/events?limit=2&next=${first.body.next}`, OPERATOR)

    const listed = [first, second]
      .flatMap(({ body }) => body.events as { id: string }[])
      .map(({ id }) => id)
    expect(listed.slice(0, 3)).toEqual(ids.toReversed())
  })

  it('returns one event with its payload, its normalized form and its deliveries', async () => {
    const id = await stored(config, 'hype', aPayment({ id: 'whole' }))

    const { body } = await get(`/api/events/${id}`, OPERATOR)

    expect(body).toMatchObject({
      id,
      source: 'hype',
      status: 'accepted',
      subject: 'contact/whole',
      event: { specversion: '1.0', id, type: 'payment.created' },
      raw: { encoding: 'utf8', text: expect.stringContaining('"whole"') },
      deliveries: [{ target: 'crm', state: 'pending', attempts: [] }],
    })
  })

  it.each([
    ['limit=0', 'limit must be at least 1.'],
    ['limit=201', 'limit must be at most 200.'],
    ['limit=many', 'limit must be a whole number.'],
    ['next=evt_1', 'next must be the `next` of a previous page.'],
    ['befor=evt_1', 'befor is not a known field.'],
    ['since=yesterday', 'since must be a time: 2026-11-30, 2026-11-30T04:00Z, or 30m, 24h, 7d.'],
    ['type=*.created', 'type may contain one * only, at its end.'],
    ['person=ana', 'person must be a person ID (per_…).'],
    ['status=lost', 'status must be one of accepted, quarantined, duplicate, inferred.'],
  ])('refuses ?%s with the reason', async (query, title) => {
    expect(await get(`/api/events?${query}`, OPERATOR)).toMatchObject({
      status: 400,
      body: { title },
    })
  })

  it.each(['evt_0000000000000', 'evt_x', '%00'])('does not find the event %s', async (id) => {
    expect(await get(`/api/events/${id}`, OPERATOR)).toMatchObject({ status: 404 })
  })

  it('answers an internal error with 500, and its detail is only logged', async () => {
    const answer = await get('/api/events', OPERATOR, { DB: BROKEN_DB })

    expect(answer).toMatchObject({ status: 500, body: { title: 'Internal error. It was logged.' } })
    expect(JSON.stringify(answer.body)).not.toContain('D1 is unavailable')
    expect(lines.at(-1)).toMatchObject({ at: 'http', detail: 'D1 is unavailable' })
  })
})

describe('/api/targets', () => {
  async function post(path: string) {
    const init = { method: 'POST', headers: OPERATOR }
    const response = await app.request(`https://relay.example${path}`, init, bindings)
    return { status: response.status, body: await response.json<Record<string, unknown>>() }
  }

  it('pauses and resumes a target, with one event for each', async () => {
    const paused = await post('/api/targets/crm/pause')
    await post('/api/targets/crm/pause')
    const shown = await get('/api/targets', OPERATOR)
    const resumed = await post('/api/targets/crm/resume')

    expect(paused).toMatchObject({ status: 200, body: { name: 'crm', state: 'paused' } })
    expect(shown.body).toMatchObject({ targets: [{ name: 'crm', state: 'paused', reason: null }] })
    expect(resumed.body).toMatchObject({ name: 'crm', state: 'active', failures: 0 })
    const { body } = await get('/api/events?type=relay.target_*', OPERATOR)
    expect((body.events as { type: string }[]).map(({ type }) => type)).toEqual([
      'relay.target_resumed',
      'relay.target_paused',
    ])
  })

  it('never returns the URL of a target', async () => {
    expect(JSON.stringify((await get('/api/targets', OPERATOR)).body)).not.toContain(
      'target.example',
    )
  })

  it('does not find an unknown target or an unknown act', async () => {
    expect(await post('/api/targets/nobody/pause')).toMatchObject({ status: 404 })
    expect(await post('/api/targets/crm/destroy')).toMatchObject({ status: 404 })
  })
})

describe('/api/events/:id/replay', () => {
  async function post(path: string, body: object = {}) {
    const init = { method: 'POST', headers: OPERATOR, body: JSON.stringify(body) }
    const response = await app.request(`https://relay.example${path}`, init, {
      ...bindings,
      RETRIES: retries.queue,
    })
    return { status: response.status, body: await response.json<Record<string, unknown>>() }
  }
  const retries = aQueue()

  /** Passes the last message of the queue to its consumer; returns the headers that the target receives. */
  async function deliverLast(status = 200) {
    const got: Headers[] = []
    const body = retries.messages.at(-1) as DeliveryMessage
    const message = { id: '1', timestamp: new Date(), attempts: 1, body, ack() {}, retry() {} }
    await deliverBatch({ DB: env.DB, RETRIES: retries.queue }, config, 'retries', [message], {
      fetch: async (_url, init) => {
        got.push(new Headers(init.headers))
        return new Response('', { status })
      },
      now: () => body.due,
      random: () => 0,
      log: () => undefined,
    })
    return got
  }

  it('sends a delivered event again, with its id and marked as a replay', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare(`UPDATE deliveries SET state = 'delivered', due = NULL, attempt = 2`).run()

    const answer = await post(`/api/events/${id}/replay`)
    const [headers] = await deliverLast()

    expect(answer).toMatchObject({ status: 200, body: { replayed: ['crm'] } })
    expect(headers?.get('webhook-id')).toBe(id)
    expect(headers?.get('relay-replay')).toBe('true')
    expect(headers?.get('relay-attempt')).toBe('2')
  })

  it('starts the whole schedule of a dead delivery again, and does not count against the target', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'dead', due = NULL, attempt = 11 WHERE target = 'crm'`,
    ).run()
    await env.DB.prepare('DELETE FROM targets').run()

    await post(`/api/events/${id}/replay`)
    await deliverLast(500)

    const { body } = await get(`/api/events/${id}`, OPERATOR)
    expect(body).toMatchObject({
      deliveries: [{ state: 'retrying', attempt: 12, reason: null, replayed: true }],
    })
    expect((await get('/api/targets', OPERATOR)).body).toMatchObject({ targets: [{ failures: 0 }] })
  })

  it('marks the target as gone if a replay is answered with 410', async () => {
    await env.DB.prepare('DELETE FROM targets').run()
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare(`UPDATE deliveries SET state = 'delivered', due = NULL, attempt = 2`).run()

    await post(`/api/events/${id}/replay`)
    await deliverLast(410)

    const { body } = await get('/api/targets', OPERATOR)
    expect(body).toMatchObject({ targets: [{ state: 'gone' }] })
    await env.DB.prepare('DELETE FROM targets').run()
  })

  it('sends an inferred event again', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.batch([
      env.DB.prepare('UPDATE events SET status = ?2 WHERE key = CAST(?1 AS INTEGER)').bind(
        keyOfId(id),
        'derived',
      ),
      env.DB.prepare(
        `UPDATE deliveries SET state = 'delivered', due = NULL, attempt = 2 WHERE event = CAST(?1 AS INTEGER)`,
      ).bind(keyOfId(id)),
    ])

    expect(await post(`/api/events/${id}/replay`)).toMatchObject({
      status: 200,
      body: { replayed: ['crm'] },
    })
  })

  it('evaluates where for a target that never received it, unless the request names the target', async () => {
    const id = await stored(config, 'hype', aPayment())
    const dead = env.DB.prepare(
      `UPDATE deliveries SET state = 'dead', due = NULL, attempt = 3 WHERE event = CAST(?1 AS INTEGER)`,
    ).bind(keyOfId(id))
    const reason = env.DB.prepare(
      'SELECT reason FROM deliveries WHERE event = CAST(?1 AS INTEGER)',
    ).bind(keyOfId(id))

    await dead.run()
    await post(`/api/events/${id}/replay`)
    expect(await reason.first('reason')).toBe('where')
    await dead.run()
    await post(`/api/events/${id}/replay`, { targets: ['crm'] })
    expect(await reason.first('reason')).toBeNull()
  })

  it('only lists its targets with dry_run, and does not change deliveries that await an attempt', async () => {
    const id = await stored(config, 'hype', aPayment())

    const dry = await post(`/api/events/${id}/replay`, { dry_run: true })
    const real = await post(`/api/events/${id}/replay`)

    expect(dry.body).toEqual({ id, targets: ['crm'], replayed: [] })
    expect(real.body).toEqual({ id, targets: ['crm'], replayed: [] })
  })

  it.each([
    ['an unknown event', 'evt_0000000000000', {}, 404],
    ['an unknown target', undefined, { targets: ['nobody'] }, 404],
    ['an invalid body', undefined, { targets: 'crm' }, 400],
  ])('refuses %s', async (_case, unknown, body, status) => {
    const id = unknown ?? (await stored(config, 'hype', aPayment()))

    expect(await post(`/api/events/${id}/replay`, body)).toMatchObject({ status })
  })
})

describe('/schemas', () => {
  it('has the JSON Schema to which an event refers', async () => {
    const { status, headers, body } = await get('/schemas/checkin.rejected/1')

    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('application/schema+json')
    expect(body).toMatchObject({
      title: 'checkin.rejected',
      type: 'object',
      required: ['contact', 'checkin'],
    })
  })

  it.each(['checkin.rejected/2', 'nothing/1', '__proto__/1'])('has none for %s', async (path) => {
    expect(await get(`/schemas/${path}`)).toMatchObject({ status: 404 })
  })
})

it('answers an unknown path with a problem', async () => {
  expect(await get('/nowhere')).toMatchObject({
    status: 404,
    body: { type: 'urn:membership-relay:problem:not-found' },
  })
})

describe('a method that a path does not allow', () => {
  it.each([
    ['PUT', '/api/events', 'GET'],
    ['DELETE', '/api/targets/crm', 'GET'],
    ['GET', '/api/targets/crm/pause', 'POST'],
    ['PATCH', '/api/replays', 'GET, POST'],
    ['POST', '/healthz', 'GET'],
  ])('%s %s is 405, and the answer lists the allowed ones', async (method, path, allow) => {
    const init = { method, headers: OPERATOR }
    const response = await app.request(`https://relay.example${path}`, init, bindings)

    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allow)
    expect(await response.json()).toMatchObject({
      type: 'urn:membership-relay:problem:method-not-allowed',
    })
  })

  it('is not revealed without the token', async () => {
    const response = await app.request(
      'https://relay.example/api/events',
      { method: 'PUT' },
      bindings,
    )
    expect(response.status).toBe(401)
  })

  it('is 404 for an unknown path', async () => {
    const init = { method: 'PUT', headers: OPERATOR }
    const response = await app.request('https://relay.example/api/nothing', init, bindings)
    expect(response.status).toBe(404)
  })
})

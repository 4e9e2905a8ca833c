// Health, the API behind its token, schemas, and unknown paths and methods.

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { aConfig } from '../builders.ts'
import { anApi, OPERATOR } from './api.ts'

const config = aConfig({ name: 'crm' })
const { app, bindings, lines, get } = anApi(config)
const BROKEN_DB = {
  prepare: () => {
    throw new Error('D1 is unavailable')
  },
} as unknown as D1Database

/** Does something with other notes of the applied migrations. */
async function withMigrations(sql: string, work: () => Promise<void>) {
  const { results } = await env.DB.prepare('SELECT id, name FROM d1_migrations').all<{
    id: number
    name: string
  }>()
  await env.DB.prepare(sql).run()
  try {
    await work()
  } finally {
    await env.DB.batch([
      env.DB.prepare('DROP TABLE IF EXISTS d1_gone'),
      env.DB.prepare(
        'CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY, name TEXT)',
      ),
      env.DB.prepare('DELETE FROM d1_migrations'),
      ...results.map(({ id, name }) =>
        env.DB.prepare('INSERT INTO d1_migrations (id, name) VALUES (?1, ?2)').bind(id, name),
      ),
    ])
  }
}

describe('/healthz', () => {
  it('is 200 while D1 responds, without details', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  })

  it('is 503 with the path and the remedy while the configuration cannot be read, and with no value of it', async () => {
    const vars = { SOURCES: '[{"name":"hype","secret":"leaked"},]', TARGETS: [{ url: 'leaked' }] }
    const answer = await anApi(parseConfig(vars, () => 'secret')).get('/healthz')

    expect(answer).toMatchObject({
      status: 503,
      body: { type: 'urn:membership-relay:problem:configuration-unreadable' },
    })
    expect(answer.body.title).toBe(
      'The configuration cannot be read: SOURCES must be a list of tables, or JSON text of such a list; ' +
        'TARGETS[0].name is missing or is not a valid name. Correct it and deploy; nothing is removed until then.',
    )
  })

  it('is 200 with a source and a target that are broken alone: the others work', async () => {
    const vars = { SOURCES: [{ name: 'hype' }], TARGETS: [{ name: 'crm' }] }

    const answer = await anApi(parseConfig(vars, () => 'secret')).get('/healthz')

    expect(answer.status).toBe(200)
  })

  it('is 503 with the remedy while the schema is older than the code', async () => {
    await withMigrations("DELETE FROM d1_migrations WHERE name >= '0010'", async () => {
      const { status, body } = await get('/healthz')

      expect(status).toBe(503)
      expect(body.title).toMatch(
        /^The database has the migrations up to 0009_segments\.sql, but this version needs \S+\.sql: apply the migrations \(npm run deploy does that first\)\.$/,
      )
      const { attention, schema } = (await get('/api/attention', OPERATOR)).body
      expect(attention).toMatchObject([{ cause: 'schema_apart', words: body.title }])
      expect(schema).toMatchObject({ state: 'older', applied: '0009_segments.sql' })
    })
    await withMigrations('ALTER TABLE d1_migrations RENAME TO d1_gone', async () => {
      expect((await get('/healthz')).body.title).toMatch(/^The database has no migrations, but/)
    })
  })

  it('is 503 with what to do while the log is one of a version 0.x', async () => {
    await env.DB.prepare(
      `INSERT INTO events (key, source, vendor, status, type, planned, hops, dedup_key, encoding, headers)
       VALUES (3764847535718400007, 'hype', 'hype', 'accepted', 'payment.created', 0, 0, '', 'utf8', '{}')`,
    ).run()
    try {
      const { status, body } = await get('/healthz')

      expect(status).toBe(503)
      expect(body.title).toMatch(
        /^The database is one of a version 0\.x: .* database_name in wrangler\.toml/,
      )
      const { schema } = (await get('/api/attention', OPERATOR)).body
      expect(schema).toMatchObject({ state: 'obsolete' })
    } finally {
      await env.DB.prepare('DELETE FROM events').run()
    }
  })

  it('is 200 after a rollback, with a schema newer than the code, which needs attention', async () => {
    const later = "INSERT INTO d1_migrations (name) VALUES ('9999_later.sql')"
    await withMigrations(later, async () => {
      expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
      const { attention, schema } = (await get('/api/attention', OPERATOR)).body
      expect(attention).toMatchObject([
        { cause: 'schema_apart', words: expect.stringContaining('the code was rolled back') },
      ])
      expect(schema).toMatchObject({ state: 'newer', applied: '9999_later.sql' })
    })
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

  it('answers an internal error with 500, and its detail is only logged', async () => {
    const answer = await get('/api/events', OPERATOR, { DB: BROKEN_DB })

    expect(answer).toMatchObject({ status: 500, body: { title: 'Internal error. It was logged.' } })
    expect(JSON.stringify(answer.body)).not.toContain('D1 is unavailable')
    expect(lines.at(-1)).toMatchObject({ at: 'http', detail: 'D1 is unavailable' })
  })
})

describe('/schemas', () => {
  it('has the JSON Schema to which an event refers', async () => {
    const { status, headers, body } = await get('/schemas/checkin.rejected/1')

    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('application/schema+json')
    expect(body).toMatchObject({
      title: 'CheckinRejectedData',
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

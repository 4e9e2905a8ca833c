// Exports and imports by the API: what is refused, and how.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { aConfig, aPayment, NOW, stored } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'
import { anApi, OPERATOR } from '../api.ts'

const config = aConfig({ name: 'crm' })
const { app, bindings, post } = anApi(config)
const FILE = 'a'.repeat(64)

const text = async (query: string) => {
  const response = await app.request(
    `https://relay.example/api/export?${query}`,
    { headers: OPERATOR },
    bindings,
  )
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: await response.text(),
  }
}

beforeEach(() => empty(...LOG_TABLES, 'imports'))

describe('GET /api/export', () => {
  it('is lines of JSON, of which the last one has the next position', async () => {
    const id = await stored(config, 'hype', aPayment(), { now: NOW })

    const { status, type, body } = await text('part=events&until=2027-01-01')

    expect([status, type]).toEqual([200, 'application/x-ndjson'])
    const [event, next, ...others] = body.split('\n')
    expect(event).toMatch(new RegExp(`^\\{"v":1,"id":"${id}"`))
    expect([next, others]).toEqual(['{"next":null}', ['']])
    expect((await text('part=contacts')).body).toMatch(
      /^\{"row":"contacts","values":\{"source":"hype",/,
    )
  })

  it.each([
    ['', 'part is missing'],
    ['part=secrets', 'part must be one of events, contacts, merged_people, drift'],
    ['part=events&after=x', 'after must be the `next` of a previous call for this part'],
    ['part=contacts&after=1', 'after must be the `next` of a previous call for this part'],
    ['part=contacts&after=["hype"]', 'after must be the `next` of a previous call for this part'],
  ])('refuses "%s"', async (query, words) => {
    const { status, body } = await text(query)

    expect(status).toBe(400)
    expect(JSON.parse(body).title).toContain(words)
  })
})

describe('POST /api/import', () => {
  const begin = { file: FILE, lines: 1 }

  it('begins once, which is audited, and tells how far it is', async () => {
    expect((await post('/api/import', begin)).body).toEqual({ position: 0, lines: 1 })
    const row = { row: 'merged_people', values: { person: 1, merged_into: 2 } }
    const part = { file: FILE, from: 0, lines: [row] }

    expect((await post('/api/import/lines', part)).body).toEqual({ position: 1, lines: 1 })

    expect((await post('/api/import', begin)).body).toEqual({ position: 1, lines: 1 })
    const acts = await env.DB.prepare(`SELECT event ->> '$.data.act' AS act FROM events`).all()
    expect(acts.results).toEqual([{ act: 'imported a log' }])
  })

  it.each([
    ['/api/import', { file: 'x', lines: 1 }, 400, 'file must be a SHA-256'],
    ['/api/import', { file: FILE, lines: -1 }, 400, 'lines must not be negative'],
    ['/api/import/lines', { file: FILE, from: 0, lines: [] }, 409, 'has not been begun'],
    ['/api/import/lines', { file: FILE, from: 0, lines: [1] }, 400, 'must be an object'],
  ])('%s with %j is refused', async (path, body, status, words) => {
    const answer = await post(path, body)

    expect(answer.status).toBe(status)
    expect(answer.body.title).toContain(words)
  })

  it('refuses lines that are not the next ones, and those that it does not know', async () => {
    await post('/api/import', { file: FILE, lines: 9 })
    const part = { file: FILE, from: 3, lines: [{}] }

    expect(await post('/api/import/lines', part)).toMatchObject({ status: 409 })
    const unknown = await post('/api/import/lines', {
      ...part,
      from: 0,
      lines: [{ row: 'access', values: { key: 'x' } }],
    })
    expect(unknown.status).toBe(422)
    expect(unknown.body.title).toBe(
      'Line 1 of the events and rows is neither an event nor a row of a known table.',
    )
    const column = { row: 'merged_people', values: { 'person) SELECT 1 --': 1 } }
    expect(await post('/api/import/lines', { ...part, from: 0, lines: [column] })).toMatchObject({
      status: 422,
    })
  })

  it('is refused where events were received', async () => {
    await stored(config, 'hype', aPayment(), { now: NOW })

    const { status, body } = await post('/api/import', begin)

    expect(status).toBe(409)
    expect(body.title).toContain('into a fresh deployment only')
  })
})

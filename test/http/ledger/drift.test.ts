// Drift reports in the API.
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../../src/http/app.ts'
import { updateDriftReports } from '../../../src/stages/ledger/drift.ts'
import { aConfig, aPayment, aQueue, aStatusChange, NOW, stored, toolsAt } from '../../builders.ts'

const DAY = 24 * 3_600_000
const config = aConfig({ name: 'crm' })
const now = NOW + 3 * DAY
const app = createApp(() => config, {
  now: () => now,
  random: () => Math.random(),
  log: () => undefined,
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
})

async function get(query = '', token = 'operator') {
  const response = await app.request(
    `https://relay.example/api/drift${query}`,
    { headers: { authorization: `Bearer ${token}` } },
    { DB: env.DB, DELIVERIES: aQueue().queue, RETRIES: aQueue().queue, ADMIN_TOKEN: 'operator' },
  )
  return { status: response.status, body: await response.json<Answer>() }
}
type Answer = { title?: string; since: string; drift: Record<string, unknown>[] }

beforeAll(async () => {
  for (let i = 0; i < 20; i++) await stored(config, 'hype', aPayment(), { now: NOW + i })
  const other = aPayment({ version: 2, data: { tier: null, tax: 10 } })
  await stored(config, 'hype', other, { now: NOW + 2 * DAY })
  await stored(config, 'hapana', aStatusChange(), { now: NOW + 2 * DAY })
  await stored(config, 'hype', { nothing: 'known' }, { now: NOW + 2 * DAY })
  await updateDriftReports(env, toolsAt(now))
})

describe('GET /api/drift', () => {
  it('lists each source and type, with its findings', async () => {
    const { status, body } = await get()

    expect(status).toBe(200)
    expect(body.since).toBe('2026-10-25T00:00:00Z')
    expect(body.drift).toMatchObject([
      { source: 'hapana', vendortype: 'clientStatusChange', messages: 1, learning: true },
      { source: 'hype', vendortype: null, messages: 1 },
      {
        source: 'hype',
        vendortype: 'payment.created',
        messages: 21,
        first_seen: '2026-11-21T00:00:00Z',
        last_seen: '2026-11-23T00:00:00Z',
        learning: false,
      },
    ])
    expect(body.drift[2]?.findings).toEqual([
      {
        path: 'data.tax',
        finding: 'new',
        kinds: ['number'],
        noticed_at: '2026-11-23T00:00:00Z',
        count: 1,
        first_seen: '2026-11-23T00:00:00Z',
        last_seen: '2026-11-23T00:00:00Z',
      },
      {
        path: 'version',
        finding: 'changed',
        kinds: ['string', 'number'],
        noticed_at: '2026-11-23T00:00:00Z',
        count: 1,
        first_seen: '2026-11-23T00:00:00Z',
        last_seen: '2026-11-23T00:00:00Z',
      },
    ])
  })

  it('lists each key with its kinds', async () => {
    const { body } = await get('?type=payment.created')

    expect(body.drift[0]?.keys).toContainEqual({
      path: 'data.tier',
      count: 21,
      first_seen: '2026-11-21T00:00:00Z',
      last_seen: '2026-11-23T00:00:00Z',
      kinds: {
        string: {
          count: 20,
          first_seen: '2026-11-21T00:00:00Z',
          last_seen: '2026-11-21T00:00:00.019Z',
        },
        null: {
          count: 1,
          first_seen: '2026-11-23T00:00:00Z',
          last_seen: '2026-11-23T00:00:00Z',
        },
      },
    })
  })

  it.each([
    ['?source=hype', ['hype null', 'hype payment.created']],
    ['?type=payment.created', ['hype payment.created']],
    ['?source=hapana&type=payment.created', []],
    ['?source=hype&type=', ['hype null']],
    ['?source=nobody', []],
    ["?source=' OR 1=1 --", []],
  ])('%s lists %j', async (query, names) => {
    const { body } = await get(query)

    expect(body.drift.map(({ source, vendortype }) => `${source} ${vendortype}`)).toEqual(names)
  })

  it('lists findings since a time, by default of the last 30 days', async () => {
    const { body } = await get('?since=12h&source=hype&type=payment.created')

    expect(body.since).toBe('2026-11-23T12:00:00Z')
    expect(body.drift[0]?.findings).toEqual([])
  })

  it('explains the error in a time', async () => {
    expect(await get('?since=yesterday')).toMatchObject({
      status: 400,
      body: { title: 'since must be a time: 2026-11-30, 2026-11-30T04:00Z, or 30m, 24h, 7d.' },
    })
  })

  it('requires the token', async () => {
    expect(await get('', 'guess')).toMatchObject({ status: 401 })
  })
})

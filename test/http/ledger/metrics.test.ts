// GET /metrics, read by an independent parser, while the relay runs.
import { env } from 'cloudflare:workers'
import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { beforeEach, describe, expect, it } from 'vitest'
import { type EventId, keyOfId } from '../../../src/core/id.ts'
import { createApp } from '../../../src/http/app.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { takeSnapshot } from '../../../src/stages/ledger/snapshot.ts'
import { aConfig, aPayment, NOW, toolsAt } from '../../builders.ts'
import { aWorld } from '../../world.ts'

const PREFIX = 'membership_relay_'
const config = aConfig(
  { name: 'crm', url: 'https://crm.example/' },
  { name: 'moody', url: 'https://moody.example/', retry: [5, 300, 1800] },
  { name: 'off', url: 'https://off.example/', enabled: false },
)

beforeEach(async () => {
  const tables =
    'targets deliveries events segments ledger contacts statistics totals snapshot'.split(' ')
  await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)))
})

/** A running relay, and its HTTP API. */
function aRelay(isFailing = (n: number) => n % 4 > 0) {
  let requests = 0
  const world: ReturnType<typeof aWorld> = aWorld(
    config,
    () => undefined,
    (target) => {
      if (target === 'crm') world.advance(30)
      return new Response('', { status: target === 'moody' && isFailing(requests++) ? 503 : 200 })
    },
  )
  const app = createApp(() => config, {
    now: world.now,
    random: () => Math.random(),
    log: () => undefined,
    fetch: () => Promise.reject(new Error('nothing is sent here')),
    waitUntil: () => undefined,
  })
  const request = (path: string, init: RequestInit = {}) =>
    app.request(
      `https://relay.example${path}`,
      { headers: { authorization: 'Bearer operator' }, ...init },
      { ...world.bindings, ADMIN_TOKEN: 'operator' },
    )
  return {
    world,
    request,
    post: async (path: string, body: object) =>
      (await request(path, { ...OPERATOR, method: 'POST', body: JSON.stringify(body) })).json(),
    metrics: async () => {
      await takeSnapshot(env, config, toolsAt(world.now()))
      return parsed(await (await request('/metrics')).text())
    },
  }
}
const OPERATOR = { headers: { authorization: 'Bearer operator' } }

type Metrics = Map<string, { type: string; labels: Record<string, string>; value: number }[]>

/**
 * Metrics by name without the prefix. Fails if the parser skips a line. The parser merges the buckets of all
 * targets, so it gets the lines of histograms as samples without a type.
 */
function parsed(text: string): Metrics {
  const families = parsePrometheusTextFormat(text.replaceAll(/^# TYPE \w+ histogram\n/gm, ''))
  const lines = text.trim().split('\n')
  expect(new Set(lines).size).toBe(lines.length)
  const samples = lines.filter((line) => !line.startsWith('#'))
  expect(families.flatMap(({ metrics }) => metrics)).toHaveLength(samples.length)
  const all: Metrics = new Map()
  for (const { name, type, metrics } of families) {
    const own = metrics.map(({ labels = {}, value }) => ({ type, labels, value: Number(value) }))
    const key = name.replace(PREFIX, '')
    all.set(key, [...(all.get(key) ?? []), ...own])
  }
  return all
}

const keyOf = (labels: object) => JSON.stringify(Object.entries(labels).sort())

/** The value of a metric with some labels. */
function read(metrics: Metrics, name: string, labels: object = {}): number | undefined {
  return metrics.get(name)?.find((sample) => keyOf(sample.labels) === keyOf(labels))?.value
}

/** Every number that must never fall, by its name and labels: all except gauges. */
function counters(metrics: Metrics): Map<string, number> {
  return new Map(
    [...metrics].flatMap(([name, samples]) =>
      samples.flatMap(({ type, labels, value }): [string, number][] =>
        type === 'GAUGE' ? [] : [[`${name} ${keyOf(labels)}`, value]],
      ),
    ),
  )
}

describe('/metrics', () => {
  it.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer somebody' }],
  ])('is refused with %s', async (_case, headers) => {
    const { request } = aRelay()

    const response = await request('/metrics', { headers: headers as Record<string, string> })

    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  it('has what is known without D1 while that does not answer', async () => {
    const { world, request } = aRelay()
    const down = () => Promise.reject(new Error('D1_ERROR: Network connection lost.'))
    const statement = { bind: () => statement, first: down, all: down, run: down }
    world.bindings.DB = { prepare: () => statement, batch: down } as unknown as D1Database

    const response = await request('/metrics')

    expect(response.status).toBe(200)
    const metrics = parsed(await response.text())
    expect(read(metrics, 'attention', { cause: 'unreadable' })).toBe(1)
    expect(read(metrics, 'spill_requests')).toBe(0)
  })

  it('is text of format 0.0.4, and complete before anything was counted', async () => {
    const { request } = aRelay()

    const response = await request('/metrics')

    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const families = parsed(await response.text())
    expect(read(families, 'target_state', { target: 'crm', state: 'active' })).toBe(1)
    expect(read(families, 'target_state', { target: 'off', state: 'disabled' })).toBe(1)
  })

  it('has events, deliveries, attempts and the backlog', async () => {
    const { world, metrics } = aRelay()
    const payment = aPayment()
    await world.take('hype', payment)
    await world.take('hype', payment)
    await world.take('hype', { nothing: 'known' })
    await world.live(2)

    const families = await metrics()

    const value = (name: string, labels: object = {}) => read(families, name, labels)
    expect(value('events_received_total', { source: 'hype', outcome: 'accepted' })).toBe(1)
    expect(value('events_received_total', { source: 'hype', outcome: 'duplicate' })).toBe(1)
    expect(value('events_received_total', { source: 'hype', outcome: 'quarantined' })).toBe(1)
    expect(value('events_quarantined', { source: 'hype' })).toBe(1)
    expect(value('source_last_seen_timestamp_seconds', { source: 'hype' })).toBe(NOW / 1000)
    expect(value('source_silent', { source: 'hype' })).toBe(0)
    expect(value('deliveries', { target: 'crm', state: 'delivered' })).toBe(1)
    expect(value('attempts_total', { target: 'crm', outcome: 'delivered' })).toBe(1)
    expect(value('attempts_total', { target: 'crm', outcome: 'timeout' })).toBe(0)
    expect(value('deliveries', { target: 'off', state: 'held' })).toBe(1)
    expect(value('backlog_deliveries', { target: 'off' })).toBe(1)
    expect(value('backlog_deliveries', { target: 'crm' })).toBe(0)
    expect(value('oldest_held_timestamp_seconds', { target: 'off' })).toBe(NOW / 1000)
    expect(value('oldest_due_timestamp_seconds', { target: 'crm' })).toBeUndefined()
    expect(value('last_success_timestamp_seconds', { target: 'crm' })).toBeGreaterThan(NOW / 1000)
    expect(value('snapshot_timestamp_seconds')).toBe(world.now() / 1000)
    const bucket = (le: string) => value('attempt_duration_seconds_bucket', { target: 'crm', le })
    expect(['0.025', '0.05', '30', '+Inf'].map(bucket)).toEqual([0, 1, 1, 1])
    expect(value('attempt_duration_seconds_sum', { target: 'crm' })).toBe(0.03)
    expect(value('attempt_duration_seconds_count', { target: 'crm' })).toBe(1)
    expect(value('attempt_duration_seconds_count', { target: 'off' })).toBe(0)
    expect(value('delivery_latency_seconds_count', { target: 'crm' })).toBe(1)
  })

  it('has histograms that add up: buckets rise, the last is the count', async () => {
    const { world, metrics } = aRelay()
    for (let i = 0; i < 12; i++) await world.take('hype', aPayment())
    await world.live(90)

    const families = await metrics()

    for (const name of ['attempt_duration_seconds', 'delivery_latency_seconds']) {
      for (const target of ['crm', 'moody', 'off']) {
        const buckets = (families.get(`${name}_bucket`) ?? []).filter(
          ({ labels }) => labels.target === target,
        )
        const values = buckets.map(({ value }) => value)
        expect(buckets.at(-1)?.labels.le).toBe('+Inf')
        expect(values).toEqual(values.toSorted((a, b) => a - b))
        expect(values.at(-1)).toBe(read(families, `${name}_count`, { target }))
      }
    }
    const delivered = read(families, 'deliveries', { target: 'moody', state: 'delivered' })
    expect(delivered).toBeGreaterThan(0)
    expect(read(families, 'delivery_latency_seconds_count', { target: 'moody' })).toBe(delivered)
  })

  it('has the state of a target in trouble: circuit breaker, failures, held deliveries', async () => {
    const { world, metrics } = aRelay(() => true)
    for (let i = 0; i < 8; i++) await world.take('hype', aPayment())
    await world.live(1)

    const families = await metrics()

    const at = (name: string, labels: object = {}) =>
      read(families, name, { target: 'moody', ...labels })
    expect(at('attempts_total', { outcome: '5xx' })).toBeGreaterThan(4)
    expect(at('last_failure_timestamp_seconds')).toBeGreaterThan(NOW / 1000)
    expect(at('target_state', { state: 'backing_off' })).toBe(1)
    expect(at('target_state', { state: 'active' })).toBe(0)
    expect(at('backlog_deliveries')).toBe(8)
    expect(at('oldest_held_timestamp_seconds')).toBe(NOW / 1000)
  })

  it('has what needs attention by cause, the size of the database, its schema and its cron', async () => {
    const { world, metrics } = aRelay()
    await world.take('hype', { nothing: 'known' })

    const families = await metrics()

    const value = (name: string, labels: object = {}) => read(families, name, labels)
    expect(value('attention', { cause: 'quarantine' })).toBe(1)
    expect(value('attention', { cause: 'cron_late' })).toBe(0)
    expect(value('database_bytes')).toBeGreaterThan(50_000)
    expect(value('database_limit_bytes')).toBe(10e9)
    expect(value('schema_apart')).toBe(0)
    expect(value('config_errors')).toBe(0)
    expect(value('cron_last_run_timestamp_seconds')).toBeGreaterThan(0)
  })

  it('has no labels except source, target, state, outcome and cause, and names no single event or person', async () => {
    const { world, request } = aRelay()
    await world.take('hype', aPayment({ email: 'private@example.com' }))
    await world.live(2)
    await takeSnapshot(env, config, toolsAt(world.now()))

    const text = await (await request('/metrics')).text()

    const labels = [...text.matchAll(/[{,]([a-z_]+)="/g)].map(([, label]) => label)
    expect(new Set(labels)).toEqual(
      new Set(['source', 'outcome', 'target', 'state', 'cause', 'le']),
    )
    expect(text).not.toMatch(/evt_|per_|private|example\.com/)
  })

  it('has counters that never fall, whatever is released, replayed or counted again', async () => {
    const { world, metrics, post } = aRelay()
    const accepted = async (body: object) => {
      const taken = await world.take('hype', body)
      return (taken.ok && taken.value.events[0]?.id) as EventId
    }
    let before = counters(await metrics())
    const compare = async () => {
      const after = counters(await metrics())
      for (const [name, value] of before) {
        expect(after.get(name), name).toBeGreaterThanOrEqual(value - 1e-9)
      }
      before = after
    }

    const released = await accepted(aPayment())
    const sent = await accepted(aPayment())
    await env.DB.batch([
      env.DB.prepare(
        `UPDATE events SET status = 'quarantined', event = NULL, planned = 0, issues = '[]', dedup_key = 'q'
         WHERE key = CAST(?1 AS INTEGER)`,
      ).bind(keyOfId(released)),
      env.DB.prepare('DELETE FROM deliveries WHERE event = CAST(?1 AS INTEGER)').bind(
        keyOfId(released),
      ),
    ])
    await compare()
    await world.live(10)
    await compare()
    await world.live(60)
    await rollUp(env, toolsAt(world.now()))
    await compare()
    await post('/api/quarantine/release', { events: [released] })
    await post(`/api/events/${sent}/replay`, {})
    await compare()
    await world.live(70)
    await compare()
    await rollUp(env, toolsAt(world.now()))
    await compare()

    const families = await metrics()
    expect(read(families, 'events_quarantined', { source: 'hype' })).toBe(0)
    expect(
      read(families, 'events_received_total', { source: 'hype', outcome: 'quarantined' }),
    ).toBe(1)
    const delivered = { target: 'crm', outcome: 'delivered' }
    expect(read(families, 'attempts_total', delivered)).toBeGreaterThanOrEqual(3)
  })
})

// The snapshot of each minute: the state of the log in one row, at a price that does not grow with the log.

import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Attempt } from '../../../src/core/deliveries/delivery.ts'
import { type EventId, idOfKey, timeOfId } from '../../../src/core/id.ts'
import { ANSWER_BOUNDS_MS, LATENCY_BOUNDS_MS } from '../../../src/core/ledger/histogram.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { takeSnapshot } from '../../../src/stages/ledger/snapshot.ts'
import { restartDeliveries } from '../../../src/store/deliveries/restart-deliveries.ts'
import { getSnapshot, listOldestWaiting } from '../../../src/store/ledger/snapshot.ts'
import { keyAt, timeOfKey } from '../../../src/store/segments.ts'
import { aConfig, aPayment, NOW, stored, toolsAt } from '../../builders.ts'
import { counting } from '../../database.ts'
import { LIST_SEGMENTS } from '../../store/segments.ts'
import { aWorld } from '../../world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

const TABLES = [
  'targets',
  'deliveries',
  'events',
  'segments',
  'ledger',
  'contacts',
  'statistics',
  'totals',
  'snapshot',
]

beforeEach(async () => {
  await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)))
})

/** Takes the snapshot of a time; returns the one that is stored after that. */
async function snapshotAt(now: number, config = aConfig()) {
  await takeSnapshot(env, config, toolsAt(now))
  const snapshot = await getSnapshot(env.DB)
  if (snapshot === undefined) throw new Error('no snapshot was stored')
  return snapshot
}

const targetIn = (snapshot: Awaited<ReturnType<typeof snapshotAt>>, target: string) =>
  snapshot.targets.find(({ name }) => name === target)
const sourceIn = (snapshot: Awaited<ReturnType<typeof snapshotAt>>, source: string) =>
  snapshot.sources.find(({ name }) => name === source)

/** Every attempt in the log, with the target and the time of its event. */
async function attemptsInLog() {
  const { results } = await env.DB.prepare(
    'SELECT CAST(event AS TEXT) AS key, target, attempts FROM deliveries',
  ).all<{ key: string; target: string; attempts: string }>()
  return results.flatMap(({ key, target, attempts }) => {
    const all = JSON.parse(attempts) as Attempt[]
    const first = all.find(({ error }) => error === undefined)
    return all.map((attempt) => ({
      ...attempt,
      target,
      end: Date.parse(attempt.at) + attempt.ms,
      received: timeOfId(idOfKey(key)),
      isFirstSuccess: attempt === first,
    }))
  })
}

function inBuckets(numbers: number[], bounds: readonly number[]) {
  const edges = [...bounds, Number.POSITIVE_INFINITY]
  return edges.map(
    (edge, i) => numbers.filter((ms) => ms <= edge && ms > (edges[i - 1] ?? -1)).length,
  )
}

async function expectMatchesLog(now: number) {
  const snapshot = await snapshotAt(now)
  const attempts = await attemptsInLog()
  const rows = await env.DB.prepare(
    'SELECT target, state, count(*) AS count FROM deliveries GROUP BY 1, 2',
  ).all<{ target: string; state: string; count: number }>()
  for (const { target, state, count } of rows.results) {
    expect(targetIn(snapshot, target)?.deliveries).toMatchObject({ [state]: count })
  }
  for (const target of snapshot.targets) {
    const own = attempts.filter((attempt) => attempt.target === target.name)
    const failed = own.filter(({ error }) => error !== undefined)
    const since = (hours: number) => {
      const made = own.filter(({ end }) => end >= (Math.floor(now / HOUR) - hours) * HOUR)
      const delivered = made.filter(({ error }) => error === undefined)
      return { made: made.length, delivered: delivered.length }
    }
    const firsts = own.filter(({ isFirstSuccess }) => isFirstSuccess)
    expect(target.attempts).toMatchObject({
      delivered: own.length - failed.length,
      '4xx': own.filter(({ status = 0 }) => status >= 400 && status < 500).length,
      '5xx': own.filter(({ status = 0 }) => status >= 500).length,
    })
    expect(target.hour).toEqual(since(1))
    expect(target.day).toMatchObject(since(24))
    expect(target.answer.counts).toEqual(
      inBuckets(
        own.map(({ ms }) => ms),
        ANSWER_BOUNDS_MS,
      ),
    )
    const latencies = firsts.map(({ end, received }) => end - received)
    expect(target.latency.counts).toEqual(inBuckets(latencies, LATENCY_BOUNDS_MS))
    expect(target.latency.ms).toBe(latencies.reduce((sum, ms) => sum + ms, 0))
    // Two may fail in the same millisecond: either is the last.
    const lastAt = failed.length === 0 ? undefined : Math.max(...failed.map(({ end }) => end))
    const lasts = failed.filter(({ end }) => end === lastAt).map(({ status }) => status)
    expect(target.lastFailure?.at).toBe(lastAt)
    expect(lasts.length === 0 ? [undefined] : lasts).toContain(target.lastFailure?.status)
  }
}

describe('the snapshot of a running relay', () => {
  it('agrees with the log, hour after hour, whatever happens to its deliveries', async () => {
    let requests = 0
    const config = aConfig(
      { name: 'good', url: 'https://good.example/' },
      { name: 'moody', url: 'https://moody.example/', retry: [5, 300, 1800, 7200] },
      { name: 'off', url: 'https://off.example/', enabled: false },
    )
    const world: ReturnType<typeof aWorld> = aWorld(
      config,
      () => undefined,
      (target) => {
        requests++
        world.advance((requests % 7) * 37)
        const failure = [401, 503, 404, 500][requests % 4] ?? 500
        return new Response('', { status: target === 'moody' && requests % 3 > 0 ? failure : 200 })
      },
    )
    const received = { accepted: 0, duplicate: 0, erased: 0, quarantined: 0 }
    let earlier: EventId | undefined
    for (let hour = 0; hour < 4; hour++) {
      const payment = aPayment()
      for (let i = 0; i < 3; i++) await world.take('hype', aPayment())
      const taken = await world.take('hype', payment)
      await world.take('hype', payment)
      await world.take('hype', { nothing: `known ${hour}` })
      received.accepted += 4
      received.duplicate += 1
      received.quarantined += 1
      await world.live(20)
      await expectMatchesLog(world.now())
      await rollUp(env, toolsAt(world.now()))
      await expectMatchesLog(world.now())
      // An hour changes that is counted, and is not counted again yet.
      if (earlier)
        await restartDeliveries(env.DB, earlier, { targets: ['good', 'moody'], now: world.now() })
      await expectMatchesLog(world.now())
      earlier = taken.ok ? taken.value.events[0]?.id : undefined
      await world.live(40)
      await expectMatchesLog(world.now())
    }

    const snapshot = await snapshotAt(world.now())
    expect(sourceIn(snapshot, 'hype')?.received).toEqual(received)
    expect(targetIn(snapshot, 'moody')?.attempts['4xx']).toBeGreaterThan(0)
    expect(targetIn(snapshot, 'moody')?.attempts['5xx']).toBeGreaterThan(0)
    const { n } = (await env.DB.prepare('SELECT sum(count) AS n FROM totals').first<{
      n: number
    }>()) ?? { n: 0 }
    expect(n).toBeGreaterThan(50) // not everything is counted live
  }, 60_000)
})

/** A sample as Hype's Simulate button sends it. */
const aSample = () => aPayment({ id: `00001234-${crypto.randomUUID()}` })

describe('the snapshot', () => {
  const config = aConfig({ name: 'crm' }, { name: 'off', enabled: false })

  it('is written when something changed and when an hour begins, not otherwise', async () => {
    await stored(config, 'hype', aPayment())
    expect((await snapshotAt(NOW + 60_000)).asOf).toBe(NOW + 60_000)
    expect((await snapshotAt(NOW + 120_000)).asOf).toBe(NOW + 60_000)

    await stored(config, 'hype', aPayment(), { now: NOW + 150_000 })
    expect((await snapshotAt(NOW + 180_000)).asOf).toBe(NOW + 180_000)
    expect((await snapshotAt(NOW + 240_000)).asOf).toBe(NOW + 180_000)

    expect((await snapshotAt(NOW + HOUR)).asOf).toBe(NOW + HOUR)
    const rows = await env.DB.prepare('SELECT count(*) AS n FROM snapshot').first<number>('n')
    expect(rows).toBe(1)
  })

  it('has the configured sources and targets before anything is received', async () => {
    const snapshot = await snapshotAt(NOW, config)

    expect(snapshot.sources.map(({ name }) => name)).toEqual(['hapana', 'hype'])
    expect(targetIn(snapshot, 'crm')).toMatchObject({
      attempts: { delivered: 0 },
      lastSuccess: null,
      lastFailure: null,
      day: { made: 0, answer: { p50: null } },
    })
  })

  it('is not replaced by one of an earlier minute', async () => {
    await stored(config, 'hype', aPayment())
    await snapshotAt(NOW + 2 * HOUR)

    expect((await snapshotAt(NOW + HOUR)).asOf).toBe(NOW + 2 * HOUR)
  })

  it('has the oldest waiting deliveries: when one is due, and since when one is held', async () => {
    await stored(config, 'hype', aPayment(), { now: NOW })
    await stored(config, 'hype', aPayment(), { now: NOW + 5000 })

    const snapshot = await snapshotAt(NOW + 60_000)

    expect(targetIn(snapshot, 'crm')).toMatchObject({ oldestDue: NOW, oldestHeld: null })
    expect(targetIn(snapshot, 'off')).toMatchObject({ oldestDue: null, oldestHeld: NOW })
    expect(targetIn(snapshot, 'crm')?.deliveries).toMatchObject({ pending: 2, held: 0 })
    expect(targetIn(snapshot, 'off')?.deliveries).toMatchObject({ pending: 0, held: 2 })
  })

  it('finds the delivery that is held the longest, for any reason, in a few rows', async () => {
    const off = aConfig({ name: 'off', enabled: false })
    for (let i = 0; i < 100; i++) await stored(off, 'hype', aPayment(), { now: NOW + i })
    await env.DB.prepare(
      `UPDATE deliveries SET reason = CASE WHEN ${timeOfKey('event')} < ?1 THEN 'paused' ELSE 'broken' END
       WHERE target = 'off'`,
    )
      .bind(NOW + 50)
      .run()
    const { db, read } = counting()

    const waiting = await listOldestWaiting(db, NOW)

    const held = [
      { reason: 'paused', oldest: NOW },
      { reason: 'broken', oldest: NOW + 50 },
    ]
    expect(waiting).toEqual([{ target: 'off', oldestDue: null, oldestHeld: NOW, overdue: 0, held }])
    expect(read()).toBeLessThan(60)
  })

  it('covers whole hours: this one and the one before, and 24 before this one', async () => {
    const minute = (n: number) => NOW + n * 60_000
    for (const at of [minute(-25 * 60), minute(-61), minute(-59), minute(1)]) {
      await stored(config, 'hype', aPayment(), { now: at })
    }
    await rollUp(env, toolsAt(minute(2)))

    const source = sourceIn(await snapshotAt(minute(2)), 'hype')

    expect(source).toMatchObject({
      hour: { accepted: 2 },
      day: { accepted: 3 },
      received: { accepted: 4 },
      lastSeen: minute(1),
    })
  })

  it('leaves tests out of the last event and the rhythm of a source, not out of the received counts', async () => {
    for (let day = 1; day <= 15; day++) {
      await stored(config, 'hype', aPayment(), { now: NOW - day * DAY })
      await stored(config, 'hype', aSample(), { now: NOW - day * DAY + 5 * HOUR })
    }
    for (let i = 0; i < 20; i++) await rollUp(env, toolsAt(NOW))

    const source = sourceIn(await snapshotAt(NOW + 60_000), 'hype')

    expect(source).toMatchObject({
      received: { accepted: 30 },
      lastSeen: NOW - DAY,
      lastTest: NOW - DAY + 5 * HOUR,
      day: { accepted: 1 },
      rhythm: { weeks: 2, usual: 1, longestSilenceHours: 23 },
    })
  })

  it('keeps a rhythm until the next hour', async () => {
    for (let day = 1; day <= 8; day++) {
      await stored(config, 'hype', aPayment(), { now: NOW - day * DAY })
    }
    for (let i = 0; i < 10; i++) await rollUp(env, toolsAt(NOW))
    const first = sourceIn(await snapshotAt(NOW), 'hype')
    await env.DB.prepare('DELETE FROM statistics').run()

    await stored(config, 'hype', aPayment(), { now: NOW })

    expect(first?.rhythm).toEqual({ weeks: 1, usual: 1, longestSilenceHours: 23 })
    expect(sourceIn(await snapshotAt(NOW + 60_000), 'hype')?.rhythm).toEqual(first?.rhythm)
    expect(sourceIn(await snapshotAt(NOW + HOUR), 'hype')?.rhythm.weeks).toBe(0)
  })
})

/** Fills the log with events of 30 days, all delivered at the second attempt, and counts its hours. */
async function fillLog(events: number) {
  const rows = `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${events}),
    rows AS (SELECT ${NOW - 30 * DAY} + CAST(i * ${(30 * DAY) / events} AS INTEGER) AS at, i FROM n)`
  const timeAfter = (seconds: number) =>
    `strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0 + ${seconds}, 'unixepoch')`
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO events (key, source, vendor, status, type, planned, hops, dedup_key, encoding, headers, event)
       ${rows} SELECT ${keyAt('at')}, CASE i % 2 WHEN 0 THEN 'hype' ELSE 'hapana' END, 'hype', 'accepted',
         'payment.created', 1, 0, 'k' || i, 'utf8', '{}', '{}' FROM rows`,
    ),
    env.DB.prepare(
      `INSERT INTO deliveries (event, target, state, attempt, attempts)
       ${rows} SELECT ${keyAt('at')}, 'crm', 'delivered', 3, json_array(
         json_object('attempt', 1, 'at', ${timeAfter(0)}, 'ms', 20, 'status', 500, 'error', 'status'),
         json_object('attempt', 2, 'at', ${timeAfter(5)}, 'ms', 30, 'status', 200)) FROM rows`,
    ),
    env.DB.prepare(LIST_SEGMENTS),
  ])
  const left = 'SELECT count(*) AS n FROM segments WHERE counted = 0 OR posted = 0'
  while ((await env.DB.prepare(left).first<number>('n')) !== 0) await rollUp(env, toolsAt(NOW))
}

describe('the price of a snapshot', () => {
  it('depends on new and unfinished deliveries, not on the stored ones: 100,000 events of 30 days', async () => {
    await fillLog(100_000)
    const config = aConfig({ name: 'crm' })
    for (let i = 0; i < 20; i++) await stored(config, 'hype', aPayment(), { now: NOW + i })
    const price = async (now: number) => {
      const { db, read, written } = counting()
      await takeSnapshot({ DB: db }, config, toolsAt(now))
      return { read: read(), written: written() }
    }

    const first = await price(NOW + 60_000)
    const second = await price(NOW + 120_000)
    await stored(config, 'hype', aPayment(), { now: NOW + 130_000 })
    const third = await price(NOW + 180_000)

    const snapshot = await snapshotAt(NOW + 180_000)
    expect(targetIn(snapshot, 'crm')).toMatchObject({
      deliveries: { delivered: 100_000, pending: 21 },
      attempts: { delivered: 100_000, '5xx': 100_000 },
      lastSuccess: { outcome: 'delivered', status: 200 },
    })
    expect(first.read).toBeLessThan(4000) // the rhythm of four weeks: once an hour
    expect(second.read).toBeLessThan(700)
    expect(third.read).toBeLessThan(700)
    expect([first.written, second.written, third.written]).toEqual([1, 0, 1])

    await env.DB.prepare('UPDATE segments SET counted = 0 WHERE start = ?1')
      .bind(Math.floor(NOW / HOUR - 300) * HOUR)
      .run()
    const { db, read, written } = counting()
    await rollUp({ DB: db }, toolsAt(NOW))
    expect(read()).toBeLessThan(60 * 139) // the hour has so many events, each with a delivery of two attempts
    expect(written()).toBeLessThan(60)
  }, 120_000)
})

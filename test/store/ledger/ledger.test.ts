// The ledger matches the log at any moment, and verification reports every difference.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { discrepancies, tally } from '../../../src/core/ledger/ledger.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { restartDeliveries } from '../../../src/store/deliveries/restart-deliveries.ts'
import { listCounts } from '../../../src/store/ledger/ledger.ts'
import { listDifferences } from '../../../src/store/ledger/verify.ts'
import { aConfig, aPayment, NOW, stored, toolsAt } from '../../builders.ts'
import { aMeteredDatabase } from '../../database.ts'
import { aWorld } from '../../world.ts'

const HOUR = 3_600_000
const EVER = { since: NOW - 400 * 24 * HOUR, until: NOW + 400 * 24 * HOUR }

const config = aConfig(
  { name: 'good', url: 'https://good.example/' },
  { name: 'moody', url: 'https://moody.example/', retry: [5, 300, 1800] },
  { name: 'off', url: 'https://off.example/', enabled: false },
)

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events', 'segments', 'ledger', 'contacts'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})

/** Counts the log directly, without segments. */
async function byLog() {
  const { results } = await env.DB.prepare(
    `SELECT 'source ' || source || ' ' || status AS line, count(*) AS count FROM events GROUP BY 1
     UNION ALL SELECT 'target ' || target || ' ' || state, count(*) FROM deliveries GROUP BY 1 ORDER BY 1`,
  ).all<{ line: string; count: number }>()
  return results.map(({ line, count }) => `${line} ${count}`)
}

async function byLedger(period = EVER) {
  const counts = await listCounts(env, period)
  const lines = Object.groupBy(counts, ({ kind, name, state }) => `${kind} ${name} ${state}`)
  return Object.entries(lines)
    .map(([line, same = []]) => `${line} ${same.reduce((sum, { count }) => sum + count, 0)}`)
    .sort()
}

const rolled = async () =>
  (await env.DB.prepare('SELECT sum(count) AS n FROM ledger').first<number>('n')) ?? 0

async function differences() {
  const found: string[] = []
  for (let since: number | undefined = EVER.since; since !== undefined; ) {
    const { differences, next } = await listDifferences(env, { since, until: EVER.until })
    found.push(...differences)
    since = next
  }
  return found
}

describe('the ledger of a running relay', () => {
  it('matches the log hour after hour, whatever happens to the deliveries', async () => {
    let requests = 0
    const world = aWorld(
      config,
      () => undefined,
      (target) =>
        new Response('', { status: target === 'moody' && requests++ % 3 > 0 ? 500 : 200 }),
    )
    const payment = aPayment()
    for (let hour = 0; hour < 4; hour++) {
      for (let i = 0; i < 4; i++) await world.take('hype', aPayment())
      await world.take('hype', payment) // the same each hour: accepted, as the window has passed
      await world.take('hype', payment)
      await world.take('hype', { nothing: 'known' })
      await world.live(20)
      await rollUp(env, toolsAt(world.now()))
      expect(await byLedger()).toEqual(await byLog())
      await world.live(40)
      expect(await byLedger()).toEqual(await byLog())
    }
    await rollUp(env, toolsAt(world.now()))

    expect(await byLedger()).toEqual(await byLog())
    expect(await rolled()).toBeGreaterThan(20)
    expect(discrepancies(tally(await listCounts(env, EVER)))).toEqual([])
    expect(await differences()).toEqual([])
  }, 60_000)

  it('counts a segment again after it has changed', async () => {
    const event = await stored(config, 'hype', aPayment())
    await rollUp(env, toolsAt(NOW + 2 * HOUR))
    expect(await differences()).toEqual([])

    await restartDeliveries(env.DB, event, { targets: ['off', 'added'], now: NOW + 2 * HOUR })

    expect(await byLedger()).toEqual(await byLog())
    expect(await differences()).toEqual([])
    await rollUp(env, toolsAt(NOW + 2 * HOUR))
    expect(await differences()).toEqual([])
    expect(tally(await listCounts(env, EVER))).toMatchObject({ sources: [{ created: 4 }] })
  })

  it('counts an event that arrives late from the spill queue', async () => {
    await stored(config, 'hype', aPayment())
    await rollUp(env, toolsAt(NOW + 2 * HOUR))

    await stored(config, 'hype', aPayment(), { now: NOW + 60_000 })

    expect(await byLedger()).toContain('source hype accepted 2')
    expect(await differences()).toEqual([])
  })

  it('counts periods that start or end within an hour', async () => {
    for (const minute of [1, 59, 61]) {
      await stored(config, 'hype', aPayment(), { now: NOW + minute * 60_000 })
    }
    await rollUp(env, toolsAt(NOW + 3 * HOUR))
    const within = async (from: number, to: number) => {
      const counts = await listCounts(env, {
        since: NOW + from * 60_000,
        until: NOW + to * 60_000,
      })
      return tally(counts).sources[0]?.received ?? 0
    }

    expect(await within(0, 60)).toBe(2)
    expect(await within(0, 59)).toBe(1)
    expect(await within(1, 59)).toBe(1)
    expect(await within(2, 60)).toBe(1)
    expect(await within(30, 120)).toBe(2)
    expect(await within(62, 240)).toBe(0)
  })

  it('reads the stored counts of past hours, not their events', async () => {
    for (let i = 0; i < 50; i++) await stored(config, 'hype', aPayment(), { now: NOW + i })
    await rollUp(env, toolsAt(NOW + 2 * HOUR))
    let read = 0
    const spy = {
      prepare: (sql: string) => ({
        bind: (...values: unknown[]) => ({
          all: async () => {
            const result = await env.DB.prepare(sql)
              .bind(...values)
              .all()
            read += result.meta.rows_read
            return result
          },
        }),
      }),
    } as unknown as D1Database

    await listCounts({ DB: spy }, EVER)

    expect(read).toBeLessThan(30)
  })
})

describe('recording an event', () => {
  it('writes two rows for a new segment, and none for a marked one', async () => {
    const { db, rows } = aMeteredDatabase('rows_written')
    const single = aConfig({ name: 'good' })
    const profile = { eventType: 'clientUpdated', clientID: 'c', siteID: 's' }
    await stored(single, 'hapana', profile, { now: NOW - HOUR })

    for (let i = 0; i < 3; i++) {
      await stored(single, 'hapana', { ...profile, phone: `${i}` }, { db, now: NOW + i })
    }

    expect(rows).toEqual([6, 4, 4]) // 2 + 2·T each
  })
})

describe('verification', () => {
  it.each([
    [
      'a missing delivery',
      `DELETE FROM deliveries WHERE target = 'good'`,
      [
        /^2026-11-21T00:00:00Z target good pending: 1 in the roll-up, 0 in the log$/,
        /^evt_\w+: 3 deliveries created, 2 in the log$/,
      ],
    ],
    [
      'a missing event',
      'DELETE FROM events',
      [
        /^2026-11-21T00:00:00Z source hype accepted: 1 in the roll-up, 0 in the log$/,
        /^evt_\w+ to good: its event is not in the log$/,
        /^evt_\w+ to moody: its event is not in the log$/,
        /^evt_\w+ to off: its event is not in the log$/,
      ],
    ],
    [
      'a pending delivery without a due time',
      `UPDATE deliveries SET due = NULL WHERE target = 'moody'`,
      [/^evt_\w+ to moody: pending without a due time$/],
    ],
    [
      'an unknown state',
      `UPDATE deliveries SET state = 'lost' WHERE target = 'moody'`,
      [
        /target moody lost: 0 in the roll-up, 1 in the log$/,
        /target moody pending: 1 in the roll-up, 0 in the log$/,
        /^evt_\w+ to moody: its state is lost$/,
      ],
    ],
    [
      'an unknown status',
      `UPDATE events SET status = 'lost'`,
      [
        /source hype accepted: 1 in the roll-up, 0 in the log$/,
        /source hype lost: 0 in the roll-up, 1 in the log$/,
        /^evt_\w+: its status is lost$/,
      ],
    ],
    [
      'a missing segment',
      'DELETE FROM segments',
      [/in a segment that is not listed$/, /not listed$/, /not listed$/, /not listed$/],
    ],
    [
      'a changed count',
      `UPDATE ledger SET planned = 7 WHERE kind = 'source'`,
      [
        /^2026-11-21T00:00:00Z source hype accepted: 7 deliveries created by the roll-up, 3 by the log$/,
      ],
    ],
  ])('reports %s', async (_case, change, words) => {
    await stored(config, 'hype', aPayment())
    await rollUp(env, toolsAt(NOW + 2 * HOUR))
    expect(await differences()).toEqual([])

    await env.DB.prepare(change).run()

    const found = await differences()
    expect(found).toHaveLength(words.length)
    for (const [i, word] of words.entries()) expect(found[i]).toMatch(word)
  })

  it('lists a hundred differences of a kind, and notes that there are more', async () => {
    const single = aConfig({ name: 'good' })
    await stored(single, 'hype', aPayment())
    const more = env.DB.prepare(
      `INSERT INTO events (key, source, vendor, status, type, planned, hops, dedup_key, encoding, headers)
       SELECT events.key + value, 'hype', 'hype', 'accepted', 'payment.created', 1, 0, 'k' || value, 'utf8', '{}'
       FROM events CROSS JOIN json_each(?1)`,
    )
    await more.bind(JSON.stringify(Array.from({ length: 99 }, (_, i) => i + 1))).run()
    await env.DB.prepare('DELETE FROM deliveries').run()
    const hundred = (await differences()).filter((line) => !line.includes('roll-up'))
    await stored(single, 'hype', aPayment(), { now: NOW + 1000 })
    await env.DB.prepare('DELETE FROM deliveries').run()

    const found = (await differences()).filter((line) => !line.includes('roll-up'))

    expect(hundred).toHaveLength(100)
    expect(found).toHaveLength(101)
    expect(found.at(-1)).toBe('… and more like this one: narrow the period')
  })

  it('checks a long log day by day and skips days without events', async () => {
    await stored(config, 'hype', aPayment(), { now: NOW - 90 * 24 * HOUR })
    await stored(config, 'hype', aPayment())
    await rollUp(env, toolsAt(NOW + 2 * HOUR))
    await env.DB.prepare('DELETE FROM ledger').run()
    let calls = 0
    const found: string[] = []
    for (let since: number | undefined = EVER.since; since !== undefined; calls++) {
      const { differences, next } = await listDifferences(env, { since, until: EVER.until })
      found.push(...differences)
      since = next
    }

    expect(calls).toBe(3)
    expect(new Set(found.map((line) => line.slice(0, 10)))).toEqual(
      new Set(['2026-08-23', '2026-11-21']),
    )
  })
})

// What needs attention, from a relay that runs: nothing is well while an event or a delivery is at risk. And what targets are
// told of it.
import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config.ts'
import { HEALTHY } from '../../../src/core/deliveries/breaker.ts'
import { KEYS_PER_MS } from '../../../src/core/id.ts'
import worker from '../../../src/index.ts'
import { noteRun } from '../../../src/stages/ledger/relay-state.ts'
import { takeSnapshot } from '../../../src/stages/ledger/snapshot.ts'
import { readStatus } from '../../../src/stages/operate/attention.ts'
import { tellIssues } from '../../../src/stages/operate/issues.ts'
import { replaceHealth } from '../../../src/store/deliveries/targets.ts'
import { aConfig, aPayment, NOW, stored, toolsAt } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'
import { aWorld } from '../../world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const config = aConfig(
  { name: 'crm', url: 'https://crm.example/' },
  { name: 'short', url: 'https://short.example/', retry: [5], events: ['payment.*'] },
)

beforeEach(async () => {
  await empty(...LOG_TABLES, 'targets', 'statistics', 'totals', 'snapshot', 'issues', 'refusals')
  await env.DB.prepare(
    `UPDATE relay_state SET cron_at = ${NOW}, bytes = 0, short_of_space = 0, sizes = '[]'`,
  ).run()
})

const SPILL = { metrics: async () => ({ backlogCount: 0, backlogBytes: 0 }) } as unknown as Queue

/** The causes of what needs attention at a time, each with its target or source. */
async function causesAt(now: number, own: Config = config, db = env.DB) {
  const { attention } = await readStatus({ DB: db, SPILL }, own, toolsAt(now))
  return attention.map(({ cause, name }) => (name === null ? cause : `${cause} ${name}`))
}

/** A minute of the cron, as far as attention depends on it. */
async function minuteAt(now: number, own: Config = config) {
  await takeSnapshot(env, own, toolsAt(now))
  await noteRun(env, own, toolsAt(now))
}

it('is nothing for a relay that has just begun, and for one that delivers', async () => {
  expect(await causesAt(NOW)).toEqual([])

  const world = aWorld(
    config,
    () => undefined,
    () => new Response(''),
  )
  await world.take('hype', aPayment())
  await world.live(2)
  await minuteAt(world.now())

  expect(await causesAt(world.now())).toEqual([])
})

describe('a target', () => {
  it('has dead deliveries, for a day after the last one, although it is active', async () => {
    const world = aWorld(
      config,
      () => undefined,
      (target) => new Response('', { status: target === 'short' ? 500 : 200 }),
    )
    await world.take('hype', aPayment())
    await world.take('hype', aPayment())
    await world.live(3)
    await minuteAt(world.now())
    const { attention } = await readStatus({ DB: env.DB, SPILL }, config, toolsAt(world.now()))

    expect(attention).toMatchObject([
      {
        cause: 'deliveries_dead',
        name: 'short',
        words: expect.stringMatching(
          /^2 deliveries to short died in the last 24 hours, since 00:00 UTC; the last one: gave up after 2 attempts; last response: 500\.$/,
        ),
      },
    ])
    for (const hours of [23, 26]) {
      const now = world.now() + hours * HOUR
      await minuteAt(now)
      expect(await causesAt(now)).toEqual(hours < 24 ? ['deliveries_dead short'] : [])
    }
  })

  it('has overdue deliveries that no queue brings, and held ones after a day', async () => {
    await stored(config, 'hype', aPayment())
    await minuteAt(NOW + 5 * MINUTE)
    expect(await causesAt(NOW + 5 * MINUTE)).toEqual([])

    await minuteAt(NOW + 6 * MINUTE)
    expect(await causesAt(NOW + 6 * MINUTE)).toEqual([
      'deliveries_overdue crm',
      'deliveries_overdue short',
    ])

    await env.DB.prepare("UPDATE deliveries SET state = 'held', reason = 'order', due = NULL").run()
    await minuteAt(NOW + DAY + MINUTE)
    expect(await causesAt(NOW + DAY + MINUTE)).toEqual([
      'deliveries_held crm',
      'deliveries_held short',
    ])
  })

  it('that is removed has its cancelled deliveries, for a day', async () => {
    await stored(config, 'hype', aPayment())
    await minuteAt(NOW)
    await env.DB.prepare(
      "UPDATE deliveries SET state = 'cancelled', due = NULL, reason = 'x' WHERE target = 'short'",
    ).run()
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered' WHERE target = 'crm'").run()
    const without = aConfig({ name: 'crm' })
    const at = (hours: number) => NOW + hours * HOUR

    for (const hours of [1, 2, 24, 26]) {
      await minuteAt(at(hours), without)
      expect(await causesAt(at(hours), without), `after ${hours} h`).toEqual(
        hours < 25 ? ['deliveries_cancelled short'] : [],
      )
    }
  })
})

it('is not a cron that has just run: its last job notes that', async () => {
  await env.DB.prepare('UPDATE relay_state SET cron_at = 0').run()
  const now = Date.now()
  expect(await causesAt(now)).toEqual(['cron_late'])

  await worker.scheduled(createScheduledController(), env)

  expect(await causesAt(now)).not.toContain('cron_late')
})

it('is a cron that has not run for more than ten minutes, and figures older than two hours', async () => {
  await minuteAt(NOW)

  expect(await causesAt(NOW + 10 * MINUTE)).toEqual([])
  expect(await causesAt(NOW + 11 * MINUTE)).toEqual(['cron_late'])
  expect(await causesAt(NOW + 5 * HOUR)).toEqual(['cron_late', 'figures_stale'])
})

it('is a database that is nearly full by the setting for its plan', async () => {
  const { bytes } = (await readStatus({ DB: env.DB, SPILL }, config, toolsAt(NOW))).database ?? {
    bytes: 0,
  }
  expect(bytes).toBeGreaterThan(50_000)

  expect(await causesAt(NOW, { ...config, databaseBytes: bytes / 0.79 })).toEqual([])
  expect(await causesAt(NOW, { ...config, databaseBytes: bytes / 0.81 })).toEqual(['database_size'])
  expect(await causesAt(NOW, { ...config, databaseBytes: bytes / 0.96 })).toEqual(['database_full'])
})

describe('when D1', () => {
  it('refuses writes, it is the same', async () => {
    await stored(config, 'hype', { type: 'nonsense' })
    const readOnly = {
      prepare: (sql: string) => {
        if (!/^\s*(SELECT|WITH)/i.test(sql)) throw new Error('D1_ERROR: database or disk is full')
        return env.DB.prepare(sql)
      },
      batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
    } as unknown as D1Database

    expect(await causesAt(NOW, config, readOnly)).toEqual(['quarantine'])
  })

  it('does not answer, that is what needs attention, within the timeout', async () => {
    const statement = { all: never, first: never, bind: () => statement }
    const silent = { prepare: () => statement, batch: never } as unknown as D1Database

    const { attention, isComplete } = await readStatus({ DB: silent, SPILL }, config, toolsAt(NOW))

    expect(isComplete).toBe(false)
    expect(attention).toMatchObject([
      { cause: 'unreadable', words: expect.stringContaining('D1 did not answer within 2000 ms') },
    ])
  })
})

const never = () => new Promise(() => undefined)

describe('targets', () => {
  const own = aConfig(
    { name: 'alerts', events: ['relay.issue_*'] },
    { name: 'crm', events: ['payment.*'] },
  )
  const run = (now: number, db = env.DB) =>
    tellIssues({ DB: db, RETRIES: aSilentQueue(), SPILL }, own, toolsAt(now))
  const told = async () => {
    const { results } = await env.DB.prepare(
      `SELECT type, event ->> '$.data.cause' AS cause, event ->> '$.subject' AS subject,
         (SELECT group_concat(target) FROM deliveries WHERE deliveries.event = key) AS targets
       FROM events WHERE source = 'relay' ORDER BY key / ${KEYS_PER_MS}, cause`,
    ).all<{ type: string; cause: string; subject: string; targets: string }>()
    return results.map((row) =>
      Object.values(row)
        .filter((value) => value !== null)
        .join(' '),
    )
  }

  it('are told what opens, once, and that it is over, but never the one that it is about', async () => {
    await run(NOW + 15 * MINUTE)
    await run(NOW + 20 * MINUTE)
    await noteRun(env, own, toolsAt(NOW + 80 * MINUTE))
    await run(NOW + 80 * MINUTE)
    await run(NOW + 85 * MINUTE)

    expect(await told()).toEqual([
      'relay.issue_opened cron_late alerts',
      'relay.issue_closed cron_late alerts',
    ])
  })

  it('are told nothing about itself by a target in trouble, nor in four minutes of five', async () => {
    const now = NOW + 6 * MINUTE
    await stored(own, 'hype', aPayment())
    await stored(own, 'hype', { nothing: 'known' })
    await env.DB.prepare("UPDATE deliveries SET target = 'alerts'").run()
    await takeSnapshot(env, own, toolsAt(now))

    for (const minute of [6, 7, 8, 9]) await run(NOW + minute * MINUTE)
    expect(await told()).toEqual([])
    await run(NOW + 10 * MINUTE)
    expect(await told()).toEqual([
      'relay.issue_opened deliveries_overdue target/alerts',
      'relay.issue_opened quarantine alerts',
    ])
  })

  it('are told by the next run what could not be recorded, and once by two runs at the same time', async () => {
    const refusing = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: () => Promise.reject(new Error('D1_ERROR: database or disk is full')),
    } as unknown as D1Database
    await expect(run(NOW + 15 * MINUTE, refusing)).rejects.toThrow('full')
    expect(await told()).toEqual([])

    await Promise.all([run(NOW + 20 * MINUTE), run(NOW + 20 * MINUTE)])
    expect(await told()).toEqual(['relay.issue_opened cron_late alerts'])
  })

  it('have no issue for refusing what they are told: that would have no end', async () => {
    const both = aConfig({ name: 'one', retry: [] }, { name: 'other', retry: [] })
    const tell = async (now: number) => {
      await takeSnapshot(env, both, toolsAt(now))
      await tellIssues({ DB: env.DB, RETRIES: aSilentQueue(), SPILL }, both, toolsAt(now))
      await env.DB.prepare(
        `UPDATE deliveries SET state = 'dead', due = NULL, reason = 'x',
           attempts = json_array(json_object('at', '${new Date(now).toISOString()}')) WHERE state = 'pending'`,
      ).run()
    }
    await stored(both, 'hype', aPayment())
    await env.DB.prepare("UPDATE deliveries SET state = 'delivered' WHERE target = 'other'").run()
    await tell(NOW + MINUTE)
    for (let hours = 0; hours < 100; hours += 5) await tell(NOW + 5 * MINUTE + hours * HOUR)

    expect((await told()).filter((event) => event.includes('deliveries_dead'))).toEqual([
      'relay.issue_opened deliveries_dead target/one other',
      'relay.issue_closed deliveries_dead target/one other',
    ])
  })

  it('are not told the state of a target again', async () => {
    await replaceHealth(env.DB, 'crm', HEALTHY, { ...HEALTHY, state: 'paused' })
    await run(NOW)

    expect(await causesAt(NOW, own)).toEqual(['target_state crm'])
    expect(await told()).toEqual([])
  })
})

function aSilentQueue() {
  return { send: async () => undefined, sendBatch: async () => undefined } as unknown as Queue
}

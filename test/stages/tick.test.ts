// The cron as a whole: its jobs are bounded and independent, and fit the statements of an invocation.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Env } from '../../src/env.ts'
import worker from '../../src/index.ts'
import { inTurn, runJobs } from '../../src/stages/jobs.ts'
import { aConfig, aPayment, aQueue, stored } from '../builders.ts'
import { counting, empty, LOG_TABLES } from '../database.ts'
import { anInvocation } from '../invocation.ts'
import { statementsOf } from '../limits.ts'
import { untilSettled } from '../time.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const never = () => new Promise<never>(() => undefined)

/** Bindings with queues that record, and a target. */
function bindings(overrides: Partial<Env> = {}) {
  const [deliveries, retries] = [aQueue(), aQueue()]
  const own = {
    ...env,
    TARGETS: [{ name: 'crm', url: 'https://crm.example/', secret: 'EXAMPLE_SIGNING_SECRET' }],
    DELIVERIES: deliveries.queue,
    RETRIES: retries.queue,
    ...overrides,
  } as Env
  return { own, deliveries, retries }
}

/** Runs the cron once. Returns its log. */
async function tick(own: Env, time = Date.now()): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line) => lines.push(JSON.parse(line)))
  await worker.scheduled({ scheduledTime: time } as ScheduledController, own)
  log.mockRestore()
  return lines
}

/** Deliveries of events that nobody has, all overdue or held. */
async function insertDeliveries(target: string, count: number, state: 'pending' | 'held') {
  await env.DB.prepare(
    `INSERT INTO deliveries (event, target, state, reason, attempt, due, attempts)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
     SELECT i, ?1, ?3, CASE ?3 WHEN 'held' THEN 'paused' END, 1, 1000, '[]' FROM n`,
  )
    .bind(target, count, state)
    .run()
}

beforeEach(() => empty(...LOG_TABLES, 'snapshot', 'replays', 'targets'))

describe('jobs', () => {
  it('that hang or fail are logged, and the others run', async () => {
    const lines: Record<string, unknown>[] = []
    const ran: string[] = []
    const job = (name: string, run: () => Promise<void>) => ({ name, maxMs: 10_000, run })

    await untilSettled(() =>
      runJobs(
        [
          job('silent', never),
          job('broken', () => Promise.reject(new Error('no such table'))),
          job('sound', async () => void ran.push('sound')),
        ],
        (line) => lines.push(line),
      ),
    )

    expect(ran).toEqual(['sound'])
    expect(lines).toMatchObject([
      { at: 'silent', fault: expect.stringContaining('did not answer within 10000 ms') },
      { at: 'broken', fault: 'Error: no such table' },
    ])
  })

  it('take turns in being the first', () => {
    const job = (name: string) => ({ name, maxMs: 1, run: async () => undefined })
    const groups = [[job('a'), job('b')], [job('c')], [job('d')]]
    const orders = [0, 1, 2, 3].map((minute) =>
      inTurn(groups, minute * MINUTE).map(({ name }) => name),
    )

    expect(orders.map((order) => order.join(''))).toEqual(['abcd', 'cdab', 'dabc', 'abcd'])
  })
})

describe('a tick', () => {
  /** Moves the clock to a minute: the first of five tells issues too, which may write an event. */
  function inMinute(minute: number): void {
    const clock = Date.now
    const ahead = (5 + minute - (Math.floor(clock() / MINUTE) % 5)) % 5
    vi.spyOn(Date, 'now').mockImplementation(() => clock() + ahead * MINUTE)
  }
  beforeEach(() => inMinute(2))
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('counts the log and takes its snapshot although both queues are silent', async () => {
    await stored(aConfig(), 'hype', aPayment(), { now: Date.now() - 2 * 60 * MINUTE })
    await insertDeliveries('crm', 300, 'pending')
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'retrying', attempt = 2 WHERE event > 150`,
    ).run()
    const silent = { send: never, sendBatch: never } as unknown as Env['RETRIES']
    const { own } = bindings({ DELIVERIES: silent, RETRIES: silent })

    await untilSettled(() => tick(own, 0))

    expect(await env.DB.prepare('SELECT count(*) AS n FROM snapshot').first('n')).toBe(1)
    expect(
      await env.DB.prepare('SELECT count(*) AS n FROM segments WHERE counted = 0').first('n'),
    ).toBe(0)
  })

  it('ends although D1 is silent', async () => {
    const silent = { all: never, run: never, first: never, bind: () => silent }
    const DB = { prepare: () => silent, batch: never } as unknown as D1Database

    const lines = await untilSettled(() => tick(bindings({ DB }).own))

    expect(new Set(lines.map(({ at }) => at)).size).toBeGreaterThanOrEqual(6)
  })

  it.each([0, 1, 2, 3].flatMap((turn) => [0, 2].map((minute) => ({ turn, minute }))))(
    'of fair weather makes less than 50 statements, in turn $turn and minute $minute of five',
    async ({ turn, minute }) => {
      vi.restoreAllMocks()
      inMinute(minute)
      for (let i = 0; i < 20; i++) {
        await stored(aConfig(), 'hype', aPayment(), { now: Date.now() - i * 10 * MINUTE })
      }
      const count = statementsOf('free')

      const lines = await anInvocation(() => tick(bindings().own, turn * MINUTE), 'free', count)

      expect(lines.filter((line) => 'fault' in line || 'left' in line)).toEqual([])
      expect(count.count()).toBeLessThan(50)
    },
  )

  it('with nothing to do reads a few rows and writes none', async () => {
    await empty('statistics', 'totals', 'drift', 'idempotency')
    await tick(bindings().own)
    const { db, read, written } = counting()

    await tick(bindings({ DB: db }).own)

    expect(read()).toBeLessThanOrEqual(65)
    expect(written()).toBe(0)
  })

  it('works off every backlog within the 50 statements of the free plan, in some minutes', async () => {
    const { own, deliveries, retries } = bindings()
    await insertDeliveries('crm', 6000, 'held')
    await insertDeliveries('old', 6000, 'pending')
    for (let i = 0; i < 5; i++) {
      await stored(aConfig(), 'hype', aPayment(), { now: Date.now() - 500 * DAY + i * DAY })
    }

    const faults: unknown[] = []
    for (let minute = 0; minute < 12; minute++) {
      const lines = await anInvocation(() => tick(own, minute * MINUTE), 'free')
      faults.push(...lines.filter((line) => 'fault' in line))
    }

    expect(faults).toEqual([])
    expect(deliveries.sent).toHaveLength(6000)
    expect(retries.sent).toHaveLength(6000)
    expect(await env.DB.prepare('SELECT count(*) AS n FROM events').first('n')).toBe(0)
    expect(await env.DB.prepare('SELECT count(*) AS n FROM snapshot').first('n')).toBe(1)
  })
})

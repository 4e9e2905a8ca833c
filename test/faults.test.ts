// Every call of a binding in the life of an event fails once, before or after it takes effect. An event that was
// answered with 202 is delivered to every target and is in the log, and the ledger adds up.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../src/config.ts'
import { discrepancies, tally } from '../src/core/ledger/ledger.ts'
import { listCounts } from '../src/store/ledger/ledger.ts'
import { listDifferences } from '../src/store/ledger/verify.ts'
import { aConfig, aPayment, NOW } from './builders.ts'
import { aWorld, type Fault, type World } from './world.ts'

const config = aConfig(
  { name: 'good', url: 'https://good.example/' },
  { name: 'shaky', url: 'https://shaky.example/' },
)

async function emptyTables() {
  await env.DB.batch(
    ['targets', 'deliveries', 'events', 'segments', 'ledger'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
}
beforeEach(emptyTables)

/** A fault at the n-th call, once, and at each call for which `also` is true; with the list of all calls. */
function atCall(n: number, when: 'before' | 'after', also: (call: number) => boolean) {
  const calls: string[] = []
  const fault: Fault = (call, now, i) => {
    calls[i - 1] = call
    if (now === 'before' && also(i)) throw new Error(`call ${i} always fails`)
    if (i === n && now === when) throw new Error(`injected ${when} call ${n}: ${call}`)
  }
  return { calls, fault }
}

async function rows() {
  const { results } = await env.DB.prepare(
    `SELECT e.status, d.target, d.state, d.due, json_array_length(d.attempts) AS attempts FROM events AS e
     LEFT JOIN deliveries AS d ON d.event = e.key WHERE e.source <> 'relay' ORDER BY d.target`,
  ).all<{
    status: string
    target: string | null
    state: string
    due: number | null
    attempts: number
  }>()
  return results
}

/** Where the ledger does not add up or differs from the log. */
async function ledgerErrors() {
  const ever = { since: NOW - 3_600_000, until: NOW + 86_400_000 }
  const { differences } = await listDifferences(env, ever)
  return [...discrepancies(tally(await listCounts(env, ever))), ...differences]
}

type Scenario = {
  config: Config
  /** The status with which a target answers the n-th request for an event. */
  answer: (target: string, n: number) => number
  /** Calls that fail in each run. */
  also?: (call: number) => boolean
  payments: object[]
  minutes: number
}

const person = { id: 'one-person' }

const SCENARIOS: Record<string, Scenario> = {
  'a target that fails at first': {
    config,
    answer: (target, n) => (target === 'shaky' && n === 1 ? 500 : 200),
    payments: [aPayment()],
    minutes: 8,
  },
  'a request that D1 refuses, so that it is spilled': {
    config,
    answer: () => 200,
    also: (call) => call === 1,
    payments: [aPayment()],
    minutes: 8,
  },
  'an ordered target whose first delivery fails at first': {
    config: aConfig({ name: 'good', url: 'https://good.example/', ordered: true, retry: [5, 60] }),
    answer: (_target, n) => (n === 1 ? 503 : 200),
    payments: [aPayment(person), aPayment({ ...person, data: { tier: 'Gold', total: 200 } })],
    minutes: 12,
  },
  'a target whose circuit breaker opens and closes again': {
    config: aConfig(
      {
        name: 'shaky',
        url: 'https://shaky.example/',
        events: ['payment.*'],
        retry: Array(9).fill(5),
      },
      { name: 'ops', url: 'https://ops.example/', events: ['relay.*'] },
    ),
    answer: (target, n) => (target === 'shaky' && n <= 6 ? 500 : 200),
    payments: [aPayment()],
    minutes: 12,
  },
}

/** Sends the payments of a scenario; the sender tries again, as the answer asks it to. */
async function sendAll(world: World, { payments }: Scenario) {
  for (const payment of payments) {
    const result = await world.take('hype', payment)
    if (!result.ok) {
      world.advance(30_000)
      expect((await world.take('hype', payment)).ok).toBe(true)
    }
    world.advance(1000)
  }
}

const worldOf = ({ config, answer }: Scenario, fault: Fault) =>
  aWorld(config, fault, (target, i) => new Response('', { status: answer(target, i) }))

/** How many calls a run without the fault makes until two minutes after the last delivery: then each minute is like the next. */
async function callsOf(scenario: Scenario): Promise<number> {
  await emptyTables()
  const { calls, fault } = atCall(0, 'before', scenario.also ?? (() => false))
  const world = worldOf(scenario, fault)
  await sendAll(world, scenario)
  let busy = 0
  for (let minute = 1; minute <= scenario.minutes; minute++) {
    const before = world.received.length
    await world.live(1)
    if (world.received.length > before) busy = minute
    if (minute === busy + 2) return calls.length
  }
  return calls.length
}

describe.each(Object.entries(SCENARIOS))('%s', (_name, scenario) => {
  it.each(['before', 'after'] as const)(
    'every event is delivered although any one call fails %s it takes effect',
    async (when) => {
      const last = await callsOf(scenario)
      expect(last).toBeGreaterThan(8)
      for (let n = 1; n <= last; n++) {
        await emptyTables()
        const { calls, fault } = atCall(n, when, scenario.also ?? (() => false))
        const world = worldOf(scenario, fault)
        await sendAll(world, scenario)
        await world.live(scenario.minutes)

        const context = `${when} call ${n}: ${calls[n - 1]}`
        const names = scenario.config.targets
          .map(({ name }) => name)
          .filter((name) => name !== 'ops')
        const accepted = (await rows()).filter(({ status }) => status === 'accepted')
        const wanted = names
          .flatMap((name) => scenario.payments.map(() => `${name} delivered`))
          .sort()
        expect(world.unhandled, context).toEqual([])
        expect(
          accepted.map(({ target, state }) => `${target} ${state}`),
          context,
        ).toEqual(wanted)
        expect(await ledgerErrors(), context).toEqual([])
        // A second copy only if the response, or the relay's record of it, may have been lost.
        const mayBeLost = ['DB.batch', 'DB.run', 'send'].includes(calls[n - 1] ?? '')
        const successes = world.received.filter(
          ({ target, status }) => names.includes(target) && status === 200,
        )
        expect(successes.length, context).toBeGreaterThanOrEqual(wanted.length)
        expect(successes.length, context).toBeLessThanOrEqual(wanted.length + (mayBeLost ? 1 : 0))
      }
    },
    300_000, // beside others, on a busy machine
  )
})

describe('while D1 is unavailable', () => {
  it('every payment is kept, and it is recorded and delivered once D1 is back', async () => {
    let isUnavailable = true
    const world = aWorld(
      config,
      (call) => {
        if (isUnavailable && call.startsWith('DB'))
          throw new Error('D1_ERROR: Network connection lost.')
      },
      () => new Response('ok'),
    )
    const answers = []
    for (let i = 0; i < 20; i++) {
      answers.push(await world.take('hype', aPayment()))
      world.advance(100)
    }
    await world.live(3)
    expect(world.received).toEqual([])
    isUnavailable = false
    await world.live(6)

    expect(answers.every(({ ok }) => ok)).toBe(true)
    expect(world.received.filter(({ status }) => status === 200)).toHaveLength(40)
    expect(
      (await rows()).every(({ status, state }) => status === 'accepted' && state === 'delivered'),
    ).toBe(true)
  })
})

describe('queues', () => {
  it('that lose every message: the sweep enqueues every delivery again', async () => {
    const world = aWorld(
      config,
      () => undefined,
      () => new Response('ok'),
    )
    for (let i = 0; i < 10; i++) await world.take('hype', aPayment())
    for (const name of ['DELIVERIES', 'RETRIES', 'SPILL'] as const) world.queues[name] = []

    await world.live(4)

    expect(world.received).toHaveLength(20)
  })

  it('that deliver every message twice: a target receives one copy', async () => {
    const world = aWorld(
      config,
      () => undefined,
      () => new Response('ok'),
    )
    for (let i = 0; i < 10; i++) await world.take('hype', aPayment())
    world.queues.DELIVERIES.push(
      ...world.queues.DELIVERIES.map((waiting) => ({ ...waiting })).toReversed(),
    )

    await world.live(4)

    expect(world.received).toHaveLength(20)
  })
})

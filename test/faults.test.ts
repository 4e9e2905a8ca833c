// The space between two awaits: every call of a binding in the life of an event fails once, before it is carried out
// or after. Whatever was answered 202 arrives at every target, the log knows it, and the ledger adds up.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../src/config.ts'
import { discrepancies, tally } from '../src/core/ledger/ledger.ts'
import { listCounts } from '../src/store/ledger/ledger.ts'
import { listDifferences } from '../src/store/ledger/verify.ts'
import { aConfig, aPayment, NOW } from './builders.ts'
import { aWorld, type Fault } from './world.ts'

const config = aConfig(
  { name: 'good', url: 'https://good.example/' },
  { name: 'shaky', url: 'https://shaky.example/' },
)

async function forget() {
  await env.DB.batch(
    ['targets', 'deliveries', 'events', 'segments', 'ledger'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
}
beforeEach(forget)

/** Throws at the n-th call, once, and wherever else `also` says; tells what was called. */
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

/** What of the ledger does not add up, or is not what the log has. */
async function breaches() {
  const ever = { since: NOW - 3_600_000, until: NOW + 86_400_000 }
  const { differences } = await listDifferences(env.DB, ever)
  return [...discrepancies(tally(await listCounts(env.DB, ever))), ...differences]
}

type Story = {
  config: Config
  /** What a target answers to the n-th request for an event. */
  answer: (target: string, n: number) => number
  /** Calls that fail in each run. */
  also?: (call: number) => boolean
  payments: object[]
  minutes: number
}

const person = { id: 'one-person' }

const SCENARIOS: Record<string, Story> = {
  'a target that fails at first': {
    config,
    answer: (target, n) => (target === 'shaky' && n === 1 ? 500 : 200),
    payments: [aPayment()],
    minutes: 8,
  },
  'a request that D1 did not take, so that it was spilled': {
    config,
    answer: () => 200,
    also: (call) => call === 1,
    payments: [aPayment()],
    minutes: 8,
  },
  'a target in order, whose first delivery fails at first': {
    config: aConfig({ name: 'good', url: 'https://good.example/', ordered: true, retry: [5, 60] }),
    answer: (_target, n) => (n === 1 ? 503 : 200),
    payments: [aPayment(person), aPayment({ ...person, data: { tier: 'Gold', total: 200 } })],
    minutes: 12,
  },
  'a target whose breaker opens, and that comes back': {
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

describe.each(Object.entries(SCENARIOS))('%s', (_name, story) => {
  it.each(['before', 'after'] as const)(
    'arrives, although one call fails %s it is carried out, whichever it is',
    async (when) => {
      for (let n = 1; ; n++) {
        await forget()
        const { calls, fault } = atCall(n, when, story.also ?? (() => false))
        const world = aWorld(
          story.config,
          fault,
          (target, i) => new Response('', { status: story.answer(target, i) }),
        )
        for (const payment of story.payments) {
          const result = await world.take('hype', payment)
          // A sender that is told to come again does so.
          if (!result.ok) {
            world.advance(30_000)
            expect((await world.take('hype', payment)).ok).toBe(true)
          }
          world.advance(1000)
        }
        await world.live(story.minutes)

        const place = `${when} call ${n}: ${calls[n - 1]}`
        const names = story.config.targets.map(({ name }) => name).filter((name) => name !== 'ops')
        const accepted = (await rows()).filter(({ status }) => status === 'accepted')
        const wanted = names.flatMap((name) => story.payments.map(() => `${name} delivered`)).sort()
        expect(world.unhandled, place).toEqual([])
        expect(
          accepted.map(({ target, state }) => `${target} ${state}`),
          place,
        ).toEqual(wanted)
        expect(await breaches(), place).toEqual([])
        // A second copy only where the answer, or our record of it, may have been lost.
        const mayBeLost = ['DB.batch', 'DB.run', 'send'].includes(calls[n - 1] ?? '')
        const successes = world.received.filter(
          ({ target, status }) => names.includes(target) && status === 200,
        )
        expect(successes.length, place).toBeGreaterThanOrEqual(wanted.length)
        expect(successes.length, place).toBeLessThanOrEqual(wanted.length + (mayBeLost ? 1 : 0))
        if (calls.length < n) {
          expect(n).toBeGreaterThan(8)
          return
        }
      }
    },
    300_000, // beside others, on a busy machine
  )
})

describe('when D1 is away for a while', () => {
  it('every payment is safe, recorded in its order, and delivered', async () => {
    let isAway = true
    const world = aWorld(
      config,
      (call) => {
        if (isAway && call.startsWith('DB')) throw new Error('D1_ERROR: Network connection lost.')
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
    isAway = false
    await world.live(6)

    expect(answers.every(({ ok }) => ok)).toBe(true)
    expect(world.received.filter(({ status }) => status === 200)).toHaveLength(40)
    expect(
      (await rows()).every(({ status, state }) => status === 'accepted' && state === 'delivered'),
    ).toBe(true)
  })
})

describe('when the queues forget everything', () => {
  it('the sweep sets every delivery in motion again', async () => {
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

  it('and remember everything twice, a target gets one copy', async () => {
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

// The space between two awaits: every call of a binding in the life of an event fails once, before it is carried out
// or after. Whatever was answered 202 arrives at every target, and the log knows it.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { aConfig, aPayment } from './builders.ts'
import { aWorld, type Fault } from './world.ts'

const config = aConfig(
  { name: 'good', url: 'https://good.example/' },
  { name: 'shaky', url: 'https://shaky.example/' },
)

/** One target that answers at once, and one that fails at first. */
const answer = (target: string, n: number) =>
  new Response('', { status: target === 'shaky' && n === 1 ? 500 : 200 })

beforeEach(async () => {
  await env.DB.batch(
    ['targets', 'deliveries', 'events'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

/** Throws at the n-th call, once; tells how many there were. */
function atCall(n: number, when: 'before' | 'after') {
  const calls: string[] = []
  const fault: Fault = (call, now) => {
    if (now === 'before') calls.push(call)
    if (calls.length === n && now === when) throw new Error(`injected ${when} call ${n}: ${call}`)
  }
  return { calls, fault }
}

/** A sender that comes again when it is told to, as vendors that retry do. */
async function relayOne(fault: Fault) {
  const world = aWorld(config, fault, answer)
  const payment = aPayment()
  let result = await world.take('hype', payment)
  const first = result
  if (!result.ok) {
    world.advance(30_000)
    result = await world.take('hype', payment)
  }
  await world.live(8)
  return { world, first, result }
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

describe.each(['before', 'after'] as const)(
  'with a fault %s the n-th call of a binding',
  (when) => {
    it('an event arrives at every target, for every n until none is left', async () => {
      for (let n = 1; ; n++) {
        const { calls, fault } = atCall(n, when)
        await env.DB.batch(
          ['targets', 'deliveries', 'events'].map((table) =>
            env.DB.prepare(`DELETE FROM ${table}`),
          ),
        )

        const { world, result } = await relayOne(fault)

        const place = `call ${n}: ${calls[n - 1]}`
        expect(result.ok, place).toBe(true)
        expect(world.unhandled, place).toEqual([])
        const accepted = (await rows()).filter(({ status }) => status === 'accepted')
        expect(
          accepted.map(({ target, state }) => `${target} ${state}`),
          place,
        ).toEqual(['good delivered', 'shaky delivered'])
        for (const target of ['good', 'shaky']) {
          const successes = world.received.filter(
            (one) => one.target === target && one.status === 200,
          )
          expect(successes.length, place).toBeGreaterThanOrEqual(1)
          // A second copy only where the record of the answer may have been lost.
          const recordLost = calls[n - 1] === 'DB.batch' || calls[n - 1] === 'DB.run'
          expect(successes.length, place).toBeLessThanOrEqual(recordLost ? 2 : 1)
        }
        if (calls.length < n) {
          expect(n).toBeGreaterThan(8)
          return
        }
      }
    })
  },
)

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

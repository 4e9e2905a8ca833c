// Messages do not multiply while nothing that they wake up can be recorded, and a silent queue stops nothing else.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import type { EventId } from '../../../src/core/id.ts'
import type { Env } from '../../../src/env.ts'
import { sharedQueue } from '../../../src/stages/deliveries/enqueue.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aMessageFor, aPayment, deliverBatch, NOW, stored } from '../../builders.ts'
import { untilSettled } from '../../time.ts'
import { aWorld } from '../../world.ts'

const PENDING = 30

it('in an hour in which D1 refuses writes, waiting deliveries have two messages at most, which come less and less often', async () => {
  const world = aWorld(
    aConfig({ name: 'crm' }),
    () => undefined,
    () => new Response('ok'),
  )
  for (let i = 0; i < PENDING; i++) await world.take('hype', aPayment())
  // They wait in the queue of later attempts, where a message takes a lease first.
  world.queues.RETRIES.push(...world.queues.DELIVERIES.splice(0))
  await env.DB.prepare(
    `CREATE TRIGGER full BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`,
  ).run()
  const before = world.operations()

  await world.live(60)

  const operations = world.operations() - before
  await env.DB.prepare('DROP TRIGGER full').run()
  const alive = world.queues.DELIVERIES.length + world.queues.RETRIES.length
  expect(world.received).toEqual([])
  expect(alive).toBeLessThanOrEqual(2 * PENDING)
  expect(operations).toBeLessThanOrEqual(30 * PENDING)

  await world.live(3)

  expect(world.received).toHaveLength(PENDING)
  expect(world.unhandled).toEqual([])
}, 120_000)

it('a silent queue of retries is called once in a batch, and keeps no other delivery from going', async () => {
  const failing = Array.from({ length: 5 }, (_, i) => ({ name: `bad-${i}` }))
  const healthy = Array.from({ length: 5 }, (_, i) => ({ name: `good-${i}` }))
  const config = aConfig(
    ...[...failing, ...healthy].map(({ name }) => ({ name, url: `https://${name}.example/` })),
  )
  const event = await stored(config, 'hype', aPayment())
  const messages = await Promise.all(
    config.targets.map(async ({ name }) => ({
      id: name,
      timestamp: new Date(NOW),
      attempts: 1,
      body: await aMessageFor(event, name),
      ack: () => undefined,
      retry: () => undefined,
    })),
  )
  let calls = 0
  const silent = () => {
    calls++
    return new Promise<never>(() => undefined)
  }
  const RETRIES = { send: silent, sendBatch: silent } as unknown as Env['RETRIES']
  const got: string[] = []
  const fetch = async (url: string) => {
    got.push(url)
    return new Response('', { status: url.includes('bad') ? 500 : 200 })
  }

  await untilSettled(() =>
    deliverBatch({ DB: env.DB, RETRIES }, config, 'deliveries', messages, { fetch }),
  )

  expect(calls).toBe(1)
  expect(got).toHaveLength(10)
  const states = (await getEvent(env, event))?.deliveries.map(({ state }) => state)
  expect(states?.toSorted()).toEqual([
    ...failing.map(() => 'delivered'),
    ...healthy.map(() => 'retrying'),
  ])
})

it('what is sent to a queue while a call is under way shares the next call', async () => {
  const calls: number[] = []
  let answer = () => {}
  const inner = {
    sendBatch: (messages: Iterable<unknown>) => {
      calls.push([...messages].length)
      return calls.length > 1
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            answer = resolve
          })
    },
  } as unknown as Env['RETRIES']
  const queue = sharedQueue(inner)
  const message = { event: 'evt_0000000000001' as EventId, target: 'crm', attempt: 1, due: NOW }

  const sent = Array.from({ length: 151 }, () => queue.send(message))
  answer()
  await Promise.all(sent)

  expect(calls).toEqual([1, 100, 50])
})

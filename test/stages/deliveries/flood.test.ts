// While D1 can be read but takes no writes, messages must not multiply: nothing that they wake up can be recorded.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { aConfig, aPayment } from '../../builders.ts'
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

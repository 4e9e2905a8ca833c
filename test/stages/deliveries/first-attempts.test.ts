// First attempts that were never made: they are in no index until the sweep has come past their events, and none is missed.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import { overdueMarginMs } from '../../../src/core/deliveries/lease.ts'
import { firstKeyAt } from '../../../src/core/id.ts'
import { sweep } from '../../../src/stages/deliveries/sweep.ts'
import { watchFresh } from '../../../src/store/deliveries/waiting.ts'
import { aConfig, aQueue, aSpill, aStatusChange, NOW, stored, toolsAt } from '../../builders.ts'
import { counting, empty, LOG_TABLES } from '../../database.ts'

const MARGIN = overdueMarginMs([15]) // of targets with the default timeout
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const config = aConfig({ name: 'crm' })

beforeEach(async () => {
  await empty(...LOG_TABLES)
  await env.DB.prepare('UPDATE swept_to SET event = 0').run()
})

/** The events whose messages a sweep sends; the queue takes them unless it is refusing. */
async function sweptAt(now: number, queue = aQueue()): Promise<string[]> {
  const bindings = { DB: env.DB, DELIVERIES: queue.queue, RETRIES: aQueue().queue }
  await sweep({ ...bindings, SPILL: aSpill().queue }, config, toolsAt(now))
  return queue.sent.map(({ event }) => event)
}

const accept = (now: number) => stored(config, 'hapana', aStatusChange(), { now })

const indexed = () =>
  env.DB.prepare(
    `SELECT count(*) AS n FROM deliveries INDEXED BY deliveries_waiting
     WHERE state IN ('pending', 'retrying') AND (state = 'retrying' OR swept IS NOT NULL)`,
  ).first<number>('n')

it('costs an accepted delivery no entry of an index', async () => {
  await accept(NOW)

  expect(await indexed()).toBe(0)
})

it('sends the message of one that was received before the last sweep and recorded after it', async () => {
  const first = await accept(NOW + 10 * MINUTE)
  expect(await sweptAt(NOW + 12 * MINUTE)).toEqual([first])

  const late = await accept(NOW)

  expect(await indexed()).toBe(2)
  expect(await sweptAt(NOW + 12 * MINUTE + 1)).toEqual([late])
})

it('sends what the queue refused', async () => {
  const event = await accept(NOW)
  const refusing = aQueue()
  refusing.queue.sendBatch = () => Promise.reject(new Error('no'))
  expect(await sweptAt(NOW + 2 * MINUTE, refusing)).toEqual([])

  expect(await sweptAt(NOW + 3 * MINUTE)).toEqual([event])
})

it('sends one that was held and is released after the sweep has come past it', async () => {
  const event = await accept(NOW)
  await env.DB.prepare("UPDATE deliveries SET state = 'held', reason = 'disabled'").run()
  await accept(NOW + HOUR)
  await sweptAt(NOW + HOUR + 2 * MINUTE) // releases it, to a queue that loses its message

  expect(await sweptAt(NOW + HOUR + 2 * MINUTE + MARGIN + 1)).toContain(event)
})

it('does not come past an event that is younger than the margin', async () => {
  const event = await accept(NOW)
  expect(await sweptAt(NOW + MARGIN)).toEqual([])

  expect(await sweptAt(NOW + MARGIN + 1)).toEqual([event])
})

it('comes past everything after a pause of the cron, an hour of the log at a time', async () => {
  const events = [await accept(NOW), await accept(NOW + 5 * HOUR), await accept(NOW + 26 * HOUR)]

  expect((await sweptAt(NOW + 30 * HOUR)).sort()).toEqual(events)
})

it('reads a delivery once, and writes nothing when there is none', async () => {
  for (let i = 0; i < 20; i++) await accept(NOW + i)
  await env.DB.prepare("UPDATE deliveries SET state = 'delivered'").run()
  const rows = async (now: number) => {
    const { db, read, written } = counting()
    await watchFresh(db, firstKeyAt(now))
    return { read: read(), written: written() }
  }

  const first = await rows(NOW + MINUTE)
  const second = await rows(NOW + 2 * MINUTE)

  expect(first.read).toBeLessThan(20 + 20)
  expect(first.written).toBe(1)
  expect(second.read).toBeLessThan(10)
  expect(second.written).toBe(0)
})

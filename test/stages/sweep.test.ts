// What lies still is set in motion again.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type Config, parseConfig } from '../../src/config.ts'
import { overdueMarginMs } from '../../src/core/lateness.ts'
import { deliver } from '../../src/stages/deliver.ts'
import { sweep } from '../../src/stages/sweep.ts'
import { getEvent } from '../../src/store/events.ts'
import { aConfig, aMessageFor, aQueue, aStatusChange, NOW, stored } from '../builders.ts'

async function run(config: Config, now: number) {
  const [deliveries, retries] = [aQueue(), aQueue()]
  const env_ = { DB: env.DB, DELIVERIES: deliveries.queue, RETRIES: retries.queue }
  await sweep(env_, config, now, () => undefined)
  return { deliveries: deliveries.sent, retries: retries.sent }
}

const MARGIN = overdueMarginMs([15]) // of targets with the default timeout

describe('the sweep', () => {
  it('sends a delivery again whose message was lost, once it is overdue by the margin', async () => {
    const config = aConfig({ name: 'lost' })
    const event = await stored(config, 'hapana', aStatusChange())

    const early = await run(config, NOW + MARGIN)
    const late = await run(config, NOW + MARGIN + 1)

    const mine = { event, target: 'lost', attempt: 1, delaySeconds: 0 }
    expect(early.deliveries).not.toContainEqual(mine)
    expect(late.deliveries).toContainEqual(mine)
  })

  it('sends a later attempt through the queue of retries', async () => {
    const config = aConfig({ name: 'again' })
    const event = await stored(config, 'hapana', aStatusChange())
    await env.DB.prepare(
      `UPDATE deliveries SET state = 'retrying', attempt = 3 WHERE target = 'again'`,
    ).run()

    const { deliveries, retries } = await run(config, NOW + MARGIN + 1)

    expect(retries).toContainEqual({ event, target: 'again', attempt: 3, delaySeconds: 0 })
    expect(deliveries.filter(({ target }) => target === 'again')).toEqual([])
  })

  it('lets go of what a disabled target had held back, once it is enabled', async () => {
    const off = aConfig({ name: 'off', enabled: false })
    const event = await stored(off, 'hapana', aStatusChange())
    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([
      { state: 'held', reason: 'disabled' },
    ])
    await run(off, NOW)
    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([{ state: 'held' }])

    const { retries } = await run(aConfig({ name: 'off' }), NOW)

    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([
      { state: 'pending', reason: null },
    ])
    expect(retries).toContainEqual({ event, target: 'off', attempt: 1, delaySeconds: 0 })
  })

  it('asks a target that is mended whether it wants what was held for it', async () => {
    const broken = parseConfig(
      {
        SOURCES: [{ name: 'hapana', vendor: 'hapana', secret: 'S', header: 'x-relay-key' }],
        TARGETS: [{ name: 'mended', url: 'https://mended.example/', events: 'payment.*' }],
      },
      () => 'hapana secret',
    )
    const event = await stored(broken, 'hapana', aStatusChange())
    const held = (await getEvent(env.DB, event))?.deliveries
    const mended = aConfig({ name: 'mended', events: ['payment.*'] })

    const { retries: messages } = await run(mended, NOW + 1)
    const got: string[] = []
    const [message] = messages.filter(({ target }) => target === 'mended')
    await deliver(
      { DB: env.DB, RETRIES: aQueue().queue },
      mended,
      'retries',
      [
        {
          id: '1',
          timestamp: new Date(),
          attempts: 1,
          body: await aMessageFor(event, 'mended'),
          ack: () => undefined,
          retry: () => undefined,
        },
      ],
      {
        send: async (url) => {
          got.push(url)
          return new Response('ok')
        },
        now: () => NOW + 1,
        random: () => 0,
        log: () => undefined,
      },
    )

    expect(held).toMatchObject([{ state: 'held', reason: 'broken' }])
    expect(message).toBeDefined()
    expect(got).toEqual([])
    expect((await getEvent(env.DB, event))?.deliveries).toMatchObject([
      { state: 'cancelled', reason: 'its target does not want it' },
    ])
  })

  it('takes up 1,000 at most in a run', async () => {
    const config = aConfig({ name: 'many' })
    const event = await stored(config, 'hapana', aStatusChange())
    await env.DB.prepare(
      `INSERT INTO deliveries (event, target, state, attempt, due, attempts)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
       SELECT i, 'many', 'pending', 1, 1000, '[]' FROM n`,
    ).run()

    const { deliveries } = await run(config, NOW + MARGIN + 1)

    expect(deliveries).toHaveLength(1000)
    expect(deliveries.some((message) => message.event === event)).toBe(false)
  })
})

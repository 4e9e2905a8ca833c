// Numbers that stand in two files and have to agree.
import { describe, expect, it } from 'vitest'
import { DEFAULT_RETRY, MAX_QUEUE_DELAY_SECONDS } from '../src/core/retry.ts'
import { OVERDUE_MARGIN_SECONDS } from '../src/stages/sweep.ts'
import wrangler from '../wrangler.toml?raw'

const AT_ONCE = 5 // requests that wait for headers (design §7)
const MAX_TIMEOUT_SECONDS = 30 // of a target (src/config.ts)

/** A number of every queue consumer, by the queue's name. */
function numbersOf(key: string): Record<string, number> {
  const consumers = wrangler.split('[[queues.consumers]]').slice(1)
  return Object.fromEntries(
    consumers.map((table) => [
      /^queue = "membership-relay-([a-z]+)"/m.exec(table.split('\n[')[0] ?? '')?.[1] ?? table,
      Number(new RegExp(`^${key} = (\\d+)`, 'm').exec(table.split('\n[')[0] ?? '')?.[1]),
    ]),
  )
}

const DELIVERING = ['deliveries', 'retries']

describe('wrangler.toml', () => {
  it.each(DELIVERING)(
    'lets the platform give up on %s later than the default schedule',
    (queue) => {
      // A wait longer than a queue's longest delay is taken in hops, and each is a retry.
      const retries = DEFAULT_RETRY.map((wait) => Math.ceil((wait * 1.1) / MAX_QUEUE_DELAY_SECONDS))
      const needed = retries.reduce((sum, hops) => sum + hops, 0)

      expect(needed).toBe(10)
      expect(numbersOf('max_retries')[queue]).toBeGreaterThanOrEqual(needed)
      expect(numbersOf('max_retries')[queue]).toBeLessThanOrEqual(100) // the platform's limit
    },
  )

  it.each(DELIVERING)('makes no batch of %s that takes longer than the sweep waits', (queue) => {
    const rounds = Math.ceil((numbersOf('max_batch_size')[queue] ?? Number.NaN) / AT_ONCE)
    const waiting = numbersOf('max_batch_timeout')[queue] ?? Number.NaN

    expect(OVERDUE_MARGIN_SECONDS).toBeGreaterThan(rounds * MAX_TIMEOUT_SECONDS + waiting)
  })

  it('runs the sweep each minute', () => {
    expect(wrangler).toContain('crons = ["* * * * *"]')
  })
})

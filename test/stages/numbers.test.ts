// Numbers that are in two files and must agree.
import { describe, expect, it } from 'vitest'
import { longestBatchMs, overdueMarginMs } from '../../src/core/deliveries/lease.ts'
import wrangler from '../../wrangler.toml?raw'

const AT_ONCE = 5 // requests that wait for a response (src/stages/deliveries/deliver.ts)
const MAX_TIMEOUT_SECONDS = 30 // of a target (src/config/schema.ts)

/** A number of every queue consumer, by the queue's name. */
function numbersOf(key: string): Record<string, number> {
  const consumers = wrangler.split('[[queues.consumers]]').slice(1)
  return Object.fromEntries(
    consumers.map((table) => [
      /^queue = "membership-relay-([a-z-]+)"/m.exec(table.split('\n[')[0] ?? '')?.[1] ?? table,
      Number(new RegExp(`^${key} = (\\d+)`, 'm').exec(table.split('\n[')[0] ?? '')?.[1]),
    ]),
  )
}

const DELIVERING = ['deliveries', 'retries']

describe('wrangler.toml', () => {
  it('gives every queue whose messages may fail a dead letter queue, and each dead letter queue a consumer', () => {
    const consumed = Object.keys(numbersOf('max_retries'))
    const deadLetters = [
      ...wrangler.matchAll(/^dead_letter_queue = "membership-relay-([a-z-]+)"/gm),
    ]

    expect(deadLetters.map(([, name]) => name)).toEqual(['dead', 'dead', 'spill-dead'])
    expect(consumed).toEqual(['deliveries', 'retries', 'dead', 'spill', 'spill-dead'])
  })

  it.each(DELIVERING)(
    'has no batch of %s that takes longer than the margin of the sweep',
    (queue) => {
      const rounds = Math.ceil((numbersOf('max_batch_size')[queue] ?? Number.NaN) / AT_ONCE)
      const waiting = numbersOf('max_batch_timeout')[queue] ?? Number.NaN
      const longest = rounds * MAX_TIMEOUT_SECONDS * 1000

      expect(longestBatchMs([1, MAX_TIMEOUT_SECONDS])).toBeGreaterThan(longest)
      expect(overdueMarginMs([1, MAX_TIMEOUT_SECONDS])).toBeGreaterThan(longest + waiting * 1000)
    },
  )

  it('runs the sweep each minute', () => {
    expect(wrangler).toContain('crons = ["* * * * *"]')
  })
})

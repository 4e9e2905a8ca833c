// What an operator reads about the spill queue, by the age of its oldest message.
import { describe, expect, it } from 'vitest'
import { ofSpill, type SpillStatus } from '../../../src/core/operate/attention/spill.ts'

const NOW = Date.parse('2026-11-21T20:00:00Z')
const HOUR = 3_600_000
const at = (hours: number) => new Date(NOW - hours * HOUR).toISOString()
const wordsOf = (status: SpillStatus | null) => ofSpill(status, NOW).map(({ words }) => words)
const wordsFor = (hours: number, stuck: { id: string; reason: string } | null = null) =>
  wordsOf({ requests: 2, oldest_message: at(hours), oldest_archived: null, stuck }).join('\n')

describe('the spill queue', () => {
  it('needs no attention while it is empty, or does not report its length', () => {
    const empty = { requests: 0, oldest_message: null, oldest_archived: null, stuck: null }

    expect([wordsOf(empty), wordsOf(null)]).toEqual([[], []])
  })

  it.each([
    [0.9, /^2 requests are waiting in the spill queue\.$/],
    [1, /^ACCEPTED BUT NOT RECORDED: .* at least since 19:00 UTC\. Nothing is lost/],
    [12.9, /^ACCEPTED BUT NOT RECORDED/],
    [
      13,
      /^ABOUT TO BE LOST: .* since 07:00 UTC.* at 2026-12-05 07:00 UTC, or at 2026-11-22 07:00 UTC/,
    ],
  ])('of which the oldest message is %d h old is called out', (hours, words) => {
    expect(wordsFor(hours)).toMatch(words)
  })

  it('needs attention too when requests are left in the archive alone', () => {
    const status = { requests: 0, oldest_message: null, oldest_archived: at(30), stuck: null }

    expect(wordsOf(status)).toEqual([
      'ACCEPTED BUT NOT RECORDED: requests are kept in the archive since 2026-11-20 14:00 UTC, until D1 takes them.',
    ])
  })

  it('names the request that fails by itself, with the reason', () => {
    const stuck = { id: 'evt_1jm3jqg7nbq', reason: 'CHECK constraint failed' }

    expect(wordsFor(2, stuck)).toContain('evt_1jm3jqg7nbq fails although D1 takes others: CHECK')
  })
})

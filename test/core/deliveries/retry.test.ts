import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/core/deliveries/delivery.ts'
import {
  DEFAULT_RETRY,
  judge,
  parseRetryAfter,
  queueDelaySeconds,
} from '../../../src/core/deliveries/retry.ts'

const NOW = Date.parse('2026-11-21T00:00:00Z')

function anOutcome(overrides: Partial<Outcome> = {}): Outcome {
  return {
    status: 500,
    error: 'status',
    detail: '',
    retryAfter: undefined,
    durationMs: 1,
    ...overrides,
  }
}

describe('DEFAULT_RETRY', () => {
  it('is the schedule of Standard Webhooks: ten attempts in 75.6 hours', () => {
    expect(DEFAULT_RETRY).toEqual([5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400])
  })
})

describe('judge', () => {
  it('calls an attempt without an error delivered', () => {
    const outcome = anOutcome({ status: 204, error: undefined })

    expect(judge(outcome, 10, [], NOW, 0)).toEqual({ state: 'delivered' })
  })

  it('holds for a target that is gone, at whatever attempt', () => {
    const gone = { state: 'held', reason: 'gone' }

    expect(judge(anOutcome({ status: 410 }), 1, [5], NOW, 0)).toEqual(gone)
    expect(judge(anOutcome({ status: 410, retryAfter: '60' }), 2, [5], NOW, 0)).toEqual(gone)
  })

  it.each([
    ['a redirect', { status: 302, error: 'redirect' }],
    ['401', { status: 401 }],
    ['403', { status: 403 }],
    ['404', { status: 404 }],
    ['429', { status: 429 }],
    ['500', { status: 500 }],
    ['a timeout', { status: undefined, error: 'timeout' }],
    ['a failed connection', { status: undefined, error: 'connect' }],
    ['a name that is not found', { status: undefined, error: 'dns' }],
    ['a failed handshake', { status: undefined, error: 'tls' }],
    ['a fault of ours', { status: undefined, error: 'fault' }],
  ] as const)('tries again after %s', (_, outcome) => {
    expect(judge(anOutcome(outcome), 1, [5], NOW, 0)).toEqual({
      state: 'retrying',
      due: NOW + 5000,
    })
  })

  it.each([
    [1, 5],
    [2, 300],
    [3, 1800],
    [4, 7200],
    [5, 18_000],
    [6, 36_000],
    [7, 50_400],
    [8, 72_000],
    [9, 86_400],
  ])('waits after attempt %d for %d s', (attempt, seconds) => {
    expect(judge(anOutcome(), attempt, DEFAULT_RETRY, NOW, 0)).toEqual({
      state: 'retrying',
      due: NOW + seconds * 1000,
    })
  })

  it.each([
    [10, DEFAULT_RETRY],
    [11, DEFAULT_RETRY],
    [1, []],
    [2, [5]],
  ])('ends dead after attempt %d when the schedule is over', (attempt, schedule) => {
    const outcome = anOutcome({ retryAfter: '60' })

    expect(judge(outcome, attempt, schedule, NOW, 0)).toEqual({ state: 'dead' })
  })

  it.each([
    ['a Retry-After later than the schedule', '60', 5, 0, 60_000],
    ['the schedule later than the Retry-After', '60', 300, 0, 300_000],
    ['half the jitter', undefined, 300, 0.5, 315_000],
    ['a Retry-After without jitter', '3600', 5, 0.99, 3_600_000],
    ['a Retry-After within the jitter of the schedule', '305', 300, 0.5, 315_000],
    ['a malformed Retry-After as none', 'soon', 5, 0, 5000],
    ['a Retry-After of 0 as none', '0', 5, 0, 5000],
    ['a day at most', '864000', 5, 0.99, 86_400_000],
    ['a date', 'Sat, 21 Nov 2026 01:00:00 GMT', 5, 0.5, 3_600_000],
    ['a past date as none', 'Fri, 20 Nov 2026 23:00:00 GMT', 5, 0, 5000],
    ['a date beyond a day as a day', 'Thu, 26 Nov 2026 00:00:00 GMT', 5, 0, 86_400_000],
  ])('takes %s', (_, retryAfter, seconds, random, wait) => {
    expect(judge(anOutcome({ retryAfter }), 1, [seconds], NOW, random)).toEqual({
      state: 'retrying',
      due: NOW + wait,
    })
  })

  it('is never early, and never later than a tenth more', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    const asked = fc.option(fc.nat({ max: 200_000 }), { nil: undefined })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_209_600 }), asked, random, (wait, after, jitter) => {
        const outcome = anOutcome({ retryAfter: after?.toString() })
        const verdict = judge(outcome, 1, [wait], NOW, jitter)
        const due = verdict.state === 'retrying' ? verdict.due - NOW : Number.NaN
        const least = Math.max(wait, Math.min(after ?? 0, 86_400)) * 1000
        const most = Math.max(wait * 1.1, Math.min(after ?? 0, 86_400)) * 1000
        expect(due).toBeGreaterThanOrEqual(least)
        expect(due).toBeLessThanOrEqual(Math.ceil(most))
      }),
    )
  })
})

describe('parseRetryAfter', () => {
  it.each([
    ['120', 120],
    [' 120 ', 120],
    ['0', 0],
    ['007', 7],
    ['86401', 86_400],
    ['99999999999999999999999999', 86_400],
    ['Sat, 21 Nov 2026 00:01:00 GMT', 60],
    ['Saturday, 21-Nov-26 00:01:00 GMT', 60],
    ['Sat Nov 21 00:01:00 2026', 60],
    ['Sun Nov  1 00:01:00 2026', 0],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sun, 22 Nov 2026 00:00:01 GMT', 86_400],
    [undefined, undefined],
    ['', undefined],
    [' ', undefined],
    ['-5', undefined],
    ['+5', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['5 s', undefined],
    ['120, 120', undefined],
    ['soon', undefined],
    ['2026-11-21T00:01:00Z', undefined],
    ['Sat, 32 Nov 2026 00:01:00 GMT', undefined],
  ])('reads %j as %j', (header, seconds) => {
    expect(parseRetryAfter(header, NOW)).toBe(seconds)
  })

  // BUG (src/core/deliveries/retry.ts, parseHttpDate): any capitalised word before a number passes for a date.
  it.each(['Wait 2027', 'Retry in 2027', 'Try again 5'])('takes %j for malformed', (header) => {
    expect(parseRetryAfter(header, NOW)).toBeUndefined()
  })

  it('stays within a day whatever the header says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.nat().map(String)), (header) => {
        const seconds = parseRetryAfter(header, NOW) ?? 0
        expect(seconds).toBeGreaterThanOrEqual(0)
        expect(seconds).toBeLessThanOrEqual(86_400)
      }),
    )
  })
})

describe('queueDelaySeconds', () => {
  it.each([
    [0, 0],
    [1, 0],
    [999, 0],
    [1000, 1],
    [1001, 2],
    [-5000, 0],
    [86_400_000, 86_400],
    [86_400_001, 86_400],
    [7 * 86_400_000, 86_400],
  ])('for what is due in %d ms is %d s', (ms, seconds) => {
    expect(queueDelaySeconds(NOW + ms, NOW)).toBe(seconds)
  })
})

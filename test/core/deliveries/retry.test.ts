import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DEFAULT_RETRY,
  parseRetryAfter,
  queueDelaySeconds,
} from '../../../src/core/deliveries/retry.ts'

const NOW = Date.parse('2026-11-21T00:00:00Z')

describe('DEFAULT_RETRY', () => {
  it('is the schedule of Standard Webhooks: ten attempts in 75.6 hours', () => {
    expect(DEFAULT_RETRY).toEqual([5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400])
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
    // Written so by real servers: days of one digit, other names of the zone, four digits of the year.
    ['Sun, 1 Nov 2026 00:01:00 GMT', 0],
    ['Sat, 21 Nov 2026 00:01:00 UTC', 60],
    ['Sat, 21 Nov 2026 00:01:00 UT', 60],
    ['Sat, 21 Nov 2026 00:01:00 +0000', 60],
    ['Sat, 21 Nov 2026 00:01:00 -0000', 60],
    ['Sat, 21 Nov 2026 01:01:00 +0100', 60],
    ['Saturday, 21-Nov-2026 00:01:00 UTC', 60],
    ['Sat, 21-Nov-2026 00:01:00 GMT', 60],
    ['Sat Nov 21 00:01:00 UTC 2026', 60],
    ['Sun Nov 1 00:01:00 2026', 0],
    ['120.5', 120.5],
    ['1.5', 1.5],
    ['86400.5', 86_400],
    // Two fields arrive as a list; the longest of what can be read counts.
    ['120, 3600', 3600],
    ['3600, 120', 3600],
    ['120,120', 120],
    ['120, soon', 120],
    ['soon, 120', 120],
    ['Sat, 21 Nov 2026 00:01:00 GMT, 30', 60],
    ['90, Sat, 21 Nov 2026 00:01:00 GMT', 90],
    ['Sat, 21 Nov 2026 00:01:00 GMT, Saturday, 21-Nov-26 00:02:00 GMT', 120],
    ['Sat, 32 Nov 2026 00:01:00 GMT, 7', 7],
    [undefined, undefined],
    ['', undefined],
    [' ', undefined],
    ['-5', undefined],
    ['+5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['5 s', undefined],
    ['soon', undefined],
    ['2026-11-21T00:01:00Z', undefined],
    ['Sat, 32 Nov 2026 00:01:00 GMT', undefined],
  ])('reads %j as %j', (header, seconds) => {
    expect(parseRetryAfter(header, NOW)).toBe(seconds)
  })

  // Date.parse reads any capitalised word before a number as a date.
  it.each(['Wait 2027', 'Retry in 2027', 'Try again 5'])('treats %j as malformed', (header) => {
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
  ])('for a delivery that is due in %d ms is %d s', (ms, seconds) => {
    expect(queueDelaySeconds(NOW + ms, NOW)).toBe(seconds)
  })
})

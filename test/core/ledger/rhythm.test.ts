import { describe, expect, it } from 'vitest'
import { isUnusuallySilent, rhythmOf } from '../../../src/core/ledger/rhythm.ts'

const HOUR = 3_600_000
const NOW = 494_000 // an hour
const WEEK = 168

/** Counts of events, by hours ago. */
const ago = (counts: Record<number, number>) =>
  new Map(Object.entries(counts).map(([hours, count]) => [NOW - Number(hours), count]))

describe('the rhythm of a source', () => {
  it.each([
    ['nothing is known', {}, { weeks: 0, usual: null, longestSilenceHours: null }],
    ['less than a week is known', { 167: 5, 1: 5 }, { weeks: 0, usual: null }],
    ['one week is known', { [WEEK]: 5 }, { weeks: 1, usual: 5, longestSilenceHours: 0 }],
    ['two weeks are', { [2 * WEEK]: 5, [WEEK]: 8 }, { weeks: 2, usual: 6.5 }],
    ['one of three was quiet', { [3 * WEEK]: 5, [WEEK]: 8 }, { weeks: 3, usual: 5 }],
    [
      'one of four was loud',
      { [4 * WEEK]: 4, [3 * WEEK]: 5, [2 * WEEK]: 900, [WEEK]: 6 },
      { weeks: 4, usual: 5.5 },
    ],
    ['much more is known', { [9 * WEEK]: 900, [WEEK]: 6 }, { weeks: 1, usual: 6 }],
    ['other hours are louder', { [WEEK]: 5, [WEEK - 1]: 900 }, { usual: 5 }],
    ['this hour has begun', { [WEEK]: 5, 0: 900 }, { usual: 5, longestSilenceHours: 0 }],
  ])('when %s', (_case, counts, rhythm) => {
    expect(rhythmOf(ago(counts), NOW)).toMatchObject(rhythm)
  })

  it('has the longest silence between two hours with events, not the current one', () => {
    const { longestSilenceHours } = rhythmOf(ago({ 200: 1, 199: 1, 188: 1, 180: 1 }), NOW)

    expect(longestSilenceHours).toBe(10)
  })
})

describe('a silence', () => {
  const rhythm = { weeks: 4, usual: 3, longestSilenceHours: 8 }
  const at = (hour: number) => hour * HOUR + 1_234_567

  it.each([
    ['no longer than the longest of the weeks before', 9, false],
    ['longer than that', 10, true],
  ])('that is %s', (_case, hours, isUnusual) => {
    expect(isUnusuallySilent(rhythm, at(NOW - hours), at(NOW))).toBe(isUnusual)
  })

  it('is not unusual if no rhythm is known', () => {
    expect(isUnusuallySilent(rhythmOf(new Map(), NOW), 0, at(NOW))).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { emptyHistogram, quantile, sizeOf } from '../../../src/core/ledger/histogram.ts'

const BOUNDS = [10, 100, 1000]

describe('a histogram', () => {
  it('has a bucket for each bound, and one for longer durations', () => {
    expect(emptyHistogram(BOUNDS)).toEqual({ counts: [0, 0, 0, 0], ms: 0 })
    expect(sizeOf({ counts: [1, 2, 3, 4], ms: 0 })).toBe(10)
  })

  it.each([
    ['nothing', [0, 0, 0, 0], 0.5, null],
    ['the middle of one bucket', [0, 10, 0, 0], 0.5, 55],
    ['the end of the first', [5, 5, 0, 0], 0.5, 10],
    ['within the second', [5, 5, 0, 0], 0.75, 55],
    ['all', [5, 5, 0, 0], 1, 100],
    ['past a bucket with nothing in it', [5, 0, 5, 0], 0.6, 280],
    ['beyond the last bound', [0, 0, 0, 4], 0.99, 1000],
  ])('has the quantile of %s', (_case, counts, share, ms) => {
    expect(quantile({ counts, ms: 0 }, BOUNDS, share)).toBe(ms)
  })
})

// The size of the database: what is remembered of it, and what follows.
import { describe, expect, it } from 'vitest'
import {
  daysUntilFull,
  isShortOfSpace,
  type RelayState,
  stateAfterRun,
} from '../../../src/core/ledger/database.ts'

const DAY = 86_400_000
const MINUTE = 60_000
const LIMIT = 10_000
const START = 20_000 * DAY
const known: RelayState = { cronAt: START, bytes: 5000, isShortOfSpace: false, sizes: [] }

it('is short of space from 95 % on, until it is at 90 %', () => {
  const filled = [9400, 9499, 9500, 9499, 9000, 8999, 9499, 9500]
  let isShort = false

  const seen = filled.map((bytes) => {
    isShort = isShortOfSpace(isShort, bytes, LIMIT)
    return isShort
  })

  expect(seen).toEqual([false, false, true, true, true, false, false, true])
})

describe('the state after a run', () => {
  it('is written each five minutes: a run each minute costs 288 rows a day', () => {
    let state = known
    let writes = 0
    for (let minute = 1; minute <= 1440; minute++) {
      const next = stateAfterRun(state, 5000, LIMIT, START + minute * MINUTE)
      if (next === undefined) continue
      writes++
      state = next
    }

    expect(writes).toBe(288)
  })

  it.each([
    ['1 % of the limit more', 5100, true],
    ['1 % of the limit less', 4900, true],
    ['less than that', 5099, false],
    ['so much that space is short', 9500, true],
  ])('is written at once after %s', (_what, bytes, isWritten) => {
    const next = stateAfterRun(known, bytes, LIMIT, START + MINUTE)

    expect(next !== undefined).toBe(isWritten)
  })

  it('remembers the last size of each of eight days', () => {
    let state = known
    for (let hour = 1; hour <= 24 * 20; hour++) {
      state = stateAfterRun(state, 5000 + hour, LIMIT, START + hour * 60 * MINUTE) ?? state
    }

    expect(state.sizes).toHaveLength(8)
    expect(state.sizes.at(-1)).toEqual([20_020, 5480])
    expect(state.sizes[0]).toEqual([20_013, 5335])
  })
})

it.each([
  [
    'grew by 100 a day',
    [
      [1, 4800],
      [3, 5000],
    ],
    50,
  ],
  [
    'did not grow',
    [
      [1, 5000],
      [3, 5000],
    ],
    undefined,
  ],
  [
    'fell',
    [
      [1, 6000],
      [3, 5000],
    ],
    undefined,
  ],
  ['is known for a day only', [[3, 5000]], undefined],
] as const)('is full in as many days as follow when it %s', (_what, sizes, days) => {
  expect(daysUntilFull({ sizes }, 5000, LIMIT)).toBe(days)
})

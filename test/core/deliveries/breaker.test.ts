// The breaker's moves, on a clock that is an argument.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  admission,
  afterAttempt,
  GIVE_UP_AFTER_MS,
  HEALTHY,
  type Health,
  paused,
  whileProbing,
} from '../../../src/core/deliveries/breaker.ts'

const NOW = 1_800_000_000_000
const SECOND = 1000

/** The health after so many failures in a row, one a second. */
function failedTimes(failures: number, from: Health = HEALTHY): Health {
  let health = from
  for (let i = 0; i < failures; i++)
    health = afterAttempt(health, 'failed', false, NOW + i * SECOND)
  return health
}

describe('the breaker', () => {
  it('stays closed for four failures in a row, and opens for 30 s at the fifth', () => {
    expect(failedTimes(4)).toMatchObject({ state: 'active', failures: 4, failingSince: NOW })
    expect(failedTimes(5)).toMatchObject({
      state: 'backing_off',
      probeAt: NOW + 4 * SECOND + 30 * SECOND,
    })
  })

  it('counts only failures in a row', () => {
    const mended = afterAttempt(failedTimes(4), 'delivered', false, NOW)

    expect(mended).toEqual(HEALTHY)
    expect(failedTimes(4, mended).state).toBe('active')
  })

  it('holds everything until the rest is over, then lets one probe through', () => {
    const open = failedTimes(5)
    const over = open.probeAt ?? 0

    expect(admission(open, over - 1)).toBe('hold')
    expect(admission(open, over)).toBe('probe')
    expect(admission(whileProbing(open, over), over)).toBe('hold')
  })

  it('doubles its rest with each failed probe, up to ten minutes', () => {
    let health = failedTimes(5)
    const rests: number[] = []
    for (let i = 0; i < 7; i++) {
      rests.push(health.cooldownSeconds)
      health = afterAttempt(health, 'failed', true, NOW)
    }

    expect(rests).toEqual([30, 60, 120, 240, 480, 600, 600])
  })

  it('does not rest longer for attempts that were under way when it opened', () => {
    expect(failedTimes(9)).toMatchObject({
      state: 'backing_off',
      failures: 9,
      cooldownSeconds: 30,
      probeAt: failedTimes(5).probeAt,
    })
  })

  it('closes with one delivered probe', () => {
    expect(afterAttempt(failedTimes(5), 'delivered', true, NOW)).toEqual(HEALTHY)
  })

  it('gives up on a target that has failed for five days', () => {
    const open = failedTimes(5)

    const before = afterAttempt(open, 'failed', true, NOW + GIVE_UP_AFTER_MS - 1)
    const then = afterAttempt(open, 'failed', true, NOW + GIVE_UP_AFTER_MS)

    expect(before.state).toBe('backing_off')
    expect(then).toMatchObject({ state: 'failing', probeAt: undefined })
    expect(admission(then, NOW * 2)).toBe('hold')
  })

  it('takes a 410 at its word', () => {
    const gone = afterAttempt(HEALTHY, 'gone', false, NOW)

    expect(gone.state).toBe('gone')
    expect(admission(gone, NOW * 2)).toBe('hold')
  })

  it.each(['paused', 'failing', 'gone'] as const)(
    'leaves %s to its operator, whatever an attempt says',
    (state) => {
      const settled: Health = { ...HEALTHY, state }

      expect(afterAttempt(settled, 'delivered', true, NOW).state).toBe(state)
      expect(afterAttempt(settled, 'failed', true, NOW + GIVE_UP_AFTER_MS).state).toBe(state)
      expect(afterAttempt(settled, 'gone', false, NOW).state).toBe(state)
    },
  )

  it('is paused by its operator from every state', () => {
    expect(admission(paused(failedTimes(5)), NOW * 2)).toBe('hold')
  })

  it('never sends while it rests, and never rests longer than ten minutes', () => {
    const results = fc.array(
      fc.tuple(fc.constantFrom('delivered', 'failed'), fc.boolean(), fc.nat(900)),
    )
    fc.assert(
      fc.property(results, (steps) => {
        let health = HEALTHY
        let now = NOW
        for (const [result, isProbe, wait] of steps) {
          now += wait * SECOND
          health = afterAttempt(health, result as 'delivered' | 'failed', isProbe, now)
          if (health.state !== 'backing_off') continue
          expect(health.probeAt).toBeGreaterThan(now - 900 * SECOND * steps.length)
          expect((health.probeAt ?? 0) - now).toBeLessThanOrEqual(600 * SECOND)
          expect(admission(health, (health.probeAt ?? 0) - 1)).toBe('hold')
        }
      }),
    )
  })
})

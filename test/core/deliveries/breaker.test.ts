// The states of the circuit breaker; the time is an argument.
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

describe('the circuit breaker', () => {
  it('stays closed for four failures in a row, and opens for 30 s at the fifth', () => {
    expect(failedTimes(4)).toMatchObject({ state: 'active', failures: 4, failingSince: NOW })
    expect(failedTimes(5)).toMatchObject({
      state: 'backing_off',
      probeAt: NOW + 4 * SECOND + 30 * SECOND,
    })
  })

  it('counts only failures in a row', () => {
    const recovered = afterAttempt(failedTimes(4), 'delivered', false, NOW)

    expect(recovered).toEqual(HEALTHY)
    expect(failedTimes(4, recovered).state).toBe('active')
  })

  it('holds everything until the cooldown ends, then admits one probe', () => {
    const open = failedTimes(5)
    const over = open.probeAt ?? 0

    expect(admission(open, over - 1)).toBe('hold')
    expect(admission(open, over)).toBe('probe')
    expect(admission(whileProbing(open, over), over)).toBe('hold')
  })

  it('doubles the cooldown with each failed probe, up to ten minutes', () => {
    let health = failedTimes(5)
    const cooldowns: number[] = []
    for (let i = 0; i < 7; i++) {
      cooldowns.push(health.cooldownSeconds)
      health = afterAttempt(health, 'failed', true, NOW)
    }

    expect(cooldowns).toEqual([30, 60, 120, 240, 480, 600, 600])
  })

  it('does not extend the cooldown for attempts that were in flight when it opened', () => {
    expect(failedTimes(9)).toMatchObject({
      state: 'backing_off',
      failures: 9,
      cooldownSeconds: 30,
      probeAt: failedTimes(5).probeAt,
    })
  })

  it('closes after one successful probe', () => {
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

  it('marks a target that answers 410 as gone', () => {
    const gone = afterAttempt(HEALTHY, 'gone', false, NOW)

    expect(gone.state).toBe('gone')
    expect(admission(gone, NOW * 2)).toBe('hold')
  })

  it.each(['paused', 'failing', 'gone'] as const)(
    'leaves a target that is %s to its operator, whatever the result of an attempt',
    (state) => {
      const settled: Health = { ...HEALTHY, state }

      expect(afterAttempt(settled, 'delivered', true, NOW).state).toBe(state)
      expect(afterAttempt(settled, 'failed', true, NOW + GIVE_UP_AFTER_MS).state).toBe(state)
      expect(afterAttempt(settled, 'gone', false, NOW).state).toBe(state)
    },
  )

  it('holds everything while its operator pauses the target, also after a cooldown', () => {
    expect(admission(paused(failedTimes(5)), NOW * 2)).toBe('hold')
  })

  it('admits nothing during a cooldown, and no cooldown is longer than ten minutes', () => {
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

// The states of the circuit breaker; the time is an argument.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  admission,
  afterAttempt,
  afterReport,
  GIVE_UP_AFTER_MS,
  HEALTHY,
  type Health,
  isTroubled,
  nextProbeAt,
  paused,
  type Verdict,
  WELL_AFTER_MS,
  whileProbing,
} from '../../../src/core/deliveries/breaker.ts'

const NOW = 1_800_000_000_000
const SECOND = 1000

const MINUTE = 60 * SECOND
const DAY = 86_400 * SECOND

/** The health after an attempt. */
function healthAfter(
  health: Health,
  result: Verdict['result'],
  isProbe: boolean,
  now: number,
  retryAfterSeconds?: number,
): Health {
  return afterAttempt(health, { result, isProbe, retryAfterSeconds }, now)
}

/** The health after so many failures in a row, one a second. */
function failedTimes(failures: number, from: Health = HEALTHY): Health {
  let health = from
  for (let i = 0; i < failures; i++) health = healthAfter(health, 'failed', false, NOW + i * SECOND)
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
    const recovered = healthAfter(failedTimes(4), 'delivered', false, NOW)

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
      health = healthAfter(health, 'failed', true, NOW)
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
    expect(healthAfter(failedTimes(5), 'delivered', true, NOW)).toEqual({
      ...HEALTHY,
      timesBackedOff: 1,
      wellSince: NOW,
    })
  })

  it('gives up on a target that has failed on each of five days', () => {
    let health = failedTimes(5)
    for (let day = 1; day < 5; day++) health = healthAfter(health, 'failed', true, NOW + day * DAY)

    const before = healthAfter(health, 'failed', true, NOW + GIVE_UP_AFTER_MS - 1)
    const then = healthAfter(health, 'failed', true, NOW + GIVE_UP_AFTER_MS)

    expect(before.state).toBe('backing_off')
    expect(then).toMatchObject({ state: 'failing', probeAt: undefined })
    expect(admission(then, NOW * 2)).toBe('hold')
  })

  it('does not give up on a target after a day without a failure: failing begins again', () => {
    const first = healthAfter(HEALTHY, 'failed', false, NOW)

    const second = healthAfter(first, 'failed', false, NOW + 6 * DAY)
    const third = healthAfter(second, 'failed', false, NOW + 7 * DAY)

    expect(second).toMatchObject({ state: 'active', failures: 2, failingSince: NOW + 6 * DAY })
    expect(third).toMatchObject({ state: 'active', failures: 3, failingSince: NOW + 6 * DAY })
  })

  it('begins again with any success', () => {
    let health = HEALTHY
    for (let day = 0; day < 8; day++) {
      health = healthAfter(health, 'failed', false, NOW + day * DAY)
      if (day === 3) health = healthAfter(health, 'delivered', false, NOW + day * DAY + 1)
    }

    expect(health).toMatchObject({ state: 'active', failures: 4, failingSince: NOW + 4 * DAY })
  })

  it('takes a target back that proves to be up although it was given up', () => {
    const failing: Health = { ...failedTimes(9), state: 'failing', probeAt: undefined }

    expect(healthAfter(failing, 'delivered', false, NOW).state).toBe('active')
    expect(healthAfter(failing, 'failed', false, NOW + GIVE_UP_AFTER_MS).state).toBe('failing')
  })

  describe('for a message that the target refuses', () => {
    it('stays closed, as the target is up', () => {
      let health = HEALTHY
      for (let i = 0; i < 100; i++) health = healthAfter(health, 'refused', false, NOW + i)

      expect(health).toBe(HEALTHY)
    })

    it('closes, as for a success', () => {
      expect(healthAfter(failedTimes(4), 'refused', false, NOW)).toEqual(HEALTHY)
      expect(healthAfter(failedTimes(5), 'refused', true, NOW)).toMatchObject({
        state: 'active',
        failures: 0,
        probeAt: undefined,
      })
    })
  })

  describe('after a Retry-After', () => {
    const resting = healthAfter(HEALTHY, 'failed', false, NOW, 3600)
    const end = NOW + 3600 * SECOND

    it('admits nothing until it has passed, then one probe', () => {
      expect(resting.state).toBe('active')
      expect(nextProbeAt(resting)).toBe(end)
      expect(isTroubled(resting)).toBe(true)
      expect(admission(resting, end - 1)).toBe('hold')
      expect(admission(resting, end)).toBe('probe')
      expect(admission(whileProbing(resting, end), end)).toBe('hold')
    })

    it.each(['failed', 'uncounted', 'refused'] as const)(
      'with an attempt that is %s, rests',
      (result) => {
        expect(admission(healthAfter(HEALTHY, result, false, NOW, 60), NOW + 59 * SECOND)).toBe(
          'hold',
        )
      },
    )

    it('is not shortened by what was in flight: neither by a success nor by a shorter one', () => {
      let health = healthAfter(resting, 'delivered', false, NOW + 1)
      health = healthAfter(health, 'failed', false, NOW + 2, 5)
      health = healthAfter(health, 'refused', false, NOW + 3)

      expect(admission(health, end - 1)).toBe('hold')
      expect(healthAfter(health, 'delivered', true, end)).toEqual(HEALTHY)
    })

    it('is in force however the breaker is: a cooldown that ends earlier admits nothing', () => {
      const open = healthAfter(failedTimes(4), 'failed', false, NOW, 3600)

      expect(open.state).toBe('backing_off')
      expect(admission(open, end - 1)).toBe('hold')
      expect(admission(open, end - 1, true)).toBe('hold')
      expect(admission(open, end)).toBe('probe')
    })

    it('admits all again after a failed probe without one, while the breaker is closed', () => {
      const failed = healthAfter(whileProbing(resting, end), 'failed', true, end + SECOND)

      expect(failed).toMatchObject({ state: 'active', failures: 2 })
      expect(admission(failed, end + SECOND)).toBe('send')
    })
  })

  it('keeps the probe for a delivery that has claimed it and waits for its slot', () => {
    const open = failedTimes(5)
    const over = open.probeAt ?? 0
    const claimed = whileProbing(open, over + 10 * SECOND)

    expect(admission(claimed, over + 10 * SECOND)).toBe('hold')
    expect(admission(claimed, over + 10 * SECOND, true)).toBe('probe')
    expect(admission(paused(claimed), over + 10 * SECOND, true)).toBe('hold')
  })

  it('reports a flapping target once, with the count, when it has been well for 15 minutes', () => {
    let health = HEALTHY
    let now = NOW
    for (let i = 0; i < 20; i++) {
      health = failedTimes(5, health)
      expect(afterReport(health, now)).toBe(health)
      now += 5 * MINUTE
      health = healthAfter(health, 'delivered', true, now)
      expect(health.timesBackedOff).toBe(i + 1)
    }

    expect(afterReport(health, now + WELL_AFTER_MS - 1)).toBe(health)
    expect(afterReport(health, now + WELL_AFTER_MS)).toEqual(HEALTHY)
  })

  it('marks a target that answers 410 as gone', () => {
    const gone = healthAfter(HEALTHY, 'gone', false, NOW)

    expect(gone.state).toBe('gone')
    expect(admission(gone, NOW * 2)).toBe('hold')
  })

  it.each(['paused', 'gone'] as const)(
    'leaves a target that is %s to its operator, whatever the result of an attempt',
    (state) => {
      const settled: Health = { ...HEALTHY, state }

      expect(healthAfter(settled, 'delivered', true, NOW).state).toBe(state)
      expect(healthAfter(settled, 'failed', true, NOW + GIVE_UP_AFTER_MS).state).toBe(state)
      expect(healthAfter(settled, 'gone', false, NOW).state).toBe(state)
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
          health = healthAfter(health, result as 'delivered' | 'failed', isProbe, now)
          if (health.state !== 'backing_off') continue
          expect(health.probeAt).toBeGreaterThan(now - 900 * SECOND * steps.length)
          expect((health.probeAt ?? 0) - now).toBeLessThanOrEqual(600 * SECOND)
          expect(admission(health, (health.probeAt ?? 0) - 1)).toBe('hold')
        }
      }),
    )
  })
})

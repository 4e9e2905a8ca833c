// The two decisions about a delivery, as tables.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEALTHY, type Health } from '../../../src/core/deliveries/breaker.ts'
import {
  type Decision,
  decide,
  type Facts,
  stateAfter,
} from '../../../src/core/deliveries/decide.ts'
import type { Attempt, AttemptError, DueDelivery } from '../../../src/core/deliveries/delivery.ts'
import { DEFAULT_RETRY, parseRetryAfter } from '../../../src/core/deliveries/retry.ts'
import type { BrokenTarget, Target } from '../../../src/core/deliveries/target.ts'
import { newEventId } from '../../../src/core/id.ts'
import { RAW_GONE } from '../../../src/core/intake/request.ts'
import { aTarget } from '../builders.ts'

const NOW = Date.parse('2026-11-21T00:00:00Z')

const MESSAGE = { event: 'evt_1jm3jqg7nbq', target: 'crm', attempt: 1, due: NOW } as const

const TARGET = aTarget()
const BROKEN: BrokenTarget = { name: 'crm', events: ['*'], sources: undefined, broken: 'no url' }

const DELIVERY: DueDelivery = {
  ...MESSAGE,
  state: 'pending',
  first: 1,
  reason: undefined,
  isReplay: false,
  leaseHolder: undefined,
  sentBody: undefined,
  content: { type: 'payment.created' } as DueDelivery['content'],
  contact: 'contact',
  hops: 0,
  precedence: { mustWait: false, skipped: [] },
  refusedSince: undefined,
  raw: undefined,
  rawContentType: undefined,
}

const BACKING_OFF: Health = {
  ...HEALTHY,
  state: 'backing_off',
  failures: 5,
  failingSince: NOW - 60_000,
  cooldownSeconds: 30,
  probeAt: NOW + 10_000,
}
const IN_TROUBLE: Health = { ...HEALTHY, failures: 1, failingSince: NOW - 1000 }

type Overrides = Partial<Omit<Facts, 'delivery' | 'target'>> & {
  delivery?: Partial<DueDelivery> | undefined
  target?: Partial<Target> | BrokenTarget | undefined
}

/** The decision, without the delivery and the target that it carries. */
function decisionFor({ delivery, target, ...facts }: Overrides): object {
  const broken = target !== undefined && 'broken' in target
  const decision: Decision = decide(
    {
      message: MESSAGE,
      health: HEALTHY,
      lane: 'deliveries',
      isAnySpilled: false,
      isChangeable: false,
      wants: undefined,
      needsRaw: false,
      ...facts,
      delivery: { ...DELIVERY, ...delivery },
      target: broken ? BROKEN : { ...TARGET, ...target },
    },
    NOW,
  )
  const { delivery: _, target: __, ...rest } = { delivery: null, target: null, ...decision }
  return rest
}

const cancel = (reason: string, releasesNext = false) => ({ do: 'cancel', reason, releasesNext })
const hold = (reason: string, releasesNext = false) => ({ do: 'hold', reason, releasesNext })
const mustWait = { precedence: { mustWait: true, skipped: [] } }
const where = { reason: 'where' }
const unreadable = { unreadable: 'R2 is away' }
const fault = { fault: 'JSONata error T2001 at 3' }

describe('decide', () => {
  it.each<[string, Overrides, object]>([
    ['a delivery that is due', {}, { do: 'attempt' }],
    ['a delivery that is retried', { delivery: { state: 'retrying' } }, { do: 'attempt' }],
    ['a delivery that was delivered', { delivery: { state: 'delivered' } }, { do: 'ignore' }],
    ['a delivery that is held', { delivery: { state: 'held' } }, { do: 'ignore' }],
    ['a delivery without a due time', { delivery: { due: undefined } }, { do: 'ignore' }],
    ['a message for another attempt', { delivery: { attempt: 2 } }, { do: 'ignore' }],
    ['a message for another due time', { delivery: { due: NOW + 1 } }, { do: 'ignore' }],
    [
      'an early message',
      { message: { ...MESSAGE, due: NOW + 1001 }, delivery: { due: NOW + 1001 } },
      { do: 'requeue' },
    ],
    [
      'a message that is one second early',
      { message: { ...MESSAGE, due: NOW + 1000 }, delivery: { due: NOW + 1000 } },
      { do: 'sleep', until: NOW + 1000 },
    ],
    ['a broken target', { target: BROKEN }, hold('broken')],
    ['a disabled target', { target: { enabled: false } }, hold('disabled')],
    [
      'a disabled target whose where was not evaluated',
      { target: { enabled: false }, delivery: where },
      hold('broken'),
    ],
    ['a target that is backing off', { health: BACKING_OFF }, hold('backing_off')],
    [
      'a target that is backing off, whose where was not evaluated',
      { health: BACKING_OFF, delivery: where },
      hold('broken'),
    ],
    [
      'a probe that is due',
      { health: { ...BACKING_OFF, probeAt: NOW }, lane: 'retries' },
      { do: 'attempt' },
    ],
    ['a paused target', { health: { ...HEALTHY, state: 'paused' } }, hold('paused')],
    ['a failing target', { health: { ...HEALTHY, state: 'failing' } }, hold('failing')],
    ['a target that is gone', { health: { ...HEALTHY, state: 'gone' } }, hold('gone')],
    ['a target whose where must be evaluated', { delivery: where }, { do: 'evaluate' }],
    ['an event that may have changed', { isChangeable: true }, { do: 'evaluate' }],
    ['a target that wants it', { delivery: where, wants: 'yes' }, { do: 'attempt' }],
    [
      'a target that does not want it',
      { delivery: where, wants: 'no' },
      cancel('its target does not want it'),
    ],
    [
      'a correction to what the target was told at first',
      { isChangeable: true, wants: 'known' },
      cancel('its target was told so at first'),
    ],
    [
      'an ordered target that does not want it',
      { delivery: where, wants: 'no', target: { ordered: true } },
      cancel('its target does not want it', true),
    ],
    [
      'a body that cannot be read, of a young event',
      { delivery: { ...unreadable, event: newEventId(NOW - 1000, 0) } },
      { do: 'wait', until: NOW + 30_000, reason: 'R2 is away' },
    ],
    [
      'a body that cannot be read for an hour, whose where must be evaluated',
      { delivery: { ...unreadable, ...where, event: newEventId(NOW - 3_600_000, 0) } },
      { do: 'wait', until: NOW + 360_000, reason: 'where' },
    ],
    [
      'a body that cannot be read for a day',
      { delivery: { ...unreadable, event: newEventId(NOW - 86_400_000, 0) }, needsRaw: true },
      { do: 'wait', until: NOW + 900_000, reason: 'R2 is away' },
    ],
    [
      'a body that cannot be read, for a target that is backing off',
      { health: BACKING_OFF, delivery: unreadable },
      hold('backing_off'),
    ],
    ['a raw body that was deleted', { needsRaw: true }, cancel(RAW_GONE)],
    [
      'a raw body that was deleted, of a delivery that was sent before',
      { needsRaw: true, delivery: { sentBody: { contentType: 'text/plain', body: '' } } },
      { do: 'attempt' },
    ],
    [
      'a raw body that is stored',
      { needsRaw: true, delivery: { raw: { text: '{}', encoding: 'utf8' } } },
      { do: 'attempt' },
    ],
    [
      'a where that fails',
      { delivery: where, wants: fault },
      { do: 'fail', detail: 'its where failed: JSONata error T2001 at 3' },
    ],
    ['a target in trouble', { health: IN_TROUBLE }, { do: 'move' }],
    [
      'a target in trouble, in the queue of retries',
      { health: IN_TROUBLE, lane: 'retries' },
      { do: 'attempt' },
    ],
    ['an earlier delivery of the person', { delivery: mustWait }, hold('order', true)],
    // The order of the checks: where is neither evaluated nor reported while the target cannot receive anything.
    ['a broken target, early', { target: BROKEN, delivery: { due: NOW + 1 } }, { do: 'ignore' }],
    [
      'a disabled target that does not want it',
      { target: { enabled: false }, delivery: where, wants: 'no' },
      hold('disabled'),
    ],
    [
      'a target in trouble that does not want it',
      { health: IN_TROUBLE, delivery: where, wants: 'no' },
      cancel('its target does not want it'),
    ],
    [
      'a target in trouble, and an earlier delivery',
      { health: IN_TROUBLE, delivery: mustWait },
      { do: 'move' },
    ],
  ])('%s', (_case, facts, decision) => {
    expect(decisionFor(facts)).toEqual(decision)
  })

  it('hands on the delivery and the target that it attempts', () => {
    const facts = {
      message: MESSAGE,
      delivery: DELIVERY,
      target: TARGET,
      health: HEALTHY,
      lane: 'retries',
      isAnySpilled: false,
      isChangeable: false,
      wants: undefined,
      needsRaw: false,
    } as const

    expect(decide(facts, NOW)).toEqual({ do: 'attempt', delivery: DELIVERY, target: TARGET })
  })

  it('ignores a message without a delivery, and holds one without a target', () => {
    const facts = {
      message: MESSAGE,
      delivery: DELIVERY,
      target: undefined,
      health: HEALTHY,
      lane: 'retries',
      isAnySpilled: false,
      isChangeable: false,
      wants: undefined,
      needsRaw: false,
    } as const

    expect(decide(facts, NOW)).toEqual({ ...hold('unknown'), delivery: DELIVERY })
    expect(decide({ ...facts, delivery: undefined }, NOW)).toEqual({ do: 'ignore' })
  })

  it('keeps in mind that nobody has asked an unknown target whether it wants the event', () => {
    const facts = {
      message: MESSAGE,
      delivery: { ...DELIVERY, reason: 'where' },
      target: undefined,
      health: HEALTHY,
      lane: 'retries',
      isAnySpilled: false,
      isChangeable: false,
      wants: undefined,
      needsRaw: false,
    } as const

    expect(decide(facts, NOW)).toMatchObject({ do: 'hold', reason: 'broken' })
  })
})

type Outcome = {
  status?: number | undefined
  error?: AttemptError | undefined
  retryAfter?: string | undefined
}

/** A delivery of which nothing was sent yet. */
function fresh(overrides: Partial<DueDelivery>): DueDelivery {
  return { ...DELIVERY, ...overrides }
}

/** The state after an attempt that failed with 500, unless the test has something else. */
function stateOnce(outcome: Outcome, attempt: number, schedule: readonly number[], random = 0) {
  const { status, error, retryAfter } = { status: 500, error: 'status' as const, ...outcome }
  const seconds = parseRetryAfter(retryAfter, NOW)
  const result: Attempt = {
    attempt,
    at: '2026-11-21T00:00:00Z',
    ms: 1,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(seconds === undefined ? {} : { retry_after: Math.ceil(seconds) }),
  }
  const delivery = { first: 1, reason: undefined, refusedSince: undefined }
  return stateAfter(delivery, result, true, aTarget({ retry: schedule }), { now: NOW, random })
}

describe('stateAfter', () => {
  it('is delivered after an attempt without an error', () => {
    const outcome = { status: 204, error: undefined }

    expect(stateOnce(outcome, 10, [], 0)).toEqual({ state: 'delivered' })
  })

  it('is held if the target is gone, at any attempt', () => {
    const gone = { state: 'held', reason: 'gone' }

    expect(stateOnce({ status: 410 }, 1, [5], 0)).toEqual(gone)
    expect(stateOnce({ status: 410, retryAfter: '60' }, 2, [5], 0)).toEqual(gone)
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
    ['an unknown host name', { status: undefined, error: 'dns' }],
    ['a failed handshake', { status: undefined, error: 'tls' }],
    ['a fault of the relay', { status: undefined, error: 'fault' }],
  ] as const)('is retrying after %s', (_, outcome) => {
    expect(stateOnce(outcome, 1, [5], 0)).toEqual({
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
    expect(stateOnce({}, attempt, DEFAULT_RETRY)).toEqual({
      state: 'retrying',
      due: NOW + seconds * 1000,
    })
  })

  it.each([
    [10, DEFAULT_RETRY],
    [11, DEFAULT_RETRY],
    [1, []],
    [2, [5]],
  ])('is dead after attempt %d, when the schedule has ended', (attempt, schedule) => {
    const attempts = attempt === 1 ? '1 attempt' : `${attempt} attempts`
    const reason = `gave up after ${attempts}; last response: 500`

    expect(stateOnce({ retryAfter: '60' }, attempt, schedule)).toEqual({ state: 'dead', reason })
  })

  it.each([
    ['a Retry-After later than the schedule', '60', 5, 0, 60_000],
    ['the schedule later than the Retry-After', '60', 300, 0, 300_000],
    ['the schedule and half the jitter', undefined, 300, 0.5, 315_000],
    ['a Retry-After without jitter', '3600', 5, 0.99, 3_600_000],
    ['a Retry-After within the jitter of the schedule', '305', 300, 0.5, 315_000],
    ['the schedule if Retry-After is malformed', 'soon', 5, 0, 5000],
    ['the schedule if Retry-After is 0', '0', 5, 0, 5000],
    ['a day if Retry-After is longer', '864000', 5, 0.99, 86_400_000],
    ['a Retry-After that is a date', 'Sat, 21 Nov 2026 01:00:00 GMT', 5, 0.5, 3_600_000],
    ['the schedule if Retry-After is a past date', 'Fri, 20 Nov 2026 23:00:00 GMT', 5, 0, 5000],
    ['a day if Retry-After is a later date', 'Thu, 26 Nov 2026 00:00:00 GMT', 5, 0, 86_400_000],
  ])('is due after %s', (_, retryAfter, seconds, random, wait) => {
    expect(stateOnce({ retryAfter }, 1, [seconds], random)).toEqual({
      state: 'retrying',
      due: NOW + wait,
    })
  })

  it('is never due early, nor later than a tenth more', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    const asked = fc.option(fc.nat({ max: 200_000 }), { nil: undefined })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_209_600 }),
        asked,
        random,
        (wait, seconds, jitter) => {
          const outcome = { retryAfter: seconds?.toString() }
          const next = stateOnce(outcome, 1, [wait], jitter)
          const due = next.state === 'retrying' ? (next.due ?? Number.NaN) - NOW : Number.NaN
          const least = Math.max(wait, Math.min(seconds ?? 0, 86_400)) * 1000
          const most = Math.max(wait * 1.1, Math.min(seconds ?? 0, 86_400)) * 1000
          expect(due).toBeGreaterThanOrEqual(least)
          expect(due).toBeLessThanOrEqual(Math.ceil(most))
        },
      ),
    )
  })
})

describe('stateAfter, if where failed', () => {
  const failed: Attempt = { attempt: 1, at: '2026-11-21T00:00:00Z', ms: 0, error: 'fault' }
  const chance = { now: NOW, random: 0 }

  it('evaluates it again as long as nothing was sent', () => {
    for (const reason of ['where', 'broken']) {
      const next = stateAfter(fresh({ reason }), failed, false, TARGET, chance)
      expect(next).toEqual({ state: 'retrying', due: NOW + 5000, reason: 'where' })
    }
  })

  it('does not evaluate it again once a body was rendered', () => {
    const next = stateAfter(fresh({ reason: 'where' }), failed, true, TARGET, chance)
    expect(next).toEqual({ state: 'retrying', due: NOW + 5000 })
  })

  it('counts the attempts of a replay from its first', () => {
    const again = { ...failed, attempt: 4 }
    expect(stateAfter(fresh({ first: 4 }), again, true, TARGET, chance).state).toBe('retrying')
    expect(stateAfter(fresh({ first: 3 }), again, true, TARGET, chance)).toEqual({
      state: 'dead',
      reason: 'gave up after 2 attempts; last error: fault',
    })
  })
})

describe('stateAfter, for a message that the target refuses', () => {
  const HOUR = 3_600_000
  const chance = { now: NOW, random: 0 }
  const refusal: Attempt = {
    attempt: 2,
    at: '2026-11-21T00:00:00Z',
    ms: 0,
    status: 422,
    error: 'status',
  }
  const door = aTarget({ ordered: true, orderWaitSeconds: 3600, retry: [5, 600, 600] })
  const dead = { state: 'dead', reason: 'gave up after 2 attempts; last response: 422' }

  it.each([
    ['just refused, is retried while it may block others', undefined, {}, 'retrying'],
    ['refused for less than the wait, is retried', NOW - HOUR + 600_000, {}, 'retrying'],
    [
      'refused so long that the next attempt is beyond the wait, is dead',
      NOW - HOUR + 599_999,
      {},
      'dead',
    ],
    ['blocks nobody where there is no wait', undefined, { orderWaitSeconds: 0 }, 'dead'],
    [
      'blocks nobody at a target without order, and keeps its schedule',
      NOW - 9 * HOUR,
      { ordered: false },
      'retrying',
    ],
  ] as const)('%s', (_case, refusedSince, settings, state) => {
    const delivery = fresh({ attempt: 2, refusedSince })

    const next = stateAfter(delivery, refusal, true, { ...door, ...settings }, chance)

    expect(next).toMatchObject(state === 'dead' ? dead : { state })
  })

  it.each([401, 403, 404, 408, 425, 429, 500, 503])(
    'keeps its schedule with %d, which says nothing of the message',
    (status) => {
      const delivery = fresh({ attempt: 2, refusedSince: NOW - 9 * HOUR })

      const next = stateAfter(delivery, { ...refusal, status }, true, door, chance)

      expect(next.state).toBe('retrying')
    },
  )
})

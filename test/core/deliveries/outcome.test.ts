// What an attempt says of its target.
import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../../src/core/deliveries/delivery.ts'
import { describeUnreached, verdictOf } from '../../../src/core/deliveries/outcome.ts'

const ATTEMPT: Attempt = { attempt: 1, at: '2026-11-21T00:00:00Z', ms: 1 }
const failed = (status: number): Attempt => ({ ...ATTEMPT, status, error: 'status' })

describe('describeUnreached', () => {
  const internal = new Error('internal error; reference = n3b707vbcqaub0rb2m0pp01m')
  const INTERNAL = `${internal}. With npm start, probably`
  const NAME = 'its host name cannot be resolved'
  const TLS = 'its certificate is not trusted, or it does not speak TLS'

  it.each([
    ['http://crm.invalid/', `${INTERNAL} ${NAME}`],
    ['https://crm.invalid/', `${INTERNAL} ${NAME}, or ${TLS}`],
    ['https://localhost:1/', `${INTERNAL} ${TLS}`],
    ['https://192.0.2.1/', `${INTERNAL} ${TLS}`],
    ['https://[2001:db8::1]/', `${INTERNAL} ${TLS}`],
    ['http://127.0.0.1:1/', String(internal)],
  ])('names what an internal error of workerd means for %s', (url, words) => {
    expect(describeUnreached(internal, url)).toBe(words)
  })

  it('leaves other errors as they are', () => {
    const lost = new Error('Network connection lost.')
    expect(describeUnreached(lost, 'https://crm.invalid/')).toBe('Error: Network connection lost.')
  })
})

describe('verdictOf', () => {
  it.each([400, 409, 413, 415, 422, 431])('takes %d as a refusal of the message', (status) => {
    expect(verdictOf(failed(status), { isReplay: false }, false)?.result).toBe('refused')
    expect(verdictOf(failed(status), { isReplay: true }, false)?.result).toBe('refused')
  })

  it.each([401, 402, 403, 404, 405, 408, 421, 425, 426, 429, 451, 500, 502, 503, 504])(
    'counts %d as a failure of the target',
    (status) => {
      expect(verdictOf(failed(status), { isReplay: false }, false)?.result).toBe('failed')
    },
  )

  it('does not count the failure of a replay, but its success and its Retry-After', () => {
    const limited = { ...failed(429), retry_after: 60 }
    const delivered = { ...ATTEMPT, status: 200 }

    expect(verdictOf(limited, { isReplay: true }, false)).toMatchObject({
      result: 'uncounted',
      retryAfterSeconds: 60,
    })
    expect(verdictOf(limited, { isReplay: true }, true)?.result).toBe('failed')
    expect(verdictOf(delivered, { isReplay: true }, false)?.result).toBe('delivered')
  })

  it('says nothing of the target where the relay was at fault', () => {
    expect(verdictOf({ ...ATTEMPT, error: 'fault' }, { isReplay: false }, false)).toBeUndefined()
  })

  it('takes 410 as the end, also of a replay', () => {
    expect(verdictOf(failed(410), { isReplay: true }, false)?.result).toBe('gone')
  })
})

// Whether a captured delivery is authentic, and why not. node:crypto signs here, as Standard Webhooks specifies.
import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifyDelivery } from '../../../src/cli/relay/verify-delivery.ts'

const NOW = Date.parse('2026-11-21T12:00:00.000Z')
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const BODY = '{"specversion":"1.0","type":"payment.created","data":{"a":1}}'

/** A delivery signed like those of the relay. */
function aDelivery({ body = BODY, secret = SECRET, at = NOW / 1000, digest = true } = {}) {
  const id = 'evt_1jm3mmft58r'
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
  const sum = createHash('sha256').update(body).digest('base64')
  return {
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(at),
      'webhook-signature': `v1,${signature}`,
      ...(digest ? { 'content-digest': `sha-256=:${sum}:` } : {}),
    } as Record<string, string>,
  }
}
const verify = (delivery: ReturnType<typeof aDelivery>, ...secrets: string[]) =>
  verifyDelivery(delivery, secrets.length > 0 ? secrets : [SECRET], NOW)

describe('a captured delivery', () => {
  it('is authentic when the secret signed these bytes a moment ago', () => {
    expect(verify(aDelivery()).verdict).toBe('ok')
    expect(verify(aDelivery(), OTHER, SECRET).verdict).toBe('ok')
  })

  it('is authentic when one of several signatures matches, as during a rotation', () => {
    const delivery = aDelivery()
    const other = aDelivery({ secret: OTHER }).headers['webhook-signature']
    delivery.headers['webhook-signature'] = `${other} ${delivery.headers['webhook-signature']}`

    expect(verify(delivery).verdict).toBe('ok')
  })

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'without %s is refused',
    (name) => {
      const delivery = aDelivery()
      delete delivery.headers[name]

      expect(verify(delivery)).toEqual({ verdict: 'header missing', detail: `Not found: ${name}.` })
    },
  )

  it('was signed with another secret', () => {
    expect(verify(aDelivery(), OTHER).verdict).toBe('wrong secret')
  })

  it('has a changed body', () => {
    const delivery = aDelivery()
    expect(verify({ ...delivery, body: BODY.replace('1}', '2}') }).verdict).toBe('body changed')
  })

  it.each([
    ['a line break', `${BODY}\n`, 'a trailing line break was added'],
    [
      'other spaces',
      JSON.stringify(JSON.parse(BODY), null, 2),
      'the JSON was parsed and written again',
    ],
    ['a mark', `\uFEFF${BODY}`, 'a byte order mark was added'],
  ])('explains how the body was changed: %s', (_name, body, explanation) => {
    const result = verify({ ...aDelivery({ digest: false }), body })

    expect(result.verdict).toBe('body changed')
    expect(result.detail).toContain(explanation)
  })

  it('without a digest has no known cause of failure', () => {
    expect(verify(aDelivery({ digest: false }), OTHER).verdict).toBe('no match')
  })

  it.each([
    [NOW / 1000 - 300, 'ok'],
    [NOW / 1000 - 301, 'too old'],
    [NOW / 1000 + 301, 'too old'],
  ])('signed at %s is %s', (at, verdict) => {
    expect(verify(aDelivery({ at })).verdict).toBe(verdict)
  })
})

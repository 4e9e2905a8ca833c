// A captured delivery is judged: genuine, or why not. The signatures are made by node:crypto as Standard Webhooks says.
import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { judgeDelivery } from '../../src/cli/relay/verify-delivery.ts'

const NOW = Date.parse('2026-11-21T12:00:00.000Z')
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const BODY = '{"specversion":"1.0","type":"payment.created","data":{"a":1}}'

/** A delivery as the relay signs it. */
function aDelivery({ body = BODY, secret = SECRET, at = NOW / 1000, digest = true } = {}) {
  const id = 'evt_38fza0qyg6q8r'
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
const judge = (delivery: ReturnType<typeof aDelivery>, ...secrets: string[]) =>
  judgeDelivery(delivery, secrets.length > 0 ? secrets : [SECRET], NOW)

describe('a captured delivery', () => {
  it('is genuine when the secret signed these bytes a moment ago', () => {
    expect(judge(aDelivery()).verdict).toBe('ok')
    expect(judge(aDelivery(), OTHER, SECRET).verdict).toBe('ok')
  })

  it('is genuine when one of several signatures is right, as while a secret is rotated', () => {
    const delivery = aDelivery()
    const other = aDelivery({ secret: OTHER }).headers['webhook-signature']
    delivery.headers['webhook-signature'] = `${other} ${delivery.headers['webhook-signature']}`

    expect(judge(delivery).verdict).toBe('ok')
  })

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('lacks %s', (name) => {
    const delivery = aDelivery()
    delete delivery.headers[name]

    expect(judge(delivery)).toEqual({ verdict: 'header missing', detail: `There is no ${name}.` })
  })

  it('names another secret', () => {
    expect(judge(aDelivery(), OTHER).verdict).toBe('wrong secret')
  })

  it('names a body that was changed', () => {
    const delivery = aDelivery()
    expect(judge({ ...delivery, body: BODY.replace('1}', '2}') }).verdict).toBe('body changed')
  })

  it.each([
    ['a line break', `${BODY}\n`, 'a line break was added at its end'],
    ['other spaces', JSON.stringify(JSON.parse(BODY), null, 2), 'it was parsed and written again'],
    ['a mark', `\uFEFF${BODY}`, 'a byte order mark was added'],
  ])('says what was done to the body: %s', (_name, body, said) => {
    const judgement = judge({ ...aDelivery({ digest: false }), body })

    expect(judgement.verdict).toBe('body changed')
    expect(judgement.detail).toContain(said)
  })

  it('does not guess without a digest', () => {
    expect(judge(aDelivery({ digest: false }), OTHER).verdict).toBe('cannot tell')
  })

  it.each([
    [NOW / 1000 - 300, 'ok'],
    [NOW / 1000 - 301, 'too old'],
    [NOW / 1000 + 301, 'too old'],
  ])('of %s is %s', (at, verdict) => {
    expect(judge(aDelivery({ at })).verdict).toBe(verdict)
  })
})

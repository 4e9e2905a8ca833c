// Whether a captured delivery is authentic, and if not, why.
import { createHash } from 'node:crypto'
import { Webhook } from 'standardwebhooks'

/** A delivery as it was received: its headers by lower-case name, and its exact body. */
export type CapturedDelivery = { headers: Record<string, string>; body: string }

/** `ok`, or what is wrong; `detail` explains it in one or two sentences. */
type Verification = {
  verdict: 'ok' | 'header missing' | 'wrong secret' | 'body changed' | 'too old' | 'no match'
  detail: string
}

const HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const

/** The most that webhook-timestamp may differ from the clock of a receiver, as Standard Webhooks recommends. */
const TOLERANCE_SECONDS = 300

/**
 * Verifies a delivery against the signing secrets of its target. `now` in epoch milliseconds. Throws if a secret is
 * empty or not base64.
 */
export function verifyDelivery(
  { headers, body }: CapturedDelivery,
  secrets: readonly string[],
  now: number,
): Verification {
  const missing = HEADERS.filter((name) => !headers[name])
  if (missing.length > 0) {
    return { verdict: 'header missing', detail: `Not found: ${missing.join(', ')}.` }
  }
  const seconds = Number(headers['webhook-timestamp'])
  if (!Number.isInteger(seconds)) {
    return { verdict: 'header missing', detail: 'webhook-timestamp is not a number of seconds.' }
  }
  if (isSigned(headers, body, secrets)) return checkAge(seconds, now)
  return explainMismatch({ headers, body }, secrets)
}

function checkAge(seconds: number, now: number): Verification {
  const age = Math.round(now / 1000 - seconds)
  const time = new Date(seconds * 1000).toISOString()
  const signed = `The signature is valid. webhook-timestamp is ${time}`
  if (Math.abs(age) <= TOLERANCE_SECONDS) return { verdict: 'ok', detail: `${signed}.` }
  const distance = age > 0 ? `${age} s ago` : `${-age} s ahead of this clock`
  return {
    verdict: 'too old',
    detail: `${signed}, ${distance}; receivers reject more than ${TOLERANCE_SECONDS} s.`,
  }
}

/** Changes that proxies and frameworks make to a body, each with a function that reverts it. */
const CHANGES: [change: string, revert: (body: string) => string | undefined][] = [
  ['a trailing line break was added', (body) => body.replace(/\r?\n$/, '')],
  ['line breaks were converted', (body) => body.replaceAll('\r\n', '\n')],
  ['a byte order mark was added', (body) => body.replace(/^\uFEFF/, '')],
  ['the JSON was parsed and written again', compactJson],
]

function compactJson(body: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(body))
  } catch {
    return undefined
  }
}

/** Why no signature matches. */
function explainMismatch(
  { headers, body }: CapturedDelivery,
  secrets: readonly string[],
): Verification {
  const change = CHANGES.find(([, revert]) => {
    const original = revert(body)
    return original !== undefined && original !== body && isSigned(headers, original, secrets)
  })?.[0]
  if (change !== undefined) {
    return {
      verdict: 'body changed',
      detail: `The secret is correct, but after signing ${change}. Verify the bytes of the body as received.`,
    }
  }
  const digest = /sha-256=:([^:]+):/.exec(headers['content-digest'] ?? '')?.[1]
  if (digest === undefined) {
    return {
      verdict: 'no match',
      detail:
        'The secret is wrong or the body was changed. The header content-digest would show which, but it is missing.',
    }
  }
  if (digest !== createHash('sha256').update(body).digest('base64')) {
    return {
      verdict: 'body changed',
      detail: 'The body is not the one that was sent: content-digest does not match.',
    }
  }
  return {
    verdict: 'wrong secret',
    detail: 'The body is unchanged (content-digest matches), but was signed with another secret.',
  }
}

/** True if one of the secrets signed the delivery, however old it is. */
function isSigned(
  headers: Record<string, string>,
  body: string,
  secrets: readonly string[],
): boolean {
  const id = headers['webhook-id'] ?? ''
  const at = new Date(Number(headers['webhook-timestamp']) * 1000)
  const signatures = (headers['webhook-signature'] ?? '').split(' ')
  return secrets.some((secret) => signatures.includes(new Webhook(secret).sign(id, at, body)))
}

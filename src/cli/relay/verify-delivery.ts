// Whether a captured delivery is genuine; and if not, why.
import { createHash } from 'node:crypto'
import { Webhook } from 'standardwebhooks'

/** A delivery as it was received: its headers by lower-case name, and its body exactly. */
export type Captured = { headers: Record<string, string>; body: string }

/** `ok`, or what is wrong with it; `detail` says it in a sentence. */
export type Judgement = {
  verdict: 'ok' | 'header missing' | 'wrong secret' | 'body changed' | 'too old' | 'cannot tell'
  detail: string
}

const HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const

/** What receivers accept, as Standard Webhooks recommends it: five minutes either way. */
const TOLERANCE_SECONDS = 300

/** Judges a delivery by the secrets that its target may have. `now` in epoch milliseconds. Throws for no secret. */
export function judgeDelivery(
  { headers, body }: Captured,
  secrets: readonly string[],
  now: number,
): Judgement {
  const missing = HEADERS.filter((name) => !headers[name])
  if (missing.length > 0) {
    return { verdict: 'header missing', detail: `There is no ${missing.join(', no ')}.` }
  }
  const seconds = Number(headers['webhook-timestamp'])
  if (!Number.isInteger(seconds)) {
    return { verdict: 'header missing', detail: 'webhook-timestamp is no number of seconds.' }
  }
  if (isSigned(headers, body, secrets)) return judgeAge(seconds, now)
  return judgeMismatch({ headers, body }, secrets)
}

function judgeAge(seconds: number, now: number): Judgement {
  const age = Math.round(now / 1000 - seconds)
  const sent = `The signature is right. webhook-timestamp is ${new Date(seconds * 1000).toISOString()}`
  if (Math.abs(age) <= TOLERANCE_SECONDS) return { verdict: 'ok', detail: `${sent}.` }
  const off = age > 0 ? `${age} s ago` : `${-age} s ahead of the clock here`
  return {
    verdict: 'too old',
    detail: `${sent}, ${off}: receivers err more than ${TOLERANCE_SECONDS} s.`,
  }
}

/** The body as it may have been before somebody in between was helpful, and what they did. */
const REPAIRS: [what: string, repair: (body: string) => string | undefined][] = [
  ['a line break was added at its end', (body) => body.replace(/\r?\n$/, '')],
  ['its line breaks were changed', (body) => body.replaceAll('\r\n', '\n')],
  ['a byte order mark was added', (body) => body.replace(/^\uFEFF/, '')],
  ['it was parsed and written again', rewritten],
]

function rewritten(body: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(body))
  } catch {
    return undefined
  }
}

function judgeMismatch({ headers, body }: Captured, secrets: readonly string[]): Judgement {
  const repaired = REPAIRS.find(([, repair]) => {
    const before = repair(body)
    return before !== undefined && before !== body && isSigned(headers, before, secrets)
  })
  if (repaired) {
    const [what] = repaired
    return {
      verdict: 'body changed',
      detail: `The secret is right, but ${what} after it was signed: verify the bytes as they came.`,
    }
  }
  const sent = /sha-256=:([^:]+):/.exec(headers['content-digest'] ?? '')?.[1]
  if (sent === undefined) {
    return {
      verdict: 'cannot tell',
      detail:
        'No signature matches: another secret, or the body was changed. There is no content-digest, which would tell.',
    }
  }
  if (sent !== createHash('sha256').update(body).digest('base64')) {
    return {
      verdict: 'body changed',
      detail: 'The body is not the one that was sent (content-digest).',
    }
  }
  return {
    verdict: 'wrong secret',
    detail: 'The body is as it was sent (content-digest), and signed with another secret.',
  }
}

/** True when one of the secrets signed it; its age is another question. */
function isSigned(
  headers: Record<string, string>,
  body: string,
  secrets: readonly string[],
): boolean {
  const id = headers['webhook-id'] ?? ''
  const at = new Date(Number(headers['webhook-timestamp']) * 1000)
  const claimed = (headers['webhook-signature'] ?? '').split(' ')
  return secrets.some((secret) => claimed.includes(new Webhook(secret).sign(id, at, body)))
}

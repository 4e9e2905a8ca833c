// One attempt: render → sign → POST → outcome. Whatever goes wrong is a value.
import { Webhook } from 'standardwebhooks'
import { version } from '../../package.json'
import type { ConfiguredTarget } from '../config.ts'
import type { AttemptError, Outcome, Rendered } from '../core/delivery.ts'
import { deliveryHeaders } from '../core/delivery-headers.ts'
import { describe, errorOfException, errorOfStatus } from '../core/outcome.ts'
import { describeFault } from '../core/routing.ts'
import { renderFor } from '../formats/index.ts'
import type { Owed } from '../store/deliveries.ts'

/** What is kept of a target's answer, and what is read for it: a character is at most four bytes. */
const KEPT_CHARACTERS = 1000
const READ_BYTES = 4 * KEPT_CHARACTERS

/** A body is kept for later attempts in a D1 row, which holds 2,000,000 bytes with the attempts beside it. */
const MAX_BODY_BYTES = 1_500_000

/** The platform's `fetch`, which alone reaches a target, and its clock in epoch milliseconds. */
export type AttemptTools = {
  send: (url: string, init: RequestInit) => Promise<Response>
  now: () => number
}

/** What came of an attempt, and the body that was sent, unless none could be made. */
export type Attempted = { outcome: Outcome; rendered: Rendered | undefined }

/** What there is to say of an attempt that a fault of ours kept from being made. */
export function faultOf(detail: string): Attempted {
  return {
    rendered: undefined,
    outcome: { status: undefined, error: 'fault', detail, retryAfter: undefined, durationMs: 0 },
  }
}

/** Makes the request and sends it. Whatever goes wrong is an outcome; our own faults too, by their name. */
export async function attemptDelivery(
  target: ConfiguredTarget,
  owed: Owed,
  tools: AttemptTools,
): Promise<Attempted> {
  const startedAt = tools.now()
  let rendered: Rendered | undefined
  const failed = (error: AttemptError, detail: string) => ({
    rendered,
    outcome: {
      status: undefined,
      retryAfter: undefined,
      error,
      detail,
      durationMs: tools.now() - startedAt,
    },
  })
  let headers: Headers
  try {
    rendered = owed.frozen ?? (await renderFor(target, owed.content, owed.raw, owed.rawContentType))
    if (new TextEncoder().encode(rendered.body).length > MAX_BODY_BYTES) {
      rendered = undefined
      return failed('fault', `the body is larger than ${MAX_BODY_BYTES} bytes`)
    }
    headers = await headersFor(target, owed, rendered, startedAt)
  } catch (error) {
    return failed('fault', `the body could not be made: ${describeFault(error)}`)
  }
  try {
    const response = await tools.send(target.url, {
      method: 'POST',
      headers,
      body: rendered.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(target.timeoutSeconds * 1000),
    })
    const detail = await readExcerpt(response)
    const { status } = response
    const retryAfter = response.headers.get('retry-after') ?? undefined
    const error = errorOfStatus(status, detail)
    return {
      rendered,
      outcome: { status, error, detail, retryAfter, durationMs: tools.now() - startedAt },
    }
  } catch (error) {
    return failed(errorOfException(error), describe(error))
  }
}

/**
 * Standard Webhooks headers (https://github.com/standard-webhooks/standard-webhooks), the digest of the body (RFC 9530),
 * which tells a changed body from another secret, and ours.
 */
async function headersFor(
  target: ConfiguredTarget,
  owed: Owed,
  { body, contentType }: Rendered,
  now: number,
): Promise<Headers> {
  const headers = new Headers(target.headers)
  const timestamp = new Date(now)
  headers.set('content-type', contentType)
  headers.set('content-digest', await digestOf(body))
  const { event, attempt, hops, content } = owed
  const request = { event, attempt, hops, at: now, isTest: content.test === true, version }
  for (const [name, value] of deliveryHeaders(request)) headers.set(name, value)
  const signatures = target.secrets.map((secret) =>
    new Webhook(secret).sign(owed.event, timestamp, body),
  )
  if (signatures.length > 0) headers.set('webhook-signature', signatures.join(' '))
  if (owed.isReplay) headers.set('relay-replay', 'true')
  const { skipped } = owed.precedence
  if (skipped.length > 0) headers.set('relay-skipped', skipped.join(' '))
  return headers
}

async function digestOf(body: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body))
  return `sha-256=:${btoa(String.fromCharCode(...new Uint8Array(digest)))}:`
}

/** The beginning of an answer. No more is read: an endless body costs nothing, and a broken one is no failure. */
async function readExcerpt(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (let bytes = 0; bytes < READ_BYTES; ) {
      const { done, value } = await reader.read()
      if (done) break
      bytes += value.length
      text += decoder.decode(value.subarray(0, READ_BYTES), { stream: true })
    }
  } catch {
    // The status was received; what is missing is only its explanation.
  }
  await reader.cancel().catch(() => undefined)
  return text.slice(0, KEPT_CHARACTERS)
}

// One attempt: render → sign → POST → outcome. Whatever goes wrong is a value.
import { version } from '../../../package.json'
import type { ConfiguredTarget } from '../../config.ts'
import {
  type AttemptError,
  CLOUDEVENT_TYPE,
  type Outcome,
  type Rendered,
  type Sent,
} from '../../core/deliveries/delivery.ts'
import { deliveryHeaders } from '../../core/deliveries/headers.ts'
import { describe, errorOfException, errorOfStatus } from '../../core/deliveries/outcome.ts'
import { describeFault } from '../../core/deliveries/routing.ts'
import { base64Of, signWebhook } from '../../core/intake/signature.ts'
import { renderFor } from '../../formats/index.ts'
import type { Owed } from '../../store/deliveries/deliveries.ts'

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
      sent,
    },
  })
  let headers: Headers
  let sent: Sent | undefined
  try {
    rendered = owed.frozen ?? (await renderFor(target, owed.content, owed.raw, owed.rawContentType))
    const bytes = new TextEncoder().encode(rendered.body)
    if (bytes.length > MAX_BODY_BYTES) {
      rendered = undefined
      return failed('fault', `the body is larger than ${MAX_BODY_BYTES} bytes`)
    }
    const said = sentOf(owed, rendered, await crypto.subtle.digest('SHA-256', bytes))
    headers = await headersFor(target, owed, rendered.body, said, startedAt)
    sent = said
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
      outcome: { status, error, detail, retryAfter, durationMs: tools.now() - startedAt, sent },
    }
  } catch (error) {
    return failed(errorOfException(error), describe(error))
  }
}

/** Ours, those of Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks), and the target's own. */
async function headersFor(
  target: ConfiguredTarget,
  { event, attempt, hops, content }: Owed,
  body: string,
  sent: Sent,
  now: number,
): Promise<Headers> {
  const isTest = content.test === true
  const request = { event, attempt, hops, at: now, isTest, version, sent }
  const signatures = await Promise.all(
    target.secrets.map((secret) => signWebhook(secret, { id: event, at: now, body })),
  )
  const signature: [string, string] = ['webhook-signature', signatures.join(' ')]
  // A target may not configure any of ours, so none is there twice. From an object they are made faster than from a list.
  return new Headers(
    Object.fromEntries([
      ...target.headers,
      ...deliveryHeaders(request),
      ...(signatures.length > 0 ? [signature] : []),
    ]),
  )
}

function sentOf(
  { isReplay, precedence: { skipped } }: Owed,
  { contentType }: Rendered,
  digest: ArrayBuffer,
): Sent {
  return {
    digest: base64Of(new Uint8Array(digest)),
    ...(contentType === CLOUDEVENT_TYPE ? {} : { content_type: contentType }),
    ...(isReplay ? { replay: true } : {}),
    ...(skipped.length > 0 ? { skipped } : {}),
  }
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

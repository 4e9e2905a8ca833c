// One attempt: render → sign → POST → response. Whatever goes wrong is a value.
import { version } from '../../../package.json'
import type { ConfiguredTarget } from '../../config.ts'
import {
  type Attempt,
  type AttemptError,
  type DueDelivery,
  type Rendered,
  type Sent,
  UNLOGGED_TYPE,
} from '../../core/deliveries/delivery.ts'
import { deliveryHeaders } from '../../core/deliveries/headers.ts'
import { maskSecrets } from '../../core/deliveries/mask-secrets.ts'
import { charsetProblem } from '../../core/deliveries/media-type.ts'
import { describe, errorOfException, errorOfStatus } from '../../core/deliveries/outcome.ts'
import { parseRetryAfter } from '../../core/deliveries/retry.ts'
import { describeFault } from '../../core/deliveries/routing.ts'
import { formatInstant } from '../../core/events/time.ts'
import { base64Of, signWebhook } from '../../core/intake/signature.ts'
import type { Tools } from '../../env.ts'
import { contentTypeFor, renderFor } from '../../formats/index.ts'

/** The characters of a response that are stored, and the bytes that are read for them: at most four a character. */
const STORED_CHARACTERS = 1000
const READ_BYTES = 4 * STORED_CHARACTERS

/** How long the response is read for them, in milliseconds: its status has settled the attempt. */
const READ_MS = 1000

/** A body is stored for later attempts in a D1 row, which holds 2,000,000 bytes with the attempts beside it. */
const MAX_BODY_BYTES = 1_500_000

/** An attempt that a fault of ours prevented, without a body. `now` in epoch milliseconds. */
export function faultAttempt({ attempt }: DueDelivery, detail: string, now: number) {
  const at = formatInstant(now)
  return {
    attempt: { attempt, at, ms: 0, error: 'fault' as const, response: detail },
    body: undefined,
  }
}

/**
 * Makes the request and sends it. Returns the attempt, and the body unless none could be rendered. Never throws: an error
 * is part of the attempt, and so is a fault of ours, by its name. `onSuccess` is called as soon as the status is a
 * success, before the response is read.
 */
export async function attemptDelivery(
  target: ConfiguredTarget,
  delivery: DueDelivery,
  tools: Tools,
  onSuccess: () => void = () => undefined,
): Promise<{ attempt: Attempt; body: Rendered | undefined }> {
  const startedAt = tools.now()
  let body: Rendered | undefined
  let sent: Sent | undefined
  function ended(end: {
    status?: number
    error?: AttemptError | undefined
    detail: string
    retryAfter?: string | null
    at?: number
  }) {
    const { status, error, detail, retryAfter, at = tools.now() } = end
    const seconds = parseRetryAfter(retryAfter ?? undefined, at)
    const attempt: Attempt = {
      attempt: delivery.attempt,
      at: formatInstant(startedAt),
      ms: at - startedAt,
      ...(status === undefined ? {} : { status }),
      ...(error === undefined ? {} : { error }),
      ...(detail === '' ? {} : { response: detail }),
      ...(seconds === undefined ? {} : { retry_after: Math.ceil(seconds) }),
      ...sent,
    }
    return { attempt, body }
  }
  let headers: Headers
  try {
    const { content, raw, rawContentType } = delivery
    const rendered = delivery.sentBody ?? (await renderFor(target, content, raw, rawContentType))
    const bytes = new TextEncoder().encode(rendered.body)
    if (bytes.length > MAX_BODY_BYTES) {
      return ended({ error: 'fault', detail: `the body is larger than ${MAX_BODY_BYTES} bytes` })
    }
    const contentType = contentTypeFor(target, rendered)
    const problem = charsetProblem(contentType, rendered.body)
    if (problem !== undefined) return ended({ error: 'fault', detail: problem })
    body = rendered
    const digest = await crypto.subtle.digest('SHA-256', bytes)
    const logged = sentOf(delivery, { ...rendered, contentType }, digest)
    headers = await headersFor(target, delivery, rendered.body, logged, startedAt)
    sent = logged
  } catch (error) {
    return ended({ error: 'fault', detail: `the body could not be made: ${describeFault(error)}` })
  }
  try {
    const response = await tools.fetch(target.url, {
      method: 'POST',
      headers,
      body: body.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(target.timeoutSeconds * 1000),
    })
    const at = tools.now()
    const { status } = response
    if (response.ok) onSuccess()
    const detail = maskSecrets(await readExcerpt(response), target).slice(0, STORED_CHARACTERS)
    const retryAfter = response.headers.get('retry-after')
    return ended({ status, error: errorOfStatus(status, detail), detail, retryAfter, at })
  } catch (error) {
    return ended({ error: errorOfException(error), detail: maskSecrets(describe(error), target) })
  }
}

/** The relay's headers, those of Standard Webhooks (https://www.standardwebhooks.com), and the target's own. */
async function headersFor(
  target: ConfiguredTarget,
  { event, attempt, hops, content }: DueDelivery,
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
  // A target may not configure any of ours, so none is there twice. An object is faster than a list of pairs.
  return new Headers(
    Object.fromEntries([
      ...target.headers,
      ...deliveryHeaders(request),
      ...(signatures.length > 0 ? [signature] : []),
    ]),
  )
}

function sentOf(
  { isReplay, precedence: { skipped, later } }: DueDelivery,
  { contentType, headers }: Rendered,
  digest: ArrayBuffer,
): Sent {
  return {
    digest: base64Of(new Uint8Array(digest)),
    ...(contentType === UNLOGGED_TYPE ? {} : { content_type: contentType }),
    ...(headers === undefined ? {} : { format_headers: headers }),
    ...(isReplay ? { replay: true } : {}),
    ...(skipped.length > 0 ? { skipped } : {}),
    ...(later === undefined ? {} : { later }),
  }
}

/**
 * The first bytes of a response as text, as far as they arrive within `READ_MS`. No more is read: an endless or slow body
 * costs nothing, a broken one is no failure.
 */
async function readExcerpt(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, READ_MS, undefined)
  })
  try {
    for (let bytes = 0; bytes < READ_BYTES; ) {
      const chunk = await Promise.race([reader.read(), timeout])
      if (chunk === undefined || chunk.done) break
      bytes += chunk.value.length
      text += decoder.decode(chunk.value.subarray(0, READ_BYTES), { stream: true })
    }
  } catch {
    // The status was received; only its explanation is missing.
  }
  clearTimeout(timer)
  // Not awaited: a receiver that keeps the connection delays nothing.
  reader.cancel().catch(() => undefined)
  return text
}

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
import {
  describeUnreached,
  errorOfException,
  errorOfStatus,
} from '../../core/deliveries/outcome.ts'
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
  const made = await makeRequest(target, delivery, startedAt)
  if ('fault' in made) {
    const end = { at: tools.now(), error: 'fault' as const, detail: made.fault }
    return { attempt: attemptOf(delivery, startedAt, end, undefined), body: made.body }
  }
  const end = await send(target, made, tools, onSuccess)
  return { attempt: attemptOf(delivery, startedAt, end, made.sent), body: made.body }
}

/** A request to a target, and what is logged of it. */
type OutgoingRequest = { headers: Headers; body: Rendered; sent: Sent }

/** How an attempt ended, at `at` in epoch milliseconds. `retryAfter`: the header, as the target sent it. */
type End = {
  at: number
  status?: number
  error?: AttemptError | undefined
  detail: string
  retryAfter?: string | null
}

function attemptOf(
  { attempt }: DueDelivery,
  startedAt: number,
  { at, status, error, detail, retryAfter }: End,
  sent: Sent | undefined,
): Attempt {
  const seconds = parseRetryAfter(retryAfter ?? undefined, at)
  return {
    attempt,
    at: formatInstant(startedAt),
    ms: at - startedAt,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(detail === '' ? {} : { response: detail }),
    ...(seconds === undefined ? {} : { retry_after: Math.ceil(seconds) }),
    ...sent,
  }
}

/** The request, or the fault of ours for which there is none, in words; then the body alone, where that can be sent again. */
async function makeRequest(
  target: ConfiguredTarget,
  delivery: DueDelivery,
  now: number,
): Promise<OutgoingRequest | { fault: string; body?: Rendered }> {
  let body: Rendered | undefined
  try {
    const { content, raw, rawContentType } = delivery
    const rendered = delivery.sentBody ?? (await renderFor(target, content, raw, rawContentType))
    const bytes = new TextEncoder().encode(rendered.body)
    if (bytes.length > MAX_BODY_BYTES) {
      return { fault: `the body is larger than ${MAX_BODY_BYTES} bytes` }
    }
    const contentType = contentTypeFor(target, rendered)
    const problem = charsetProblem(contentType, rendered.body)
    if (problem !== undefined) return { fault: problem }
    body = rendered
    const digest = await crypto.subtle.digest('SHA-256', bytes)
    const sent = sentOf(delivery, { ...rendered, contentType }, digest)
    const headers = await headersFor(target, delivery, rendered.body, sent, now)
    return { headers, body, sent }
  } catch (error) {
    const fault = `the body could not be made: ${describeFault(error)}`
    return body === undefined ? { fault } : { fault, body }
  }
}

async function send(
  target: ConfiguredTarget,
  { headers, body }: OutgoingRequest,
  tools: Tools,
  onSuccess: () => void,
): Promise<End> {
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
    return { at, status, error: errorOfStatus(status, detail), detail, retryAfter }
  } catch (error) {
    const detail = maskSecrets(describeUnreached(error, target.url), target)
    return { at: tools.now(), error: errorOfException(error), detail }
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
  const ours = [...deliveryHeaders(request), ...(signatures.length > 0 ? [signature] : [])]
  // Ours, in lower case, win: a body kept from binary mode has attributes that the target has as its own headers by now.
  const names = new Set(ours.map(([name]) => name))
  const added = target.headers.filter(([name]) => !names.has(name.toLowerCase()))
  // An object is faster than a list of pairs.
  return new Headers(Object.fromEntries([...added, ...ours]))
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

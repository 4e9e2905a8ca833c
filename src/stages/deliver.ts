// delivery id → load → render → sign → send → record the attempt → done, or send the id again later.
// D1 is the truth and a message only an alarm clock: one whose attempt is not the row's next does nothing.
import { Webhook } from 'standardwebhooks'
import { version } from '../../package.json'
import type { Config, ConfiguredTarget } from '../config.ts'
import type { Attempt, AttemptError, DeliveryMessage, Outcome, Rendered } from '../core/delivery.ts'
import { redact } from '../core/privacy.ts'
import { judge, parseRetryAfter, queueDelaySeconds } from '../core/retry.ts'
import { isBroken } from '../core/target.ts'
import { formatInstant } from '../core/time.ts'
import type { Env } from '../env.ts'
import { FORMATS } from '../formats/index.ts'
import { type DeliveryUpdate, loadOwed, type Owed, updateDeliveries } from '../store/deliveries.ts'

/** Requests that may wait for their answer at once: an invocation has six connections, and the queue needs one. */
const MAX_WAITING = 5

/** What is kept of a target's answer, and what is read for it: a character is at most four bytes. */
const KEPT_CHARACTERS = 1000
const READ_BYTES = 4 * KEPT_CHARACTERS

/** How long a message rests when D1 does not answer. */
const FAULT_DELAY_SECONDS = 30

/** What the edge hands in: the clock (epoch milliseconds), randomness in [0, 1), the Worker's only `fetch`. */
export type DeliverTools = {
  send: (url: string, init: RequestInit) => Promise<Response>
  now: () => number
  random: () => number
  log: (line: Record<string, unknown>) => void
}

type Stage = {
  env: Pick<Env, 'DB' | 'RETRIES'>
  config: Config
  tools: DeliverTools
  record: (update: DeliveryUpdate) => Promise<void>
}

/** Handles a batch of delivery ids. Settles every message by itself and never throws. */
export async function deliver(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  messages: readonly Message<DeliveryMessage>[],
  tools: DeliverTools,
): Promise<void> {
  const stage = { env, config, tools, record: recorder(env.DB) }
  const fresh = withoutRepeats(messages)
  const needsRaw = (name: string) => {
    const target = config.targets.find((known) => known.name === name)
    return target !== undefined && !isBroken(target) && FORMATS[target.format].needsRaw
  }
  let owed: Owed[]
  try {
    owed = await loadOwed(
      env.DB,
      fresh.map(({ body }) => body),
      needsRaw,
    )
  } catch (error) {
    tools.log({ at: 'deliver', fault: 'deliveries could not be loaded', detail: String(error) })
    for (const message of fresh) message.retry({ delaySeconds: FAULT_DELAY_SECONDS })
    return
  }
  const queue = [...fresh]
  const worker = async () => {
    for (let message = queue.shift(); message; message = queue.shift()) {
      const { event, target } = message.body
      await handle(
        stage,
        message,
        owed.find((row) => row.event === event && row.target === target),
      )
    }
  }
  await Promise.all(Array.from({ length: MAX_WAITING }, worker))
}

/** A queue may hold a message twice, and the sweep may add another: one of each delivery is enough. */
function withoutRepeats(messages: readonly Message<DeliveryMessage>[]): Message<DeliveryMessage>[] {
  const seen = new Set<string>()
  return messages.filter((message) => {
    const key = JSON.stringify(message.body)
    if (seen.has(key)) message.ack()
    return !seen.has(key) && seen.add(key)
  })
}

async function handle(stage: Stage, message: Message<DeliveryMessage>, owed: Owed | undefined) {
  try {
    await settle(stage, message.body, owed)
    message.ack()
  } catch (error) {
    stage.tools.log({ at: 'deliver', ...message.body, fault: String(error) })
    message.retry({ delaySeconds: FAULT_DELAY_SECONDS })
  }
}

/** Does what a message asks for, if its delivery still waits for that. Throws when the outcome cannot be recorded. */
async function settle(
  stage: Stage,
  message: DeliveryMessage,
  owed: Owed | undefined,
): Promise<void> {
  const { config, tools, record } = stage
  if (owed?.due === undefined || owed.attempt !== message.attempt) return
  if (owed.due > tools.now()) return await sendAgain(stage, message, owed.due)
  const { event, attempt } = owed
  const target = config.targets.find((known) => known.name === message.target)
  const row = { event, target: message.target, attempt }
  if (target === undefined) {
    return record({ ...row, state: 'cancelled', reason: 'its target is no longer configured' })
  }
  if (isBroken(target)) return record({ ...row, state: 'held', reason: 'broken' })
  if (!target.enabled) return record({ ...row, state: 'held', reason: 'disabled' })
  await attemptAndRecord(stage, target, owed)
}

async function attemptAndRecord(stage: Stage, target: ConfiguredTarget, owed: Owed): Promise<void> {
  const { tools, record } = stage
  const { event, attempt } = owed
  const startedAt = tools.now()
  const { outcome, rendered } = await attemptDelivery(target, owed, tools)
  const verdict = judge(outcome, attempt, target.retry, tools.now(), tools.random())
  const due = verdict.state === 'retrying' ? verdict.due : undefined
  const lasting =
    verdict.state === 'dead' ? `failed ${attempt} times, last by ${outcome.error}` : undefined
  await record({
    event,
    target: target.name,
    attempt,
    state: verdict.state,
    reason: verdict.state === 'held' ? verdict.reason : lasting,
    due,
    made: attemptOf(outcome, attempt, startedAt),
    freeze: verdict.state === 'delivered' || owed.frozen ? undefined : rendered,
  })
  const { status, error, durationMs: ms } = outcome
  const { type } = owed.content
  tools.log({
    at: 'deliver',
    event,
    type,
    target: target.name,
    attempt,
    status,
    error,
    ms,
    state: verdict.state,
  })
  if (due !== undefined)
    await sendAgain(stage, { event, target: target.name, attempt: attempt + 1 }, due)
}

/** Sets the alarm for an attempt. When the queue does not take it, the sweep finds the row. */
async function sendAgain(
  { env, tools }: Stage,
  message: DeliveryMessage,
  due: number,
): Promise<void> {
  try {
    await env.RETRIES.send(message, { delaySeconds: queueDelaySeconds(due, tools.now()) })
  } catch (error) {
    tools.log({
      at: 'deliver',
      ...message,
      fault: 'the queue did not take the id; the sweep will',
      detail: String(error),
    })
  }
}

function attemptOf(outcome: Outcome, attempt: number, startedAt: number): Attempt {
  const { status, error, detail, durationMs, retryAfter } = outcome
  const asked = parseRetryAfter(retryAfter, startedAt + durationMs)
  return {
    attempt,
    at: formatInstant(startedAt),
    ms: durationMs,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(detail === '' ? {} : { response: detail }),
    ...(asked === undefined ? {} : { retry_after: Math.ceil(asked) }),
  }
}

/** Makes the request and sends it. Whatever goes wrong is an outcome; our own faults too, by their name. */
async function attemptDelivery(
  target: ConfiguredTarget,
  owed: Owed,
  tools: DeliverTools,
): Promise<{ outcome: Outcome; rendered: Rendered | undefined }> {
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
    rendered = owed.frozen ?? (await render(target, owed))
    headers = sign(target, owed, rendered, startedAt)
  } catch (error) {
    return failed('fault', `the body could not be made: ${String(error)}`)
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

async function render(target: ConfiguredTarget, owed: Owed): Promise<Rendered> {
  const visible = redact(owed.content, target.include)
  if (target.transform === undefined) {
    return FORMATS[target.format].render(visible, owed.raw, owed.rawContentType)
  }
  const made = await target.transform(visible)
  if (made === undefined) throw new Error('the transform made nothing of this event')
  return { contentType: 'application/json; charset=utf-8', body: JSON.stringify(made) }
}

/** Standard Webhooks headers (https://github.com/standard-webhooks/standard-webhooks), and ours. */
function sign(
  target: ConfiguredTarget,
  owed: Owed,
  { body, contentType }: Rendered,
  now: number,
): Headers {
  const headers = new Headers(target.headers)
  const timestamp = new Date(now)
  headers.set('content-type', contentType)
  headers.set('user-agent', `membership-relay/${version}`)
  headers.set('webhook-id', owed.event)
  headers.set('webhook-timestamp', String(Math.floor(now / 1000)))
  const signatures = target.secrets.map((secret) =>
    new Webhook(secret).sign(owed.event, timestamp, body),
  )
  if (signatures.length > 0) headers.set('webhook-signature', signatures.join(' '))
  headers.set('relay-attempt', String(owed.attempt))
  headers.set('relay-hops', String(owed.hops + 1))
  if (owed.content.test) headers.set('relay-test', 'true')
  return headers
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

/**
 * What a status says of the attempt; undefined for success. Cloudflare answers in the target's stead when it cannot
 * reach it (https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/).
 */
function errorOfStatus(status: number, detail: string): AttemptError | undefined {
  if (status >= 200 && status < 300) return undefined
  if (status >= 300 && status < 400) return 'redirect'
  if (status === 530) return detail.includes('1016') ? 'dns' : 'connect'
  if (status === 525 || status === 526) return 'tls'
  if (status >= 521 && status <= 523) return 'connect'
  return status === 524 ? 'timeout' : 'status'
}

function errorOfException(error: unknown): AttemptError {
  const text = describe(error)
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout'
  if (/timed? ?out/i.test(text)) return 'timeout'
  if (/\bTLS\b|\bSSL\b|certificate/i.test(text)) return 'tls'
  if (/\bDNS\b|getaddrinfo|ENOTFOUND|name (or service )?not known/i.test(text)) return 'dns'
  return 'connect'
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

/** Writes updates as they come, those that come while a write is under way together in the next. */
function recorder(db: D1Database): (update: DeliveryUpdate) => Promise<void> {
  type Waiting = { update: DeliveryUpdate; resolve: () => void; reject: (error: unknown) => void }
  let waiting: Waiting[] = []
  let writing = false
  async function write(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        await insist(() =>
          updateDeliveries(
            db,
            group.map(({ update }) => update),
          ),
        )
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    writing = false
  }
  return (update) =>
    new Promise((resolve, reject) => {
      waiting.push({ update, resolve, reject })
      if (!writing) void write()
    })
}

/** Tries a write again that may be repeated: losing the record of an answer means sending a second copy. */
async function insist(write: () => Promise<void>): Promise<void> {
  const PAUSES_MS = [100, 500, 2000]
  for (const pause of PAUSES_MS) {
    try {
      return await write()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  return write()
}

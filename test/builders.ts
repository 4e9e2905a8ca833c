// Complete, valid values for tests; each test overrides the members that it is about.
import { env } from 'cloudflare:workers'
import { type Config, parseConfig } from '../src/config.ts'
import type { DeliveryMessage, Lane } from '../src/core/deliveries/delivery.ts'
import { type EventId, keyOfId } from '../src/core/id.ts'
import { ok } from '../src/core/result.ts'
import type { Env, Tools } from '../src/env.ts'
import { answerOf } from '../src/http/intake.ts'
import { deliver } from '../src/stages/deliveries/deliver.ts'
import { createInFlight, type InFlight } from '../src/stages/deliveries/in-flight.ts'
import { accept } from '../src/stages/intake/accept.ts'
import { anInvocation } from './invocation.ts'
import { limitQueue } from './limits.ts'

export const NOW = Date.parse('2026-11-21T00:00:00.000Z')
export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

const SECRETS: Record<string, string> = {
  HAPANA_SECRET: 'hapana secret',
  HYPE_SECRET: 'hype secret',
  SIGNING: SIGNING_SECRET,
}

/** A configuration of two sources and the given targets. */
export function aConfig(...targets: Record<string, unknown>[]): Config {
  const config = parseConfig(
    {
      SOURCES: [
        { name: 'hapana', vendor: 'hapana', secret: 'HAPANA_SECRET', header: 'x-relay-key' },
        { name: 'hype', vendor: 'hype', secret: 'HYPE_SECRET' },
      ],
      TARGETS: targets.map((target) => ({
        url: 'https://target.example/hook',
        secret: 'SIGNING',
        ...target,
      })),
    },
    (name) => SECRETS[name],
  )
  if (config.errors.length > 0) throw new Error(JSON.stringify(config.errors))
  return config
}

/** Tools with a fixed clock and without a network; a test overrides those that it observes. */
export function toolsAt(now: number, overrides: Partial<Tools> = {}): Tools {
  return {
    now: () => now,
    random: () => Math.random(),
    log: () => undefined,
    fetch: async (url) => Promise.reject(new Error(`no network in tests: ${url}`)),
    waitUntil: () => undefined,
    ...overrides,
  }
}

let count = 0

/** An e-mail to a new client, as Hapana sends it. `bytes`: those of its HTML, which varies as one of a studio does. */
export function aMail(bytes = 60_000, overrides: Record<string, unknown> = {}) {
  const id = `client-${count++}`
  let html = '<html><body>'
  for (let row = 0; html.length < bytes; row++) {
    html += `<tr class="row-${row % 7}"><td style="padding:${row % 31}px">Class ${(row * 7919) % 1009} on ${row}</td></tr>\n`
  }
  return {
    eventType: 'outboundMessage',
    clientID: id,
    siteID: 'site-1',
    messageId: `message-${id}`,
    communicationType: 'email',
    emailTo: `${id}@example.com`,
    subject: 'Your week',
    message: html.slice(0, bytes),
    ...overrides,
  }
}

/** A status change of a new client, as Hapana sends it. */
export function aStatusChange(overrides: Record<string, unknown> = {}) {
  return {
    eventType: 'clientStatusChange',
    clientID: `client-${count++}`,
    siteID: 'site-1',
    status: 'activePackage',
    ...overrides,
  }
}

/** A payment of a new contact, as Hype sends it. */
export function aPayment(overrides: Record<string, unknown> = {}) {
  return {
    id: `contact-${count++}`,
    publisher_id: 'publisher-1',
    email: 'ana@example.com',
    type: 'payment.created',
    source: 'user',
    data: { tier: 'Gold', total: 100 },
    version: '1.1.0',
    timestamp: 1_795_212_900,
    ...overrides,
  }
}

/** A queue that records what is sent: in `messages` as it is, in `sent` with the delay in place of the due time. */
export function aQueue() {
  const messages: DeliveryMessage[] = []
  const sent: (Omit<DeliveryMessage, 'due'> & { delaySeconds: number })[] = []
  const record = (body: DeliveryMessage, options?: { delaySeconds?: number }) => {
    const { due: _due, ...message } = body
    messages.push(body)
    sent.push({ ...message, delaySeconds: options?.delaySeconds ?? 0 })
  }
  const queue = {
    send: async (body: DeliveryMessage, options?: QueueSendOptions) => record(body, options),
    sendBatch: async (messages: Iterable<MessageSendRequest<DeliveryMessage>>) => {
      for (const { body, delaySeconds } of messages) {
        record(body, delaySeconds === undefined ? {} : { delaySeconds })
      }
    },
  }
  return { sent, messages, queue: limitQueue(queue as unknown as Queue<DeliveryMessage>) }
}

/** The wake-up message of a delivery in its present state, with overrides. */
export async function aMessageFor(
  event: EventId,
  target: string,
  overrides: Partial<DeliveryMessage> = {},
): Promise<DeliveryMessage> {
  const row = await env.DB.prepare(
    'SELECT attempt, due FROM deliveries WHERE event = CAST(?1 AS INTEGER) AND target = ?2',
  )
    .bind(keyOfId(event), target)
    .first<{ attempt: number; due: number | null }>()
  return { event, target, attempt: row?.attempt ?? 1, due: row?.due ?? NOW, ...overrides }
}

/** A spill queue that records what is sent; with `refusing` it refuses all. */
export function aSpill({ refusing = false } = {}) {
  const kept: Uint8Array[] = []
  const queue = {
    send: async (body: Uint8Array) => {
      if (refusing) throw new Error('Too Many Requests')
      kept.push(body)
    },
    metrics: async () => ({ backlogCount: kept.length, backlogBytes: 0 }),
  }
  return { kept, queue: limitQueue(queue as unknown as Queue<Uint8Array>) }
}

/** The result of accept as the sender receives it. */
export function answered(result: Awaited<ReturnType<typeof accept>>) {
  if (!result.ok) return result
  const { batch, receipts } = result.value
  return ok({ batch, events: receipts.map(answerOf) })
}

/** Sends a body, authenticated as from its source, through the accept stage. */
export async function take(
  config: Config,
  source: 'hapana' | 'hype',
  body: string | Uint8Array | object,
  options: {
    now?: number
    queue?: Queue<DeliveryMessage>
    db?: D1Database
    spill?: Queue<Uint8Array>
    archive?: R2Bucket
    headers?: Record<string, string>
    query?: Record<string, string>
    tools?: Partial<Tools>
  } = {},
) {
  const bytes =
    body instanceof Uint8Array
      ? body
      : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
  const query = new URLSearchParams({ key: 'hype secret', ...options.query })
  const request = new Request(`https://relay.example/in/${source}?${query}`, {
    method: 'POST',
    headers: { 'x-relay-key': 'hapana secret', ...options.headers },
    body: bytes,
  })
  const afterwards: Promise<unknown>[] = []
  const waitUntil = (work: Promise<unknown>) => void afterwards.push(work)
  const bindings = {
    DB: options.db ?? env.DB,
    DELIVERIES: options.queue ?? aQueue().queue,
    SPILL: options.spill ?? aSpill({ refusing: true }).queue,
    ...(options.archive && { ARCHIVE: options.archive }),
  }
  const tools = toolsAt(options.now ?? NOW, { waitUntil, ...options.tools })
  const result = await anInvocation(() => accept(bindings, config, source, request, tools))
  await Promise.all(afterwards)
  return answered(result)
}

/** Sends one message and expects it to be stored; returns its id. */
export async function stored(...args: Parameters<typeof take>): Promise<EventId> {
  const result = await take(...args)
  const receipt = result.ok ? result.value.events[0] : undefined
  if (receipt === undefined) throw new Error(JSON.stringify(result))
  return receipt.id
}

/** Delivers a batch in an isolate of its own, or in the isolate of `inFlight`. */
export function deliverBatch(
  bindings: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>,
  config: Config,
  lane: Lane,
  messages: readonly Message<DeliveryMessage>[],
  { inFlight = createInFlight(), ...tools }: Partial<Tools> & { inFlight?: InFlight },
): Promise<void> {
  const batch = { lane, messages, inFlight }
  const all = { SPILL: aSpill().queue, ...bindings }
  return anInvocation(() => deliver(all, config, batch, toolsAt(NOW, tools)))
}

// Complete, valid values for tests; a test overrides what it is about.
import { env } from 'cloudflare:workers'
import { type Config, parseConfig } from '../src/config.ts'
import type { DeliveryMessage } from '../src/core/deliveries/delivery.ts'
import { type EventId, keyOfId } from '../src/core/id.ts'
import { type AcceptTools, accept } from '../src/stages/intake/accept.ts'

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

let count = 0

/** A status change of a client nobody has seen before, as Hapana sends it. */
export function aStatusChange(overrides: Record<string, unknown> = {}) {
  return {
    eventType: 'clientStatusChange',
    clientID: `client-${count++}`,
    siteID: 'site-1',
    status: 'activePackage',
    ...overrides,
  }
}

/** A payment of a contact nobody has seen before, as Hype sends it. */
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

/**
 * A queue that only remembers what it was told: the messages themselves, and without the time for which their alarm
 * is set, which tests of it read as a delay.
 */
export function aQueue() {
  const messages: DeliveryMessage[] = []
  const sent: (Omit<DeliveryMessage, 'due'> & { delaySeconds: number })[] = []
  const remember = (body: DeliveryMessage, options?: { delaySeconds?: number }) => {
    const { due: _due, ...rest } = body
    messages.push(body)
    sent.push({ ...rest, delaySeconds: options?.delaySeconds ?? 0 })
  }
  const queue = {
    send: async (body: DeliveryMessage, options?: QueueSendOptions) => remember(body, options),
    sendBatch: async (messages: Iterable<MessageSendRequest<DeliveryMessage>>) => {
      for (const { body, delaySeconds } of messages) {
        remember(body, delaySeconds === undefined ? {} : { delaySeconds })
      }
    },
  }
  return { sent, messages, queue: queue as unknown as Queue<DeliveryMessage> }
}

/** The message that is set for a delivery as it stands, perhaps with something else in it. */
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

/** A spill queue that keeps what it is given; `refusing` takes nothing. */
export function aSpill({ refusing = false } = {}) {
  const kept: Uint8Array[] = []
  const queue = {
    send: async (body: Uint8Array) => {
      if (refusing) throw new Error('Too Many Requests')
      kept.push(body)
    },
  }
  return { kept, queue: queue as unknown as Queue<Uint8Array> }
}

/** Takes a body in, proven by its source, through the accept stage. */
export async function take(
  config: Config,
  source: 'hapana' | 'hype',
  body: string | Uint8Array | object,
  options: {
    now?: number
    queue?: Queue<DeliveryMessage>
    db?: D1Database
    spill?: Queue<Uint8Array>
    headers?: Record<string, string>
    query?: Record<string, string>
    tools?: Partial<AcceptTools>
  } = {},
) {
  const bytes =
    body instanceof Uint8Array
      ? body
      : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
  const query = new URLSearchParams({ key: 'hype secret', ...options.query })
  const arrival = {
    headers: new Headers({ 'x-relay-key': 'hapana secret', ...options.headers }),
    query,
    body: async () => ({ ok: true as const, value: bytes }),
  }
  const afterwards: Promise<unknown>[] = []
  const result = await accept(
    {
      DB: options.db ?? env.DB,
      DELIVERIES: options.queue ?? aQueue().queue,
      SPILL: options.spill ?? aSpill({ refusing: true }).queue,
    },
    config,
    source,
    arrival,
    {
      now: options.now ?? NOW,
      random: (below) => Math.floor(Math.random() * below),
      origin: 'https://relay.example',
      log: () => undefined,
      waitUntil: (work) => afterwards.push(work),
      ...options.tools,
    },
  )
  await Promise.all(afterwards)
  return result
}

/** Takes one message in and expects it to be stored; gives its id. */
export async function stored(...args: Parameters<typeof take>): Promise<EventId> {
  const result = await take(...args)
  const event = result.ok ? result.value.events[0] : undefined
  if (event === undefined) throw new Error(JSON.stringify(result))
  return event.id
}

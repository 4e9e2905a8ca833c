// The relay on a clock that a test advances: real D1, queues in memory, targets that record requests. Every call of a
// binding goes through `fault`, which may throw before or after the call takes effect.

import { env } from 'cloudflare:workers'
import type { Config } from '../src/config.ts'
import type { DeliveryMessage } from '../src/core/deliveries/delivery.ts'
import type { Tools } from '../src/env.ts'
import { deliver } from '../src/stages/deliveries/deliver.ts'
import { reportRecoveries } from '../src/stages/deliveries/health.ts'
import { createInFlight } from '../src/stages/deliveries/in-flight.ts'
import { updateKnownTargets } from '../src/stages/deliveries/known-targets.ts'
import { continueReplays } from '../src/stages/deliveries/replay.ts'
import { sweep } from '../src/stages/deliveries/sweep.ts'
import { accept } from '../src/stages/intake/accept.ts'
import { spill } from '../src/stages/intake/spill.ts'
import { rollUp } from '../src/stages/ledger/rollup.ts'
import { answered, NOW } from './builders.ts'
import { anInvocation } from './invocation.ts'
import { limitQueue } from './limits.ts'

type Waiting = { id: string; body: unknown; at: number; attempts: number }
type Received = { target: string; event: string; at: number; status: number; headers: Headers }
type QueueName = 'DELIVERIES' | 'RETRIES' | 'SPILL'

export type World = ReturnType<typeof aWorld>

/** Throws, or lets the n-th call of a binding pass. */
export type Fault = (call: string, when: 'before' | 'after', n: number) => void

/** An empty world. `answer` responds to a target's n-th request for an event; `got` is called with each request. */
export function aWorld(
  config: Config,
  fault: Fault,
  answer: (target: string, n: number, request: Headers) => Response,
  got: (target: string, body: string) => void = () => undefined,
) {
  let now = NOW
  const queues: Record<QueueName, Waiting[]> = { DELIVERIES: [], RETRIES: [], SPILL: [] }
  const received: Received[] = []
  const unhandled: unknown[] = []

  let calls = 0
  let isD1Broken = false
  async function guarded<T>(call: string, work: () => Promise<T>): Promise<T> {
    const n = ++calls
    if (isD1Broken && call.startsWith('DB')) throw new Error('D1_ERROR: Network connection lost.')
    fault(call, 'before', n)
    const value = await work()
    fault(call, 'after', n)
    return value
  }
  function statement(inner: D1PreparedStatement): D1PreparedStatement {
    return {
      bind: (...values: unknown[]) => statement(inner.bind(...values)),
      all: () => guarded('DB.all', () => inner.all()),
      run: () => guarded('DB.run', () => inner.run()),
      first: (column: string) => guarded('DB.first', () => inner.first(column)),
      inner,
    } as unknown as D1PreparedStatement
  }
  const DB = {
    prepare: (sql: string) => statement(env.DB.prepare(sql)),
    batch: (statements: { inner: D1PreparedStatement }[]) =>
      guarded('DB.batch', () => env.DB.batch(statements.map(({ inner }) => inner))),
  } as unknown as D1Database
  let operations = 0 // a message that is written, read or deleted is one
  const put = (name: QueueName, body: unknown, delaySeconds = 0) => {
    operations++
    const id = crypto.randomUUID()
    queues[name].push({ id, body, at: now + delaySeconds * 1000, attempts: 1 })
  }
  const queue = (name: QueueName) =>
    limitQueue({
      send: (body: unknown, options?: QueueSendOptions) =>
        guarded(`${name}.send`, async () => put(name, body, options?.delaySeconds)),
      sendBatch: (messages: Iterable<MessageSendRequest>) =>
        guarded(`${name}.sendBatch`, async () => {
          for (const { body, delaySeconds } of messages) put(name, body, delaySeconds)
        }),
      metrics: () =>
        guarded(`${name}.metrics`, async () => ({
          backlogCount: queues[name].length,
          backlogBytes: 0,
        })),
    } as unknown as Queue)
  const bindings = {
    DB,
    DELIVERIES: queue('DELIVERIES') as Queue<DeliveryMessage>,
    RETRIES: queue('RETRIES') as Queue<DeliveryMessage>,
    SPILL: queue('SPILL') as Queue<Uint8Array>,
  }
  const inFlight = createInFlight()
  const tools: Tools = {
    now: () => now,
    random: () => Math.random(),
    log: () => undefined,
    waitUntil: () => undefined,
    fetch: async (url: string, init: RequestInit) => {
      const target = new URL(url).hostname.split('.')[0] ?? ''
      const event = new Headers(init.headers).get('webhook-id') ?? ''
      const before = received.filter((one) => one.target === target && one.event === event)
      const headers = new Headers(init.headers)
      return guarded('send', async () => {
        const response = answer(target, before.length + 1, headers)
        received.push({ target, event, at: now, status: response.status, headers })
        got(target, String(init.body))
        return response
      })
    },
  }

  /** Passes due messages to their consumer. As on the platform, a message that is neither acked nor retried is acked. */
  async function consume(name: QueueName, count = 10): Promise<void> {
    const due = queues[name].filter(({ at }) => at <= now).slice(0, count)
    queues[name] = queues[name].filter((one) => !due.includes(one))
    operations += 2 * due.length
    const messages = due.map((waiting) => ({
      id: waiting.id,
      timestamp: new Date(waiting.at),
      attempts: waiting.attempts,
      body: waiting.body,
      ack: () => undefined,
      retry: (options?: QueueRetryOptions) => {
        const at = now + (options?.delaySeconds ?? 0) * 1000
        queues[name].push({ ...waiting, at, attempts: waiting.attempts + 1 })
      },
    }))
    if (messages.length === 0) return
    const work = () =>
      name === 'SPILL'
        ? spill(
            bindings,
            config,
            messages.map((m) => ({ ...m, body: (m.body as Uint8Array).slice().buffer })),
            tools,
          )
        : deliver(
            bindings,
            config,
            {
              lane: name === 'DELIVERIES' ? 'deliveries' : 'retries',
              messages: messages as unknown as Message<DeliveryMessage>[],
              inFlight,
            },
            tools,
          )
    await anInvocation(work).catch((error) => unhandled.push(error))
  }

  return {
    received,
    unhandled,
    queues,
    bindings,
    now: () => now,
    operations: () => operations,
    consume,
    breakD1: (isBroken: boolean) => {
      isD1Broken = isBroken
    },
    sweep: () => sweep(bindings, config, tools),
    continueReplays: () => continueReplays(bindings, config, tools),
    advance: (ms: number) => {
      now += ms
    },
    /** Sends one request to the accept stage, as a vendor does. */
    take: async (source: string, body: object) => {
      const afterwards: Promise<unknown>[] = []
      const request = new Request(`https://relay.example/in/${source}?key=hype%20secret`, {
        method: 'POST',
        headers: { 'x-relay-key': 'hapana secret' },
        body: new TextEncoder().encode(JSON.stringify(body)),
      })
      const waitUntil = (work: Promise<unknown>) => void afterwards.push(work)
      const result = await anInvocation(() =>
        accept(bindings, config, source, request, { ...tools, waitUntil }),
      )
      await Promise.all(afterwards)
      return answered(result)
    },
    /** Lets minutes pass: the queues are consumed every five seconds, the cron runs every minute. */
    live: async (minutes: number) => {
      for (let second = 0; second < minutes * 60; second += 5) {
        now += 5000
        if (second % 60 === 0) {
          // Work that fails is done by the next run, in a minute.
          await sweep(bindings, config, tools).catch(() => undefined)
          await updateKnownTargets(bindings, config, tools).catch(() => undefined)
          await reportRecoveries(bindings, config, tools).catch(() => undefined)
          await continueReplays(bindings, config, tools).catch(() => undefined)
          await rollUp(bindings, tools).catch(() => undefined)
        }
        for (const name of ['SPILL', 'DELIVERIES', 'RETRIES'] as const) {
          while (queues[name].some(({ at }) => at <= now)) await consume(name)
        }
      }
    },
  }
}

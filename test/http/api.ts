// The API of a relay that sends nothing: requests to it, and the lines that it logs.
import { env } from 'cloudflare:workers'
import type { Config } from '../../src/config.ts'
import { createApp } from '../../src/http/app.ts'
import { aQueue } from '../builders.ts'
import { anInvocation } from '../invocation.ts'

/** The headers of an operator. */
export const OPERATOR = { authorization: 'Bearer operator' }

/** The app with its bindings and its log. */
export function anApi(config: Config) {
  const lines: Record<string, unknown>[] = []
  const retries = aQueue()
  const app = createApp(() => config, {
    now: () => Date.now(),
    random: () => Math.random(),
    log: (line) => lines.push(line),
    fetch: () => Promise.reject(new Error('nothing is sent here')),
    waitUntil: () => undefined,
  })
  const bindings = {
    DB: env.DB,
    DELIVERIES: aQueue().queue,
    RETRIES: retries.queue,
    ADMIN_TOKEN: 'operator',
  }

  async function request(path: string, init: RequestInit, over: Partial<typeof bindings> = {}) {
    const url = `https://relay.example${path}`
    const response = await anInvocation(() => app.request(url, init, { ...bindings, ...over }))
    const { status, headers } = response
    return { status, headers, body: await response.json<Record<string, unknown>>() }
  }
  const get = (
    path: string,
    headers: Record<string, string> = {},
    over: Partial<typeof bindings> = {},
  ) => request(path, { headers }, over)
  /** Sends an act of an operator. */
  const post = (path: string, body: object = {}) =>
    request(path, { method: 'POST', headers: OPERATOR, body: JSON.stringify(body) })

  return { app, bindings, lines, retries, get, post }
}

// A visitor of the console with real D1: keeps cookies and follows redirects, as a browser does.
import { env } from 'cloudflare:workers'
import type { Config } from '../../../src/config.ts'
import type { DeliveryMessage } from '../../../src/core/deliveries/delivery.ts'
import type { Env } from '../../../src/env.ts'
import { createApp } from '../../../src/http/app.ts'
import { getEvent, listEvents } from '../../../src/store/events/events.ts'
import { aConfig, aQueue, aSpill, NOW } from '../../builders.ts'
import { anInvocation } from '../../invocation.ts'

export const ORIGIN = 'https://relay.example'
export const TOKEN = 'the operator knows it'

type Setting = {
  config?: Config
  env?: Partial<Env>
  origin?: string
  /** The response of targets to a request with these headers. */
  answer?: (headers: Headers, body: string) => Response
}

/** A page: its status, its path, its markup, and its text without markup. */
export type Page = { status: number; url: string; html: string; text: string; headers: Headers }

/** A visitor who is not signed in. */
export function aVisitor({
  config = aConfig({ name: 'crm' }),
  origin = ORIGIN,
  ...rest
}: Setting = {}) {
  let now = NOW
  const queue = aQueue()
  const logged: unknown[] = []
  const cookies = new Map<string, string>()
  const app = createApp(() => config, {
    now: () => now,
    random: () => Math.random(),
    log: (line) => logged.push(line),
    fetch: async (_url, init) =>
      rest.answer?.(new Headers(init.headers), String(init.body)) ?? new Response(),
    waitUntil: () => undefined,
  })
  const bindings = {
    DB: env.DB,
    DELIVERIES: queue.queue as Queue<DeliveryMessage>,
    RETRIES: queue.queue as Queue<DeliveryMessage>,
    SPILL: { ...aSpill().queue, metrics: async () => ({ backlogCount: 0 }) },
    ADMIN_TOKEN: TOKEN,
    ...rest.env,
  } as unknown as Env

  /** Sends a request, a millisecond after the one before, with the cookies so far; keeps those of the response. */
  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    now++
    const headers = new Headers(init.headers)
    if (cookies.size > 0) {
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    }
    const response = await anInvocation(() =>
      app.request(origin + path, { redirect: 'manual', ...init, headers }, bindings),
    )
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (/max-age=0/i.test(cookie)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  async function follow(path: string, response: Response): Promise<Page> {
    const to = response.headers.get('location')
    if (to !== null) return follow(to, await ask(to))
    const html = await response.text()
    return {
      status: response.status,
      url: path,
      html,
      text: textOf(html),
      headers: response.headers,
    }
  }
  return {
    ask,
    logged,
    /** The paths under a prefix that accept POST, as they are declared. */
    postsOf: (prefix: string) => [
      ...new Set(
        app.routes
          .filter(({ method, path }) => method === 'POST' && path.startsWith(`${prefix}/`))
          .map(({ path }) => path),
      ),
    ],
    cookies,
    queue,
    bindings,
    advance: (ms: number) => {
      now += ms
    },
    /** Opens a page. */
    open: async (path: string) => follow(path, await ask(path)),
    /** Submits a form as the console's own, and follows the redirect. */
    send: async (path: string, fields: Record<string, string> = {}) =>
      follow(
        path,
        await ask(path, {
          method: 'POST',
          body: new URLSearchParams(fields),
          headers: { origin, 'sec-fetch-site': 'same-origin' },
        }),
      ),
    signIn: async function (token = TOKEN) {
      return this.send('/console/sign-in', { token })
    },
  }
}

/** A visitor who is signed in. */
export async function anOperator(setting: Setting = {}) {
  const visitor = aVisitor(setting)
  await visitor.signIn()
  return visitor
}

type ActRecord = { by: string; via: string; act: string; on: string }

/** The acts of operators in the log, the latest first. */
export async function actsOf(): Promise<ActRecord[]> {
  const { items } = await listEvents(env, { types: ['relay.operator_acted'] }, { limit: 20 })
  const events = await Promise.all(items.map(({ id }) => getEvent(env, id)))
  return events.map((one) => (one as unknown as { event: { data: ActRecord } }).event.data)
}

const TABLES =
  'events deliveries segments ledger statistics totals snapshot targets replays contacts postings'

/** Empties the log, in which nobody was ever erased. */
export async function emptyLog(): Promise<void> {
  const tables = [...TABLES.split(' '), 'erasures', 'erased_values', 'erased_contacts']
  await env.DB.batch([
    ...tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare('UPDATE erasing SET version = version + 1'),
  ])
}

/** The text of a page, without its markup. */
function textOf(html: string): string {
  return html
    .replace(/<(script|style)[^>]*>.*?<\/\1>/gs, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .replace(/ ([.,;:])/g, '$1')
}

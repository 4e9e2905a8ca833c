// The API of a relay, as commands call it.
import process from 'node:process'
import { readEnvFile } from '../project.ts'
import { UserError } from '../user-error.ts'

/** What every command is told: which relay, and whether a program reads the answer. */
export type GlobalOptions = { url: string; json?: true }

/** Calls the API of a relay. */
export type Client = {
  get: <T>(path: string, query?: Record<string, string | undefined>) => Promise<T>
  post: <T>(path: string, body: object) => Promise<T>
}

/** A client for the relay at a URL. Refuses in a sentence when there is no token. */
export function connect({ url }: GlobalOptions): Client {
  if (!URL.canParse(url)) throw new UserError(`--url must be a URL: "${url}" is none.`)
  const origin = new URL(url)
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(origin.hostname)
  const local = isLocal ? readEnvFile('.dev.vars').ADMIN_TOKEN : undefined
  const token = process.env.RELAY_TOKEN || local
  if (!token) {
    const where = isLocal ? ' or run "npm start" once, which makes one' : ''
    throw new UserError(`No token: set RELAY_TOKEN to the relay's ADMIN_TOKEN${where}.`)
  }
  const headers = { authorization: `Bearer ${token}` }
  return {
    get: (path, query = {}) => {
      const url = new URL(path, origin)
      for (const [key, value] of Object.entries(query)) {
        if (value !== undefined) url.searchParams.set(key, value)
      }
      return call(url, { headers })
    },
    post: (path, body) =>
      call(new URL(path, origin), { method: 'POST', headers, body: JSON.stringify(body) }),
  }
}

async function call<T>(url: URL, init: RequestInit): Promise<T> {
  const response = await fetch(url, init).catch(() => {
    throw new UserError(
      `Nothing answers at ${url.origin}: start the relay with "npm start", or name another with --url.`,
    )
  })
  const body = await response.json().catch(() => undefined)
  if (response.ok && body !== undefined) return body as T
  const { title } = (body ?? {}) as { title?: string }
  if (response.status === 401) {
    throw new UserError(
      `The relay at ${url.origin} does not take this token: set RELAY_TOKEN to its ADMIN_TOKEN.`,
    )
  }
  throw new UserError(title ?? `${url.origin} answered ${response.status}: is it a relay?`)
}

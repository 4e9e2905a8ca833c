// The API of a relay, as the commands use it.
import process from 'node:process'
import type { Command } from 'commander'
import type { ClientResponse } from 'hono/client'
import type { SuccessStatusCode } from 'hono/utils/http-status'
import { createClient } from '../../client.ts'
import { isLoopback } from '../../core/loopback.ts'
import { readEnvFile } from '../project.ts'
import { UserError } from '../user-error.ts'

/** The options that every command has. */
export type GlobalOptions = { url: string; json?: true }

/** The API of a relay. */
export type Api = ReturnType<typeof createClient>['api']

/** Visible ASCII. A header with anything else would be refused with an error that contains the token. */
const TOKEN = /^[\x21-\x7e]+$/

/** The API of the relay at a URL. Throws a UserError for a URL or token that cannot be used. */
export function connect({ url }: Pick<GlobalOptions, 'url'>): Api {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UserError(`--url must start with https:// or http://, not "${url}".`)
  const { origin, hostname } = new URL(url)
  const isLocal = isLoopback(hostname)
  return createClient(origin, readToken(isLocal), (input, init) => send(origin, input, init)).api
}

/** The token: RELAY_TOKEN, or for a local relay the one in `.dev.vars`. */
function readToken(isLocal: boolean): string {
  const given = process.env.RELAY_TOKEN
  const token = given || (isLocal ? readEnvFile('.dev.vars').ADMIN_TOKEN : undefined)
  if (!token) {
    const alternative = isLocal ? ', or run "npm start" once to create one' : ''
    throw new UserError(`No token: set RELAY_TOKEN to the relay's ADMIN_TOKEN${alternative}.`)
  }
  if (!TOKEN.test(token)) {
    const name = given ? 'RELAY_TOKEN' : 'ADMIN_TOKEN in .dev.vars'
    throw new UserError(
      `${name} is not a valid token: it contains spaces, line breaks or non-ASCII characters.`,
    )
  }
  return token
}

/** The API for a command, by its global options. */
export function apiOf(command: Command): Api {
  return connect(command.optsWithGlobals<GlobalOptions>())
}

/** The relay did not respond, or failed with a server error. A retry may succeed. */
export class Unreachable extends UserError {}

/** Calls the API, which records by the `user-agent` that the command line did. */
async function send(origin: string, input: string | URL | Request, init?: RequestInit) {
  const headers = new Headers(init?.headers)
  headers.set('user-agent', 'membership-relay-cli')
  const response = await fetch(input, { ...init, headers }).catch(() => {
    throw new Unreachable(
      `No relay answers at ${origin}: start it with "npm start", or use --url for another one.`,
    )
  })
  if (response.status !== 401) return response
  await response.body?.cancel()
  throw new UserError(
    `The relay at ${origin} rejected the token: set RELAY_TOKEN to its ADMIN_TOKEN.`,
  )
}

/** The body of a successful response. */
export type Answer<R> =
  R extends ClientResponse<infer Body, infer Status, string>
    ? Status extends SuccessStatusCode
      ? Body
      : never
    : never

/**
 * Waits for a response and returns its body. Throws a UserError with the title of the problem if it is not successful;
 * an Unreachable for a server error.
 */
export async function answerOf<R extends ClientResponse<unknown>>(
  request: Promise<R>,
): Promise<Answer<R>> {
  const response = await request
  const body = (await response.json().catch(() => undefined)) as { title?: string } | undefined
  if (response.ok && body !== undefined) return body as Answer<R>
  const message =
    body?.title ?? `Unexpected response ${response.status} from ${response.url}: is it a relay?`
  throw response.status >= 500 ? new Unreachable(message) : new UserError(message)
}

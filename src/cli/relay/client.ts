// The API of a relay, as the commands use it.
import type { Command } from 'commander'
import type { ClientResponse } from 'hono/client'
import type { SuccessStatusCode } from 'hono/utils/http-status'
import { createClient } from '../../client.ts'
import { UserError } from '../user-error.ts'
import { type RelayOptions, relayOf } from './which-relay.ts'

/** The options that every command has. */
export type GlobalOptions = RelayOptions & { json?: true }

/** The API of a relay. */
export type Api = ReturnType<typeof createClient>['api']

/** The API of the relay that the options choose. Throws a UserError for a URL, profile or token that cannot be used. */
export function connect(options: RelayOptions): Api {
  const { origin, token } = relayOf(options)
  return apiAt(origin, token)
}

/** The API of the relay at an origin. */
export function apiAt(origin: string, token: string): Api {
  return createClient(origin, token, (input, init) => send(origin, input, init)).api
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
    `The relay at ${origin} rejected the token: set RELAY_TOKEN to its ADMIN_TOKEN, or run "relay login" again.`,
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

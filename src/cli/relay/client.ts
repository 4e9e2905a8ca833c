// The API of a relay, as commands call it.
import process from 'node:process'
import type { Command } from 'commander'
import type { ClientResponse } from 'hono/client'
import type { SuccessStatusCode } from 'hono/utils/http-status'
import { createClient } from '../../client.ts'
import { readEnvFile } from '../project.ts'
import { UserError } from '../user-error.ts'

/** What every command is told: which relay, and whether a program reads the answer. */
export type GlobalOptions = { url: string; json?: true }

/** The API of a relay. */
export type Api = ReturnType<typeof createClient>['api']

/** What a header takes: anything else would be shown by the error that refuses it. */
const TOKEN = /^[\x21-\x7e]+$/

/** The API of the relay at a URL. Refuses in a sentence when there is no token, or none that can be sent. */
export function connect({ url }: GlobalOptions): Api {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UserError(`--url must be https://… or http://…: "${url}" is not.`)
  const { origin, hostname } = new URL(url)
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
  const local = isLocal ? readEnvFile('.dev.vars').ADMIN_TOKEN : undefined
  const token = process.env.RELAY_TOKEN || local
  if (!token) {
    const where = isLocal ? ' or run "npm start" once, which makes one' : ''
    throw new UserError(`No token: set RELAY_TOKEN to the relay's ADMIN_TOKEN${where}.`)
  }
  if (!TOKEN.test(token))
    throw new UserError('RELAY_TOKEN is no token: it holds blanks, line breaks or special letters.')
  return createClient(origin, token, (input, init) => send(origin, input, init)).api
}

/** The API that a command is to ask. */
export function apiOf(command: Command): Api {
  return connect(command.optsWithGlobals<GlobalOptions>())
}

/** The API did not answer: it may when asked again. */
export class Unreachable extends UserError {}

async function send(origin: string, input: string | URL | Request, init?: RequestInit) {
  const response = await fetch(input, init).catch(() => {
    throw new Unreachable(
      `Nothing answers at ${origin}: start the relay with "npm start", or name another with --url.`,
    )
  })
  if (response.status !== 401) return response
  await response.body?.cancel()
  throw new UserError(
    `The relay at ${origin} does not take this token: set RELAY_TOKEN to its ADMIN_TOKEN.`,
  )
}

/** What a response of the API holds when it went well. */
export type Answer<R> =
  R extends ClientResponse<infer Body, infer Status, string>
    ? Status extends SuccessStatusCode
      ? Body
      : never
    : never

/** Waits for an answer. A problem is a sentence for the user; a fault of the relay's may be gone when asked again. */
export async function answerOf<R extends ClientResponse<unknown>>(
  request: Promise<R>,
): Promise<Answer<R>> {
  const response = await request
  const body = (await response.json().catch(() => undefined)) as { title?: string } | undefined
  if (response.ok && body !== undefined) return body as Answer<R>
  const sentence = body?.title ?? `${response.url} answered ${response.status}: is it a relay?`
  throw response.status >= 500 ? new Unreachable(sentence) : new UserError(sentence)
}

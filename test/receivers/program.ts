// A running receiver: what its handler gets of a delivery. A handler tells it in a line of its standard output, `GOT ` and
// JSON, so that its response stays what it would be for a relay.
import { request } from 'node:http'
import { createConnection } from 'node:net'
import type { Command } from './commands.ts'
import { freePort, startProgram } from './commands.ts'
import type { Delivery } from './deliveries.ts'

export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

const READY_WITHIN_MS = 60_000
const RESPONSE_WITHIN_MS = 20_000
/** The line of a handler may come after its response; also the wait for a handler that tells nothing. */
const LINE_WITHIN_MS = 1000
const PREFIX = 'GOT '

/** A response, and what the handler told; undefined when it told nothing. Status 0: no response. */
export type Answer = { status: number; got: unknown }

export type Program = {
  send: (delivery: Pick<Delivery, 'headers' | 'body'>) => Promise<Answer>
  stop: () => Promise<void>
}

/** Starts a program and waits until it listens. Throws with the end of its output if it does not. */
export async function start(
  command: Command,
  folder: string,
  at: { path: string; port?: number | undefined },
): Promise<Program> {
  const port = at.port ?? (await freePort())
  const told: unknown[] = []
  const secrets = ['SIGNING_SECRET', 'SECRET', 'CRM_SIGNING_SECRET']
  const env = {
    ...command.env,
    PORT: String(port),
    ...Object.fromEntries(secrets.map((name) => [name, SIGNING_SECRET])),
  }
  const { child, output, stop } = startProgram({ ...command, env }, folder, (line) => {
    if (line.startsWith(PREFIX)) told.push(JSON.parse(line.slice(PREFIX.length)))
  })
  const isAlive = () => child.pid !== undefined && child.exitCode === null
  if (!(await untilListening(port, isAlive))) {
    await stop()
    throw new Error(`does not listen: ${output.slice(-15).join('\n')}`)
  }
  const send = async ({ headers, body }: Pick<Delivery, 'headers' | 'body'>) => {
    told.length = 0
    const status = await post(port, at.path, headers, body)
    if (status >= 200 && status < 300) await until(() => told.length > 0, LINE_WITHIN_MS)
    return { status, got: told[0] }
  }
  return { send, stop }
}

/** The status of the response; 0 when the connection ends without one. */
function post(
  port: number,
  path: string,
  headers: Record<string, string>,
  body: Buffer,
): Promise<number> {
  return new Promise((resolve) => {
    const { promise, resolve: settle } = Promise.withResolvers<number>()
    const sent = request({
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      agent: false,
      timeout: RESPONSE_WITHIN_MS,
      headers: { ...headers, host: `127.0.0.1:${port}`, 'content-length': String(body.length) },
    })
    sent.on('response', (response) => {
      response.resume()
      settle(response.statusCode ?? 0)
    })
    sent.on('timeout', () => sent.destroy())
    // A receiver that refuses a large body may close the connection while it is sent: its response may still be read.
    sent.on('error', () => settle(0))
    sent.on('close', () => settle(0))
    sent.end(body)
    void promise.then((status) => {
      sent.destroy()
      resolve(status)
    })
  })
}

async function untilListening(port: number, isAlive: () => boolean): Promise<boolean> {
  const deadline = Date.now() + READY_WITHIN_MS
  while (Date.now() < deadline && isAlive()) {
    if (await isListening(port)) return true
    await sleep(50)
  }
  return false
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

async function until(isDone: () => boolean, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!isDone() && Date.now() < deadline) await sleep(5)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

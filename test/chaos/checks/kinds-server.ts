// The receivers of all kinds, and the requests that each of them got.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { PLAIN_PORT } from '../ports.ts'
import type { Seen } from './answers.ts'
import { KINDS } from './kinds.ts'

export type SeenKinds = Map<string, Seen>

/** Starts them. `answer` handles a request to one of them. */
export async function startKinds() {
  const seen: SeenKinds = new Map(
    KINDS.map(({ name }) => [
      name,
      { requests: [], askedUntil: undefined, taken: 0, violations: [] },
    ]),
  )
  const plain = await startPlain()
  return {
    seen,
    answer: (name: string, request: IncomingMessage, response: ServerResponse) => {
      const kind = KINDS.find((one) => one.name === name)
      const here = seen.get(name)
      if (kind === undefined || here === undefined) return void response.writeHead(404).end()
      recordRequest(here)
      kind.answer({ request, response, seen: here })
    },
    close: plain.close,
  }
}

function recordRequest(seen: Seen): void {
  const at = Date.now()
  const { askedUntil = 0 } = seen
  if (at < askedUntil) seen.violations.push(`was retried ${askedUntil - at} ms too early`)
  seen.requests.push(at)
}

/** Responds with plain HTTP to clients that start with TLS. */
async function startPlain() {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })
  server.listen(PLAIN_PORT, '127.0.0.1')
  await once(server, 'listening')
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

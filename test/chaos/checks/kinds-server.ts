// The receivers of all kinds, and what each of them has seen.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { PLAIN_PORT } from '../ports.ts'
import type { Seen } from './answers.ts'
import { KINDS } from './kinds.ts'

export type SeenKinds = Map<string, Seen>

/** Prepares them. `answer` handles a request to one of them. */
export async function startKinds() {
  const seen: SeenKinds = new Map(
    KINDS.map(({ name }) => [
      name,
      { requests: [], askedUntil: undefined, taken: 0, offences: [] },
    ]),
  )
  const plain = await startPlain()
  return {
    seen,
    answer: (name: string, request: IncomingMessage, response: ServerResponse) => {
      const kind = KINDS.find((one) => one.name === name)
      const here = seen.get(name)
      if (kind === undefined || here === undefined) return void response.writeHead(404).end()
      arrive(here)
      kind.answer({ request, response, seen: here })
    },
    close: plain.close,
  }
}

function arrive(seen: Seen): void {
  const at = Date.now()
  const { askedUntil = 0 } = seen
  if (at < askedUntil) seen.offences.push(`was tried again ${askedUntil - at} ms too early`)
  seen.requests.push(at)
}

/** Speaks plain HTTP to whoever begins with TLS. */
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

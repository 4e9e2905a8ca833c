// Receivers on this machine that accept every delivery, and report its event and time.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Receivers = {
  /** The URL of each target by its name. */
  urls: Record<string, string>
  /** Sets the listener, called when the body of a delivery has arrived: with its event, if the sender sends it, and the time. */
  onDelivery: (listener: (id: string | undefined, at: number) => void) => void
  stop: () => Promise<void>
}

/** Starts a receiver for each of some targets, on free ports of loopback. */
export async function startReceivers(targets: readonly string[]): Promise<Receivers> {
  let listener: (id: string | undefined, at: number) => void = () => undefined
  const servers = await Promise.all(
    targets.map(async (target) => {
      const server = createServer((request, response) => {
        request.resume().on('end', () => {
          response.writeHead(204).end()
          const id = request.headers['webhook-id']
          listener(typeof id === 'string' ? id : undefined, performance.now())
        })
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { target, server, port: (server.address() as AddressInfo).port }
    }),
  )
  return {
    urls: Object.fromEntries(
      servers.map(({ target, port }) => [target, `http://127.0.0.1:${port}/`]),
    ),
    onDelivery: (next) => {
      listener = next
    },
    stop: async () => {
      for (const { server } of servers) server.closeAllConnections()
      await Promise.all(servers.map(({ server }) => new Promise((done) => server.close(done))))
    },
  }
}

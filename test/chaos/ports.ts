// Where everything listens, on this machine only.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { UserError } from '../../src/cli/user-error.ts'

/** Nobody listens here: for the receiver that refuses. */
export const REFUSED_PORT = 8806
export const RELAY_PORT = 8807
export const RECEIVER_PORT = 8808
/** Speaks no TLS where TLS is expected. */
export const PLAIN_PORT = 8809

export const RELAY = `http://127.0.0.1:${RELAY_PORT}`

/** Where a target of the load receives. */
export function loadUrl(target: string): string {
  return `http://127.0.0.1:${RECEIVER_PORT}/load/${target}`
}

/** Where a kind of receiver receives. */
export function kindUrl(kind: string): string {
  return `http://127.0.0.1:${RECEIVER_PORT}/kind/${kind}`
}

/** Refuses to begin while anybody else listens on one of the ports. */
export async function requirePorts(): Promise<void> {
  for (const port of [REFUSED_PORT, RELAY_PORT, RECEIVER_PORT, PLAIN_PORT]) {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening').catch(() => {
      throw new UserError(`Port ${port}, which this run needs, is in use: end what listens there.`)
    })
    await new Promise((resolve) => server.close(resolve))
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

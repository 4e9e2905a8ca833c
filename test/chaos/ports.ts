// The ports of a run, on this machine only.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { UserError } from '../../src/cli/user-error.ts'

/** No server listens here: for the receiver that refuses connections. */
export const REFUSED_PORT = 8806
export const RELAY_PORT = 8807
export const RECEIVER_PORT = 8808
/** Plain HTTP where TLS is expected. */
export const PLAIN_PORT = 8809

export const RELAY = `http://127.0.0.1:${RELAY_PORT}`

/** The URL of a target of the load. */
export function loadUrl(target: string): string {
  return `http://127.0.0.1:${RECEIVER_PORT}/load/${target}`
}

/** The URL of a kind of receiver. */
export function kindUrl(kind: string): string {
  return `http://127.0.0.1:${RECEIVER_PORT}/kind/${kind}`
}

/** Throws a UserError when another program listens on one of the ports. */
export async function requirePorts(): Promise<void> {
  for (const port of [REFUSED_PORT, RELAY_PORT, RECEIVER_PORT, PLAIN_PORT]) {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening').catch(() => {
      throw new UserError(
        `Port ${port}, which this run needs, is in use: end the program that listens there.`,
      )
    })
    await new Promise((resolve) => server.close(resolve))
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

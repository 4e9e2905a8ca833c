// Requests over some connections at once, each as soon as the one before is answered. The connections stay open between
// loads, so that two sides can take turns that are short: opening them would be what is measured.
import { once } from 'node:events'
import http from 'node:http'

/** What a load came to: how long each request took, and all of them together, in milliseconds. */
export type Load = { latencies: readonly number[]; ms: number }

/** How many requests were answered in a second. */
export const perSecond = ({ latencies, ms }: Load): number => (latencies.length / ms) * 1000

/** What several loads came to. */
export function together(loads: readonly Load[]): Load {
  return {
    latencies: loads.flatMap(({ latencies }) => latencies),
    ms: loads.reduce((sum, { ms }) => sum + ms, 0),
  }
}

/** Whoever is not answered by then never is. */
const TIMEOUT_MS = 60_000

/** What is to be posted: `next` gives the body of each request. */
export type Traffic = {
  path: string
  headers: Record<string, string>
  next: () => string
}

/** How much is sent: by number, or for a time; all of it is answered before the next load begins. */
export type Volume = { requests: number } | { seconds: number }

/** Connections that are open; `load` keeps each of them busy. */
export type Connections = { load: (volume: Volume) => Promise<Load>; close: () => void }

/**
 * Opens connections to a server with the first load. A load throws when any answer is no 2xx or does not come: it
 * measures something else.
 */
export function connect(
  url: string,
  { path, headers, next }: Traffic,
  connections: number,
): Connections {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' })
  async function load(volume: Volume): Promise<Load> {
    const latencies: number[] = []
    // Making up what is said is no part of saying it.
    const bodies = 'requests' in volume ? Array.from({ length: volume.requests }, next) : []
    const startedAt = performance.now()
    let left = 'requests' in volume ? volume.requests : Number.POSITIVE_INFINITY
    const until = 'seconds' in volume ? startedAt + volume.seconds * 1000 : Number.POSITIVE_INFINITY
    const keepBusy = async () => {
      while (left-- > 0 && performance.now() < until) {
        const body = bodies.shift() ?? next()
        const at = performance.now()
        await ask(new URL(path, url), { agent, headers }, body)
        latencies.push(performance.now() - at)
      }
    }
    await Promise.all(Array.from({ length: connections }, keepBusy))
    return { latencies, ms: performance.now() - startedAt }
  }
  return { load, close: () => agent.destroy() }
}

/** A single load, over connections of its own. */
export async function load(
  url: string,
  traffic: Traffic,
  { connections, ...volume }: Volume & { connections: number },
): Promise<Load> {
  const opened = connect(url, traffic, connections)
  try {
    return await opened.load(volume)
  } finally {
    opened.close()
  }
}

async function ask(url: URL, options: http.RequestOptions, body: string) {
  const request = http.request(url, {
    ...options,
    method: 'POST',
    headers: { ...options.headers, 'content-length': Buffer.byteLength(body) },
    timeout: TIMEOUT_MS,
  })
  // Also what breaks off within a body: the response tells of it, and nobody else may hear of it.
  request.on('error', () => {})
  request.on('timeout', () => request.destroy(new Error(`${url.pathname} was not answered`)))
  request.end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  response.resume()
  await once(response, 'end')
  const { statusCode = 0 } = response
  if (statusCode < 200 || statusCode > 299) {
    throw new Error(`${url.pathname} was answered ${statusCode}`)
  }
}

// Requests over some connections at once, each as soon as the one before is answered. The connections stay open between
// loads, so that two sides can take short turns without measuring how connections are opened.
import { once } from 'node:events'
import http from 'node:http'

/** The result of a load: the latency of each request, and the duration of all together, in milliseconds. */
export type Load = { latencies: readonly number[]; ms: number }

/** The requests answered in a second. */
export const perSecond = ({ latencies, ms }: Load): number => (latencies.length / ms) * 1000

/** The result of several loads. */
export function together(loads: readonly Load[]): Load {
  return {
    latencies: loads.flatMap(({ latencies }) => latencies),
    ms: loads.reduce((sum, { ms }) => sum + ms, 0),
  }
}

/** The longest wait for a response. */
const TIMEOUT_MS = 60_000

/** The requests to post: `next` returns the body of each. */
export type Traffic = {
  path: string
  headers: Record<string, string>
  next: () => string
}

/** The size of a load: by number, or by time; all of it is answered before the next load begins. */
export type Volume = { requests: number } | { seconds: number }

/** Connections that are open; `load` keeps each of them busy. */
export type Connections = { load: (volume: Volume) => Promise<Load>; close: () => void }

/**
 * Opens connections to a server with the first load. A load throws when a response is not a 2xx or does not arrive, as it
 * would measure something else.
 */
export function connect(
  url: string,
  { path, headers, next }: Traffic,
  connections: number,
): Connections {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' })
  async function load(volume: Volume): Promise<Load> {
    const latencies: number[] = []
    // The creation of the bodies is not measured.
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
  // An error within a body is thrown by the response; the request must not throw it too.
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

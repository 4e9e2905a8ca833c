// Requests over some connections at once, each as soon as the one before is answered.
import autocannon from 'autocannon'
import { percentile } from './figures.ts'

/** What a load came to. Latencies in milliseconds. */
export type Load = {
  requests: number
  perSecond: number
  p50: number
  p95: number
  p99: number
}

/** Whoever is not answered by then never is. */
const TIMEOUT_SECONDS = 60

/** What is to be sent: `next` gives the body of each request, or none for a GET. */
export type Traffic = {
  path: string
  headers?: Record<string, string>
  next?: () => string
}

/**
 * How much is sent: by number, where all of it is answered before the next load begins; or for a time, after which
 * what is under way is cut off.
 */
export type Volume = { connections: number } & ({ requests: number } | { seconds: number })

/**
 * Keeps every connection busy. Throws when any answer is no 2xx or does not come: such a load measures
 * something else.
 */
export async function load(
  url: string,
  { path, headers = {}, next }: Traffic,
  volume: Volume,
): Promise<Load> {
  const latencies: number[] = []
  const running = autocannon({
    url,
    connections: volume.connections,
    ...('requests' in volume ? { amount: volume.requests } : { duration: volume.seconds }),
    timeout: TIMEOUT_SECONDS,
    requests: [
      {
        path,
        method: next === undefined ? 'GET' : 'POST',
        headers,
        ...(next === undefined
          ? {}
          : { setupRequest: (request) => ({ ...request, body: next() }) }),
      },
    ],
  })
  const statuses = new Set<number>()
  // Its own duration goes by whole ticks.
  const startedAt = performance.now()
  let lastAt = startedAt
  running.on('response', (_client, status, _bytes, ms) => {
    latencies.push(ms)
    lastAt = performance.now()
    statuses.add(status)
  })
  const result = await running
  const failed = result.non2xx + result.errors + result.timeouts
  if (failed > 0 || latencies.length === 0) {
    const answers = `answered ${[...statuses].join(', ')}`
    throw new Error(`${failed} of ${latencies.length} requests to ${path} failed: ${answers}`)
  }
  return {
    requests: latencies.length,
    perSecond: (latencies.length / (lastAt - startedAt)) * 1000,
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    p99: percentile(latencies, 0.99),
  }
}

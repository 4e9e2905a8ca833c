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

/** What is to be sent: `next` gives the body of each request, or none for a GET. */
export type Traffic = {
  path: string
  headers?: Record<string, string>
  next?: () => string
}

/**
 * Keeps every connection busy for some seconds. Throws when any answer is no 2xx or does not come: such a load measures
 * something else.
 */
export async function load(
  url: string,
  { path, headers = {}, next }: Traffic,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Load> {
  const latencies: number[] = []
  const running = autocannon({
    url,
    connections,
    duration: seconds,
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
  running.on('response', (_client, _status, _bytes, ms) => latencies.push(ms))
  const result = await running
  const failed = result.non2xx + result.errors + result.timeouts
  if (failed > 0 || latencies.length === 0) {
    throw new Error(`${failed} of ${latencies.length} requests to ${path} failed`)
  }
  return {
    requests: latencies.length,
    perSecond: latencies.length / result.duration,
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    p99: percentile(latencies, 0.99),
  }
}

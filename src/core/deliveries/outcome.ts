// The error of an attempt, from the response or from its absence, and what the attempt says of its target.
import { isLoopback } from '../loopback.ts'
import type { Verdict } from './breaker.ts'
import type { Attempt, AttemptError, DueDelivery } from './delivery.ts'

/**
 * The error of a status; undefined for success. Cloudflare answers itself when it cannot reach the target
 * (https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/).
 */
export function errorOfStatus(status: number, detail: string): AttemptError | undefined {
  if (status >= 200 && status < 300) return undefined
  if (status >= 300 && status < 400) return 'redirect'
  if (status === 530) return detail.includes('1016') ? 'dns' : 'connect'
  if (status === 525 || status === 526) return 'tls'
  if (status >= 521 && status <= 523) return 'connect'
  return status === 524 ? 'timeout' : 'status'
}

/** The error of an exception of `fetch`. Locally, workerd reports DNS and TLS errors as connection errors. */
export function errorOfException(error: unknown): AttemptError {
  const text = describe(error)
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout'
  if (/timed? ?out/i.test(text)) return 'timeout'
  if (/\bTLS\b|\bSSL\b|certificate/i.test(text)) return 'tls'
  if (/\bDNS\b|getaddrinfo|ENOTFOUND|name (or service )?not known/i.test(text)) return 'dns'
  return 'connect'
}

/** An exception in words, for the log of attempts. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

/**
 * Why a request to a URL got no response, in words. On a machine of one's own, workerd calls a name that it cannot resolve,
 * and a certificate that it does not trust, an internal error; its log alone says which. Cloudflare answers 530, 525 or 526.
 */
export function describeUnreached(error: unknown, url: string): string {
  const text = describe(error)
  if (!/^Error: internal error; reference =/.test(text)) return text
  const { protocol, hostname } = new URL(url)
  const isAddress = isLoopback(hostname) || /^(\[.*\]|[\d.]+)$/.test(hostname)
  const causes = [
    ...(isAddress ? [] : ['its host name cannot be resolved']),
    ...(protocol === 'https:' ? ['its certificate is not trusted', 'it does not speak TLS'] : []),
  ]
  return causes.length === 0 ? text : `${text}. With npm start, probably ${causes.join(', or ')}`
}

/** Statuses by which a target says that this one message is wrong: it is up, and may well take others. */
export const MESSAGE_STATUSES: readonly number[] = [400, 409, 413, 415, 422, 431]

/** Whether the target refused the message itself. */
export function isMessageRefused(status: number | undefined): boolean {
  return status !== undefined && MESSAGE_STATUSES.includes(status)
}

/**
 * What an attempt says of its target; undefined for a fault of ours. The failure of a replay does not count, unless it is
 * a probe: many are sent at once, of what failed before.
 */
export function verdictOf(
  { status, error, retry_after: retryAfterSeconds }: Attempt,
  { isReplay }: Pick<DueDelivery, 'isReplay'>,
  isProbe: boolean,
): Verdict | undefined {
  if (error === 'fault') return undefined
  if (error === undefined) return { result: 'delivered', isProbe }
  if (status === 410) return { result: 'gone', isProbe }
  if (isMessageRefused(status)) return { result: 'refused', isProbe, retryAfterSeconds }
  const isCounted = !isReplay || isProbe
  return { result: isCounted ? 'failed' : 'uncounted', isProbe, retryAfterSeconds }
}

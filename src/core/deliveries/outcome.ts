// The error of an attempt, from the response or from its absence.
import type { AttemptError } from './delivery.ts'

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

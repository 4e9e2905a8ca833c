// What arrives, before and after its sender is proven. Only `proof.ts` makes a VerifiedRequest, and only a
// VerifiedRequest can be parsed: reading a body that nobody vouched for does not compile.
import type { Rejection, Result } from '../result.ts'

declare const verified: unique symbol

/** A request at the door. Its body is not read until the sender's secret was seen. */
export type Arrival = {
  headers: Headers
  query: URLSearchParams
  /** Reads the exact bytes, never more than the configured maximum. */
  body(): Promise<Result<Uint8Array, Rejection>>
}

/** A request whose sender is proven. */
export type VerifiedRequest = {
  readonly [verified]: true
  readonly headers: Headers
  /** The event type that the URL names, where the vendor gives each event its own URL. */
  readonly eventName: string | undefined
  readonly bytes: Uint8Array
}

/** Bytes as they are kept: text when they are valid UTF-8, else base64. Either gives back the exact bytes. */
export type RawBody = { text: string; encoding: 'utf8' | 'base64' }

/** What is said where the bytes of an event are wanted, and their retention is over. */
export const RAW_GONE = 'its bytes are no longer kept (RAW_RETENTION_DAYS)'

/** Keeps bytes exactly; a byte order mark stays. */
export function keepBytes(bytes: Uint8Array): RawBody {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return { text: decoder.decode(bytes), encoding: 'utf8' }
  } catch {
    return { text: base64(bytes), encoding: 'base64' }
  }
}

/** The text of a verified request, for parsing; undecodable bytes become U+FFFD, a byte order mark goes. */
export function textOf(request: VerifiedRequest): string {
  return new TextDecoder().decode(request.bytes)
}

/** How often a request came through a relay before, by the header that relays send. */
export function hopsOf(headers: Headers): number {
  const hops = headers.get('relay-hops') ?? ''
  return /^\d+$/.test(hops) ? Math.min(Number(hops), 1000) : 0
}

/** The header of a message that is a test: what it says is true of nobody. Any proven sender may set it; so do we. */
export const TEST_HEADER = 'relay-test'

/** Whether the headers of a message say that it is a test. */
export function isTestMessage(headers: Headers): boolean {
  return headers.get(TEST_HEADER) === 'true'
}

function base64(bytes: Uint8Array): string {
  const CHUNK = 0x8000 // as many arguments as every engine takes
  let binary = ''
  for (let i = 0; i < bytes.length; i += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK))
  }
  return btoa(binary)
}

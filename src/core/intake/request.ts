// A request before and after its sender is authenticated, and the messages in it. Only `authenticate.ts` makes a
// VerifiedRequest, and only a VerifiedRequest can be parsed: reading an unauthenticated body does not compile.
import { err, ok, type Rejection, type Result } from '../result.ts'
import type { JsonObject } from './json.ts'
import { type JsonElement, readElement, readMessages } from './messages.ts'

declare const verified: unique symbol

/** A request whose sender is authenticated. */
export type VerifiedRequest = {
  readonly [verified]: true
  readonly headers: Headers
  /** The event type that the URL names, where the vendor gives each event its own URL. */
  readonly eventName: string | undefined
  /** Whether the vendor's signature over the bytes was checked. It covers neither the URL nor any other header. */
  readonly isSigned: boolean
  readonly bytes: Uint8Array
}

/** One message of a request. A request holds one, or a list of them. */
export type VendorMessage = {
  /** Its JSON; empty when it is unreadable. */
  body: JsonObject
  /** Why its JSON cannot be read, as the end of a sentence about the body. */
  unreadable: string | undefined
  /** A key with free-form content in which a key is written twice. */
  ambiguousIn?: string | undefined
  /** Its text, without what surrounds it in the request. */
  text: string
  raw: RawBody
  headers: Headers
  eventName: string | undefined
  hops: number
  /** True when the vendor's signature over its request was checked. */
  isSigned?: boolean
}

/** Bytes as they are stored: text when they are UTF-8 without a NUL, else base64. Either gives back the exact bytes. */
export type RawBody = { text: string; encoding: 'utf8' | 'base64' }

/** The exact bytes of a body. */
export function bytesOfBody({ text, encoding }: RawBody): Uint8Array {
  if (encoding === 'utf8') return new TextEncoder().encode(text)
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
}

/** The size above which a body is compressed and kept apart from its row, in bytes. */
const LARGE_BYTES = 16_384

/** Whether a body is so large that it is kept apart. */
export function isLarge({ text }: Pick<RawBody, 'text'>): boolean {
  if (text.length * 3 <= LARGE_BYTES) return false // a code unit has at most three bytes
  return text.length > LARGE_BYTES || new TextEncoder().encode(text).length > LARGE_BYTES
}

/** The body of an event that no vendor sent. */
export const NO_BODY: RawBody = { text: '', encoding: 'utf8' }

/** The answer to a request for the bytes of an event that is past their retention. */
export const RAW_GONE = 'its bytes are no longer kept (RAW_RETENTION_DAYS)'

/** The most messages in one request. More than any vendor sends; each takes a statement of the one transaction. */
export const MAX_MESSAGES = 100

/** The most relays that a request may have passed: two in a row are possible, a loop does not end by itself. */
const MAX_HOPS = 5

/**
 * Reads the messages of a request: each element of a JSON list, with its exact text, else the whole body. One that is not
 * a JSON object is unreadable, and kept. Refuses a loop of relays, an empty body, and more than `MAX_MESSAGES`.
 */
export function messagesIn(
  request: VerifiedRequest,
): Result<{ batch: boolean; messages: VendorMessage[] }, Rejection> {
  const { headers, eventName, isSigned } = request
  const hops = hopsOf(headers)
  if (hops >= MAX_HOPS) return err({ kind: 'looping', maxHops: MAX_HOPS })
  if (request.bytes.length === 0) return err({ kind: 'empty_body' })
  const whole = keepBytes(request.bytes)
  const isText = whole.encoding === 'utf8'
  const { batch, messages: parts } = isText
    ? readMessages(whole.text)
    : { batch: false, messages: [bytesElement(whole, request)] }
  if (parts.length > MAX_MESSAGES) {
    return err({ kind: 'too_many_events', maxEvents: MAX_MESSAGES })
  }
  const context = { headers, eventName, hops, isSigned }
  const messages = parts.map((part) =>
    messageOf(part, batch ? { ...whole, text: part.text } : whole, context),
  )
  return ok({ batch, messages })
}

/** The element that a body is which is not text, and so cannot be split exactly. */
function bytesElement({ text }: RawBody, { headers }: Pick<VendorMessage, 'headers'>): JsonElement {
  const isEncoded = headers.get(CONTENT_ENCODING) !== null
  const reason = isEncoded ? 'has a content-encoding that cannot be undone' : 'is not UTF-8'
  return { text, value: undefined, unreadable: `${reason}; stored as bytes` }
}

/** A stored message, read again. `headers` as they were stored. */
export function storedMessage(
  raw: RawBody,
  context: Pick<VendorMessage, 'headers' | 'eventName' | 'hops'>,
): VendorMessage {
  const isText = raw.encoding === 'utf8'
  return messageOf(isText ? readElement(raw.text) : bytesElement(raw, context), raw, context)
}

function messageOf(
  { value, ...rest }: JsonElement,
  raw: RawBody,
  context: Pick<VendorMessage, 'headers' | 'eventName' | 'hops' | 'isSigned'>,
): VendorMessage {
  return { ...context, ...rest, body: value ?? {}, raw }
}

/**
 * Reads the body of a request, no further than the limit. Refuses a larger one with `too_large`. Rejects when the
 * connection breaks.
 */
export async function readBody(
  request: Request,
  maxBodyBytes: number,
): Promise<Result<Uint8Array, Rejection>> {
  const tooLarge = err({ kind: 'too_large', maxBodyBytes } as const)
  const announced = request.headers.get('content-length')
  if (Number(announced ?? 0) > maxBodyBytes) return tooLarge
  // HTTP lets no more through than is announced; a body without a length is counted as it arrives.
  const bytes =
    announced === null
      ? await readUpTo(maxBodyBytes, request.body)
      : new Uint8Array(await request.arrayBuffer())
  return bytes === undefined || bytes.length > maxBodyBytes ? tooLarge : ok(bytes)
}

/** The bytes of a stream; undefined as soon as there are more than `max`. */
export async function readUpTo(
  max: number,
  body: Request['body'],
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > max) return undefined
    chunks.push(chunk)
  }
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer())
}

/** Bytes as they are stored; a byte order mark stays. */
export function keepBytes(bytes: Uint8Array): RawBody {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const text = decoder.decode(bytes)
    if (!text.includes('\0')) return { text, encoding: 'utf8' }
  } catch {} // not UTF-8
  return { text: base64(bytes), encoding: 'base64' }
}

/** How many relays a request has passed, by the header that relays send. */
export function hopsOf(headers: Headers): number {
  const hops = headers.get('relay-hops') ?? ''
  return /^\d+$/.test(hops) ? Math.min(Number(hops), 1000) : 0
}

/** The header of a body that is compressed. */
export const CONTENT_ENCODING = 'content-encoding'

/** The header of a test message. Any authenticated sender may set it, and so does the relay. */
export const TEST_HEADER = 'relay-test'

/** Whether the headers of a message mark it as a test. */
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

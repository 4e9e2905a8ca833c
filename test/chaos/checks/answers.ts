// The responses of receivers, valid and invalid.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { sleep } from '../ports.ts'

/** The requests that a receiver got, and how they were made. Times in epoch milliseconds. */
export type Seen = {
  /** The time of each request. */
  requests: number[]
  /** The time until which the last response asked the relay to wait. */
  askedUntil: number | undefined
  /** The bytes of a large response that the relay read. */
  taken: number
  /** The errors of the requests themselves. */
  violations: string[]
}
export type Exchange = { request: IncomingMessage; response: ServerResponse; seen: Seen }
/** Responds to a request, or closes its connection. */
export type Answer = (exchange: Exchange) => void

/** A complete response with a status. */
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  ({ response }) => {
    response
      .writeHead(code, headers)
      .end(code === 204 || code === 304 ? undefined : `answer ${code}`)
  }

/** One response after the other; the last one for all later requests. */
export const first =
  (...answers: Answer[]): Answer =>
  (exchange) => {
    answers[Math.min(exchange.seen.requests.length, answers.length) - 1]?.(exchange)
  }

/** The longest Retry-After that the relay obeys, in seconds. */
const LONGEST_WAIT_SECONDS = 86_400

/** Responds with a Retry-After in seconds. */
export const askingSeconds =
  (code: number, seconds: number): Answer =>
  (exchange) => {
    exchange.seen.askedUntil = Date.now() + Math.min(seconds, LONGEST_WAIT_SECONDS) * 1000
    status(code, { 'retry-after': String(seconds) })(exchange)
  }

/** Responds with a Retry-After as a date: a full second, some seconds from now. */
export const askingDate =
  (code: number, seconds: number): Answer =>
  (exchange) => {
    const now = Date.now()
    const until = Math.ceil(now / 1000 + seconds) * 1000
    exchange.seen.askedUntil = Math.min(until, now + LONGEST_WAIT_SECONDS * 1000)
    status(code, { 'retry-after': new Date(until).toUTCString() })(exchange)
  }

/** A redirect to a path below the kind's own, so that a request that follows it is counted. */
export const redirect =
  (code: number, to: string): Answer =>
  ({ request, response }) => {
    response.writeHead(code, { location: `${request.url}${to}` }).end()
  }

/** Resets the connection before the response. */
export const resetBefore: Answer = ({ request }) => request.socket.resetAndDestroy()

/** Resets the connection after the headers. */
export const resetAfter: Answer = ({ request, response }) => {
  response.writeHead(200, { 'content-length': '1000' }).flushHeaders()
  setTimeout(() => request.socket.resetAndDestroy(), 100)
}

/** Ends the connection in the middle of a body. */
export const half: Answer = ({ request }) => {
  request.socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n${'.'.repeat(500)}`)
  setTimeout(() => request.socket.destroySoon(), 100)
}

/** Ends the connection in the middle of the headers. */
export const halfHead: Answer = ({ request }) => {
  request.socket.write('HTTP/1.1 200 OK\r\ncontent-le')
  setTimeout(() => request.socket.destroySoon(), 100)
}

/** Reads the request and never responds. */
export const silence: Answer = () => undefined

/** A response after a delay. */
export const after =
  (ms: number, answer: Answer): Answer =>
  (exchange) => {
    setTimeout(() => answer(exchange), ms)
  }

/** A 103 before the response. */
export const earlyHints: Answer = ({ response }) => {
  response.writeEarlyHints({ link: '</style.css>; rel=preload' })
  response.writeHead(200).end()
}

/** The headers at once, then a byte a second. */
export const dripBody: Answer = ({ request, response }) => {
  response.writeHead(200).flushHeaders()
  void drip(request.socket, '.'.repeat(30), (byte) => response.write(byte))
}

/** A byte a second from the first one on: the status line is never complete. */
export const dripHead: Answer = ({ request: { socket } }) => {
  void drip(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', (byte) => socket.write(byte))
}

async function drip(socket: Socket, text: string, write: (byte: string) => void): Promise<void> {
  for (const byte of text) {
    if (socket.destroyed) return
    write(byte)
    await sleep(1000)
  }
}

export const HUGE_BYTES = 100_000_000

/** A body of 100 MB, as fast as it is read. */
export const huge: Answer = ({ request, response, seen }) => {
  const chunk = Buffer.alloc(100_000, '.')
  response.writeHead(200, { 'content-length': String(HUGE_BYTES) })
  const more = () => {
    while (seen.taken < HUGE_BYTES && !request.socket.destroyed) {
      seen.taken += chunk.length
      if (!response.write(chunk)) return response.once('drain', more)
    }
    return response.end()
  }
  more()
}

/** A body that is longer than its content length. */
export const tooLong: Answer = ({ request }) => {
  request.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nmuch more than five bytes')
}

/** A content length that is not a number. */
export const invalidLength: Answer = ({ request }) => {
  request.socket.write('HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nhow many?')
  setTimeout(() => request.socket.destroySoon(), 100)
}

/** A response that is not HTTP. */
export const notHttp: Answer = ({ request }) => {
  request.socket.write('220 mail.example ESMTP\r\n')
  setTimeout(() => request.socket.destroySoon(), 100)
}

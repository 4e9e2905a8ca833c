// What receivers answer, well or badly.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { sleep } from '../ports.ts'

/** What a receiver has seen. Times in epoch milliseconds. */
export type Seen = {
  /** When each request came. */
  requests: number[]
  /** Until when the last answer asked us to wait. */
  askedUntil: number | undefined
  /** How many bytes of a large answer were taken. */
  taken: number
  /** What was wrong with the requests themselves. */
  offences: string[]
}
export type Exchange = { request: IncomingMessage; response: ServerResponse; seen: Seen }
/** Answers a request, or does something else to it. */
export type Answer = (exchange: Exchange) => void

/** A status, complete and in order. */
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  ({ response }) => {
    response
      .writeHead(code, headers)
      .end(code === 204 || code === 304 ? undefined : `answer ${code}`)
  }

/** One answer after the other; the last for all that follow. */
export const first =
  (...answers: Answer[]): Answer =>
  (exchange) => {
    answers[Math.min(exchange.seen.requests.length, answers.length) - 1]?.(exchange)
  }

/** The longest wait that a receiver is granted, in seconds. */
const LONGEST_WAIT_SECONDS = 86_400

/** Asks to be left alone for some seconds. */
export const askingSeconds =
  (code: number, seconds: number): Answer =>
  (exchange) => {
    exchange.seen.askedUntil = Date.now() + Math.min(seconds, LONGEST_WAIT_SECONDS) * 1000
    status(code, { 'retry-after': String(seconds) })(exchange)
  }

/** Asks to be left alone until a full second, some seconds from now. */
export const askingDate =
  (code: number, seconds: number): Answer =>
  (exchange) => {
    const now = Date.now()
    const until = Math.ceil(now / 1000 + seconds) * 1000
    exchange.seen.askedUntil = Math.min(until, now + LONGEST_WAIT_SECONDS * 1000)
    status(code, { 'retry-after': new Date(until).toUTCString() })(exchange)
  }

/** A redirect to a path below the kind's own, so that following it would be seen. */
export const redirect =
  (code: number, to: string): Answer =>
  ({ request, response }) => {
    response.writeHead(code, { location: `${request.url}${to}` }).end()
  }

/** Cuts the connection before anything is said. */
export const resetBefore: Answer = ({ request }) => request.socket.resetAndDestroy()

/** Cuts the connection once the headers are there. */
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

/** Takes the request and says nothing. */
export const silence: Answer = () => undefined

/** Any answer, some time later. */
export const after =
  (ms: number, answer: Answer): Answer =>
  (exchange) => {
    setTimeout(() => answer(exchange), ms)
  }

/** Says first that an answer is coming. */
export const earlyHints: Answer = ({ response }) => {
  response.writeEarlyHints({ link: '</style.css>; rel=preload' })
  response.writeHead(200).end()
}

/** The headers at once, then a byte a second. */
export const dripBody: Answer = ({ request, response }) => {
  response.writeHead(200).flushHeaders()
  void drip(request.socket, '.'.repeat(30), (byte) => response.write(byte))
}

/** A byte a second from the first one on: the status line is never whole. */
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

/** A body of 100 MB, as fast as it is taken. */
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

/** Says more than it said that it would say. */
export const tooLong: Answer = ({ request }) => {
  request.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nmuch more than five bytes')
}

/** A content length that is no number. */
export const noLength: Answer = ({ request }) => {
  request.socket.write('HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nhow many?')
  setTimeout(() => request.socket.destroySoon(), 100)
}

/** What is no HTTP at all. */
export const noHttp: Answer = ({ request }) => {
  request.socket.write('220 mail.example ESMTP\r\n')
  setTimeout(() => request.socket.destroySoon(), 100)
}

// The kinds of receiver, and how the delivery of one event to each must end.

import { PLAIN_PORT, REFUSED_PORT } from '../ports.ts'
import {
  type Answer,
  after,
  askingDate,
  askingSeconds,
  dripBody,
  dripHead,
  earlyHints,
  first,
  HUGE_BYTES,
  half,
  halfHead,
  huge,
  invalidLength,
  notHttp,
  redirect,
  resetAfter,
  resetBefore,
  type Seen,
  silence,
  status,
  tooLong,
} from './answers.ts'

/** The source whose events go to the kinds, each to one of them. */
export const KINDS_SOURCE = 'kinds'

/** The longest time from a response to the relay's record of it. */
const RECORDED_WITHIN_MS = 10_000
/** A Retry-After in seconds: it must be longer than the schedule's delays. */
const RETRY_AFTER_SECONDS = 3

export type Kind = {
  name: string
  answer: Answer
  /** Its address, if it is not a path of the common server. */
  url?: string
  /** Seconds between attempts. */
  retry: number[]
  state: 'delivered' | 'dead' | 'held' | 'retrying'
  /** The number of attempts. */
  attempts: number
  /** The number of requests, if not one for each attempt; undefined where it cannot be counted. */
  requests?: number | undefined
  /** The kinds of error of the attempts. */
  error?: RegExp
  /** A further condition; returns how it is not met. `due` in epoch milliseconds. */
  check?: (seen: Seen, due: number | undefined) => string | undefined
}

const RETRY = [0.3, 0.3]

/** Succeeds after so many attempts. */
function delivered(name: string, answer: Answer, attempts = 1): Kind {
  return { name, answer, retry: [0.3, 0.3, 0.3], state: 'delivered', attempts }
}

/** Fails at each attempt of the schedule. */
function dead(name: string, answer: Answer, error: RegExp): Kind {
  return { name, answer, retry: RETRY, state: 'dead', attempts: RETRY.length + 1, error }
}

/** Attempted once, and due again after the run: at the time of its Retry-After, and not a millisecond earlier. */
function waiting(name: string, answer: Answer): Kind {
  const check = ({ askedUntil = 0 }: Seen, due = 0) => {
    const lateMs = due - askedUntil
    return lateMs >= 0 && lateMs < RECORDED_WITHIN_MS
      ? undefined
      : `is due ${lateMs} ms after the time that it asked for`
  }
  return { name, answer, retry: RETRY, state: 'retrying', attempts: 1, check }
}

const failing = (code: number) => dead(String(code), status(code), /^status$/)

export const KINDS: Kind[] = [
  ...[200, 201, 202, 204, 206, 299].map((code) => delivered(String(code), status(code))),
  ...[300, 304].map((code) => dead(String(code), status(code), /^redirect$/)),
  ...[301, 307, 308].map((code) => dead(String(code), redirect(code, '/elsewhere'), /^redirect$/)),
  dead('302-loop', redirect(302, ''), /^redirect$/),
  dead('303-outside', redirect(303, '/outside'), /^redirect$/),
  ...[400, 401, 403, 404, 408, 409, 413, 422, 429, 451].map(failing),
  ...[500, 501, 502, 503, 504, 505, 599].map(failing),
  { ...failing(410), state: 'held', attempts: 1 },
  delivered('429-seconds', first(askingSeconds(429, RETRY_AFTER_SECONDS), status(200)), 2),
  delivered('429-date', first(askingDate(429, RETRY_AFTER_SECONDS), status(200)), 2),
  delivered('503-seconds', first(askingSeconds(503, RETRY_AFTER_SECONDS), status(204)), 2),
  delivered('503-date', first(askingDate(503, RETRY_AFTER_SECONDS), status(200)), 2),
  delivered('500-seconds', first(askingSeconds(500, RETRY_AFTER_SECONDS), status(200)), 2),
  waiting('429-hour', askingSeconds(429, 3600)),
  waiting('503-date-hour', askingDate(503, 3600)),
  waiting('503-absurd', askingSeconds(503, 999_999_999_999)),
  waiting('503-absurd-date', askingDate(503, 100 * 365 * 86_400)),
  delivered(
    '503-past',
    first(status(503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }), status(200)),
    2,
  ),
  delivered('503-nonsense', first(status(503, { 'retry-after': 'soon' }), status(200)), 2),
  delivered('503-negative', first(status(503, { 'retry-after': '-5' }), status(200)), 2),
  delivered('fourth-try', first(status(500), resetBefore, status(404), status(200)), 4),
  {
    ...dead('refused', silence, /^connect$/),
    url: `http://127.0.0.1:${REFUSED_PORT}/`,
    requests: undefined,
  },
  {
    ...dead('not-tls', silence, /^(tls|connect)$/),
    url: `https://127.0.0.1:${PLAIN_PORT}/`,
    requests: undefined,
  },
  dead('reset-before', resetBefore, /^connect$/),
  dead('half-head', halfHead, /^connect$/),
  dead('not-http', notHttp, /^connect$/),
  dead('invalid-length', invalidLength, /^connect$/),
  dead('silence', silence, /^timeout$/),
  dead('drip-head', dripHead, /^timeout$/),
  dead('too-late', after(2500, status(200)), /^timeout$/),
  delivered('in-time', after(1000, status(200))),
  delivered('103-200', earlyHints),
  // The status arrived: the delivery succeeded, whatever happens to the rest of the response.
  delivered('reset-after', resetAfter),
  delivered('half', half),
  delivered('drip-body', dripBody),
  delivered('too-long', tooLong),
  {
    ...delivered('huge', huge),
    check: ({ taken }) => (taken < HUGE_BYTES ? undefined : 'the relay read all of the 100 MB'),
  },
]

// The receivers: how each of them responds, and a book of what it got.
import { createHash, createHmac } from 'node:crypto'
import type { Clock } from '../machine/clock.ts'
import { release } from '../machine/globals.ts'
import type { Isolate } from '../machine/isolate.ts'
import type { Random } from '../machine/random.ts'
import { SIGNING_SECRET } from './config.ts'

/** A request that a receiver got. Times in epoch milliseconds. */
export type Delivered = {
  target: string
  event: string
  type: string
  attempt: number
  at: number
  /** When it was answered. */
  endsAt: number
  isReplay: boolean
  skipped: string[]
  /** It is said to come after a later one. */
  isOutOfOrder: boolean
  status: number | 'silence' | 'reset'
  isSuccess: boolean
  body: string
}

/** How a receiver is in trouble for a time. */
export type ReceiverTrouble = {
  how: 'down' | 'silent' | 'gone' | 'redirect' | 'busy' | 'unauthorized'
}

type Answer = {
  status: number | 'silence' | 'reset'
  headers?: Record<string, string>
  /** How long it takes. */
  ms: number
  isDripping?: boolean
}

export type ReceiverEvents = {
  onRequest: (request: Delivered) => void
  onBreach: (text: string) => void
}

const KEY = Buffer.from(SIGNING_SECRET.slice('whsec_'.length), 'base64')

/** The longest body that `small` takes, in bytes. */
const SMALL_BYTES = 20_000

/** What `busy` asks for with Retry-After. */
export const BUSY_SECONDS = 3600

export class Receivers {
  readonly troubles = new Map<string, ReceiverTrouble>()
  /** Until when a target asked not to be sent to. */
  readonly restUntil = new Map<string, { askedAt: number; until: number }>()
  requests = 0
  private readonly digests = new Map<string, string>()
  private readonly parts: { clock: Clock; random: Random; events: ReceiverEvents }
  private flips = 0

  constructor(parts: { clock: Clock; random: Random; events: ReceiverEvents }) {
    this.parts = parts
  }

  /** The network of an isolate. */
  fetch(url: string, init: RequestInit, isolate: Isolate): Promise<Response> {
    const { clock, random } = this.parts
    const isAlive = isolate.aliveCheck()
    const target = new URL(url).hostname.split('.')[0] ?? ''
    const { signal } = init
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
      clock.after(random.between(10, 60), () => {
        if (!isAlive() && random.chance(0.5)) return
        const answer = this.receive(target, init)
        if (answer.status === 'silence') return
        clock.after(answer.ms, () => {
          if (!isAlive()) return
          if (!answer.isDripping) release(signal)
          if (answer.status === 'reset') return reject(new Error('Network connection lost.'))
          resolve(this.responseOf(answer, signal))
        })
      })
    })
  }

  private receive(target: string, init: RequestInit): Answer {
    const { clock, events } = this.parts
    const headers = new Headers(init.headers as Headers)
    const body = String(init.body)
    const event = headers.get('webhook-id') ?? ''
    this.inspect(target, event, headers, body)
    const type = typeOf(body)
    const answer = this.answerOf(target, type, body)
    const { status } = answer
    this.requests++
    events.onRequest({
      ...{ target, event, type, body, status, at: clock.now, endsAt: clock.now + answer.ms },
      attempt: Number(headers.get('relay-attempt')),
      isReplay: headers.get('relay-replay') === 'true',
      skipped: headers.get('relay-skipped')?.split(' ') ?? [],
      isOutOfOrder: headers.has('relay-out-of-order'),
      isSuccess: typeof status === 'number' && status < 300,
    })
    const seconds = answer.headers?.['retry-after']
    if (seconds !== undefined) {
      const until = clock.now + Number(seconds) * 1000
      const before = this.restUntil.get(target)
      if (before === undefined || before.until < clock.now)
        this.restUntil.set(target, { askedAt: clock.now, until })
    }
    return answer
  }

  /** Whether it would take a message now. */
  wouldTake(target: string, type: string, bytes: number): boolean {
    if (this.troubles.has(target)) return false
    if (target === 'picky') return !type.startsWith('checkin.')
    if (target === 'small') return bytes < SMALL_BYTES / 2
    return target !== 'flapping'
  }

  private answerOf(target: string, type: string, body: string): Answer {
    const { random } = this.parts
    const ms = random.between(20, 200)
    const trouble = this.troubles.get(target)
    if (trouble) return troubled(trouble, ms)
    switch (target) {
      case 'picky':
        return { status: type.startsWith('checkin.') ? 422 : 204, ms }
      case 'small':
        return { status: body.length > SMALL_BYTES ? 413 : 204, ms }
      case 'flapping':
        return { status: this.flips++ % 2 === 0 ? 500 : 204, ms: random.between(200, 2000) }
      case 'slow':
        return { status: 200, ms: random.between(2000, 9000) }
      case 'dripping':
        return { status: 200, ms, isDripping: true }
      default:
        return { status: 204, ms }
    }
  }

  private responseOf(answer: Answer, signal: AbortSignal | null | undefined): Response {
    const { status, headers = {}, isDripping } = answer
    if (isDripping) return new Response(this.drip(signal), { status: Number(status), headers })
    const hasBody = status !== 204
    return new Response(hasBody ? 'an answer' : null, { status: Number(status), headers })
  }

  /** A byte each half second, until the request is aborted. */
  private drip(signal: AbortSignal | null | undefined): ReadableStream {
    const { clock } = this.parts
    let bytes = 0
    let hasEnded = false
    return new ReadableStream(
      {
        start: (controller) => {
          signal?.addEventListener('abort', () => {
            if (!hasEnded) controller.error(signal.reason)
            hasEnded = true
          })
        },
        pull: async (controller) => {
          await clock.sleep(500)
          if (hasEnded) return
          controller.enqueue(new Uint8Array([46]))
          if (++bytes < 100) return
          hasEnded = true
          controller.close()
        },
        cancel: () => {
          hasEnded = true
          release(signal)
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** A delivery is signed, and says at each attempt what it said at the first. */
  private inspect(target: string, event: string, headers: Headers, body: string): void {
    const { events } = this.parts
    const signed = `${event}.${headers.get('webhook-timestamp')}.${body}`
    const mac = createHmac('sha256', KEY).update(signed).digest('base64')
    if (headers.get('webhook-signature') !== `v1,${mac}`) {
      events.onBreach(`${event} at ${target} is not signed`)
    }
    const key = `${event} ${target}`
    const digest = createHash('sha1').update(body).digest('base64')
    const before = this.digests.get(key)
    if (before === undefined) this.digests.set(key, digest)
    else if (before !== digest && headers.get('relay-replay') !== 'true') {
      events.onBreach(`${event} at ${target} has another body than before`)
    }
  }
}

function troubled({ how }: ReceiverTrouble, ms: number): Answer {
  switch (how) {
    case 'down':
      return { status: 503, ms }
    case 'silent':
      return { status: 'silence', ms }
    case 'gone':
      return { status: 410, ms }
    case 'redirect':
      return { status: 302, ms, headers: { location: 'https://elsewhere.example.com/' } }
    case 'busy':
      return { status: 429, ms, headers: { 'retry-after': String(BUSY_SECONDS) } }
    case 'unauthorized':
      return { status: 401, ms }
  }
}

/** The type of the event in a body; of the vendor's bytes nothing is known. */
function typeOf(body: string): string {
  return /"type":"([a-z_]+\.[a-z_]+)"/.exec(body)?.[1] ?? ''
}

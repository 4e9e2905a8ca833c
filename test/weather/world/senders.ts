// The vendors: they send what happens to people, and send it again as long as it is not answered 2xx.
import type { Clock } from '../machine/clock.ts'
import type { Random } from '../machine/random.ts'
import type { Relay } from '../machine/relay.ts'
import { KEY } from './config.ts'
import type { Message } from './lives.ts'

/** A receipt in the answer of a 202. */
export type Receipt = { id: string; status: string; type: string; deliveries: number }

/** A message on its way, and what became of it. Times in epoch milliseconds. */
export type Sending = Message & {
  n: number
  tries: { at: number; status: number | 'cut' | 'timeout' }[]
  /** When its 202 came, and the receipt in it. */
  acceptedAt?: number
  /** When the request of that 202 began. */
  beganAt?: number
  receipt?: Receipt
  /** When the sender gave up. */
  abandonedAt?: number
}

/** The waits between tries. Hapana states these eight (docs of its developers); of Hype nothing is known. */
const WAITS_S = {
  hapana: [30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600],
  hype: [60, 300, 3600, 6 * 3600],
}

const TIMEOUT_MS = 10_000

export type SenderEvents = {
  onAnswer: (sending: Sending, status: number | 'cut' | 'timeout') => void
  onAccepted: (sending: Sending) => void
}

export class Senders {
  /** All messages that were sent. */
  readonly all: Sending[] = []
  requests = 0
  /** When a message was last accepted into the log. */
  lastChangeAt = 0
  private readonly parts: { clock: Clock; random: Random; relay: Relay; events: SenderEvents }

  constructor(parts: { clock: Clock; random: Random; relay: Relay; events: SenderEvents }) {
    this.parts = parts
  }

  /** Sends messages in one request: each by itself, or several as a list. */
  send(messages: readonly Message[]): void {
    const sendings = messages.map((message): Sending => {
      const sending = { ...message, n: this.all.length, tries: [] }
      this.all.push(sending)
      return sending
    })
    void this.tryAll(sendings)
  }

  private async tryAll(sendings: Sending[]): Promise<void> {
    const { clock, random } = this.parts
    const waits = WAITS_S[sendings[0]?.source ?? 'hapana']
    for (let tries = 0; ; tries++) {
      if (await this.tryOnce(sendings)) return
      const wait = waits[tries]
      if (wait === undefined) break
      await clock.sleep(wait * 1000 * random.between(1, 1.05))
    }
    for (const sending of sendings) sending.abandonedAt = clock.now
  }

  private async tryOnce(sendings: Sending[]): Promise<boolean> {
    const { clock, random, events } = this.parts
    const at = clock.now
    await clock.sleep(random.between(10, 80))
    this.requests++
    const answer = await this.ask(sendings)
    const status = answer instanceof Response ? answer.status : answer
    for (const sending of sendings) {
      sending.tries.push({ at, status })
      events.onAnswer(sending, status)
    }
    if (!(answer instanceof Response) || status !== 202) return false
    const body = (await answer.json()) as Receipt & { events?: Receipt[] }
    const receipts = body.events ?? [body]
    for (const [i, sending] of sendings.entries()) {
      sending.beganAt = at
      sending.acceptedAt = clock.now
      sending.receipt = receipts[i] as Receipt
      if (sending.receipt.status === 'accepted') this.lastChangeAt = at
      events.onAccepted(sending)
    }
    return true
  }

  private ask(sendings: Sending[]): Promise<Response | 'cut' | 'timeout'> {
    const { clock, relay } = this.parts
    const { promise, resolve } = Promise.withResolvers<Response | 'cut' | 'timeout'>()
    const timer = clock.after(TIMEOUT_MS, () => resolve('timeout'))
    void relay.request(requestOf(sendings)).then((response) => {
      clock.cancel(timer)
      resolve(response ?? 'cut')
    })
    return promise
  }
}

function requestOf(sendings: readonly Sending[]): Request {
  const { source, event } = sendings[0] as Sending
  const bodies = sendings.map(({ body }) => body)
  const query = source === 'hype' ? `?key=${KEY}` : event === undefined ? '' : `?event=${event}`
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (source === 'hapana') headers['x-relay-key'] = KEY
  return new Request(`https://relay.example.com/in/${source}${query}`, {
    method: 'POST',
    headers,
    body: bodies.length === 1 ? (bodies[0] ?? '') : `[${bodies.join(',')}]`,
  })
}

// A queue as Cloudflare runs it: delays, batches, retries, dead letters, retention, at least once, in no order.
import { checkMessages } from '../../limits.ts'
import type { Consumer } from './build.ts'
import type { Clock, Timer } from './clock.ts'
import type { Isolate } from './isolate.ts'
import type { Random } from './random.ts'
import type { Sky } from './sky.ts'

/** A message in a queue. Times in epoch milliseconds. */
export type QueueMessage = {
  id: string
  body: unknown
  /** When it was sent; a dead letter keeps it. */
  sentAt: number
  /** When it came into this queue: retention counts from here. */
  enteredAt: number
  visibleAt: number
  attempts: number
  bytes: number
  isInFlight: boolean
}

/** Hands a batch to an isolate; resolves with how it ended. */
export type Consume = (
  queue: string,
  batch: QueueMessage[],
  end: BatchEnd,
) => Promise<'done' | 'thrown' | 'cut'>

/** What becomes of a message; a retry without a delay has that of the consumer. */
export type Verdict = 'ack' | { delaySeconds?: number | undefined }

/** What a handler said of its messages. The first word on a message counts. */
export type BatchEnd = {
  settle: (message: QueueMessage, verdict: Verdict) => void
}

/** How soon messages come again whose batch was cut off. */
const CUT_DELAY_MS = 30_000

/** More messages than this in a queue are a flood: it makes no sense to go on. */
const FLOOD = 5000

type Parts = {
  clock: Clock
  random: Random
  sky: Sky
  consume: Consume
  onFlood: (what: string) => void
}

export class Queue {
  readonly name: string
  readonly messages = new Map<QueueMessage, true>()
  readonly expired: QueueMessage[] = []
  /** Messages written, read and deleted. */
  operations = 0
  consumer: Consumer | undefined
  retentionMs: number
  deadLetters: Queue | undefined
  private inFlight = 0
  private count = 0
  private readonly ready: QueueMessage[] = []
  private timer: Timer | undefined
  private readonly parts: Parts

  constructor(name: string, retentionMs: number, parts: Parts) {
    this.name = name
    this.retentionMs = retentionMs
    this.parts = parts
  }

  get backlog(): number {
    return this.messages.size
  }

  add(body: unknown, bytes: number, delaySeconds: number): void {
    const { clock } = this.parts
    const id = `${this.name}-${++this.count}`
    const { now } = clock
    this.enter({
      ...{ id, body, bytes, attempts: 0, isInFlight: false },
      ...{ sentAt: now, enteredAt: now, visibleAt: now + delaySeconds * 1000 },
    })
  }

  private enter(message: QueueMessage): void {
    const { clock, random, sky } = this.parts
    this.operations++
    this.messages.set(message, true)
    const { size } = this.messages
    if (size === FLOOD) this.parts.onFlood(`${size} messages are in ${this.name} at once`)
    this.show(message, message.visibleAt - clock.now)
    if (sky.repeats > 0 && random.chance(sky.repeats)) {
      // At least once: it is delivered to two batches.
      clock.at(message.visibleAt, () => this.offer({ ...message }))
    }
  }

  private show(message: QueueMessage, ms: number): void {
    const { clock, random } = this.parts
    clock.after(Math.max(0, ms) + random.between(5, 60), () => this.offer(message))
  }

  private offer(message: QueueMessage): void {
    this.ready.push(message)
    this.schedule()
  }

  private schedule(): void {
    const { consumer } = this
    if (consumer === undefined || this.ready.length === 0) return
    if (this.inFlight >= consumer.concurrency) return
    if (this.ready.length >= consumer.batchSize) {
      this.start()
      return
    }
    this.timer ??= this.parts.clock.after(consumer.batchTimeoutMs, () => {
      this.timer = undefined
      this.start()
    })
  }

  private start(): void {
    const { consumer, ready } = this
    if (consumer === undefined || this.inFlight >= consumer.concurrency) return
    const batch = ready.splice(0, consumer.batchSize).filter((message) => !this.expire(message))
    if (batch.length > 0) void this.handle(batch, consumer)
    this.schedule()
  }

  /** Drops a message whose retention is over. */
  private expire(message: QueueMessage): boolean {
    if (message.enteredAt + this.retentionMs > this.parts.clock.now) return false
    if (this.messages.delete(message)) this.expired.push(message)
    return true
  }

  /** Drops all whose retention is over, also those that are not shown. */
  sweep(): void {
    for (const message of this.messages.keys()) {
      if (!message.isInFlight) this.expire(message)
    }
  }

  private async handle(batch: QueueMessage[], consumer: Consumer): Promise<void> {
    this.inFlight++
    const verdicts = new Map<QueueMessage, Verdict>()
    for (const message of batch) {
      message.isInFlight = true
      message.attempts++
      this.operations++
    }
    const settle: BatchEnd['settle'] = (message, verdict) => {
      if (!verdicts.has(message)) verdicts.set(message, verdict)
    }
    const how = await this.parts.consume(this.name, batch, { settle })
    this.inFlight--
    for (const message of batch) {
      message.isInFlight = false
      const verdict = verdicts.get(message) ?? (how === 'done' ? 'ack' : {})
      if (verdict === 'ack') {
        this.remove(message)
        continue
      }
      const ms = 1000 * (verdict.delaySeconds ?? consumer.retryDelaySeconds)
      // Nobody says that a batch was cut off: it comes again when it is missed.
      this.again(message, how === 'cut' ? Math.max(ms, CUT_DELAY_MS) : ms, consumer)
    }
    this.schedule()
  }

  private remove(message: QueueMessage): void {
    this.operations++
    this.messages.delete(message)
  }

  private again(message: QueueMessage, ms: number, consumer: Consumer): void {
    // A copy that the platform made is not counted again.
    if (!this.messages.has(message)) return
    if (message.attempts <= consumer.maxRetries) {
      this.show(message, ms)
      return
    }
    this.messages.delete(message)
    const { deadLetters } = this
    if (deadLetters === undefined) return void this.expired.push(message)
    const { now } = this.parts.clock
    deadLetters.enter({ ...message, attempts: 0, enteredAt: now, visibleAt: now })
  }
}

/** The binding of a producer. */
export function producerOf(queue: Queue, isolate: Isolate) {
  const { random, sky } = isolate.world
  type Sent = { body: unknown; delaySeconds?: number | undefined }
  const put = (messages: Sent[]) => {
    try {
      isolate.limited(() => checkMessages(messages))
    } catch (error) {
      return Promise.reject(error)
    }
    const add = () => {
      for (const { body, delaySeconds = 0 } of messages) {
        queue.add(copyOf(body), bytesOf(body), delaySeconds)
      }
      return { metadata: { metrics: metricsOf(queue) } }
    }
    const ms = random.between(8, 40)
    return isolate.io(ms, add, sky.queues.get(queue.name), 'Queue send failed: overloaded (10250)')
  }
  return {
    send: (body: unknown, options?: { delaySeconds?: number }) =>
      put([{ body, delaySeconds: options?.delaySeconds }]),
    sendBatch: (messages: Iterable<Sent>) => put([...messages]),
    metrics: () =>
      isolate.io(5, () => metricsOf(queue), sky.queues.get(queue.name), 'Queue metrics failed'),
  }
}

function metricsOf(queue: Queue) {
  let bytes = 0
  let oldest = Number.POSITIVE_INFINITY
  for (const message of queue.messages.keys()) {
    bytes += message.bytes
    oldest = Math.min(oldest, message.sentAt)
  }
  return {
    backlogCount: queue.backlog,
    backlogBytes: bytes,
    oldestMessageTimestamp: Number.isFinite(oldest) ? new Date(oldest) : undefined,
  }
}

/** A message crosses as a copy. */
function copyOf(body: unknown): unknown {
  if (body instanceof ArrayBuffer) return body.slice(0)
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(new Uint8Array(body.buffer, body.byteOffset, body.byteLength)).buffer
  }
  return JSON.parse(JSON.stringify(body)) as unknown
}

function bytesOf(body: unknown): number {
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body.byteLength + 100
  return JSON.stringify(body).length + 100
}

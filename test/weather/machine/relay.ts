// The deployed relay: its isolates, its bindings, its queues and its cron.
import type { Tree } from './build.ts'
import { bindingOf, Database } from './d1.ts'
import { Isolate, type World } from './isolate.ts'
import { type BatchEnd, producerOf, Queue, type QueueMessage, type Verdict } from './queue.ts'
import { Bucket, bucketOf } from './r2.ts'

/** How long a queue consumer and a cron may take (Cloudflare Workers limits). */
const LONGEST_MS = 15 * 60_000

/** How long a version serves beside the next one, in milliseconds. */
const OVERLAP_MS = { least: 2000, most: 120_000 }

export type Deployment = {
  tree: Tree
  /** Variables and secrets. */
  vars: Record<string, unknown>
}

export type Options = {
  isolates: number
  /** How far the clocks of isolates are off at most, in milliseconds. */
  skewMs: () => number
  hasArchive: boolean
  retentionSeconds: number
}

export class Relay {
  readonly world: World
  readonly database: Database
  readonly bucket = new Bucket()
  readonly queues = new Map<string, Queue>()
  isolates: Isolate[] = []
  deployment: Deployment
  private readonly options: Options
  private count = 0

  constructor(world: World, deployment: Deployment, options: Options) {
    this.world = world
    this.database = new Database(() => world.clock.now)
    this.deployment = deployment
    this.options = options
    this.createQueues(deployment.tree)
    for (let i = 0; i < options.isolates; i++) this.start()
  }

  private createQueues({ producers, consumers }: Tree): void {
    const { world, options } = this
    const { clock, random, sky } = world
    const names = [...producers.values(), ...consumers.map(({ queue }) => queue)]
    const consume = (queue: string, batch: QueueMessage[], end: BatchEnd) =>
      this.consume(queue, batch, end)
    for (const name of new Set(names)) {
      const parts = { clock, random, sky, consume, onFlood: world.onFlood }
      this.queues.set(name, new Queue(name, options.retentionSeconds * 1000, parts))
    }
    for (const consumer of consumers) {
      const queue = this.queue(consumer.queue)
      queue.consumer = consumer
      const { deadLetterQueue } = consumer
      queue.deadLetters = deadLetterQueue === undefined ? undefined : this.queue(deadLetterQueue)
    }
  }

  /** A queue by the end of its name or in full. */
  queue(name: string): Queue {
    const queue =
      this.queues.get(name) ?? [...this.queues.values()].find((one) => one.name.endsWith(name))
    if (queue === undefined) throw new Error(`there is no queue ${name}`)
    return queue
  }

  private start(): void {
    const { tree, vars } = this.deployment
    const offsetMs = this.options.skewMs()
    const isolate = new Isolate(this.world, tree, { id: ++this.count, offsetMs })
    const always = { limit: async () => ({ success: true }) }
    Object.assign(isolate.env, structuredClone(vars), {
      DB: bindingOf(this.database, isolate),
      INTAKE: always,
      FAILURES: always,
    })
    for (const [binding, name] of tree.producers) {
      isolate.env[binding] = producerOf(this.queue(name), isolate)
    }
    if (this.options.hasArchive) isolate.env.ARCHIVE = bucketOf(this.bucket, isolate)
    this.isolates.push(isolate)
  }

  /** Replaces an isolate that was cut off. */
  replace(isolate: Isolate): void {
    const i = this.isolates.indexOf(isolate)
    if (i < 0) return
    this.isolates.splice(i, 1)
    if (!isolate.isRetired) this.start()
  }

  /** Deploys another version or configuration. For a while isolates of both serve. */
  deploy(deployment: Deployment): void {
    this.deployment = deployment
    const old = this.isolates.filter(({ isRetired }) => !isRetired)
    const { clock, random } = this.world
    for (let i = 0; i < this.options.isolates; i++) this.start()
    for (const isolate of old) {
      const ms = random.between(OVERLAP_MS.least, OVERLAP_MS.most)
      clock.after(ms, () => {
        isolate.isRetired = true
        // What it is doing may end.
        clock.after(30_000, () => isolate.cut())
      })
    }
  }

  private pick(): Isolate {
    const serving = this.isolates.filter(({ isRetired }) => !isRetired)
    return this.world.random.pick(serving)
  }

  /** Answers a request; undefined when the isolate was cut off meanwhile. */
  async request(request: Request): Promise<Response | undefined> {
    const isolate = this.pick()
    const context = { waitUntil: (work: Promise<unknown>) => void work.catch(() => {}) }
    const result = await isolate.call(undefined, ({ fetch }) =>
      Promise.resolve(fetch(request, isolate.env, context)),
    )
    if (result === 'cut') return undefined
    if ('error' in result) return new Response('error 1101', { status: 500 })
    return result.value
  }

  /** Runs the cron once. */
  async tick(): Promise<void> {
    const isolate = this.pick()
    const controller = { cron: '* * * * *', scheduledTime: this.world.clock.now, noRetry: () => {} }
    await isolate.call(LONGEST_MS, ({ scheduled }) => scheduled(controller, isolate.env, {}))
  }

  private async consume(
    queue: string,
    batch: QueueMessage[],
    { settle }: BatchEnd,
  ): Promise<'done' | 'thrown' | 'cut'> {
    const isolate = this.pick()
    const messages = batch.map((message) => ({
      id: message.id,
      body: message.body,
      attempts: message.attempts,
      timestamp: new Date(message.sentAt),
      ack: () => settle(message, 'ack'),
      retry: ({ delaySeconds }: { delaySeconds?: number } = {}) =>
        settle(message, { delaySeconds }),
    }))
    const all = (verdict: Verdict) => {
      for (const message of batch) settle(message, verdict)
    }
    const given = {
      queue,
      messages,
      ackAll: () => all('ack'),
      retryAll: ({ delaySeconds }: { delaySeconds?: number } = {}) => all({ delaySeconds }),
    }
    const result = await isolate.call(LONGEST_MS, (handlers) =>
      handlers.queue(given, isolate.env, {}),
    )
    if (result === 'cut') return 'cut'
    return 'error' in result ? 'thrown' : 'done'
  }
}

// One isolate: a run of the Worker's script with globals, a clock and bindings of its own. It can be cut off between any two
// steps of its I/O: then nothing of it goes on.
import { AsyncLocalStorage } from 'node:async_hooks'
import { compileFunction } from 'node:vm'
import { type StatementCount, statementsOf } from '../../limits.ts'
import type { Tree } from './build.ts'
import type { Clock } from './clock.ts'
import { globalsOf } from './globals.ts'
import { Random } from './random.ts'
import { type Sky, SLOW_MS, type Trouble } from './sky.ts'

/** One call of a handler. */
export type Invocation = {
  isAlive: boolean
  statements: StatementCount
  /** Ends it from outside. */
  cut: () => void
}

/** What all isolates share. */
export type World = {
  clock: Clock
  random: Random
  sky: Sky
  plan: 'paid' | 'free'
  /** A request to a receiver. */
  fetch: (url: string, init: RequestInit, isolate: Isolate) => Promise<Response>
  log: (isolate: Isolate, line: string) => void
  /** Told when an isolate was cut off. */
  onCut: (isolate: Isolate) => void
  /** Told what production would refuse. */
  onLimit: (what: string) => void
  /** Told when a queue holds absurdly many messages. */
  onFlood: (what: string) => void
}

type Handlers = {
  fetch: (request: Request, env: object, context: object) => Promise<Response>
  queue: (batch: object, env: object, context: object) => Promise<void>
  scheduled: (controller: object, env: object, context: object) => Promise<void>
}

const invocations = new AsyncLocalStorage<Invocation>()

const compiled = new WeakMap<Tree, ReturnType<typeof compileFunction>>()

export class Isolate {
  readonly id: number
  readonly world: World
  readonly tree: Tree
  readonly offsetMs: number
  isAlive = true
  /** No new calls: a newer version is deployed. */
  isRetired = false
  readonly env: Record<string, unknown> = {}
  readonly running = new Set<Invocation>()
  private readonly handlers: Handlers

  constructor(world: World, tree: Tree, { id, offsetMs }: { id: number; offsetMs: number }) {
    this.world = world
    this.tree = tree
    this.id = id
    this.offsetMs = offsetMs
    const globals = globalsOf({
      clock: world.clock,
      random: new Random(world.random.below(2 ** 31)),
      offsetMs,
      isAliveNow: () => this.aliveCheck(),
      fetch: (url, init) => world.fetch(url, init, this),
      waitUntil: (work) => void work.catch(() => {}),
      log: (line) => world.log(this, line),
    })
    const names = ['module', 'exports', ...Object.keys(globals)]
    const run =
      compiled.get(tree) ?? compileFunction(tree.code, names, { filename: `${tree.dir}/worker.js` })
    compiled.set(tree, run)
    const module = { exports: {} as { default?: Handlers } }
    run(module, module.exports, ...Object.values(globals))
    if (module.exports.default === undefined) throw new Error('the Worker has no default export')
    this.handlers = module.exports.default
  }

  /** Calls a handler. Resolves with what it returns, or with `cut` when the isolate or the call was cut off. */
  async call<T>(
    limitMs: number | undefined,
    handle: (handlers: Handlers) => Promise<T>,
  ): Promise<{ value: T } | { error: unknown } | 'cut'> {
    const { promise, resolve } = Promise.withResolvers<'cut'>()
    const invocation: Invocation = {
      isAlive: true,
      statements: statementsOf(this.world.plan),
      cut: () => {
        invocation.isAlive = false
        resolve('cut')
      },
    }
    this.running.add(invocation)
    const timer =
      limitMs === undefined ? undefined : this.world.clock.after(limitMs, invocation.cut)
    const ended = invocations.run(invocation, () =>
      handle(this.handlers).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      ),
    )
    const result = await Promise.race([ended, promise])
    this.world.clock.cancel(timer)
    this.running.delete(invocation)
    return result
  }

  /** Cuts the isolate off with all that it is doing. */
  cut(): void {
    if (!this.isAlive) return
    this.isAlive = false
    for (const invocation of this.running) invocation.cut()
    this.world.onCut(this)
  }

  /** A question that is asked later: whether what goes on now still does. */
  aliveCheck(): () => boolean {
    const invocation = invocations.getStore()
    return () => this.isAlive && (invocation?.isAlive ?? true)
  }

  /** Counts statements of the present call. Throws production's error when they are too many. */
  countStatements(count: number): void {
    this.limited(() => invocations.getStore()?.statements.add(count))
  }

  /** Checks a limit of production, and tells when it is exceeded. */
  limited(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.world.onLimit(String(error))
      throw error
    }
  }

  /**
   * A step of I/O: `perform` takes effect after `ms`. Where the isolate was cut off by then, it may take effect or not, and
   * nothing learns of it. `trouble` is that of the service.
   */
  io<T>(ms: number, perform: () => T, trouble: Trouble | undefined, refusal: string): Promise<T> {
    const { clock, random, sky } = this.world
    const isAlive = this.aliveCheck()
    const how = trouble && random.chance(trouble.share) ? trouble.how : undefined
    const wait = how === 'slow' ? random.between(SLOW_MS.least, SLOW_MS.most) : ms
    return new Promise((resolve, reject) => {
      if (how === 'silent') return
      clock.after(wait, () => {
        if (how === 'refuse') return isAlive() ? reject(new Error(refusal)) : undefined
        const isCut = !isAlive() || (sky.cutRate > 0 && random.chance(sky.cutRate))
        if (isCut) {
          if (random.chance(0.5)) attempt(perform)
          return this.cutIfAlive(isAlive())
        }
        try {
          const value = perform()
          if (how === 'lose-answer') reject(new Error(refusal))
          else resolve(value)
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  private cutIfAlive(isAlive: boolean): void {
    if (isAlive) this.cut()
  }
}

function attempt(perform: () => unknown): void {
  try {
    perform()
  } catch {
    // Nobody learns of it.
  }
}

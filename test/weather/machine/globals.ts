// The globals of an isolate: virtual time, seeded randomness, and no work on another thread.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Clock, Timer } from './clock.ts'
import type { Random } from './random.ts'

/** What the globals of an isolate need of it. */
export type Host = {
  clock: Clock
  random: Random
  /** How far its clock is off, in milliseconds. */
  offsetMs: number
  /** A question that is asked later: whether what goes on now still does. */
  isAliveNow: () => () => boolean
  fetch: (url: string, init: RequestInit) => Promise<Response>
  waitUntil: (work: Promise<unknown>) => void
  log: (line: string) => void
}

const DateOfNode = Date

/** The timers of signals, which end with the request that they limit. */
const timersOfSignals = new WeakMap<AbortSignal, () => void>()

/** Ends the timer of a signal whose request has ended. */
export function release(signal: AbortSignal | null | undefined): void {
  if (signal) timersOfSignals.get(signal)?.()
}

/** The globals by name. */
export function globalsOf(host: Host): Record<string, unknown> {
  const { clock } = host
  const now = () => Math.floor(clock.now + host.offsetMs)
  const setTimeout = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    const isAlive = host.isAliveNow()
    return clock.after(Math.max(0, ms), () => {
      if (isAlive()) run(...args)
    })
  }
  const clearTimeout = (timer: Timer | undefined) => clock.cancel(timer)
  const globals: Record<string, unknown> = {
    Date: dateOf(now),
    setTimeout,
    clearTimeout,
    setInterval: () => refuse('setInterval'),
    clearInterval: clearTimeout,
    setImmediate: () => refuse('setImmediate'),
    performance: { now },
    Math: Object.create(Math, { random: { value: host.random.next } }),
    AbortSignal: abortSignalOf(setTimeout, clearTimeout),
    crypto: cryptoOf(host.random),
    fetch: host.fetch,
    Blob: SyncBlob,
    CompressionStream: compressionOf((bytes) => gzipSync(bytes)),
    DecompressionStream: compressionOf((bytes) => gunzipSync(bytes)),
    console: consoleOf(host.log),
    process: undefined,
    require: () => refuse('require'),
    __waitUntil: host.waitUntil,
  }
  const own = Object.entries(globals).map(([name, value]) => [name, { value, writable: true }])
  globals.globalThis = Object.create(globalThis, Object.fromEntries(own) as PropertyDescriptorMap)
  globals.self = globals.globalThis
  return globals
}

function refuse(name: string): never {
  throw new Error(`${name} is not there`)
}

function dateOf(now: () => number) {
  return class extends DateOfNode {
    constructor(...args: [] | [number]) {
      if (args.length === 0) super(now())
      else super(...args)
    }
    static override now() {
      return now()
    }
  }
}

function abortSignalOf(
  setTimeout: (run: () => void, ms: number) => Timer,
  clearTimeout: (timer: Timer) => void,
) {
  return {
    any: (signals: AbortSignal[]) => AbortSignal.any(signals),
    abort: (reason?: unknown) => AbortSignal.abort(reason),
    timeout: (ms: number) => {
      const controller = new AbortController()
      const timer = setTimeout(() => {
        const text = 'The operation was aborted due to timeout'
        controller.abort(new DOMException(text, 'TimeoutError'))
      }, ms)
      timersOfSignals.set(controller.signal, () => clearTimeout(timer))
      return controller.signal
    },
  }
}

type Bytes = ArrayBuffer | ArrayBufferView | string

function bufferOf(bytes: Bytes): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes)
  if (bytes instanceof ArrayBuffer) return Buffer.from(bytes)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function exact(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer
}

const hashName = (algorithm: string | { name: string }) =>
  (typeof algorithm === 'string' ? algorithm : algorithm.name).replace('-', '').toLowerCase()

function cryptoOf(random: Random) {
  const getRandomValues = <T extends ArrayBufferView>(array: T): T => {
    const bytes = bufferOf(array)
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256)
    return array
  }
  type Key = { bytes: Buffer; hash: string }
  const mac = ({ hash, bytes }: Key, data: Bytes) =>
    exact(createHmac(hash, bytes).update(bufferOf(data)).digest())
  return {
    getRandomValues,
    randomUUID: () => {
      const hex = bufferOf(getRandomValues(new Uint8Array(16))).toString('hex')
      const [, a, b, c, d, e] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/.exec(hex) ?? []
      return `${a}-${b}-4${c}-8${d}-${e}`
    },
    subtle: {
      digest: async (algorithm: string, data: Bytes) =>
        exact(createHash(hashName(algorithm)).update(bufferOf(data)).digest()),
      importKey: async (_format: string, bytes: Bytes, algorithm: { hash: string }) => ({
        bytes: Buffer.from(bufferOf(bytes)),
        hash: hashName(algorithm.hash),
      }),
      sign: async (_algorithm: unknown, key: Key, data: Bytes) => mac(key, data),
      verify: async (_algorithm: unknown, key: Key, signature: Bytes, data: Bytes) =>
        bufferOf(signature).equals(Buffer.from(mac(key, data))),
      timingSafeEqual: (a: Bytes, b: Bytes) => timingSafeEqual(bufferOf(a), bufferOf(b)),
    },
  }
}

/** A Blob that is read at once: Node's is read by another thread. */
class SyncBlob {
  private readonly buffer: Buffer
  readonly type: string
  constructor(parts: Bytes[] = [], { type = '' } = {}) {
    this.buffer = Buffer.concat(parts.map(bufferOf))
    this.type = type
  }
  get size() {
    return this.buffer.length
  }
  async arrayBuffer() {
    return exact(this.buffer)
  }
  async bytes() {
    return new Uint8Array(this.buffer)
  }
  async text() {
    return this.buffer.toString('utf8')
  }
  stream() {
    return streamOf(this.buffer)
  }
}

function streamOf(buffer: Buffer): ReadableStream {
  return new ReadableStream({
    start(controller) {
      if (buffer.length > 0) controller.enqueue(new Uint8Array(buffer))
      controller.close()
    },
  })
}

function compressionOf(convert: (bytes: Buffer) => Buffer) {
  return class {
    readonly readable: ReadableStream
    readonly writable: WritableStream
    constructor() {
      const chunks: Buffer[] = []
      const { readable, writable } = new TransformStream<Bytes, Uint8Array>({
        transform: (chunk) => void chunks.push(bufferOf(chunk)),
        flush: (controller) => controller.enqueue(new Uint8Array(convert(Buffer.concat(chunks)))),
      })
      this.readable = readable
      this.writable = writable
    }
  }
}

function consoleOf(log: (line: string) => void) {
  const write = (...args: unknown[]) => log(args.map(String).join(' '))
  return { log: write, info: write, warn: write, error: write, debug: write }
}

// An R2 bucket: objects by key, listed in the order of their keys.
import type { Isolate } from './isolate.ts'

type Stored = { bytes: Uint8Array; uploaded: number; metadata: Record<string, string> }

/** The objects of a bucket. */
export class Bucket {
  readonly objects = new Map<string, Stored>()
}

type ListOptions = { prefix?: string; cursor?: string; limit?: number; startAfter?: string }

/** The binding of an isolate. */
export function bucketOf(bucket: Bucket, isolate: Isolate) {
  const { random, sky, clock } = isolate.world
  const io = <T>(perform: () => T) =>
    isolate.io(random.between(10, 60), perform, sky.r2, 'R2: internal error (10001)')
  const describe = (key: string, { bytes, uploaded, metadata }: Stored) => ({
    key,
    size: bytes.byteLength,
    uploaded: new Date(uploaded),
    customMetadata: metadata,
    etag: String(uploaded),
  })
  const read = (key: string, stored: Stored) => ({
    ...describe(key, stored),
    arrayBuffer: async () => new Uint8Array(stored.bytes).buffer,
    bytes: async () => new Uint8Array(stored.bytes),
    text: async () => new TextDecoder().decode(stored.bytes),
    json: async () => JSON.parse(new TextDecoder().decode(stored.bytes)) as unknown,
    body: new Response(new Uint8Array(stored.bytes)).body,
  })
  return {
    put: (key: string, body: unknown, options?: { customMetadata?: Record<string, string> }) => {
      const bytes = bytesOf(body)
      return io(() => {
        const stored = { bytes, uploaded: clock.now, metadata: options?.customMetadata ?? {} }
        bucket.objects.set(key, stored)
        return describe(key, stored)
      })
    },
    get: (key: string, { range }: { range?: { offset: number; length: number } } = {}) =>
      io(() => {
        const stored = bucket.objects.get(key)
        if (stored === undefined) return null
        const { offset = 0, length = stored.bytes.byteLength } = range ?? {}
        return read(key, { ...stored, bytes: stored.bytes.slice(offset, offset + length) })
      }),
    head: (key: string) =>
      io(() => {
        const stored = bucket.objects.get(key)
        return stored === undefined ? null : describe(key, stored)
      }),
    delete: (keys: string | string[]) =>
      io(() => {
        for (const key of [keys].flat()) bucket.objects.delete(key)
      }),
    list: ({ prefix = '', cursor, limit = 1000, startAfter }: ListOptions = {}) =>
      io(() => {
        const after = cursor ?? startAfter ?? ''
        const keys = [...bucket.objects.keys()]
          .filter((key) => key.startsWith(prefix) && key > after)
          .sort()
        const page = keys.slice(0, limit)
        const truncated = keys.length > page.length
        return {
          objects: page.map((key) => describe(key, bucket.objects.get(key) as Stored)),
          truncated,
          ...(truncated ? { cursor: page.at(-1) } : {}),
          delimitedPrefixes: [],
        }
      }),
  }
}

function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return new TextEncoder().encode(body)
  if (body instanceof ArrayBuffer) return new Uint8Array(body.slice(0))
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  }
  throw new TypeError('R2 takes text or bytes here')
}

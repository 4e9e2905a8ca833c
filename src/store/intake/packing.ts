// Records as one message of the spill queue, for when D1 does not take them.
import type { NewRecord } from './new-record.ts'

/** The largest message of a queue is 128,000 bytes, of which about 100 are its own (Cloudflare Queues limits). */
export const MAX_PACKED_BYTES = 127_000

/** Records as gzipped JSON. */
export async function packRecords(records: readonly NewRecord[]): Promise<Uint8Array> {
  const stream = new Blob([JSON.stringify(records)]).stream()
  return new Response(stream.pipeThrough(new CompressionStream('gzip'))).bytes()
}

/** The records of a packed message. Throws when it holds anything else. */
export async function unpackRecords(packed: Uint8Array | ArrayBuffer): Promise<NewRecord[]> {
  const stream = new Blob([packed as ArrayBuffer]).stream()
  const text = await new Response(stream.pipeThrough(new DecompressionStream('gzip'))).text()
  return JSON.parse(text) as NewRecord[]
}

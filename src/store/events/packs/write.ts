// Writes packs: lines become gzip members, and these the parts of a file. Only as much is in memory as a part takes.

import { hexOf } from '../../../core/intake/signature.ts'
import { idOfLine } from '../../../core/ledger/pack-line.ts'
import { withTimeout } from '../../timeout.ts'
import { bucketOf, objectName, type PackVersion, readPart } from './bytes.ts'
import { gzip } from './gzip.ts'
import type { Block, Pack, PackEnv, Part } from './packs.ts'
import { readTexts } from './read.ts'

/** The text of a block: to read one event, as much is unpacked. */
const BLOCK_CHARACTERS = 256_000

/** The bytes of a part: a row of D1 holds 2,000,000; of an object, so much that few have more than one. */
const PART_BYTES = { d1: 1_900_000, r2: 8_000_000 }

/** How long R2 may take for an object, in milliseconds. */
const R2_TIMEOUT_MS = 20_000

/** What was written. */
export type Written = Pick<Pack, 'events' | 'bytes' | 'parts' | 'blocks'>

/** Lines with their line feeds, by their ids' order, a few at a time. */
export type Lines = AsyncIterable<readonly string[]>

/** Writes lines as the bytes of a version. Throws when the place does not take them: some of them may be there then. */
export async function writeBytes(
  env: PackEnv,
  version: PackVersion,
  lines: Lines,
): Promise<Written> {
  const writer = createWriter(env, version)
  let [texts, length, events]: [string[], number, number] = [[], 0, 0]
  for await (const some of lines) {
    for (const line of some) {
      texts.push(line)
      length += line.length
      events++
      if (length < BLOCK_CHARACTERS) continue
      await writer.block(texts)
      texts = []
      length = 0
    }
  }
  if (texts.length > 0) await writer.block(texts)
  return { events, ...(await writer.end()) }
}

function createWriter(env: PackEnv, version: PackVersion) {
  const blocks: Block[] = []
  const parts: Part[] = []
  const size = PART_BYTES[version.place]
  let waiting: Uint8Array = new Uint8Array()
  let bytes = 0
  async function flush(length: number): Promise<void> {
    const part = waiting.slice(0, length)
    waiting = waiting.slice(length)
    await writePart(env, version, parts.length, part)
    parts.push([part.length, await hashOf(part)])
  }
  return {
    async block(lines: readonly string[]): Promise<void> {
      const [first = ''] = lines
      const id = idOfLine(first)
      if (id === undefined) throw new Error('not a line of a pack')
      const packed = await gzip(lines.join(''))
      blocks.push([id, bytes, packed.length])
      bytes += packed.length
      // An object ends with a block, so that each can be read alone. A row is full to the byte.
      if (version.place === 'r2' && waiting.length > 0 && waiting.length + packed.length > size)
        await flush(waiting.length)
      waiting = joined(waiting, packed)
      while (version.place === 'd1' && waiting.length >= size) await flush(size)
    },
    async end(): Promise<Omit<Written, 'events'>> {
      if (waiting.length > 0) await flush(waiting.length)
      return { bytes, parts, blocks }
    },
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return hexOf(new Uint8Array(digest))
}

async function writePart(
  { DB, ...env }: PackEnv,
  version: PackVersion,
  part: number,
  bytes: Uint8Array,
): Promise<void> {
  if (version.place === 'r2') {
    const put = bucketOf({ DB, ...env }).put(objectName(version, part), bytes)
    await withTimeout(put, 'the archive', R2_TIMEOUT_MS)
    return
  }
  await DB.prepare('INSERT INTO pack_parts (start, version, part, bytes) VALUES (?1, ?2, ?3, ?4)')
    .bind(version.start, version.version, part, bytes)
    .run()
}

/**
 * Reads the bytes of a pack from their place and compares them with what `pack` says: the hash of each part, and the number
 * of lines. Returns what is wrong as text; undefined if nothing is. Throws when the place does not answer.
 */
export async function checkBytes(env: PackEnv, pack: Pack): Promise<string | undefined> {
  for (const [part, [length, hash]] of pack.parts.entries()) {
    const found = await hashOf(await readPart(env, pack, part, 0, length))
    if (found !== hash) return `part ${part} has the hash ${found} instead of ${hash}`
  }
  let lines = 0
  for await (const texts of readTexts(env, pack)) lines += texts.length
  return lines === pack.events ? undefined : `it has ${lines} lines instead of ${pack.events}`
}

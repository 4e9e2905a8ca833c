// The bytes of packs in their places. A pack that is in R2 stays there when the bucket is no longer bound: it cannot be read
// then, and nothing of it is deleted.
import { formatInstant } from '../../../core/events/time.ts'
import { HOUR_MS } from '../../../core/period.ts'
import { withTimeout } from '../../timeout.ts'
import type { Pack, PackEnv, Place } from './packs.ts'

/** How long R2 may take for an object or a part of one, in milliseconds. */
const R2_TIMEOUT_MS = 10_000

const bounded = <T>(work: Promise<T>) => withTimeout(work, 'the archive', R2_TIMEOUT_MS)

/** Which bytes: those of a version of a segment's pack. */
export type PackVersion = { start: number; version: number; place: Place }

/** The name of an object in R2, by the hour of its events. */
export function objectName({ start, version }: PackVersion, part: number): string {
  const hour = formatInstant(start - (start % HOUR_MS)).slice(0, 13)
  return `packs/${hour}/${start}-${version}-${part}.ndjson.gz`
}

/** Deletes the bytes of a version, of which any may be missing. Throws when the place does not answer. */
export async function deleteBytes(env: PackEnv, version: PackVersion): Promise<void> {
  if (version.place === 'd1') {
    await env.DB.prepare('DELETE FROM pack_parts WHERE start = ?1 AND version = ?2')
      .bind(version.start, version.version)
      .run()
    return
  }
  const bucket = bucketOf(env)
  const prefix = objectName(version, 0).replace(/0\.ndjson\.gz$/, '')
  const { objects } = await bounded(bucket.list({ prefix }))
  if (objects.length > 0) await bounded(bucket.delete(objects.map(({ key }) => key)))
}

/** The bucket. Throws where none is bound. */
export function bucketOf({ ARCHIVE }: PackEnv): R2Bucket {
  if (ARCHIVE) return ARCHIVE
  throw new Error('a pack is in R2, but no bucket is bound: bind it as ARCHIVE again')
}

/**
 * Returns a range of a pack's bytes. Throws when the place does not answer, when the bytes are not there, and when the pack
 * is in R2 and no bucket is bound.
 */
export async function readRange(
  env: PackEnv,
  pack: Pick<Pack, 'start' | 'version' | 'place' | 'parts'>,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let before = 0
  for (const [part, [size]] of pack.parts.entries()) {
    const from = Math.max(offset, before)
    const to = Math.min(offset + length, before + size)
    if (from < to)
      bytes.set(await readPart(env, pack, part, from - before, to - from), from - offset)
    before += size
  }
  return bytes
}

/** Returns a range of one part's bytes. Throws like `readRange`. */
export async function readPart(
  env: PackEnv,
  version: PackVersion,
  part: number,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes =
    version.place === 'r2'
      ? await readObject(bucketOf(env), objectName(version, part), { offset, length })
      : await readRow(env.DB, version, part, { offset, length })
  if (bytes?.length === length) return bytes
  throw new Error(`the bytes of a pack are not there: ${objectName(version, part)}`)
}

type Range = { offset: number; length: number }

async function readObject(
  bucket: R2Bucket,
  name: string,
  range: Range,
): Promise<Uint8Array | undefined> {
  const object = await bounded(bucket.get(name, { range }))
  return object === null ? undefined : new Uint8Array(await bounded(object.arrayBuffer()))
}

/** The longest piece of a row that is read at once: twice as many digits are a value of at most 2,000,000 bytes. */
const MAX_PIECE = 950_000

// D1 returns a blob as a list of numbers in JSON, which is twice as long as its digits.
async function readRow(
  db: D1Database,
  { start, version }: PackVersion,
  part: number,
  { offset, length }: Range,
): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += MAX_PIECE) {
    const size = Math.min(MAX_PIECE, length - at)
    const digits = await db
      .prepare(
        'SELECT hex(substr(bytes, ?4, ?5)) AS digits FROM pack_parts WHERE start = ?1 AND version = ?2 AND part = ?3',
      )
      .bind(start, version, part, offset + at + 1, size)
      .first<string>('digits')
    if (digits?.length !== 2 * size) return undefined
    setDigits(bytes, at, digits)
  }
  return bytes
}

/** Sets bytes from `at` on to those of digits as D1 gives them: 0 to 9 and A to F. */
function setDigits(bytes: Uint8Array, at: number, digits: string): void {
  const valueAt = (i: number) => {
    const code = digits.charCodeAt(i)
    return code < 58 ? code - 48 : code - 55
  }
  for (let i = 0; i < digits.length; i += 2) bytes[at + i / 2] = valueAt(i) * 16 + valueAt(i + 1)
}

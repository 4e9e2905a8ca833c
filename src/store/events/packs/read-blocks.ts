// Reads many blocks: those in D1 with few statements, as an invocation of the free plan may make 50 of them.
import { readRange, setDigits } from './bytes.ts'
import { gunzip } from './gzip.ts'
import type { Block, Pack, PackEnv } from './packs.ts'

/** A block of a pack. */
export type PackBlock = { pack: Pack; block: Block }

/** Blocks of R2 that are read at once: an invocation has six connections. */
const AT_ONCE = 4

/** Compressed bytes that one statement returns: in hexadecimal they are twice as many, and D1's rows hold 2,000,000. */
const MAX_BYTES = 900_000

/**
 * Returns what `take` makes of the lines of each block, in the order of the blocks; the lines are kept no longer. Throws
 * when a place does not answer, when the bytes are not there, and when a pack is in R2 and no bucket is bound.
 */
export async function readBlocks<B extends PackBlock, T>(
  env: PackEnv,
  wanted: readonly B[],
  take: (lines: string[], wanted: B) => T,
): Promise<T[]> {
  const taken: T[] = []
  for (const group of groupsOf(wanted)) {
    const bytes = await readGroup(env, group)
    for (const [i, block] of group.entries()) {
      const text = await gunzip(bytes[i] as Uint8Array)
      taken.push(take(text.split('\n').slice(0, -1), block))
    }
  }
  return taken
}

/** Whether a block can be read together with others: it is in a row of D1, and not large. */
const isInRow = ({ pack, block: [, , bytes] }: PackBlock) =>
  pack.place === 'd1' && pack.parts.length === 1 && bytes <= MAX_BYTES

/** Neighbours that are read together. */
function groupsOf<B extends PackBlock>(wanted: readonly B[]): B[][] {
  const groups: B[][] = []
  let bytes = 0
  for (const one of wanted) {
    const group = groups.at(-1)
    const size = one.block[2]
    const fits = isInRow(one) ? bytes + size <= MAX_BYTES : (group?.length ?? 0) < AT_ONCE
    if (group?.[0] !== undefined && isInRow(group[0]) === isInRow(one) && fits) {
      group.push(one)
      bytes += size
    } else {
      groups.push([one])
      bytes = size
    }
  }
  return groups
}

function readGroup(env: PackEnv, group: readonly PackBlock[]): Promise<Uint8Array[]> {
  const [first] = group
  if (first !== undefined && isInRow(first)) return readRows(env.DB, group)
  return Promise.all(
    group.map(({ pack, block: [, offset, length] }) => readRange(env, pack, offset, length)),
  )
}

// D1 returns a blob as a list of numbers in JSON, which is twice as long as its digits.
async function readRows(db: D1Database, group: readonly PackBlock[]): Promise<Uint8Array[]> {
  const ranges = group.map(
    ({ pack: { start, version }, block: [, offset, length] }, i) =>
      `(${i}, ${start}, ${version}, ${offset + 1}, ${length})`,
  )
  const { results } = await db
    .prepare(
      `WITH wanted(i, start, version, offset, length) AS (VALUES ${ranges})
       SELECT i, hex(substr(bytes, offset, length)) AS digits FROM wanted
       CROSS JOIN pack_parts AS p ON p.start = wanted.start AND p.version = wanted.version AND p.part = 0`,
    )
    .all<{ i: number; digits: string }>()
  const found = new Map(results.map(({ i, digits }) => [i, digits]))
  return group.map(({ pack, block: [, , length] }, i) => {
    const digits = found.get(i)
    if (digits?.length !== 2 * length) {
      throw new Error(`the bytes of a pack are not there: ${pack.start}, version ${pack.version}`)
    }
    const bytes = new Uint8Array(length)
    setDigits(bytes, 0, digits)
    return bytes
  })
}

// Reads events out of packs: of each, the gzip member that it is in.
import { type EventId, timeOfId } from '../../../core/id.ts'
import { idOfLine, type PackLine, readLine } from '../../../core/ledger/pack-line.ts'
import { readRange } from './bytes.ts'
import { gunzip } from './gzip.ts'
import { type Block, type Pack, type PackEnv, packsAt } from './packs.ts'
import { type PackBlock, readBlocks } from './read-blocks.ts'

/** A line, and the pack that it was read from. */
export type PackedLine = { pack: Pack; line: PackLine }

/**
 * Returns the lines of those events that a pack has, by their ids; also of events that are hot, whose rows win. Reads each
 * block once. Throws when a place does not answer, or when a pack is in R2 and no bucket is bound.
 */
export async function readPacked(
  env: PackEnv,
  ids: readonly EventId[],
): Promise<Map<EventId, PackLine>> {
  const found = await readWithPacks(env, ids)
  return new Map(found.map(({ line }) => [line.id, line]))
}

/** Returns the same lines, each with its pack. */
export async function readWithPacks(env: PackEnv, ids: readonly EventId[]): Promise<PackedLine[]> {
  // Another version may take the place of a pack between finding and reading it; the bytes of this one are gone then.
  return readFound(env, ids).catch(() => readFound(env, ids))
}

async function readFound(env: PackEnv, ids: readonly EventId[]): Promise<PackedLine[]> {
  const lines = await readBlocks(env, await findBlocks(env.DB, ids), wantedLines)
  return lines.flat()
}

/** A block, and the events that are wanted of it. */
export type WantedBlock = PackBlock & { ids: ReadonlySet<EventId> }

/** Returns the blocks that may have some events, in the order in which the first events of each are given. */
export async function findBlocks(db: D1Database, ids: readonly EventId[]): Promise<WantedBlock[]> {
  const packs = await packsAt(db, ids.map(timeOfId))
  const wanted = new Map<Block, PackBlock & { ids: Set<EventId> }>()
  for (const id of ids) {
    const time = timeOfId(id)
    const pack = packs.find(({ start, until }) => time >= start && time < until)
    // Ids sort by time as texts do.
    const block = pack?.blocks.findLast(([first]) => first <= id)
    if (pack === undefined || block === undefined) continue
    const known = wanted.get(block) ?? { pack, block, ids: new Set() }
    known.ids.add(id)
    wanted.set(block, known)
  }
  return [...wanted.values()]
}

/** The wanted lines of a block. */
export function wantedLines(texts: readonly string[], { pack, ids }: WantedBlock): PackedLine[] {
  return texts.flatMap((text) => {
    const id = idOfLine(text)
    return id !== undefined && ids.has(id) ? [{ pack, line: readLine(text) }] : []
  })
}

const linesOf = (text: string) => text.split('\n').slice(0, -1)

/** How much of a pack is read at once: some tens of blocks, each some 256 KB when it is unpacked. */
const MAX_RANGE = 1_000_000

/**
 * Yields the lines of a whole pack as texts without line feeds, by their ids' order, a block at a time. Throws like
 * `readRange`, and for damaged bytes.
 */
export async function* readTexts(env: PackEnv, pack: Pack): AsyncGenerator<string[]> {
  for (const blocks of rangesOf(pack.blocks)) {
    const [[, start = 0] = [], [, last = 0, size = 0] = []] = [blocks[0], blocks.at(-1)]
    const bytes = await readRange(env, pack, start, last + size - start)
    for (const [, offset, length] of blocks) {
      yield linesOf(await gunzip(bytes.subarray(offset - start, offset - start + length)))
    }
  }
}

/** Yields the same lines, read. */
export async function* readLines(env: PackEnv, pack: Pack): AsyncGenerator<PackLine[]> {
  for await (const texts of readTexts(env, pack)) yield texts.map(readLine)
}

function rangesOf(blocks: readonly Block[]): Block[][] {
  const ranges: Block[][] = []
  for (const block of blocks) {
    const range = ranges.at(-1)
    const [[, start] = block] = range ?? [block]
    if (range && block[1] + block[2] - start <= MAX_RANGE) range.push(block)
    else ranges.push([block])
  }
  return ranges
}

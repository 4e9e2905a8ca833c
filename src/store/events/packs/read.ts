// Reads events out of packs: of each, the gzip member that it is in.
import { type EventId, timeOfId } from '../../../core/id.ts'
import { idOfLine, type PackLine, readLine } from '../../../core/ledger/pack-line.ts'
import { readRange } from './bytes.ts'
import { gunzip } from './gzip.ts'
import { type Block, getPack, type Pack, type PackEnv, packsAt } from './packs.ts'

/** Blocks that are read at once: an invocation has six connections. */
const AT_ONCE = 4

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
  if (ids.length === 0) return []
  const packs = await packsAt(env.DB, ids.map(timeOfId))
  const wanted = packs.flatMap((pack) => blocksWith(pack, ids))
  const found: PackedLine[] = []
  for (let i = 0; i < wanted.length; i += AT_ONCE) {
    const blocks = wanted.slice(i, i + AT_ONCE)
    const lines = await Promise.all(blocks.map((block) => readWanted(env, block)))
    found.push(...lines.flat())
  }
  return found
}

/** A block, and the events that are wanted of it. */
type WantedBlock = { pack: Pack; block: Block; ids: Set<EventId> }

function blocksWith(pack: Pack, ids: readonly EventId[]): WantedBlock[] {
  const wanted = new Map<Block, Set<EventId>>()
  for (const id of ids) {
    const time = timeOfId(id)
    if (time < pack.start || time >= pack.until) continue
    // Ids sort by time as texts do.
    const block = pack.blocks.findLast(([first]) => first <= id)
    if (block) wanted.set(block, (wanted.get(block) ?? new Set()).add(id))
  }
  return [...wanted].map(([block, ids]) => ({ pack, block, ids }))
}

async function readWanted(env: PackEnv, wanted: WantedBlock): Promise<PackedLine[]> {
  const { pack, ids } = wanted
  try {
    return await wantedLines(env, wanted)
  } catch (error) {
    // Another version may have taken the place of this one since the packs were read, and its bytes are gone.
    const present = await getPack(env.DB, pack.start)
    if (present === undefined || present.version === pack.version) throw error
    const lines = blocksWith(present, [...ids]).map((block) => wantedLines(env, block))
    return (await Promise.all(lines)).flat()
  }
}

async function wantedLines(env: PackEnv, { pack, block, ids }: WantedBlock): Promise<PackedLine[]> {
  const [, offset, length] = block
  const texts = linesOf(await gunzip(await readRange(env, pack, offset, length)))
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

// What a page reads the log with: rows of D1 and blocks of packs, both counted, so that no page reads without bound.
import type { EventId } from '../../../core/id.ts'
import { readLine, rowsOf } from '../../../core/ledger/pack-line.ts'
import { type Page, type RowBudget, rowBudgetFor } from '../../pages.ts'
import { getPack, type PackEnv } from '../packs/packs.ts'
import { findBlocks, wantedLines } from '../packs/read.ts'
import { type PackBlock, readBlocks } from '../packs/read-blocks.ts'
import { type PackedEvent, packedEventOf } from './packed-event.ts'

/** The reader of a page. */
export type PageReader = { db: D1Database; budget: RowBudget; packs: PackReader }

/**
 * Reads packed events. A row of the log wins over what a pack has of it: that is for the caller to see. Throws when a place does
 * not answer, and when a pack is in R2 and no bucket is bound.
 */
export type PackReader = {
  /** How many blocks the page may still read. */
  left(): number
  /** Reads those of some events that are packed, as far as the page may; it was not allowed to look for the `unread`. */
  readEvents(
    ids: readonly EventId[],
  ): Promise<{ events: Map<EventId, PackedEvent>; unread: ReadonlySet<EventId> }>
  /** Reads the events of a block, the earliest first; undefined if another version has taken the place of its pack. */
  readBlock(block: PackBlock): Promise<PackedEvent[] | undefined>
}

/** Reads no packs: for what no packed event has. */
export const NO_PACKS: PackReader = {
  left: () => Number.POSITIVE_INFINITY,
  readEvents: async () => ({ events: new Map(), unread: new Set() }),
  readBlock: async () => [],
}

/** Blocks that a page may read beside one for each item of its limit: those of a segment of which no postings are known. */
const SPARE_BLOCKS = 20

/** Returns the reader of a page: of 20 rows, and three and a block for each item of its limit (pages.ts). */
export function pageReaderFor(env: PackEnv, page: Page): PageReader {
  const packs = packReaderFor(env, page.limit + SPARE_BLOCKS)
  return { db: env.DB, budget: rowBudgetFor(env.DB, page), packs }
}

function packReaderFor(env: PackEnv, blocks: number): PackReader {
  let left = blocks

  async function readEvents(ids: readonly EventId[]) {
    const found = await findBlocks(env.DB, ids)
    const allowed = found.slice(0, Math.max(0, left))
    left -= allowed.length
    const read = await readBlocks(env, allowed, (lines, block) =>
      wantedLines(lines, block).map(({ line }) => packedEventOf(rowsOf(line))),
    )
    return {
      events: new Map(read.flat().map((event) => [event.id, event])),
      unread: new Set(found.slice(allowed.length).flatMap((block) => [...block.ids])),
    }
  }

  return {
    left: () => left,
    async readEvents(ids) {
      if (ids.length === 0) return { events: new Map(), unread: new Set() }
      // Another version may take the place of a pack between finding and reading it.
      return readEvents(ids).catch(() => readEvents(ids))
    },
    async readBlock(block) {
      left--
      try {
        const [events = []] = await readBlocks(env, [block], (lines) =>
          lines.map((line) => packedEventOf(rowsOf(readLine(line)))),
        )
        return events
      } catch (error) {
        const present = await getPack(env.DB, block.pack.start)
        if (present?.version === block.pack.version) throw error
        return undefined
      }
    },
  }
}

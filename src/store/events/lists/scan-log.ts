// Scans the log where nothing else finds its events: its rows, and the blocks of its packs.
import { firstKeyAt, keyOfId, timeOfKey } from '../../../core/id.ts'
import type { KeyRange } from '../event-filter.ts'
import type { EventRow } from '../event-rows.ts'
import { type Block, type Pack, type PackRow, packOf } from '../packs/packs.ts'
import type { PackedEvent } from './packed-event.ts'
import type { PackReader, PageReader } from './page-reader.ts'

/** What a scan found, the latest first, in the part of the range from the key `to` up. */
type Scanned = { found: { key: bigint; packed?: PackedEvent }[]; to: bigint }

/** Scans ranges of keys from their ends down. */
export type LogScanner = (range: KeyRange, limit: number) => Promise<Scanned>

/** What a scan reads of an event. */
export type Traits = Omit<EventRow, 'person' | 'vendor_type' | 'at'>

/**
 * Returns a scanner for the events that match. A scan looks at `limit` rows and a block at most, so `to` may be higher than
 * the range begins, and even its end.
 */
export function logScanner(
  { db, budget, packs }: PageReader,
  matches: (row: Traits) => boolean,
): LogScanner {
  /** The latest pack of the present range; undefined where it is not known, null where there is none. */
  let pack: Pack | null | undefined

  return async (range, limit) => {
    if (pack === undefined || (pack && range.before <= firstKeyOf(pack))) {
      const [rows = []] = await budget.read<PackRow>([latestPack(db, range)])
      pack = rows[0] === undefined ? null : packOf(rows[0])
    }
    const part = partOf(range, pack)
    // Read together: an event that is packed meanwhile is seen in one of the two.
    const [rows = [], seen = []] = await budget.read<Traits & PackRow>([
      rowsIn(db, part, limit),
      latestPack(db, part),
    ])
    const isSame = seen[0]?.start === part.pack?.start && seen[0]?.version === part.pack?.version
    const packed = isSame ? await readBlockOf(packs, part) : undefined
    if (packed === undefined) {
      pack = undefined
      return { found: [], to: range.before }
    }
    const to = rows.length < limit ? part.from : BigInt(rows.at(-1)?.key ?? part.from)
    const hot = new Set(rows.map(({ key }) => key))
    const found = [
      ...rows.filter(matches).map(({ key }) => ({ key: BigInt(key) })),
      ...packed
        .map((packed) => ({ key: BigInt(packed.event.key), packed }))
        .filter(({ key }) => key >= to && key < range.before && !hot.has(String(key)))
        .filter(({ packed }) => matches(packed.event)),
    ]
    return { found: found.sort((a, b) => (a.key < b.key ? 1 : -1)), to }
  }
}

/** A part of a range that is scanned at once: between packs, or of one pack that of one block at most. */
type Part = KeyRange & { pack?: Pack; block?: Block | undefined }

/** The events of the block of a part, if it has one; undefined if another version of the pack has come. */
async function readBlockOf(packs: PackReader, { pack, block }: Part) {
  return pack && block ? packs.readBlock({ pack, block }) : []
}

/** The last part of a range, given the latest pack in it. */
function partOf({ from, before }: KeyRange, pack: Pack | null | undefined): Part {
  if (!pack) return { from, before }
  const end = BigInt(firstKeyAt(pack.until))
  if (before > end) return { from: max(from, end), before }
  const block = pack.blocks.findLast(([first]) => BigInt(keyOfId(first)) < before)
  const first = block === undefined ? firstKeyOf(pack) : BigInt(keyOfId(block[0]))
  return { from: max(from, first), before, pack, block }
}

const firstKeyOf = ({ start }: Pack) => BigInt(firstKeyAt(start))
const max = (a: bigint, b: bigint) => (a > b ? a : b)

function rowsIn(db: D1Database, { from, before }: KeyRange, limit: number): D1PreparedStatement {
  return db
    .prepare(
      `SELECT CAST(e.key AS TEXT) AS key, e.source, e.vendor, e.status, e.type, e.contact, e.planned FROM events AS e
       WHERE e.key >= ${from} AND e.key < ${before} ORDER BY e.key DESC LIMIT ?1`,
    )
    .bind(limit)
}

/** The latest pack that may have a key of a range. Reads one row. */
function latestPack(db: D1Database, { from, before }: KeyRange): D1PreparedStatement {
  return db
    .prepare(
      `SELECT * FROM (SELECT * FROM packs WHERE start <= ?1 ORDER BY start DESC LIMIT 1) WHERE until > ?2`,
    )
    .bind(timeOfKey(before - 1n), timeOfKey(from))
}

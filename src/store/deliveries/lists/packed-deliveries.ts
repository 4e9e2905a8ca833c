// Packed deliveries in an exceptional state, found by what is known of each pack: which have any, and to whom.
import { type DeliveryState, UNFINISHED_STATES } from '../../../core/deliveries/delivery.ts'
import { firstKeyAt, keyOfId, timeOfKey } from '../../../core/id.ts'
import { HOUR_MS } from '../../../core/period.ts'
import type { KeyRange } from '../../events/event-filter.ts'
import type { PackedEvent } from '../../events/lists/packed-event.ts'
import type { PageReader } from '../../events/lists/page-reader.ts'
import { type Pack, type PackRow, packOf } from '../../events/packs/packs.ts'
import type { SortedSource } from '../../merge.ts'

/** A delivery that was found: by its row, or in a pack. A `mark` is none, but tells how far the packs were searched. */
export type DeliveryKey = { key: string; target: string; packed?: PackedEvent; isMark?: true }

/** Which deliveries: to these targets, or to any, in one of these states. */
type Wanted = { targets: readonly string[] | undefined; states: readonly DeliveryState[] }

/** Whether packed deliveries may be in one of some states: they are finished. */
export const isAnyPacked = (states: readonly DeliveryState[] | undefined) =>
  states?.some((state) => !UNFINISHED_STATES.includes(state)) ?? true

/** Packs that are looked at in one statement, and the rows that it reads for each: its own, and counts of it. */
const PACKS_AT_ONCE = 10
const ROWS_A_PACK = 8

/** As in the index packs_troubled. */
const IS_TROUBLED = `(states ->> 'dead' > 0 OR states ->> 'cancelled' > 0)`

/**
 * The statement that lists the latest packs of a range with dead or cancelled deliveries, and of each whether it has wanted
 * ones. The counts of a pack's events are under the time after its start (store/ledger/packs).
 */
function nextPacks(
  db: D1Database,
  { from, before }: KeyRange,
  { targets, states }: Wanted,
  limit: number,
): D1PreparedStatement {
  const first = timeOfKey(from)
  // D1 counts the rows of json_each as read.
  const among = (column: string, parameter: string, count: number) =>
    `${column} IN (${Array.from({ length: count }, (_, i) => `${parameter} ->> ${i}`)})`
  return db
    .prepare(
      `SELECT *, EXISTS (
         SELECT 1 FROM ledger WHERE ledger.start = p.start + 1 AND kind = 'target' AND count > 0
           AND ${among('state', '?3', states.length)} ${targets ? `AND ${among('name', '?4', targets.length)}` : ''}) AS isWanted
       FROM (SELECT * FROM packs WHERE ${IS_TROUBLED} AND start <= ?1 AND start >= ?2 ORDER BY start DESC LIMIT ${limit}) AS p`,
    )
    .bind(
      // A pack lies within an hour.
      ...[timeOfKey(before - 1n), first - (first % HOUR_MS), JSON.stringify(states)],
      ...(targets ? [JSON.stringify(targets)] : []),
    )
}

/** The packed deliveries of events with keys in a range, the latest first, as far as a page may read packs. */
export function packedDeliveries(
  reader: PageReader,
  { from, before }: KeyRange,
  wanted: Wanted,
): SortedSource<DeliveryKey> {
  let searchedTo = before
  let isMarked = false
  let packs: Pack[] = []
  /** The key from which on the packs are known. */
  let knownTo = before

  async function listPacks(): Promise<void> {
    const { db, budget } = reader
    const affordable = Math.floor(budget.left() / ROWS_A_PACK)
    const limit = Math.max(1, Math.min(PACKS_AT_ONCE, affordable))
    const [rows = []] = await budget.read<PackRow & { isWanted: number }>([
      nextPacks(db, { from, before: knownTo }, wanted, limit),
    ])
    packs = rows.filter(({ isWanted }) => isWanted === 1).map(packOf)
    const last = rows.at(-1)
    knownTo = rows.length < limit || last === undefined ? from : keyAt(last.start)
  }

  /** Searches the next block, or what lies between packs. */
  async function step(): Promise<DeliveryKey[]> {
    const [pack] = packs
    if (pack === undefined) {
      searchedTo = knownTo
      if (knownTo > from) await listPacks()
      return []
    }
    const block = pack.blocks.findLast(([first]) => BigInt(keyOfId(first)) < searchedTo)
    if (block === undefined) {
      packs.shift()
      return []
    }
    const first = BigInt(keyOfId(block[0]))
    const events = await reader.packs.readBlock({ pack, block })
    if (events === undefined) {
      packs = []
      knownTo = searchedTo
      return []
    }
    const found = deliveriesIn(events, wanted).filter(
      ({ key }) => BigInt(key) >= from && BigInt(key) < searchedTo,
    )
    searchedTo = max(from, first)
    return withoutHot(reader, found)
  }

  const isEnd = () => searchedTo <= from
  // Each page gets on: what is listed is read, and the first step is made.
  const isAffordable = () =>
    reader.packs.left() > 0 &&
    (packs.length > 0 || searchedTo === before || reader.budget.left() > ROWS_A_PACK)

  return {
    isEnd,
    async next() {
      while (!isEnd() && isAffordable()) {
        const found = await step()
        if (found.length > 0) return found
      }
      if (isEnd() || isMarked) return []
      isMarked = true
      return [{ key: String(searchedTo), target: LAST, isMark: true }]
    },
  }
}

/** After the name of every target. */
const LAST = '\u{10ffff}'

/** The wanted deliveries of a block, the latest first, then by target. */
function deliveriesIn(events: readonly PackedEvent[], { targets, states }: Wanted): DeliveryKey[] {
  return events.toReversed().flatMap((packed) =>
    packed.deliveries
      .filter(({ target, state }) => {
        return states.includes(state as DeliveryState) && (targets?.includes(target) ?? true)
      })
      .map(({ target }) => ({ key: packed.event.key, target, packed })),
  )
}

/** Leaves out those of events that have a row: they are found by that. */
async function withoutHot(
  { db, budget }: PageReader,
  found: DeliveryKey[],
): Promise<DeliveryKey[]> {
  if (found.length === 0) return []
  const keys = [...new Set(found.map(({ key }) => `(${key})`))]
  const [rows = []] = await budget.read<{ key: string }>([
    db.prepare(
      `WITH w(key) AS (VALUES ${keys}) SELECT CAST(e.key AS TEXT) AS key FROM w CROSS JOIN events AS e ON e.key = w.key`,
    ),
  ])
  const hot = new Set(rows.map(({ key }) => key))
  return found.filter(({ key }) => !hot.has(key))
}

const keyAt = (time: number) => BigInt(firstKeyAt(time))
const max = (a: bigint, b: bigint) => (a > b ? a : b)

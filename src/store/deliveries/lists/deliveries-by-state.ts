// Deliveries of a list, found by their states. This reads fewer rows for the few deliveries with an exceptional state.
import type { DeliveryState } from '../../../core/deliveries/delivery.ts'
import { contactTextOf, keyRangeOf, matchesTraits, rangeAfter } from '../../events/event-filter.ts'
import type { PageReader } from '../../events/lists/page-reader.ts'
import { readEventRows } from '../../events/lists/read-rows.ts'
import { mergeSorted } from '../../merge.ts'
import {
  type DeliveryFilter,
  type DeliveryPage,
  type DeliveryQuery,
  type FoundDelivery,
  readDeliveries,
} from './delivery-rows.ts'
import { type DeliveryKey, isAnyPacked, packedDeliveries } from './packed-deliveries.ts'

const EXCEPTIONAL_STATES: readonly DeliveryState[] = ['retrying', 'held', 'dead', 'cancelled']
const IS_EXCEPTIONAL = `state IN (${EXCEPTIONAL_STATES.map((state) => `'${state}'`)})`

/** Whether `deliveriesByState` serves a filter: it asks only for states that are indexed by target, and for no contact. */
export function isByState(filter: DeliveryFilter): boolean {
  const isOfContact =
    filter.person ?? filter.email ?? contactTextOf(filter) ?? filter.text?.startsWith('per_')
  const isExceptional = (state: DeliveryState) => EXCEPTIONAL_STATES.includes(state)
  return !isOfContact && (filter.states?.every(isExceptional) ?? false)
}

// Each step seeks the next target in the index, so that it reads one row for each target and not for each delivery.
const TARGETS = `WITH RECURSIVE known(target) AS (
  SELECT min(target) FROM deliveries WHERE ${IS_EXCEPTIONAL}
  UNION ALL
  SELECT (SELECT min(target) FROM deliveries WHERE ${IS_EXCEPTIONAL} AND target > known.target)
  FROM known WHERE target IS NOT NULL)
SELECT target FROM known WHERE target IS NOT NULL`

/** Finds the deliveries that match a query (`isByState`), sorted by the receipt of their events, then by target. */
export async function deliveriesByState(
  reader: PageReader,
  { filter: { targets, states = [], ...filter }, start, limit }: DeliveryQuery,
): Promise<DeliveryPage> {
  const { db, budget } = reader
  const [known = []] = targets ? [] : await budget.read<{ target: string }>([db.prepare(TARGETS)])
  const { from, before } = keyRangeOf(filter)
  const queries = (targets ?? known.map(({ target }) => target)).flatMap((target) =>
    states.map((state) => (after: DeliveryKey | undefined, size: number) => {
      const position =
        after === undefined ? start : { key: BigInt(after.key), target: after.target }
      // The page before may have ended within an event: its deliveries to later targets still follow.
      const isInEvent = position?.target != null && target > position.target
      const end = position === undefined ? before : isInEvent ? position.key + 1n : position.key
      return db
        .prepare(
          `SELECT CAST(event AS TEXT) AS key, target FROM deliveries
           WHERE ${IS_EXCEPTIONAL} AND target = ?1 AND state = ?2
             AND event >= ${from} AND event < ${end < before ? end : before}
           ORDER BY event DESC LIMIT ?3`,
        )
        .bind(target, state, size)
    }),
  )
  const isAfterStart = ({ key, target }: DeliveryKey) =>
    start?.target == null || key !== String(start.key) || target > start.target
  const merged = mergeSorted<DeliveryKey>({
    budget,
    queries,
    sources: isAnyPacked(states)
      ? [packedDeliveries(reader, rangeAfter({ from, before }, start), { targets, states })]
      : [],
    isBefore: (a, b) => (a.key === b.key ? a.target < b.target : BigInt(a.key) > BigInt(b.key)),
    matches: (key) => !key.isMark && isAfterStart(key),
    reserve: 2,
  })
  const matches = ({ event, delivery }: FoundDelivery) =>
    matchesTraits(filter, event) && states.includes(delivery.state)
  const found: FoundDelivery[] = []
  // Each delivery costs three rows: that of the index, its own, and its event's.
  const affordable = () => Math.floor(budget.left() / 3)
  for (let n = limit; n > 0; n = Math.min(limit - found.length, affordable())) {
    const keys = await merged.next(n)
    if (keys.length === 0) break
    found.push(...(await readByKey(reader, keys)).filter(matches))
  }
  const last = merged.last()
  const next =
    merged.isEnd() || last === undefined
      ? undefined
      : { key: BigInt(last.key), target: last.isMark ? null : last.target, at: null }
  return { found, next }
}

/** Reads deliveries with their events, each once: one whose state changed during the search may be in `keys` twice. */
async function readByKey(
  reader: PageReader,
  keys: readonly DeliveryKey[],
): Promise<FoundDelivery[]> {
  const byEvent = Map.groupBy(keys, ({ key }) => key)
  const wanted = [...byEvent].map(([key, own]) => ({ key: BigInt(key), packed: own[0]?.packed }))
  const { rows } = await readEventRows(reader, wanted, false)
  const deliveries = rows.map((event) => ({
    event,
    targets: [...new Set(byEvent.get(event.key)?.map(({ target }) => target))],
  }))
  return readDeliveries(reader, deliveries)
}

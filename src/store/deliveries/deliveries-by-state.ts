// Deliveries found by their states: a shorter way to those that did not go the normal one.
import type { DeliveryState } from '../../core/deliveries/delivery.ts'
import { contactTextOf, keyRangeOf, matchesTraits } from '../events/event-filter.ts'
import { readEventRows } from '../events/event-rows.ts'
import { mergeSorted } from '../merge.ts'
import type { Position, RowBudget } from '../pages.ts'
import {
  type DeliveryFilter,
  type DeliveryPage,
  type FoundDelivery,
  readDeliveries,
} from './delivery-rows.ts'

const TROUBLES: readonly DeliveryState[] = ['retrying', 'held', 'dead', 'cancelled']
const IS_TROUBLED = `state IN (${TROUBLES.map((state) => `'${state}'`)})`

/** Whether only deliveries are meant that did not go the normal way: these have an index, by target and state. */
export function hasOnlyExceptionalStates(filter: DeliveryFilter): boolean {
  const isOfContact =
    filter.person ?? filter.email ?? contactTextOf(filter) ?? filter.text?.startsWith('per_')
  return !isOfContact && (filter.states?.every((state) => TROUBLES.includes(state)) ?? false)
}

// Each step finds the next target of the index, so that it reads a row for each.
const TARGETS = `WITH RECURSIVE known(target) AS (
  SELECT min(target) FROM deliveries WHERE ${IS_TROUBLED}
  UNION ALL
  SELECT (SELECT min(target) FROM deliveries WHERE ${IS_TROUBLED} AND target > known.target)
  FROM known WHERE target IS NOT NULL)
SELECT target FROM known WHERE target IS NOT NULL`

type Trouble = { key: string; target: string }

/** Finds the deliveries of a filter (`hasOnlyExceptionalStates`) that come after a place, at most `limit`, by their states. */
export async function deliveriesByState(
  db: D1Database,
  budget: RowBudget,
  { targets, states = [], ...filter }: DeliveryFilter,
  start: Position | undefined,
  limit: number,
): Promise<DeliveryPage> {
  const [known = []] = targets ? [] : await budget.read<{ target: string }>([db.prepare(TARGETS)])
  const { from, before } = keyRangeOf(filter)
  const streams = (targets ?? known.map(({ target }) => target)).flatMap((target) =>
    states.map((state) => (after: Trouble | undefined, size: number) => {
      const place = after === undefined ? start : { key: BigInt(after.key), target: after.target }
      // Of the event at which the page before ended, the later targets are still to come.
      const isToCome = place?.target != null && target > place.target
      const end = place === undefined ? before : isToCome ? place.key + 1n : place.key
      return db
        .prepare(
          `SELECT CAST(event AS TEXT) AS key, target FROM deliveries
           WHERE ${IS_TROUBLED} AND target = ?1 AND state = ?2
             AND event >= ${from} AND event < ${end < before ? end : before}
           ORDER BY event DESC LIMIT ?3`,
        )
        .bind(target, state, size)
    }),
  )
  const isBefore = (a: Trouble, b: Trouble) =>
    a.key === b.key ? a.target < b.target : BigInt(a.key) > BigInt(b.key)
  const merged = mergeSorted<Trouble>(budget, streams, isBefore, () => true, 2)
  const found: FoundDelivery[] = []
  // What is found must be read too: its event, and itself.
  const affordable = () => Math.floor(budget.left() / 3)
  for (let n = limit; n > 0; n = Math.min(limit - found.length, affordable())) {
    const troubles = await merged.next(n)
    if (troubles.length === 0) break
    found.push(...(await readTroubles(db, budget, troubles)).filter(isWanted))
  }
  const last = merged.last()
  const rest =
    merged.isEnd() || last === undefined
      ? undefined
      : { key: BigInt(last.key), target: last.target, at: null }
  return { found, rest }

  function isWanted({ event, delivery }: FoundDelivery): boolean {
    return matchesTraits(filter, event) && states.includes(delivery.state)
  }
}

/** Reads deliveries with their events; one that changed its state meanwhile may stand twice in what is asked for. */
async function readTroubles(
  db: D1Database,
  budget: RowBudget,
  troubles: readonly Trouble[],
): Promise<FoundDelivery[]> {
  const targets = Map.groupBy(troubles, ({ key }) => key)
  const events = await readEventRows(db, budget, [...targets.keys()].map(BigInt), false)
  const wanted = events.map((event) => ({
    event,
    targets: [...new Set(targets.get(event.key)?.map(({ target }) => target))],
  }))
  return readDeliveries(db, budget, wanted)
}

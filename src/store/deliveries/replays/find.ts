// Finding the next deliveries that a replay by filter matches, among rows and in packs.
import type { ReplayFilter } from '../../../core/deliveries/replay.ts'
import { type EventId, idOfKey } from '../../../core/id.ts'
import type { PackEnv } from '../../events/packs/packs.ts'
import type { Packed } from '../../events/packs/together.ts'
import { bindFilter, matchesFrom } from './matches.ts'
import { type Matching, readPackedMatches } from './packed-matches.ts'
import type { ReplayPosition, RunningReplay } from './replays.ts'

/** The deliveries with rows that one step reads at most, matching or not, and the blocks of packs. */
const WINDOW = 5000
const BLOCKS = 20

/** The packed events of a step, and their packs: they are restored before their deliveries are due, a transaction a pack. */
const MAX_PACKED = 100
const MAX_PACKS = 6

/**
 * The matching deliveries of one step, the position that it has reached, and whether the replay ends there. `isPacked`: of an
 * event that had no row when it was found.
 */
export type ReplayStep = {
  found: { event: EventId; target: string; isPacked: boolean }[]
  position: ReplayPosition
  isEnd: boolean
}

/**
 * Finds the next matching deliveries of a replay, at most `limit`, among the next `WINDOW` deliveries and `BLOCKS` blocks of the
 * log, or among all of the person that its filter names. Throws like `readPackedMatches`.
 */
export async function findNextMatches(
  env: PackEnv,
  replay: RunningReplay,
  targets: readonly string[],
  limit: number,
): Promise<ReplayStep> {
  const { position } = replay
  const { hot, packed, ends } = await readMatches(env, replay, targets, limit)
  const { restorable, cut } = cutOf(packed)
  const restored = restorable
    .flatMap(({ key, value: { deliveries } }) =>
      deliveries.map(({ target }) => ({ event: key, target, isPacked: true })),
    )
    .filter((one) => isBefore(position, one) && !ends.some((end) => isBefore(end, one)))
  const found = [...hot, ...restored]
    .filter(({ event }) => cut === undefined || BigInt(event) < BigInt(cut))
    .sort((a, b) => (isBefore(a, b) ? -1 : 1))
    .slice(0, limit)
  const isFull = hot.length + restored.length >= limit
  const [end, ...others] = [
    ...ends,
    ...(isFull ? found.slice(-1) : []),
    ...(cut === undefined ? [] : [beginOf(cut)]),
  ]
  return {
    found: found.map((one) => ({ ...one, event: idOfKey(one.event) })),
    position: others.reduce(
      (first, other) => (first && isBefore(first, other) ? first : other),
      end ?? position,
    ),
    isEnd: end === undefined,
  }
}

/**
 * The next matches among the rows, at most `limit`, and in packs; what comes after one of the `ends` was not looked at, or is
 * looked at again.
 */
async function readMatches(
  env: PackEnv,
  { filter: json, position, before }: RunningReplay,
  targets: readonly string[],
  limit: number,
) {
  const filter = JSON.parse(json) as ReplayFilter
  const isAfter = (key: string) =>
    `(${key}, d.target) > (CAST(?3 AS INTEGER), ?4) AND ${key} < CAST(?5 AS INTEGER)`
  const window =
    filter.person === undefined ? await endOfWindow(env.DB, position, before) : undefined
  const last = window === undefined ? BigInt(before) : BigInt(window.event) + 1n
  const { found, end, results } = await readPackedMatches(env, filter, targets, {
    range: { from: BigInt(position.event), before: last },
    maxBlocks: BLOCKS,
    alongside: (range) => [
      env.DB.prepare(
        `SELECT CAST(d.event AS TEXT) AS event, d.target ${matchesFrom(filter, isAfter)}
         ${window === undefined ? '' : 'AND (d.event, d.target) <= (CAST(?7 AS INTEGER), ?8)'}
         ORDER BY d.event, d.target LIMIT ?6`,
      ).bind(
        ...[bindFilter(filter), JSON.stringify(targets), position.event, position.target],
        ...[String(range.before), limit],
        ...(window === undefined ? [] : [window.event, window.target]),
      ),
    ],
  })
  const rows = (results[0]?.results ?? []) as ReplayPosition[]
  return {
    hot: rows.map((row) => ({ ...row, isPacked: false })),
    packed: found,
    ends: [window, end === undefined ? undefined : beginOf(String(end))].filter(
      (end) => end !== undefined,
    ),
  }
}

/** The packed events that may be restored in a step. `cut`: the first one after them, with which the next step begins. */
function cutOf(found: readonly Packed<Matching>[]) {
  const packs = new Set<number>()
  const end = found.findIndex(
    ({ start }, i) => i === MAX_PACKED || packs.add(start).size > MAX_PACKS,
  )
  return end === -1
    ? { restorable: found, cut: undefined }
    : { restorable: found.slice(0, end), cut: found[end]?.key }
}

/** Whether a delivery comes before another one in a replay. */
function isBefore(a: ReplayPosition, b: ReplayPosition): boolean {
  return a.event === b.event ? a.target < b.target : BigInt(a.event) < BigInt(b.event)
}

/** The position before all deliveries of an event. */
function beginOf(event: string): ReplayPosition {
  return { event, target: '' }
}

/** The last delivery of the next window; undefined if all that are left are fewer. */
async function endOfWindow(
  db: D1Database,
  { event, target }: ReplayPosition,
  before: string,
): Promise<ReplayPosition | undefined> {
  const row = await db
    .prepare(
      `SELECT CAST(event AS TEXT) AS event, target FROM deliveries
       WHERE (event, target) > (CAST(?1 AS INTEGER), ?2) AND event < CAST(?3 AS INTEGER)
       ORDER BY event, target LIMIT 1 OFFSET ${WINDOW - 1}`,
    )
    .bind(event, target, before)
    .first<ReplayPosition>()
  return row ?? undefined
}

// Counting the deliveries that a replay by filter matches, part by part.
import type { ReplayFilter } from '../../../core/deliveries/replay.ts'
import { keyOfId } from '../../../core/id.ts'
import type { PackEnv } from '../../events/packs/packs.ts'
import { bindFilter, matchesFrom } from './matches.ts'
import { readPackedMatches } from './packed-matches.ts'
import type { RunningReplay } from './replays.ts'

/** How many deliveries match: in total, by target, type and state. */
export type ReplayCounts = {
  total: number
  targets: Record<string, number>
  types: Record<string, number>
  states: Record<string, number>
}

/**
 * The matches of a part of the log. `contacts`: whose they are. `next`: the first key after the part; undefined at the end.
 * `isPacked`: whether packs were read for it, which takes twice as many statements.
 */
type CountedPart = {
  groups: { target: string; type: string; state: string; count: number }[]
  contacts: string[]
  next: string | undefined
  isPacked: boolean
}

/** The deliveries of a part that have rows, matching or not: D1 takes some tenths of a second for them. */
const PART = 10_000

/** The blocks of packs that are read for a part: some 4,000 events. */
const BLOCKS_A_PART = 40

/**
 * Counts the matches among the next `PART` deliveries, or the next blocks of packs, of the events with keys from `first` up to
 * but not including `before` (decimal texts). Where the filter names a person, the deliveries with rows are one part. Throws
 * like `readPackedMatches`.
 */
export async function countPart(
  env: PackEnv,
  filter: ReplayFilter,
  targets: readonly string[],
  { first, before }: { first: string; before: string },
): Promise<CountedPart> {
  const next =
    filter.person === undefined
      ? await env.DB.prepare(
          `SELECT CAST(event AS TEXT) AS event FROM deliveries
           WHERE event >= CAST(?1 AS INTEGER) AND event < CAST(?2 AS INTEGER) ORDER BY event LIMIT 1 OFFSET ${PART}`,
        )
          .bind(first, before)
          .first<string>('event')
      : null
  const from = matchesFrom(
    filter,
    (key) => `${key} >= CAST(?3 AS INTEGER) AND ${key} < CAST(?4 AS INTEGER)`,
  )
  const { found, end, results } = await readPackedMatches(env, filter, targets, {
    range: { from: BigInt(first), before: BigInt(next ?? before) },
    maxBlocks: BLOCKS_A_PART,
    alongside: (range) => {
      const bound = [bindFilter(filter), JSON.stringify(targets), first, String(range.before)]
      return [
        env.DB.prepare(
          `SELECT d.target, e.type, d.state, count(*) AS count ${from} GROUP BY 1, 2, 3`,
        ).bind(...bound),
        env.DB.prepare(`SELECT DISTINCT e.source || ' ' || e.contact AS contact ${from}`).bind(
          ...bound,
        ),
      ]
    },
  })
  const [groups, contacts] = results
  const packed = found.map(({ value }) => value)
  return {
    groups: [
      ...((groups?.results ?? []) as CountedPart['groups']),
      ...packed.flatMap(({ type, deliveries }) =>
        deliveries.map(({ target, state }) => ({ target, type, state, count: 1 })),
      ),
    ],
    contacts: [
      ...((contacts?.results ?? []) as { contact: string | null }[]).map(({ contact }) => contact),
      ...packed.map(({ source, contact }) => (contact === null ? null : `${source} ${contact}`)),
    ].filter((contact) => contact !== null),
    next: end === undefined ? (next ?? undefined) : String(end),
    isPacked: packed.length > 0 || end !== undefined,
  }
}

/** The sums of groups. */
export function sumsOf(groups: CountedPart['groups']): ReplayCounts {
  const by = (key: 'target' | 'type' | 'state') => {
    const sums = new Map<string, number>()
    for (const group of groups) sums.set(group[key], (sums.get(group[key]) ?? 0) + group.count)
    return Object.fromEntries(sums)
  }
  const total = groups.reduce((sum, { count }) => sum + count, 0)
  return { total, targets: by('target'), types: by('type'), states: by('state') }
}

/** Adds a counted part to a replay. Does nothing when another run has counted it. */
export async function addToTotal(
  db: D1Database,
  { id, uncounted }: Pick<RunningReplay, 'id' | 'uncounted'>,
  { groups, next }: CountedPart,
): Promise<void> {
  await db
    .prepare(
      `UPDATE replays SET total = total + ?3, uncounted = CAST(?4 AS INTEGER)
       WHERE key = CAST(?1 AS INTEGER) AND uncounted = CAST(?2 AS INTEGER)`,
    )
    .bind(keyOfId(id), uncounted ?? null, sumsOf(groups).total, next ?? null)
    .run()
}

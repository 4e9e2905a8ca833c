// The targets that were configured last, as D1 remembers them. Isolates of two versions may disagree about what is configured:
// a target is unknown only when none of them has had it for a day.
import { HOUR_MS } from '../period.ts'
import type { BrokenTarget, Target } from './target.ts'

/** A target as it was configured last. Times in epoch milliseconds. */
export type KnownTarget = Pick<BrokenTarget, 'name' | 'events' | 'sources'> & {
  /** When `events` or `sources` changed. */
  changedAt: number
  /** Since when nobody has had it configured, an hour early at most; undefined while it is. */
  unknownSince: number | undefined
  /** When its deliveries began to be cancelled. */
  endedAt: number | undefined
}

/**
 * How old an entry is before an isolate undoes what another one has written of it. Two versions that run side by side
 * would otherwise overwrite each other each minute.
 */
const SETTLED_AFTER_MS = HOUR_MS

/** How long the deliveries of an unknown target are held: a day, and what `unknownSince` may be early. */
const HOLD_UNKNOWN_MS = 24 * HOUR_MS + SETTLED_AFTER_MS

/** What one isolate knows: the targets that it has configured, and of each target with held deliveries the latest event. */
type View = {
  configured: readonly (Target | BrokenTarget)[]
  /** Whether there is no target beside these. */
  isComplete: boolean
  /** When the latest event was received that is held for a target: somebody had that target configured then. */
  latestHeld: ReadonlyMap<string, number>
}

/** The entries that an isolate must write, by what it has configured at `now` (epoch milliseconds); none in most minutes. */
export function changesOfKnown(
  known: readonly KnownTarget[],
  { configured, isComplete, latestHeld }: View,
  now: number,
): KnownTarget[] {
  const entryOf = (name: string) => known.find((one) => one.name === name)
  const present = configured.map((target) => [entryOf(target.name), target] as const)
  const changes = present.map(([entry, target]) => [entry, whenPresent(entry, target, now)])
  if (isComplete) {
    const names = new Set([...known.map(({ name }) => name), ...latestHeld.keys()])
    for (const { name } of configured) names.delete(name)
    for (const name of names) {
      const entry = entryOf(name)
      changes.push([entry, whenAbsent(entry, name, latestHeld.get(name) ?? 0, now)])
    }
  }
  return changes.flatMap(([before, after]) => (after === before || !after ? [] : [after]))
}

function whenPresent(
  entry: KnownTarget | undefined,
  { name, events, sources }: Target | BrokenTarget,
  now: number,
): KnownTarget {
  const own = { name, events, sources, changedAt: now, unknownSince: undefined, endedAt: undefined }
  if (entry === undefined) return own
  const { unknownSince = now, endedAt } = entry
  const isBack = endedAt !== undefined || now - unknownSince >= SETTLED_AFTER_MS
  const known = isBack ? { ...entry, unknownSince: undefined, endedAt: undefined } : entry
  // What is held for a target grows at once, and shrinks later: it is asked what it wants after the release.
  const isSettled = now - entry.changedAt >= SETTLED_AFTER_MS
  const routing = isSettled
    ? own
    : { events: union(entry.events, events), sources: both(entry, own) }
  if (isSame(routing, entry)) return known
  return { ...known, events: routing.events, sources: routing.sources, changedAt: now }
}

function whenAbsent(
  entry: KnownTarget | undefined,
  name: string,
  latestHeld: number,
  now: number,
): KnownTarget {
  // Deliveries to a target that this isolate and D1 do not know: another version has just accepted them.
  const unknown = { changedAt: now, unknownSince: now, endedAt: undefined }
  if (entry === undefined) return { name, events: [], sources: [], ...unknown }
  const { unknownSince, endedAt } = entry
  if (unknownSince === undefined) return { ...entry, unknownSince: now }
  const isNewer = latestHeld > (endedAt ?? unknownSince + SETTLED_AFTER_MS)
  return isNewer ? { ...entry, unknownSince: latestHeld, endedAt: undefined } : entry
}

type Routing = Pick<KnownTarget, 'events' | 'sources'>

function both(one: Routing, other: Routing): string[] | undefined {
  return one.sources && other.sources && union(one.sources, other.sources)
}

function union(one: readonly string[], other: readonly string[]): string[] {
  return [...new Set([...one, ...other])]
}

function isSame(one: Routing, other: Routing): boolean {
  const text = ({ events, sources }: Routing) =>
    JSON.stringify([events.toSorted(), sources?.toSorted() ?? null])
  return text(one) === text(other)
}

/** Until when the deliveries of an unknown target are held, in epoch milliseconds; undefined while it is configured somewhere. */
export function heldUntil({ unknownSince }: Pick<KnownTarget, 'unknownSince'>): number | undefined {
  return unknownSince === undefined ? undefined : unknownSince + HOLD_UNKNOWN_MS
}

/**
 * The targets that are held for while the configuration cannot be read: those that were configured in the last day and
 * are not among the ones that can be read. `broken`: the reason, for the operator.
 */
export function heldForTargets(
  known: readonly KnownTarget[],
  configured: readonly { name: string }[],
  broken: string,
): BrokenTarget[] {
  const names = configured.map(({ name }) => name)
  return known
    .filter(({ name, endedAt }) => endedAt === undefined && !names.includes(name))
    .map(({ name, events, sources }) => ({ name, events, sources, broken }))
}

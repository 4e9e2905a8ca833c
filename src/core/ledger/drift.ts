// Schema drift: a report for each source and vendor type of the keys that its messages have had, and the findings in it:
// new, vanished and changed keys. Times in epoch milliseconds; `nth` is the number of a message in its report, from 1.
import { ANY_KEY, parentPath, type Shape, safeName, type ValueKind } from '../events/shape.ts'

/** The number of messages with something, the first of them (`nth`), and the times of the first and last. */
export type Occurrences = { count: number; first: number; last: number; nth: number }

/** The history of a path. Stored as JSON by store/ledger/drift.ts. */
export type KeyHistory = Occurrences & {
  kinds: Partial<Record<ValueKind, Occurrences>>
  /** Messages from the first to the last with the path that could have had it, because they had its parent object. */
  chances: number
  /** Messages since the last with the path that could have had it. */
  missing: number
  /** When `missing` last reached `VANISHED_AFTER`. */
  vanished?: number
}

/** The keys of all messages of one source and vendor type. */
export type DriftReport = {
  messages: number
  first: number
  last: number
  keys: Map<string, KeyHistory>
}

/** The shape of one message, and when it was received. */
export type ShapeSample = { shape: Shape; at: number }

/**
 * A finding about a path. Of a changed path, `kinds` ends with the new kind, and the numbers are those of that kind.
 */
type DriftFinding = {
  path: string
  finding: 'new' | 'vanished' | 'changed'
  kinds: ValueKind[]
  first: number
  last: number
  count: number
  /** When the finding was noticed. */
  noticed: number
}

/**
 * A report takes its first messages, and those of its first day, as the baseline. A day at least, because a manual test
 * sends many similar messages within a minute, and some keys occur only at some hours.
 */
const LEARNING_MESSAGES = 20
const LEARNING_MS = 24 * 3_600_000

/**
 * A key has vanished if it was in at least 20 messages and in 90 % of those that could have had it, and in none of the
 * last 20. By chance, a key that 90 % of messages have is absent 20 times in a row with a probability of 10^-20.
 */
const STEADY_COUNT = 20
const STEADY_SHARE = 0.9
const VANISHED_AFTER = 20

/**
 * Paths of a report, twice those of a message: a message full of new keys evicts other new keys, not the usual ones.
 */
export const MAX_REPORT_KEYS = 600

/**
 * Types of a source with a report of their own. Vendors have a dozen; one with a new type for each message must not
 * fill the database.
 */
export const MAX_TYPES = 50

/**
 * The type of the report for a message: its vendor type, `*` beyond `MAX_TYPES`, or empty without one. `known`: the
 * types of its source.
 */
export function reportTypeFor(vendorType: string | null, known: ReadonlySet<string>): string {
  const name = vendorType === null ? '' : safeName(vendorType)
  return name === '' || known.has(name) || known.size < MAX_TYPES ? name : ANY_KEY
}

/** A copy of the report with more messages, which are in the order received. Without a report, a new one. */
export function addSamples(
  report: DriftReport | undefined,
  samples: readonly ShapeSample[],
): DriftReport {
  const updated: DriftReport = report
    ? structuredClone(report)
    : { messages: 0, first: samples[0]?.at ?? 0, last: 0, keys: new Map() }
  for (const sample of samples) addSample(updated, sample)
  return updated
}

function addSample(report: DriftReport, { shape, at }: ShapeSample): void {
  report.messages++
  report.last = Math.max(report.last, at)
  for (const [path, key] of report.keys) {
    if (shape.keys.has(path) || !couldHave(shape, path)) continue
    key.missing++
    if (key.missing === VANISHED_AFTER) key.vanished = at
  }
  for (const [path, kinds] of shape.keys) {
    const seen = report.keys.get(path)
    const key: KeyHistory = seen ?? {
      ...unseen(report.messages, at),
      kinds: {},
      chances: 0,
      missing: 0,
    }
    count(key, at)
    key.chances += key.missing + 1
    key.missing = 0
    for (const kind of kinds) {
      key.kinds[kind] ??= unseen(report.messages, at)
      count(key.kinds[kind], at)
    }
    report.keys.set(path, key)
  }
  evictRarest(report, shape)
}

/**
 * Whether a message without a path could have had it: it has the parent object, and its shape is complete. Elements of
 * lists and keys of maps do not count: an empty list has none.
 */
function couldHave({ keys, isComplete }: Shape, path: string): boolean {
  if (!isComplete || path.split('.').includes(ANY_KEY)) return false
  const parent = parentPath(path)
  return parent === '' || keys.get(parent)?.has('object') === true
}

function unseen(nth: number, at: number): Occurrences {
  return { count: 0, first: at, last: at, nth }
}

function count(seen: Occurrences, at: number): void {
  seen.count++
  seen.last = Math.max(seen.last, at)
}

/** Removes the rarest paths, of equally rare ones the oldest, but none of the message just added. */
function evictRarest({ keys }: DriftReport, shape: Shape): void {
  const surplus = keys.size - MAX_REPORT_KEYS
  if (surplus <= 0) return
  const rarest = [...keys]
    .filter(([path]) => !shape.keys.has(path))
    .sort(([, a], [, b]) => a.count - b.count || a.last - b.last)
  for (const [path] of rarest.slice(0, surplus)) keys.delete(path)
}

/** True while the baseline is being learned: nothing is a finding yet. */
export function isLearning({ messages, first, last }: DriftReport): boolean {
  return isBaseline({ first }, { nth: messages, first: last })
}

/** True for paths and kinds first seen while the baseline was learned. */
function isBaseline(
  report: Pick<DriftReport, 'first'>,
  { nth, first }: Pick<Occurrences, 'nth' | 'first'>,
): boolean {
  return nth <= LEARNING_MESSAGES || first < report.first + LEARNING_MS
}

/** The findings noticed since a time, the latest first. */
export function findingsOf(report: DriftReport, since: number): DriftFinding[] {
  return [...report.keys]
    .flatMap(([path, key]) => [
      ...(isBaseline(report, key) ? [] : [finding('new', path, kindsOf(key), key, key.first)]),
      ...(hasVanished(key)
        ? [finding('vanished', path, kindsOf(key), key, key.vanished ?? key.last)]
        : []),
      ...changesOf(report, path, key),
    ])
    .filter(({ noticed }) => noticed >= since)
    .sort((a, b) => b.noticed - a.noticed || (a.path < b.path ? -1 : 1))
}

function hasVanished({ count, chances, missing }: KeyHistory): boolean {
  return missing >= VANISHED_AFTER && count >= STEADY_COUNT && count >= STEADY_SHARE * chances
}

/** The kinds that a path did not have before. Null is not a kind here: it means that there is no value. */
function changesOf(report: DriftReport, path: string, key: KeyHistory): DriftFinding[] {
  const kinds = kindsOf(key).filter((kind) => kind !== 'null')
  return kinds.flatMap((kind) => {
    const seen = key.kinds[kind]
    const before = kinds.filter((other) => (key.kinds[other]?.nth ?? 0) < (seen?.nth ?? 0))
    if (seen === undefined || before.length === 0 || isBaseline(report, seen)) return []
    return [finding('changed', path, [...before, kind], seen, seen.first)]
  })
}

/** The kinds of a path in the order first seen. */
export function kindsOf({ kinds }: KeyHistory): ValueKind[] {
  const seen = Object.entries(kinds) as [ValueKind, Occurrences][]
  return seen.sort(([, a], [, b]) => a.nth - b.nth).map(([kind]) => kind)
}

function finding(
  finding: DriftFinding['finding'],
  path: string,
  kinds: ValueKind[],
  { first, last, count }: Occurrences,
  noticed: number,
): DriftFinding {
  return { path, finding, kinds, first, last, count, noticed }
}

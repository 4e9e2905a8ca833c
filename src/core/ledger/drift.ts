// The drift diary: which keys the messages of a source and vendor type have had, and what about that is news. Times in
// epoch milliseconds; `nth` is the number of a message in its diary, from 1.
import { ANY_KEY, parentPath, type Shape, safeName, type ValueKind } from '../events/shape.ts'

/** When something was seen first and last, at which message first, and in how many. */
export type Occurrences = { count: number; first: number; last: number; nth: number }

/** What is known of a path. */
export type KeyHistory = Occurrences & {
  kinds: Partial<Record<ValueKind, Occurrences>>
  /** The messages from the first to the last with it that could have had it: its object was there. */
  chances: number
  /** The messages since the last with it that could have had it. */
  missing: number
  /** When they were last enough to tell. */
  vanished?: number
}

/** What the messages of one source and vendor type have looked like. */
export type DriftReport = {
  messages: number
  first: number
  last: number
  keys: Map<string, KeyHistory>
}

/** One message: what it looks like, and when it came. */
export type ShapeSample = { shape: Shape; at: number }

/** What there is to tell of a path. Of a changed one, the numbers are those of the new kind, which stands last. */
export type DriftFinding = {
  path: string
  finding: 'new' | 'vanished' | 'changed'
  kinds: ValueKind[]
  first: number
  last: number
  count: number
  /** When it was there to be finding. */
  noticed: number
}

/**
 * A diary learns what is usual from its first messages, and for a day at least: a test by hand sends many alike
 * within a minute, and some keys come only with another hour's guests.
 */
export const LEARNING_MESSAGES = 20
export const LEARNING_MS = 24 * 3_600_000

/**
 * A key is missed when it stood in nearly each message that could have had it, and in enough of them to say so, and
 * in none of the last 20. One that a message has only nine times out of ten is absent 20 times in a row once in 10^20.
 */
export const STEADY_COUNT = 20
export const STEADY_SHARE = 0.9
export const VANISHED_AFTER = 20

/** Two messages' worth: one that is full of strange keys pushes out strange keys, not the usual ones. */
export const MAX_REPORT_KEYS = 600

/** A source has a dozen types. One that names each message otherwise must not fill the database. */
export const MAX_TYPES = 50

/** Under which type a message is noted; empty for one that is not recognised. `known`: the types of its source. */
export function reportTypeFor(vendorType: string | null, known: ReadonlySet<string>): string {
  const name = vendorType === null ? '' : safeName(vendorType)
  return name === '' || known.has(name) || known.size < MAX_TYPES ? name : ANY_KEY
}

/** The diary with more messages in it, in the order in which they came. Without one, a diary begins. */
export function addSamples(
  diary: DriftReport | undefined,
  sightings: readonly ShapeSample[],
): DriftReport {
  const noted: DriftReport = diary
    ? structuredClone(diary)
    : { messages: 0, first: sightings[0]?.at ?? 0, last: 0, keys: new Map() }
  for (const sighting of sightings) addSample(noted, sighting)
  return noted
}

function addSample(diary: DriftReport, { shape, at }: ShapeSample): void {
  diary.messages++
  diary.last = Math.max(diary.last, at)
  for (const [path, key] of diary.keys) {
    if (shape.keys.has(path) || !couldHave(shape, path)) continue
    key.missing++
    if (key.missing === VANISHED_AFTER) key.vanished = at
  }
  for (const [path, kinds] of shape.keys) {
    const seen = diary.keys.get(path)
    const key: KeyHistory = seen ?? {
      ...unseen(diary.messages, at),
      kinds: {},
      chances: 0,
      missing: 0,
    }
    count(key, at)
    key.chances += key.missing + 1
    key.missing = 0
    for (const kind of kinds) {
      key.kinds[kind] ??= unseen(diary.messages, at)
      count(key.kinds[kind], at)
    }
    diary.keys.set(path, key)
  }
  evictRarest(diary, shape)
}

/**
 * Whether a message without a path could have had it: its object is there and was looked at whole. An empty list says
 * nothing about its elements, and a map nothing about its keys.
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

/** Lets go of what was seen least often and not for the longest time; never of what this message has. */
function evictRarest({ keys }: DriftReport, shape: Shape): void {
  const surplus = keys.size - MAX_REPORT_KEYS
  if (surplus <= 0) return
  const rarest = [...keys]
    .filter(([path]) => !shape.keys.has(path))
    .sort(([, a], [, b]) => a.count - b.count || a.last - b.last)
  for (const [path] of rarest.slice(0, surplus)) keys.delete(path)
}

/** True while nothing is news yet. */
export function isLearning({ messages, first, last }: DriftReport): boolean {
  return isBaseline({ first }, { nth: messages, first: last })
}

/** True for what was first seen while the diary learned. */
function isBaseline(
  diary: Pick<DriftReport, 'first'>,
  { nth, first }: Pick<Occurrences, 'nth' | 'first'>,
): boolean {
  return nth <= LEARNING_MESSAGES || first < diary.first + LEARNING_MS
}

/** What a diary has to tell that was noticed since a time; the latest first. */
export function findingsOf(diary: DriftReport, since: number): DriftFinding[] {
  return [...diary.keys]
    .flatMap(([path, key]) => [
      ...(isBaseline(diary, key) ? [] : [finding('new', path, kindsOf(key), key, key.first)]),
      ...(isMissed(key)
        ? [finding('vanished', path, kindsOf(key), key, key.vanished ?? key.last)]
        : []),
      ...changesOf(diary, path, key),
    ])
    .filter(({ noticed }) => noticed >= since)
    .sort((a, b) => b.noticed - a.noticed || (a.path < b.path ? -1 : 1))
}

function isMissed({ count, chances, missing }: KeyHistory): boolean {
  return missing >= VANISHED_AFTER && count >= STEADY_COUNT && count >= STEADY_SHARE * chances
}

/** The kinds that a path had not had before. A null is no kind of its own: it says that there is no value. */
function changesOf(diary: DriftReport, path: string, key: KeyHistory): DriftFinding[] {
  const kinds = kindsOf(key).filter((kind) => kind !== 'null')
  return kinds.flatMap((kind) => {
    const seen = key.kinds[kind]
    const before = kinds.filter((other) => (key.kinds[other]?.nth ?? 0) < (seen?.nth ?? 0))
    if (seen === undefined || before.length === 0 || isBaseline(diary, seen)) return []
    return [finding('changed', path, [...before, kind], seen, seen.first)]
  })
}

/** The kinds of a path in the order in which they were first seen. */
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

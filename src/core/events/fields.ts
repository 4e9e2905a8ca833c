// Reads a vendor's object by the meaning of its keys, whatever their spelling, and remembers what nobody read.
import { canonical, type JsonObject, numberText } from '../intake/json.ts'

/** A remark on a message that was understood all the same: the vendor's key, and what is odd. Never a value. */
export type Warning = { path: string; message: string }

/** Gives the value in our form; null when the vendor gave none; undefined when it cannot be read. */
export type Reader<T> = (value: unknown) => T | null | undefined

/** A key by its documented spelling, or several that mean the same; a vendor may spell them otherwise. */
type Name = string | readonly string[]

export type Fields = {
  /** Whether a key is there, even without a value. */
  has(name: Name): boolean
  /** The folded names of all keys. */
  names(): string[]
  /** The vendor's own spelling of a key that is there, else the documented one. */
  spelling(name: Name): string
  /** A value without reading it; undefined when there is none. */
  peek(name: Name): unknown
  /** Reads one field: undefined when the vendor gave no value. What cannot be read stays in `rest`, with a warning. */
  read<T>(name: Name, reader: Reader<T>): T | undefined
  /** Like `read`, but null where the vendor said null: for keys whose null has a documented meaning. */
  readNullable<T>(name: Name, reader: Reader<T>): T | null | undefined
  /** Every key that was not read, verbatim, in the vendor's order. */
  rest(): JsonObject
}

/** The form in which keys are compared: `client ID`, `clientID` and `client_id` are one. */
export function fold(key: string): string {
  const lower = key.toLowerCase()
  return /^[a-z0-9]*$/.test(lower) ? lower : lower.replace(/[^\p{L}\p{N}]/gu, '')
}

/** False for what vendors write when they have nothing to say: null, empty, `N/A`. */
export function hasValue(value: unknown): boolean {
  if (typeof value !== 'string') return value !== null && value !== undefined
  return value.trim() !== '' && value.trim().toLowerCase() !== 'n/a'
}

type Entry = { key: string; value: unknown }
const NONE: readonly Entry[] = []

/** The first with a value, else the first. */
function best(found: readonly Entry[]): Entry | undefined {
  return found.find(({ value }) => hasValue(value)) ?? found[0]
}

/** Those that are spelled as documented first, in the order of the names. */
function ranked(names: readonly string[], found: readonly Entry[]): readonly Entry[] {
  const rank = ({ key }: Entry) => (names.includes(key) ? names.indexOf(key) : names.length)
  return found.length < 2 ? found : found.toSorted((a, b) => rank(a) - rank(b))
}

const FOLDED = new Map<string, string>()

/** The folded form of a name that a mapping asks for: there are some hundreds, asked for with each message. */
function foldedName(name: string): string {
  const known = FOLDED.get(name)
  if (known !== undefined) return known
  const folded = fold(name)
  FOLDED.set(name, folded)
  return folded
}

/**
 * Opens an object for reading by the meaning of its keys. Of several keys that mean the same, the documented
 * spelling wins, then the first with a value. Warnings are added to the caller's list.
 */
export function readFields(object: JsonObject, warnings: Warning[]): Fields {
  const entries = new Map<string, Entry[]>()
  for (const [key, value] of Object.entries(object)) {
    const name = fold(key)
    const twins = entries.get(name)
    if (twins) twins.push({ key, value })
    else entries.set(name, [{ key, value }])
  }
  const unread = new Set(Object.keys(object))

  function candidates(name: Name): readonly Entry[] {
    if (typeof name !== 'string' && name.length > 1) return ranked(name, name.flatMap(candidates))
    const own = typeof name === 'string' ? name : (name[0] ?? '')
    const found = entries.get(foldedName(own)) ?? NONE
    return found.length < 2 ? found : ranked([own], found)
  }
  function find(name: Name) {
    return best(candidates(name))
  }

  function readNullable<T>(name: Name, reader: Reader<T>): T | null | undefined {
    const all = candidates(name)
    const entry = best(all)
    if (!entry || !unread.has(entry.key)) return undefined
    const result = hasValue(entry.value) ? reader(entry.value) : null
    if (result === undefined) {
      warnings.push({ path: entry.key, message: 'cannot be read; kept as it came in extra' })
      return undefined
    }
    unread.delete(entry.key)
    for (const twin of all) settleTwin(twin, entry)
    return result
  }
  function settleTwin(twin: Entry, chosen: Entry) {
    if (twin.key === chosen.key || !unread.has(twin.key)) return
    if (!hasValue(twin.value) || canonical(twin.value) === canonical(chosen.value))
      unread.delete(twin.key)
    else warnings.push({ path: twin.key, message: `differs from ${chosen.key}, which is used` })
  }

  return {
    has: (name) => candidates(name).length > 0,
    names: () => [...entries.keys()],
    spelling: (name) => find(name)?.key ?? (typeof name === 'string' ? name : (name[0] ?? '')),
    peek: (name) => {
      const value = find(name)?.value
      return hasValue(value) ? value : undefined
    },
    read: (name, reader) => readNullable(name, reader) ?? undefined,
    readNullable,
    rest: () => Object.fromEntries([...unread].map((key) => [key, object[key]])),
  }
}

/** A text, trimmed; numbers as they were spelled. */
export const asText: Reader<string> = (value) =>
  typeof value === 'string' ? value.trim() : numberText(value)

/** No vendor's ids are nearly as long; an id stands in indexes, paths and headers. */
const MAX_ID_LENGTH = 500

/** An opaque id: text, trimmed and otherwise untouched, or a whole number as it was spelled. */
export const asId: Reader<string> = (value) => {
  const digits = numberText(value)
  const id =
    typeof value === 'string' ? value.trim() : /^-?\d+$/.test(digits ?? '') ? digits : undefined
  return id === undefined || id.length > MAX_ID_LENGTH ? undefined : id
}

/** A boolean and nothing else. */
export const asBoolean: Reader<boolean> = (value) =>
  typeof value === 'boolean' ? value : undefined

/** Any value, as it came. */
export const asIs: Reader<unknown> = (value) => value

/** An object without its undefined members. */
export type Defined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K]
} & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> }

/** Leaves out the members that are undefined: absent stays absent. */
export function omitUndefined<T extends object>(object: T): Defined<T> {
  const rest: Partial<T> = {}
  for (const key of Object.keys(object) as (keyof T)[]) {
    if (object[key] !== undefined) rest[key] = object[key]
  }
  return rest as unknown as Defined<T>
}

/** Like `omitUndefined`, and undefined when nothing is left. */
export function nonEmpty<T extends object>(object: T): Defined<T> | undefined {
  const rest = omitUndefined(object)
  return Object.keys(rest).length > 0 ? rest : undefined
}

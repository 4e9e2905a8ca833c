// Reads the keys of a vendor's object in any spelling, and collects the keys that were not read.
import { canonical, isObject, type JsonObject, numberText } from '../intake/json.ts'

/** A problem in a message: the vendor's key, and what is wrong with it. Never a value, which may be personal data. */
export type Warning = { path: string; message: string }

/**
 * Converts a vendor's value. Returns null if the value means "no value", undefined if it is not of the expected kind.
 * `expects` describes that kind for a warning: `text`, `a date`.
 */
export type Reader<T> = ((value: unknown) => T | null | undefined) & { expects?: string }

/** A reader with a description of the values that it accepts. */
export function reader<T>(expects: string, read: Reader<T>): Reader<T> {
  return Object.assign(read, { expects })
}

/** A key in its documented spelling, or several keys with the same meaning, the preferred one first. */
export type KeyName = string | readonly string[]

export type Fields = {
  /** Whether the object has a key, even without a value. */
  has(name: KeyName): boolean
  /** The folded names of all keys. */
  names(): string[]
  /** The vendor's spelling of a key, or the documented one if the key is absent. */
  spelling(name: KeyName): string
  /** A value without marking its key as read; undefined if there is no value. */
  peek(name: KeyName): unknown
  /**
   * Reads a key: undefined if it has no value. A value that the reader does not accept stays in `rest`, with a warning.
   */
  read<T>(name: KeyName, reader: Reader<T>): T | undefined
  /** Like `read`, but null where the vendor sent no value: for keys whose null has a documented meaning. */
  readNullable<T>(name: KeyName, reader: Reader<T>): T | null | undefined
  /** All keys that were not read, unchanged, in the vendor's order. */
  rest(): JsonObject
}

/**
 * The form in which keys are compared: letters and digits in lower case. `client ID`, `clientID` and `client_id` are
 * equal.
 */
export function fold(key: string): string {
  const lower = key.toLowerCase()
  return /^[a-z0-9]*$/.test(lower) ? lower : lower.replace(/[^\p{L}\p{N}]/gu, '')
}

/** False for the ways in which vendors write "no value": null, an empty text, `N/A`. */
export function hasValue(value: unknown): boolean {
  if (typeof value !== 'string') return value !== null && value !== undefined
  return value.trim() !== '' && value.trim().toLowerCase() !== 'n/a'
}

type Entry = { key: string; value: unknown }
const NONE: readonly Entry[] = []

/** The first entry with a value, else the first. */
function preferred(found: readonly Entry[]): Entry | undefined {
  return found.find(({ value }) => hasValue(value)) ?? found[0]
}

/** Sorts entries with a documented spelling first, in the order of the names. */
function byPreference(names: readonly string[], found: readonly Entry[]): readonly Entry[] {
  const rank = ({ key }: Entry) => (names.includes(key) ? names.indexOf(key) : names.length)
  return found.length < 2 ? found : found.toSorted((a, b) => rank(a) - rank(b))
}

const FOLDED = new Map<string, string>()

/** The folded form of a mapping's key name, cached: there are a few hundred, used for each message. */
function foldedName(name: string): string {
  const known = FOLDED.get(name)
  if (known !== undefined) return known
  const folded = fold(name)
  FOLDED.set(name, folded)
  return folded
}

/**
 * Opens an object for reading. Of several keys with the same meaning, the documented spelling wins, then the first with
 * a value. Warnings are added to `warnings`. `restPath` is where the caller puts `rest()` in the event; warnings name it.
 *
 * @example
 * const fields = readFields({ client_ID: 7, tier: null, colour: 'red' }, warnings)
 * fields.read('clientID', asId) // '7'
 * fields.readNullable('tier', asText) // null
 * fields.rest() // { colour: 'red' }
 */
export function readFields(
  object: JsonObject,
  warnings: Warning[],
  restPath = 'data.extra',
): Fields {
  const entries = new Map<string, Entry[]>()
  for (const [key, value] of Object.entries(object)) {
    const name = fold(key)
    const synonyms = entries.get(name)
    if (synonyms) synonyms.push({ key, value })
    else entries.set(name, [{ key, value }])
  }
  const unread = new Set(Object.keys(object))

  function candidates(name: KeyName): readonly Entry[] {
    if (typeof name !== 'string' && name.length > 1)
      return byPreference(name, name.flatMap(candidates))
    const own = typeof name === 'string' ? name : (name[0] ?? '')
    const found = entries.get(foldedName(own)) ?? NONE
    return found.length < 2 ? found : byPreference([own], found)
  }
  function entryOf(name: KeyName) {
    return preferred(candidates(name))
  }

  function readNullable<T>(name: KeyName, reader: Reader<T>): T | null | undefined {
    const all = candidates(name)
    const entry = preferred(all)
    if (!entry || !unread.has(entry.key)) return undefined
    const result = hasValue(entry.value) ? reader(entry.value) : null
    if (result === undefined) {
      warnings.push({ path: entry.key, message: unexpected(entry.value, reader.expects, restPath) })
      return undefined
    }
    unread.delete(entry.key)
    for (const other of all) resolveSynonym(other, entry)
    return result
  }
  function resolveSynonym(other: Entry, chosen: Entry) {
    if (other.key === chosen.key || !unread.has(other.key)) return
    if (!hasValue(other.value) || canonical(other.value) === canonical(chosen.value))
      unread.delete(other.key)
    else
      warnings.push({
        path: other.key,
        message: `differs from ${chosen.key}, which is used; kept under ${restPath}`,
      })
  }

  return {
    has: (name) => candidates(name).length > 0,
    names: () => [...entries.keys()],
    spelling: (name) => entryOf(name)?.key ?? (typeof name === 'string' ? name : (name[0] ?? '')),
    peek: (name) => {
      const value = entryOf(name)?.value
      return hasValue(value) ? value : undefined
    },
    read: (name, reader) => readNullable(name, reader) ?? undefined,
    readNullable,
    rest: () => Object.fromEntries([...unread].map((key) => [key, object[key]])),
  }
}

/** The message for a value that a reader does not accept. */
function unexpected(value: unknown, expects: string | undefined, restPath: string): string {
  const got = kindOf(value)
  const what = expects === undefined ? `unexpected ${got}` : `expected ${expects}, got ${got}`
  return `${what}. The value is left out and kept under ${restPath}.`
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return 'an object'
  if (numberText(value) !== undefined) return 'a number'
  return typeof value === 'boolean' ? 'a boolean' : 'text'
}

/** Reads a text, trimmed; a number as the text that the vendor wrote. */
export const asText = reader<string>('text', (value) =>
  typeof value === 'string' ? value.trim() : numberText(value),
)

/** Much longer than any vendor's ids. The limit is for ids in database indexes, paths and headers. */
const MAX_ID_LENGTH = 500

/** Reads an opaque id: a text, trimmed, or a whole number as the text that the vendor wrote. */
export const asId = reader<string>(`an id of at most ${MAX_ID_LENGTH} characters`, (value) => {
  const digits = numberText(value)
  const id =
    typeof value === 'string' ? value.trim() : /^-?\d+$/.test(digits ?? '') ? digits : undefined
  return id === undefined || id.length > MAX_ID_LENGTH ? undefined : id
})

/** Reads a text as `asText`, of the length of an id at most: it becomes an attribute, which may be sent as a header. */
export const asAttribute = reader<string>(
  `text of at most ${MAX_ID_LENGTH} characters`,
  (value) => {
    const text = asText(value)
    return text == null || text.length > MAX_ID_LENGTH ? undefined : text
  },
)

/** Reads true or false, and no other spelling of them. */
export const asBoolean = reader<boolean>('a boolean', (value) =>
  typeof value === 'boolean' ? value : undefined,
)

/** Accepts any value unchanged. */
export const asIs: Reader<unknown> = (value) => value

/** An object type whose members that may be undefined are optional instead. */
type Defined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K]
} & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> }

/** A copy of an object without its undefined members. */
export function omitUndefined<T extends object>(object: T): Defined<T> {
  const rest: Partial<T> = {}
  for (const key of Object.keys(object) as (keyof T)[]) {
    if (object[key] !== undefined) rest[key] = object[key]
  }
  return rest as unknown as Defined<T>
}

/**
 * Like `omitUndefined`, but a member that is null is left out too, and named in `empty`: so what a vendor sent without a
 * value can be told from what it did not send.
 */
export function namingEmpty<T extends object>(object: T) {
  const empty = Object.keys(object).filter((key) => object[key as keyof T] === null)
  const known = Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, value ?? undefined]),
  )
  return omitUndefined({
    ...(known as { [K in keyof T]: Exclude<T[K], null> }),
    empty: empty.length === 0 ? undefined : empty,
  })
}

/** Like `omitUndefined`, but undefined if no member is left. */
export function nonEmpty<T extends object>(object: T): Defined<T> | undefined {
  const rest = omitUndefined(object)
  return Object.keys(rest).length > 0 ? rest : undefined
}

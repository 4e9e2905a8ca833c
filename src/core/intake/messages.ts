// The body of a request → its messages. Whatever the body is, it has one: what is no message of a vendor is kept as it is.
import {
  canonical,
  IS_LIST,
  isObject,
  type JsonObject,
  MAX_DEPTH,
  parseSpelled,
  scan,
} from './json.ts'

/** One message of a body: its exact text, and its object or the reason why it has none. */
export type JsonElement = {
  text: string
  value: JsonObject | undefined
  /** Why there is no object, as the end of a sentence about the body. */
  unreadable: string | undefined
  /** A key with free-form content in which a key is written twice: the last value of it is in `value`. */
  ambiguousIn?: string
}

/**
 * Reads a body that is a JSON object or a list, each element with its exact text. What is not an object, is nested too
 * deep, or has a key twice with different values (a parser would choose one) has no value. Anything else is one element.
 */
export function readMessages(body: string): { batch: boolean; messages: JsonElement[] } {
  const elements = elementsOf(body)
  if (elements.length === 0) return { batch: false, messages: [readElement(body)] }
  return { batch: true, messages: elements.map(readElement) }
}

/** The texts of the elements of a JSON list; none for anything else. */
function elementsOf(body: string): string[] {
  if (!IS_LIST.test(body)) return []
  try {
    JSON.parse(withoutMark(body)) // the list may be invalid although its elements are valid
  } catch {
    return []
  }
  return scan(body).elements.filter((element) => element !== '')
}

/** A text without its byte order mark, which is no part of the JSON. */
function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, '')
}

function withoutValue(text: string, unreadable: string): JsonElement {
  return { text, value: undefined, unreadable }
}

/** Reads one element, as `readMessages` reads those of a list. */
export function readElement(body: string): JsonElement {
  const text = withoutMark(body)
  const { depth, keys, isRespelled } = scan(text)
  const isDeep = depth > MAX_DEPTH
  let value: unknown
  try {
    value = isRespelled && !isDeep ? parseSpelled(text) : JSON.parse(text)
  } catch {
    return withoutValue(text, 'is not JSON')
  }
  if (!isObject(value)) return withoutValue(text, 'is not a JSON object')
  if (isDeep) return withoutValue(text, 'is nested too deep')
  const read = { text, value, unreadable: undefined }
  return keys === keysOf(value) ? read : withoutAmbiguity(read)
}

/** How many keys the objects of a value have. */
function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const members = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []
  let count = members === value ? 0 : members.length
  for (const member of members) {
    if (typeof member === 'object') count += keysOf(member)
  }
  return count
}

/** Keys of objects whose own keys a customer of the vendor has chosen. */
export const FREE_FORM = /^(custom[\W_]*(properties|fields|attributes|data)|meta[\W_]*data)$/i

/** A key that may be shown: no value of somebody's that is used as a key. */
const SHOWN_KEY = /^[a-z_ -]{1,40}$/i

/** The element, without its value if it has a key twice with different values outside of free-form content. */
function withoutAmbiguity(element: JsonElement): JsonElement {
  const all = ambiguous(parseNumbered(element.text), [])
  const path = all.find((keys) => !keys.some((key) => FREE_FORM.test(key)))
  const key = path?.at(-1)
  if (key !== undefined) {
    const shown = SHOWN_KEY.test(key) ? key : 'a key'
    return withoutValue(element.text, `has ${shown} twice, with different values`)
  }
  const freeForm = all[0]?.find((key) => FREE_FORM.test(key))
  return freeForm === undefined ? element : { ...element, ambiguousIn: freeForm }
}

/** The JSON with a number before each key, so that a parser keeps all of them: `{"1000000:a":1,"1000001:a":2}`. */
function parseNumbered(text: string): unknown {
  let n = 1_000_000 // of one length, so that sorting keeps the order, and no clock time looks like one
  const numbered = text.replaceAll(
    /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?/g,
    (string, content, colon) => (colon === undefined ? string : `"${n++}:${content}":`),
  )
  return parseSpelled(numbered)
}

/** The paths of all keys of numbered JSON that one object has twice with different values. */
function ambiguous(value: unknown, path: readonly string[]): string[][] {
  if (Array.isArray(value)) return value.flatMap((item) => ambiguous(item, path))
  if (!isObject(value)) return []
  const seen = new Map<string, string>()
  return Object.entries(value).flatMap(([numbered, item]) => {
    const key = numbered.replace(/^\d+:/, '')
    const own = [...path, key]
    const content = canonical(item).replaceAll(/"1\d{6}:/g, '"')
    const isSame = (seen.get(key) ?? content) === content
    seen.set(key, content)
    return [...(isSame ? [] : [own]), ...ambiguous(item, own)]
  })
}

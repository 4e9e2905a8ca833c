// The shape of a vendor's message: its keys, and the kinds of their values. It never contains a value, not even one that
// is used as a key.

import { isObject, type JsonObject, numberText } from '../intake/json.ts'
import { FREE_FORM } from '../intake/messages.ts'

/** The kinds of JSON values. */
export type ValueKind = 'string' | 'number' | 'boolean' | 'null' | 'object' | 'list'

/** The paths of a message (`data.total`, `activePackages[].packageID`), each with the kinds of its values. */
export type Shape = {
  keys: Map<string, Set<ValueKind>>
  /** False if a limit was reached: a key that is not in `keys` may be in the message nevertheless. */
  isComplete: boolean
}

/** Replaces a key that may be data. */
export const ANY_KEY = '*'

/** Paths of one shape: more than both vendors document together. */
export const MAX_KEYS = 300
/** An object with more keys than this is a map, and its keys are data. */
const MAX_KEYS_OF_OBJECT = 100
/** Levels of nesting. The vendors' documented fields have three at most. */
const MAX_LEVELS = 8
const MAX_PATH_LENGTH = 200

/** The longest documented key has 18 characters. */
const MAX_NAME_LENGTH = 60
const NAME = /^[\p{L}_$][\p{L}\p{Nd}_$ .:|/-]*$/u
/** Five digits or more: a phone number, a date or a UUID, unlike `address_line_1` and `visits_2026`. */
const MANY_DIGITS = /(\p{Nd}\P{Nd}*){5}/u
/**
 * A word of 30 characters or more is an opaque id; Hapana's have 32. Anchored at the start of a word, for linear time.
 */
const UNBROKEN = /(?<![\p{L}\p{Nd}])[\p{L}\p{Nd}]{30}/u

/** A key or a vendor's event type, unchanged; `*` if it does not look like a name, because it may be data. */
export function safeName(text: string): string {
  if (text.length > MAX_NAME_LENGTH || !NAME.test(text)) return ANY_KEY
  return MANY_DIGITS.test(text) || UNBROKEN.test(text) ? ANY_KEY : text
}

/** The path of the object or list that contains a path; empty for the message itself. */
export function parentPath(path: string): string {
  if (path.endsWith('[]')) return path.slice(0, -2)
  return path.slice(0, Math.max(0, path.lastIndexOf('.')))
}

type Child = { path: string; values: unknown[]; isFreeForm: boolean }

/**
 * The shape of a message. All elements of a list share one path. Works level by level, so that a limit cuts off the
 * deepest keys first.
 *
 * @example
 * shapeOf({ id: 1, tags: ['a', null] }).keys // id → number, tags → list, tags[] → string and null
 */
export function shapeOf(message: JsonObject): Shape {
  const keys = new Map<string, Set<ValueKind>>()
  let isComplete = true
  let level: Child[] = [{ path: '', values: [message], isFreeForm: false }]
  for (let depth = 1; depth <= MAX_LEVELS && level.length > 0; depth++) {
    const next: Child[] = []
    for (const { path, values } of level) {
      const { children, isMap } = childrenOf(path, values)
      if (isMap) isComplete = false
      for (const child of children) {
        if (keys.size >= MAX_KEYS || child.path.length > MAX_PATH_LENGTH) {
          isComplete = false
          continue
        }
        const kinds = new Set(child.values.map(valueKind))
        keys.set(child.path, kinds)
        const hasMore = kinds.has('object') || kinds.has('list')
        if (hasMore && !child.isFreeForm) next.push(child)
      }
    }
    level = next
  }
  return { keys, isComplete }
}

/** The children of a path: the members of its objects, and the elements of its lists. */
function childrenOf(path: string, values: unknown[]): { children: Child[]; isMap: boolean } {
  const elements = values.filter(Array.isArray).flat()
  const members = new Map<string, unknown[]>()
  for (const [key, value] of values.filter(isObject).flatMap(Object.entries))
    add(members, key, value)
  const isMap = members.size > MAX_KEYS_OF_OBJECT
  const named = new Map<string, unknown[]>()
  for (const [key, own] of members) {
    const name = isMap ? ANY_KEY : safeName(key)
    for (const value of own) add(named, name, value)
  }
  const children = [...named].map(([name, own]) => ({
    path: `${path === '' ? '' : `${path}.`}${name.replaceAll('.', '%2E')}`,
    values: own,
    // Keys that the vendor's customers have chosen are not part of the shape.
    isFreeForm: FREE_FORM.test(name),
  }))
  if (elements.length > 0) children.push({ path: `${path}[]`, values: elements, isFreeForm: false })
  return { children, isMap }
}

function add(groups: Map<string, unknown[]>, key: string, value: unknown): void {
  const group = groups.get(key)
  if (group) group.push(value)
  else groups.set(key, [value])
}

function valueKind(value: unknown): ValueKind {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (isObject(value)) return 'object'
  if (numberText(value) !== undefined) return 'number'
  return typeof value === 'boolean' ? 'boolean' : 'string'
}

// The shape of a vendor's message: which keys it has, and of what kind their values are. Never a value, neither beside
// a key nor by way of one.

import { isObject, type JsonObject, numberText } from '../intake/json.ts'
import { fold } from './fields.ts'

/** What JSON knows of a value. */
export type ValueKind = 'string' | 'number' | 'boolean' | 'null' | 'object' | 'list'

/** The paths of a message (`data.total`, `activePackages[].packageID`), each with the kinds that stand there. */
export type Shape = {
  keys: Map<string, Set<ValueKind>>
  /** False when there was more than is looked at: then a key that is not here may be in the message all the same. */
  isComplete: boolean
}

/** What is written instead of a key that may be data. */
export const ANY_KEY = '*'

/** More paths than both vendors' documents name together: beyond them a message says nothing about its kind. */
export const MAX_KEYS = 300
/** An object of more keys than these is no record with fields but a map, and its keys are data. */
export const MAX_KEYS_OF_OBJECT = 100
/** The vendors' own fields stand three levels deep at most. */
export const MAX_LEVELS = 8
const MAX_PATH_LENGTH = 200

/** Objects whose keys the vendor's customers choose, folded: they may be of any name, and mean nothing here. */
const FREE_FORM = /^(custom(properties|fields|attributes|data)|metadata)$/

/** The vendors' documented keys have 18 characters at most. */
const MAX_NAME_LENGTH = 60
const NAME = /^[\p{L}_$][\p{L}\p{Nd}_$ .:|/-]*$/u
/** Five digits: `address_line_1` and `visits_2026` are names; a phone number, a date and a uuid are not. */
const MANY_DIGITS = /(\p{Nd}\P{Nd}*){5}/u
/** An opaque id: Hapana's have 32 characters. Looked for at the beginnings of words, so that it takes linear time. */
const UNBROKEN = /(?<![\p{L}\p{Nd}])[\p{L}\p{Nd}]{30}/u

/** A key, or a vendor's word for a type, as it came; `*` when it does not look like a name, as it may be data. */
export function safeName(text: string): string {
  if (text.length > MAX_NAME_LENGTH || !NAME.test(text)) return ANY_KEY
  return MANY_DIGITS.test(text) || UNBROKEN.test(text) ? ANY_KEY : text
}

/** The path of the object or list in which a path stands; empty for the message itself. */
export function parentPath(path: string): string {
  if (path.endsWith('[]')) return path.slice(0, -2)
  return path.slice(0, Math.max(0, path.lastIndexOf('.')))
}

type Child = { path: string; values: unknown[]; isFreeForm: boolean }

/**
 * The shape of a message. The elements of a list are taken together. Goes level by level, so that what is cut from
 * a message too large is what stands deepest.
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

/** What stands under a path, by path. */
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
    isFreeForm: FREE_FORM.test(fold(name)),
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

// A note where an expression compares by != what an event may not have: JSONata's result is then false, and not true.

import jsonata from 'jsonata'
import type { Config } from '../../config.ts'
import { matchesType } from '../../core/deliveries/routing.ts'
import { EVENT_TYPES } from '../../core/events/event.ts'
import { isObject } from '../../core/intake/json.ts'
import { isAlwaysThere } from './event-paths.ts'

/** A node of JSONata's syntax tree. */
type Node = {
  type?: string
  value?: unknown
  lhs?: Node
  rhs?: Node
  steps?: Node[]
  stages?: Node[]
  expressions?: Node[]
  arguments?: Node[]
  procedure?: Node
  condition?: Node
  then?: Node
  else?: Node
}

/** What is known where an expression is evaluated: the types that the event may have, and paths that it has. */
type Known = { types: readonly string[]; paths: readonly string[] }

/** The notes on the expressions of a target, by its table in the configuration; none for an invalid one. */
export function inequalityNotes(path: string, table: unknown): Config['notes'] {
  if (!isObject(table)) return []
  const patterns = Array.isArray(table.events) ? table.events.map(String) : ['*']
  const types = EVENT_TYPES.filter((type) => patterns.some((one) => matchesType(one, type)))
  return ['where', 'transform'].flatMap((key) =>
    [...new Set(inequalitiesOf(table[key], types))].map((name) => ({
      path: `${path}.${key}`,
      message: `${name} != … is false where there is no ${name}: if it must be true there, write $not(${name} = …)`,
    })),
  )
}

/** What an expression compares by != and an event of these types may not have, each as a path. */
function inequalitiesOf(text: unknown, types: readonly string[]): string[] {
  if (typeof text !== 'string') return []
  try {
    return find(jsonata(text).ast() as Node, { types, paths: [] })
  } catch {
    return [] // an error of the configuration says so
  }
}

function find(node: unknown, known: Known): string[] {
  if (typeof node !== 'object' || node === null) return []
  const { type, value, lhs, rhs, condition, then, else: otherwise } = node as Node
  if (type === 'binary' && lhs && rhs) {
    const inner = (left: Known, right: Known) => [...find(lhs, left), ...find(rhs, right)]
    if (value === 'and') return inner(assume(rhs, true, known), assume(lhs, true, known))
    if (value === 'or') return inner(assume(rhs, false, known), assume(lhs, false, known))
    const missing = value === '!=' ? [missingIn(lhs, known), missingIn(rhs, known)] : []
    return [...missing.flatMap((one) => one ?? []), ...inner(known, known)]
  }
  if (type === 'condition' && condition) {
    return [
      ...find(condition, known),
      ...find(then, assume(condition, true, known)),
      ...find(otherwise, assume(condition, false, known)),
    ]
  }
  // Paths inside of a path are relative to it, and so are those of a function of one's own.
  const isInside = type === 'path' || type === 'lambda'
  const within = isInside ? { types: [], paths: [] } : known
  return Object.values(node).flatMap((part) => find(part, within))
}

/** The path by which an operand may be missing; undefined if it is always there. */
function missingIn(node: Node, { types, paths }: Known): string | undefined {
  if (node.type === 'path') {
    const names = namesOf(node)
    const text = names?.join('.') ?? writtenAs(node)
    const isThere = names !== undefined && (paths.includes(text) || isAlwaysThere(names, types))
    return isThere ? undefined : text
  }
  // Most functions return nothing for nothing.
  const [first, key] = node.arguments ?? []
  if (node.type !== 'function' || first === undefined) return undefined
  if (node.procedure?.value === 'lookup') {
    const steps = first.type === 'path' ? first.steps : [first]
    const isPath = steps !== undefined && key?.type === 'string'
    if (!isPath) return '$lookup(…)'
    const member = { type: 'name', value: String(key.value) }
    return missingIn({ type: 'path', steps: [...steps, member] }, { types, paths })
  }
  return TOTAL.has(String(node.procedure?.value)) ? undefined : missingIn(first, { types, paths })
}

/** Functions that return a value without an argument too. */
const TOTAL = new Set(['exists', 'count', 'append', 'map', 'filter'])

/** The names of a path from the event on; undefined for one of another kind. */
function namesOf({ steps = [] }: Node): string[] | undefined {
  // `$` and `$$`.
  const isEvent = (step: Node | undefined) =>
    step?.type === 'variable' && /^\$?$/.test(String(step.value))
  const names = isEvent(steps[0]) ? steps.slice(1) : steps
  const isPlain = names.every(({ type, stages }) => type === 'name' && stages === undefined)
  return isPlain && names.length > 0 ? names.map(({ value }) => String(value)) : undefined
}

/** A path of another kind, as far as it consists of names. */
function writtenAs({ steps = [] }: Node): string {
  const texts = steps.map(({ type, value, stages }) => {
    const name = type === 'name' ? String(value) : type === 'variable' ? `$${value}` : '…'
    return stages === undefined ? name : `${name}[…]`
  })
  return texts.join('.')
}

/** What is known where a condition is true, or false. */
function assume(node: Node, isTrue: boolean, known: Known): Known {
  const { type, value, lhs, rhs, expressions, procedure, arguments: given = [] } = node
  const [only] = type === 'block' ? (expressions ?? []) : given
  if (only && type === 'block' && expressions?.length === 1) return assume(only, isTrue, known)
  if (only && type === 'function' && procedure?.value === 'not') return assume(only, !isTrue, known)
  if (only && type === 'function' && procedure?.value === 'exists')
    return isTrue ? withPath(only, known) : known
  if (type === 'path') return isTrue ? withPath(node, known) : known
  if (type !== 'binary' || !lhs || !rhs) return known
  if (value === (isTrue ? 'and' : 'or')) return assume(rhs, isTrue, assume(lhs, isTrue, known))
  const listed = ['=', '!=', 'in'].includes(String(value)) ? typesIn(lhs, rhs) : undefined
  if (listed !== undefined) {
    const isOneOf = (value !== '!=') === isTrue
    return { ...known, types: known.types.filter((one) => listed.includes(one) === isOneOf) }
  }
  // A comparison is true only for what is there; != is, too.
  return isTrue && /^([<>]=?|!?=|in)$/.test(String(value))
    ? withPath(lhs, withPath(rhs, known))
    : known
}

function withPath(node: Node, known: Known): Known {
  const names = node.type === 'path' ? namesOf(node) : undefined
  return names === undefined ? known : { ...known, paths: [...known.paths, names.join('.')] }
}

/** The texts that `type` is compared with; undefined where something else is compared. */
function typesIn(lhs: Node, rhs: Node): string[] | undefined {
  const isType = (node: Node) => node.type === 'path' && namesOf(node)?.join('.') === 'type'
  const other = isType(lhs) ? rhs : isType(rhs) ? lhs : undefined
  const items = other?.type === 'string' ? [other] : (other?.expressions ?? [])
  const isAllText = items.length > 0 && items.every(({ type }) => type === 'string')
  return isAllText ? items.map(({ value }) => String(value)) : undefined
}

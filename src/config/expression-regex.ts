// What a regular expression can cost. JavaScript's engine backtracks and cannot be interrupted, so the cost is bounded
// beforehand: by its pattern, and by the length of the text that it may see.
import type { Meter } from './expression-meter.ts'

/** Moves of the engine that one search may take: a tenth of a second at worst (measured). */
const MAX_MOVES = 10_000_000

/** Moves that cost as much as one value that is walked through. */
const MOVES_A_UNIT = 20

/** A pattern that could not even be let loose on an e-mail address is refused. */
const LEAST_TEXT = 40

/** A counted repetition is compiled as often as it counts: what a pattern may then be long. */
const MAX_PATTERN = 5_000

/** More repetitions than these are counted as any number of them. */
const MANY = 10

/**
 * How many ways a pattern has through a text of length n from one start, at most: `factor` · C(n + degree, degree).
 * Each unbounded repetition adds a degree, as all of them share the text's length. `size`: its characters, repeated.
 */
type Ways = { factor: number; degree: number; size: number }

const ONE: Ways = { factor: 1, degree: 0, size: 1 }

/** Why a pattern is refused; undefined when it is bounded. */
export function patternProblem(pattern: RegExp): string | undefined {
  if (waysOf(pattern).size > MAX_PATTERN) return 'repeats too much'
  return longestText(pattern) >= LEAST_TEXT
    ? undefined
    : 'can take for ever: repeat nothing that holds a choice or a repetition'
}

/** What JSONata takes for `RegExp`, on the account of one evaluation. */
export function regexEngine(meter: Meter) {
  return class {
    lastIndex = 0
    readonly #pattern: RegExp

    constructor(pattern: RegExp) {
      this.#pattern = new RegExp(pattern)
    }

    exec(given: unknown): RegExpExecArray | null {
      const text = String(given)
      const longest = longestText(this.#pattern)
      if (text.length > longest) {
        throw new Error(`a regular expression meets a text of more than ${longest} characters`)
      }
      const from = this.lastIndex
      this.#pattern.lastIndex = from
      const found = this.#pattern.exec(text)
      this.lastIndex = this.#pattern.lastIndex
      const starts = (found === null ? text.length : found.index) - from + 1
      const share = starts / (text.length + 1)
      meter.spend((movesIn(this.#pattern, text.length) * share) / MOVES_A_UNIT)
      return found
    }
  }
}

/** The longest text that a pattern may see. */
function longestText(pattern: RegExp): number {
  let [least, most] = [0, 10_000_000]
  while (least < most) {
    const middle = Math.ceil((least + most) / 2)
    if (movesIn(pattern, middle) <= MAX_MOVES) least = middle
    else most = middle - 1
  }
  return least
}

/** The moves of a search through a text of a length, at most. One that is anchored has one place to start at. */
function movesIn(pattern: RegExp, length: number): number {
  const { factor, degree } = waysOf(pattern)
  const isAnchored = /^\^[^|]*$/.test(pattern.source) && !pattern.multiline
  return length + factor * combinations(length, isAnchored ? degree : degree + 1)
}

/** C(n + degree, degree). */
function combinations(n: number, degree: number): number {
  let product = 1
  for (let i = 1; i <= degree; i++) product *= (n + i) / i
  return product
}

const KNOWN = new Map<string, Ways>()

/** The ways of a pattern, read once. Patterns stand in the configuration: there are few. */
function waysOf({ source }: RegExp): Ways {
  const known = KNOWN.get(source)
  if (known !== undefined) return known
  const ways = readChoice({ text: source, at: 0 })
  KNOWN.set(source, ways)
  return ways
}

type Reader = { text: string; at: number }

/** Takes what a sticky pattern matches here. */
function take(reader: Reader, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = reader.at
  const found = pattern.exec(reader.text)
  if (found !== null) reader.at += found[0].length
  return found
}

function readChoice(reader: Reader): Ways {
  let sum = readSequence(reader)
  while (take(reader, /\|/y)) {
    const next = readSequence(reader)
    sum = {
      factor: sum.factor + next.factor,
      degree: Math.max(sum.degree, next.degree),
      size: sum.size + next.size,
    }
  }
  return sum
}

function readSequence(reader: Reader): Ways {
  let product = ONE
  while (reader.at < reader.text.length && !/[|)]/.test(reader.text[reader.at] ?? '')) {
    product = both(product, repeated(readItem(reader), reader))
  }
  return product
}

function both(one: Ways, other: Ways): Ways {
  return {
    factor: one.factor * other.factor,
    degree: one.degree + other.degree,
    size: one.size + other.size,
  }
}

function readItem(reader: Reader): Ways {
  const group = take(reader, /\((\?(:|<?[=!]|<[^>]*>))?/y)
  if (group !== null) {
    const inner = readChoice(reader)
    take(reader, /\)/y)
    // What is only looked at is not consumed, and shares its length with nothing.
    const isLook = /[=!]$/.test(group[1] ?? '')
    return isLook ? { ...inner, factor: inner.factor * 10 ** inner.degree } : inner
  }
  // What was found before is compared character by character.
  if (take(reader, /\\([1-9]\d*|k<[^>]*>)/y)) return { ...ONE, degree: 1 }
  take(reader, /\[(\\[\s\S]|[^\]\\])*\]|\\[\s\S]|[\s\S]/y)
  return ONE
}

/** The ways of an item with the quantifier that follows it, if any. */
function repeated(item: Ways, reader: Reader): Ways {
  const found = take(reader, /(?:([*+?])|\{(\d+)(,(\d*))?\})\??/y)
  if (found === null) return item
  const [, sign, least, range, most] = found
  const min = sign === undefined ? Number(least) : sign === '+' ? 1 : 0
  const max =
    sign === undefined
      ? range === undefined
        ? min
        : Number(most || Number.POSITIVE_INFINITY)
      : sign === '?'
        ? 1
        : Number.POSITIVE_INFINITY
  const size = item.size * Math.max(1, Number.isFinite(max) ? max : min)
  if (item.factor === 1 && item.degree === 0) {
    const counts = max - min + 1
    return counts > MANY ? { factor: 1, degree: 1, size } : { factor: counts, degree: 0, size }
  }
  if (!Number.isFinite(max) || max > MANY) {
    return { factor: Number.POSITIVE_INFINITY, degree: item.degree, size }
  }
  let factor = 0
  for (let i = min; i <= max; i++) factor += item.factor ** i
  return { factor, degree: item.degree * max, size }
}

// The cost of regular expressions. JavaScript's engine backtracks and cannot be interrupted, so the cost is limited in
// advance, by the pattern and by the length of the text.
import type { Meter } from './expression-meter.ts'

/** Backtracking moves that one search may take: a tenth of a second at worst (measured). */
const MAX_MOVES = 10_000_000

/** Moves that cost one unit of work (config/expression-meter.ts). */
const MOVES_A_UNIT = 20

/** A pattern must be affordable on a text of this many characters, such as an e-mail address. */
const MIN_TEXT_LENGTH = 40

/** Characters of a pattern after its counted repetitions (`{3,5}`) are expanded, as the engine does. */
const MAX_EXPANDED_PATTERN = 5_000

/** A counted repetition of more than this is taken for an unbounded one. */
const MAX_COUNTED = 10

/**
 * An upper bound for the paths that a match can try through a text of length n from one start:
 * `factor` · C(n + degree, degree). Each unbounded repetition adds a degree, as the repetitions divide the text among
 * them. `size`: the length of the pattern with counted repetitions expanded.
 */
type Ways = { factor: number; degree: number; size: number }

const ONE: Ways = { factor: 1, degree: 0, size: 1 }

/** Why a pattern is refused; undefined if its cost is bounded. */
export function patternProblem(pattern: RegExp): string | undefined {
  if (waysOf(pattern).size > MAX_EXPANDED_PATTERN)
    return 'is too long once its counted repetitions are expanded'
  return longestText(pattern) >= MIN_TEXT_LENGTH
    ? undefined
    : 'can take too long: do not repeat a group that contains an alternative or a repetition'
}

/** A replacement for `RegExp` in JSONata that charges each search to a meter. */
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
        throw new Error(`a regular expression is used on a text of more than ${longest} characters`)
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

/** The longest text that a pattern may search, in characters. */
function longestText(pattern: RegExp): number {
  let [least, most] = [0, 10_000_000]
  while (least < most) {
    const middle = Math.ceil((least + most) / 2)
    if (movesIn(pattern, middle) <= MAX_MOVES) least = middle
    else most = middle - 1
  }
  return least
}

/** An upper bound for the moves of a search. A pattern anchored by `^` has one place to start at. */
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

/** The ways of a pattern, cached: patterns come from the configuration, so there are few. */
function waysOf({ source }: RegExp): Ways {
  const known = KNOWN.get(source)
  if (known !== undefined) return known
  const ways = readChoice({ text: source, at: 0, hasNames: NAMED_GROUP.test(plainText(source)) })
  KNOWN.set(source, ways)
  return ways
}

const NAMED_GROUP = /\(\?<[^=!]/

/** A pattern's source without its escapes and classes: what looks like a group there is none. */
function plainText(source: string): string {
  return source.replaceAll(/\\[\s\S]|\[(\\[\s\S]|[^\]\\])*\]/g, '.')
}

/**
 * A position in the pattern's source. `hasNames`: whether a group has a name. Without one, `\k<…>` is the letter k and
 * what follows it (https://tc39.es/ecma262/#sec-regular-expressions-patterns). The other exceptions for old patterns
 * read as they look: an escape without its digits (`\u{9}`, `\x`, `\c`) is a letter, a brace without a number is text.
 */
type Reader = { text: string; at: number; hasNames: boolean }

/** Consumes what a sticky pattern matches at the reader's position; null if it does not match. */
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
    product = inSequence(product, withQuantifier(readItem(reader), reader))
  }
  return product
}

function inSequence(one: Ways, other: Ways): Ways {
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
    // A lookaround consumes nothing, so its repetitions do not divide the text with others.
    const isLookaround = /[=!]$/.test(group[1] ?? '')
    return isLookaround ? { ...inner, factor: inner.factor * 10 ** inner.degree } : inner
  }
  // A back-reference compares character by character.
  if (take(reader, reader.hasNames ? /\\([1-9]\d*|k<[^>]*>)/y : /\\[1-9]\d*/y)) {
    return { ...ONE, degree: 1 }
  }
  take(reader, /\[(\\[\s\S]|[^\]\\])*\]|\\[\s\S]|[\s\S]/y)
  return ONE
}

/** The ways of an item with its quantifier, if one follows. */
function withQuantifier(item: Ways, reader: Reader): Ways {
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
    return counts > MAX_COUNTED
      ? { factor: 1, degree: 1, size }
      : { factor: counts, degree: 0, size }
  }
  if (!Number.isFinite(max) || max > MAX_COUNTED) {
    return { factor: Number.POSITIVE_INFINITY, degree: item.degree, size }
  }
  let factor = 0
  for (let i = min; i <= max; i++) factor += item.factor ** i
  return { factor, degree: item.degree * max, size }
}

// The budget of one evaluation: steps, work and the size of values. They are counted, because the clock of a Worker does
// not advance while it computes (https://developers.cloudflare.com/workers/reference/security-model/).

/** Steps of an evaluation; an expression that needs more is taken for an endless loop. */
const MAX_STEPS = 100_000

/**
 * Units of work, about one visited value each. Steps do not show it: one step can sort a list or search a long text.
 */
const MAX_WORK = 1_000_000

/** Characters of text that cost one unit of work. */
const CHARACTERS_A_UNIT = 16

/** Characters of a part of the event that cost one unit each time the part is used: its truth value may be computed. */
const CHARACTERS_A_MENTION = 32

/** Items of the longest list. JSONata's sort copies the rest of the list for each item: 10,000 items take 200 MB. */
export const MAX_LIST = 5_000

/** Levels of nested lists and objects. An event has 64 at most; an expression may wrap it in some more. */
const MAX_DEPTH = 200

/**
 * How much larger than the event a result may be, in characters of JSON. Receivers have limits of this order, and a text
 * of this size is parsed in milliseconds. The event's own size is added, so that a transform can pass on any event.
 */
const MAX_GROWTH = 256_000

/** An intermediate value may be this many times the largest result: nested lists repeat the same values. */
const INTERMEDIATE_FACTOR = 4

/** Counts what one evaluation uses. Every method throws an error that names the limit when it is exceeded. */
export class Meter {
  readonly #largestResult: number
  /** The sizes of all parts of the event. They do not change, so no part is measured twice. */
  readonly #known = new Map<object, number>()
  /** Operands of binary operators, which compare or concatenate the whole value. */
  readonly #operands = new WeakSet<object>()
  #steps = 0
  #work = 0

  constructor(event: unknown) {
    this.#largestResult = MAX_GROWTH + weigh(event, this.#known)
  }

  /** Counts a step. */
  step(expression: { type: string; lhs?: unknown; rhs?: unknown }): void {
    this.#steps++
    if (this.#steps > MAX_STEPS)
      throw new Error(`the expression takes more than ${MAX_STEPS} steps`)
    if (expression.type !== 'binary') return
    for (const side of [expression.lhs, expression.rhs]) {
      if (typeof side === 'object' && side !== null) this.#operands.add(side)
    }
  }

  /** Checks the value of a step. */
  checkValue(expression: object, value: unknown): void {
    if (typeof value !== 'string' && (typeof value !== 'object' || value === null)) return
    const size = this.sizeOf(value)
    if (this.#operands.has(expression)) this.spend(size / CHARACTERS_A_UNIT)
  }

  /** Charges for a value that is read completely. Returns its size in characters. */
  read(value: unknown): number {
    const size = this.sizeOf(value)
    this.spend(size / CHARACTERS_A_UNIT)
    return size
  }

  /** Charges units of work. */
  spend(units: number): void {
    this.#work += units
    if (!(this.#work <= MAX_WORK)) throw new Error('the expression needs too much work')
  }

  /** Throws for a size, in characters, that no value may have. */
  allow(size: number): void {
    const largest = INTERMEDIATE_FACTOR * this.#largestResult
    if (!(size <= largest))
      throw new Error(`the expression creates a value of more than ${largest} characters`)
  }

  /** Throws for a result whose JSON is too long. */
  allowResult(value: unknown): void {
    this.sizeOf(value)
    const { length } = JSON.stringify(value) ?? ''
    if (length > this.#largestResult)
      throw new Error(`the result has more than ${this.#largestResult} characters of JSON`)
  }

  /**
   * The approximate size of a value as JSON, in characters; a part that occurs twice counts twice. Stops at the first
   * exceeded limit: a list that contains the same list twice, repeatedly, doubles at each step without taking memory.
   */
  sizeOf(value: unknown): number {
    const size = this.#walk(value, 0, 0)
    this.allow(size)
    return size
  }

  /** Returns `around`, the size counted so far, plus the size of a value. */
  #walk(value: unknown, around: number, depth: number): number {
    if (typeof value !== 'object' || value === null || isFunction(value))
      return around + ownSize(value)
    const known = this.#known.get(value)
    if (known !== undefined) {
      this.spend(1 + known / CHARACTERS_A_MENTION)
      return around + known
    }
    if (depth > MAX_DEPTH)
      throw new Error(`the expression nests values more than ${MAX_DEPTH} deep`)
    const parts: unknown[] = Array.isArray(value) ? value : Object.values(value)
    if (parts.length > MAX_LIST)
      throw new Error(`the expression creates a list of more than ${MAX_LIST} items`)
    this.spend(1 + parts.length)
    let size = around + ownSize(value)
    for (const part of parts) size = this.#walk(part, size, depth + 1)
    this.allow(size)
    return size
  }
}

/**
 * The size of an event; the sizes of its parts are added to `known`. Recursion is safe: the depth of an event's JSON is
 * limited.
 */
function weigh(value: unknown, known: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return ownSize(value)
  let size = ownSize(value)
  for (const part of Object.values(value)) size += weigh(part, known)
  known.set(value, size)
  return size
}

/** The size of a value without its members: its characters, keys and separators. */
function ownSize(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  if (Array.isArray(value)) return 2 + value.length
  return isFunction(value) ? 8 : Object.keys(value).reduce((sum, key) => sum + key.length + 4, 2)
}

/** JSONata's functions are objects that refer to their whole scope, which must not be measured. */
function isFunction(value: object): boolean {
  return '_jsonata_lambda' in value || '_jsonata_function' in value
}

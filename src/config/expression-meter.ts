// What an evaluation may use, counted as it goes: the clock stands still while a Worker computes.

/** Steps after which an expression counts as endless. */
const MAX_STEPS = 100_000

/** Values and texts that are walked through, which steps do not show: one step may sort a list or search a mail. */
const MAX_WORK = 1_000_000

/** Characters that cost as much as one value. */
const CHARACTERS_A_UNIT = 16

/** Characters of a part of the event that cost as much whenever it is named: it may be asked whether it holds anything. */
const CHARACTERS_A_MENTION = 32

/** The longest list. JSONata sorts by copying the rest of it for each element: ten thousand would be 200 MB. */
export const MAX_LIST = 5_000

/** Lists and objects in each other: an event nests 64 deep at most, and has a little around it. */
const MAX_DEPTH = 200

/**
 * The size of a result beyond the event's own, in characters of JSON. A receiver's limits are of this order, a text of
 * it is read in milliseconds; and a transform may pass on what it was given, however large the vendor's mail.
 */
const MAX_GAIN = 256_000

/** How much larger than a result a value on the way to it may be: lists of lists hold the same things often. */
const SLACK = 4

/** The account of one evaluation. Whatever goes beyond it throws, and says which bound it was. */
export class Meter {
  readonly #largestResult: number
  /** The parts of the event with their sizes: they do not change, and cost nothing to be named again. */
  readonly #known = new Map<object, number>()
  /** Expressions whose value is compared or joined as a whole by the operator around them. */
  readonly #operands = new WeakSet<object>()
  #steps = 0
  #work = 0

  constructor(event: unknown) {
    this.#largestResult = MAX_GAIN + weigh(event, this.#known)
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

  /** Looks at what a step has made. */
  made(expression: object, value: unknown): void {
    if (typeof value !== 'string' && (typeof value !== 'object' || value === null)) return
    const size = this.sizeOf(value)
    if (this.#operands.has(expression)) this.spend(size / CHARACTERS_A_UNIT)
  }

  /** Pays for a value that is read from end to end; gives its size. */
  read(value: unknown): number {
    const size = this.sizeOf(value)
    this.spend(size / CHARACTERS_A_UNIT)
    return size
  }

  spend(units: number): void {
    this.#work += units
    if (!(this.#work <= MAX_WORK)) throw new Error('the expression takes too much work')
  }

  /** Refuses a size that no value may have. */
  allow(size: number): void {
    const largest = SLACK * this.#largestResult
    if (!(size <= largest))
      throw new Error(`the expression makes a value larger than ${largest} characters`)
  }

  /** Refuses a result that is too large, as the text that it will be. */
  allowResult(value: unknown): void {
    this.sizeOf(value)
    const { length } = JSON.stringify(value) ?? ''
    if (length > this.#largestResult)
      throw new Error(`the result is larger than ${this.#largestResult} characters of JSON`)
  }

  /**
   * The size of a value in characters, about, as JSON would have it: what it holds twice counts twice. Ends at the
   * first bound, as lists that hold the same list twice grow without end in few steps, and take no memory until then.
   */
  sizeOf(value: unknown): number {
    const size = this.#walk(value, 0, 0)
    this.allow(size)
    return size
  }

  /** Adds the size of a value to what was counted around it. */
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
      throw new Error(`the expression makes a list of more than ${MAX_LIST}`)
    this.spend(1 + parts.length)
    let size = around + ownSize(value)
    for (const part of parts) size = this.#walk(part, size, depth + 1)
    this.allow(size)
    return size
  }
}

/** The size of an event and of all its parts. It comes from JSON of bounded depth. */
function weigh(value: unknown, known: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return ownSize(value)
  let size = ownSize(value)
  for (const part of Object.values(value)) size += weigh(part, known)
  known.set(value, size)
  return size
}

/** The size of a value without its parts: its own characters, its keys, and what separates them. */
function ownSize(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  if (Array.isArray(value)) return 2 + value.length
  return isFunction(value) ? 8 : Object.keys(value).reduce((sum, key) => sum + key.length + 4, 2)
}

/** Functions of JSONata are objects, and hold the world that they were made in. */
function isFunction(value: object): boolean {
  return '_jsonata_lambda' in value || '_jsonata_function' in value
}

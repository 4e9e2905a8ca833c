// JSON without loss: a number that a double would change keeps its own spelling.

/** A parsed JSON object of unknown shape. */
export type JsonObject = Record<string, unknown>

/** A number in its own spelling, as `JSON.rawJSON` makes it (https://tc39.es/proposal-json-parse-with-source/). */
type RawNumber = { readonly rawJSON: string }

// The language has these since ES2026; the compiler's library does not name them yet.
const { rawJSON, isRawJSON, parse } = JSON as unknown as {
  rawJSON(text: string): RawNumber
  isRawJSON(value: unknown): value is RawNumber
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
}

/** Deeper messages are not normalized: vendors do not nest, and recursion over hostile input must end. */
export const MAX_DEPTH = 64

/** True for a JSON object: not null, not a list, not a number in its own spelling. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value)
}

/** The digits of a JSON number as they were spelled; undefined for anything that is not a number. */
export function numberText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return isRawJSON(value) ? value.rawJSON : undefined
}

/** Parses JSON. A number that `String(number)` would spell differently keeps its spelling. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  return MAY_BE_RESPELLED.test(text) && scan(text).isRespelled
    ? parseSpelled(text)
    : JSON.parse(text)
}

/** Finds every number that `String(number)` might spell differently (and what looks like one inside of a text). */
const MAY_BE_RESPELLED = /(?:^|[[:,])\s*(?:-0|-?\d{16}|-?\d+[.eE])/

/** Parses JSON, each number with its spelling if `String(number)` would change it. Throws SyntaxError. */
export function parseSpelled(text: string): unknown {
  return parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? rawJSON(source)
      : value,
  )
}

/** Whether the text of a JSON value is that of a list. */
export const IS_LIST = /^\s*\[/

type Scan = {
  depth: number
  /** How many keys all its objects have, a key that is written twice counted twice. */
  keys: number
  /** The texts of a top-level list's elements. */
  elements: string[]
  /** Whether there is a number that `String(number)` would spell differently: finding that while parsing costs much more. */
  isRespelled: boolean
}

/** Scans a JSON text. Of one that is not valid, the result means nothing. */
export function scan(text: string): Scan {
  const isList = IS_LIST.test(text)
  const elements: string[] = []
  let isRespelled = false
  let keys = 0
  let level = 0
  let depth = 0
  let start = text.indexOf('[') + 1
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      i = endOfString(text, i)
    } else if (c === 0x3a) {
      keys++
    } else if (c === 0x5b || c === 0x7b) {
      depth = Math.max(depth, ++level)
    } else if (c === 0x5d || c === 0x7d || (c === 0x2c && level === 1)) {
      if (c !== 0x2c) level--
      if (isList && level === (c === 0x2c ? 1 : 0)) {
        elements.push(text.slice(start, i).trim())
        start = i + 1
      }
    } else if (c === 0x2d || isDigit(c)) {
      const end = endOfNumber(text, i)
      isRespelled ||= end - i > 1 && String(Number(text.slice(i, end))) !== text.slice(i, end)
      i = end - 1
    }
  }
  return { depth, keys, elements, isRespelled }
}

const isDigit = (c: number) => c >= 0x30 && c <= 0x39

/** The end of the number that begins at `from`: the first character that is not a digit, sign, point or exponent. */
function endOfNumber(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!isDigit(c) && c !== 0x2b && c !== 0x2d && c !== 0x2e && c !== 0x45 && c !== 0x65) return i
  }
  return text.length
}

/** The index of the quote that ends the string whose first quote is at `from`; the length of the text if there is none. */
export function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

/**
 * One text for all spellings of a JSON value: keys sorted by code unit, no white space, numbers by value
 * (`1.0`, `1` and `1e0` are one; digits beyond a double's still distinguish two numbers).
 */
export function canonical(value: unknown): string {
  if (isPlainInteger(value)) return String(value)
  const digits = numberText(value)
  if (digits !== undefined) return canonicalNumber(digits)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`
}

/** True for most numbers: whole, exact, and without trailing zeros to remove. */
function isPlainInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) % 10 !== 0
}

/** A greater exponent is hostile, and computing with it costs time. */
const MAX_EXPONENT_LENGTH = 20

function canonicalNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = withoutTrailingZeros(digits)
  if (significant === '') return '0'
  if (exponent.length > MAX_EXPONENT_LENGTH) return text
  const power =
    BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length)
  return power === 0n ? sign + significant : `${sign}${significant}e${power}`
}

/** A loop, as a pattern for this takes quadratic time on hostile digits. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return digits.slice(0, end)
}

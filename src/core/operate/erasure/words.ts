// Texts as words, and values as short sequences of words that are found inside of any text: in another case, with other
// punctuation, inside of JSON, HTML or a URL. Only hashes of a value are kept, so all windows of a text are hashed to find it.
import { hexOf, hmac } from '../../intake/signature.ts'

/** A value by its hashes: `mark`, of 32 bits, finds candidates quickly; `hash`, of 128 bits, decides. */
export type HashedWords = { hash: string; mark: number; words: number }

/** The most words of a value that are compared. */
export const MAX_WORDS = 12

/** Before the digits of a number, however they are grouped: `+61 (412) 345-678` is the word `#61412345678`. */
const NUMBER_MARK = '#'
const NUMBER = /\d[\d\s().\-/]{5,}\d/g
const WORD = /[\p{L}\p{N}]+/gu
const MIN_DIGITS = 7

/** The words of a text, in lower case and without accents. */
export function wordsOf(text: string): string[] {
  // Folding is slow, and most texts are ASCII.
  const isAscii = !/[^\0-\x7f]/.test(text)
  const folded = isAscii ? text : text.normalize('NFKD').replace(/\p{M}/gu, '')
  return folded.toLowerCase().match(WORD) ?? []
}

/** The word of a telephone number; undefined when it has fewer than seven digits. */
export function numberWord(text: string): string | undefined {
  const digits = text.replace(/\D/g, '')
  return digits.length < MIN_DIGITS ? undefined : NUMBER_MARK + digits
}

/** The hashes of a sequence of words, by a salt in hexadecimal. */
export async function hashWords(words: readonly string[], salt: string): Promise<HashedWords> {
  const own = words.slice(0, MAX_WORDS)
  const seed = seedOf(salt)
  const mark = own.reduce((sum, word) => joined(sum, shortHash(word, seed)), seed)
  return { hash: await keyedHash(own.join(' '), salt), mark, words: own.length }
}

/** 128 bits of the HMAC of a text, in hexadecimal. */
export async function keyedHash(text: string, key: string): Promise<string> {
  const mac = await hmac(new Uint8Array(new TextEncoder().encode(text)), key)
  return hexOf(mac.subarray(0, 16))
}

/**
 * Which of some hashed values are in a text, as it is and with its encodings undone. A value that is only part of another one
 * there, as a name is of an address, is not.
 */
export async function findValues<V extends HashedWords>(
  text: string,
  { salt, values }: { salt: string; values: readonly V[] },
): Promise<V[]> {
  const byMark = Map.groupBy(values, ({ mark }) => mark)
  const found = new Set<V>()
  for (const reading of readingsOf(text)) {
    const confirmed: Match<V>[] = []
    for (const match of matchesIn(reading, byMark, salt)) {
      const hash = await keyedHash(match.text, salt)
      const own = match.values.filter((value) => value.hash === hash)
      if (own.length > 0) confirmed.push({ ...match, values: own })
    }
    const whole = confirmed.filter((one) => !confirmed.some((other) => isInside(one, other)))
    for (const value of whole.flatMap(({ values }) => values)) found.add(value)
  }
  return [...found]
}

/** Words of a text, from one up to but not including another, that have the mark of some values. */
type Match<V> = { start: number; end: number; text: string; values: V[] }

function isInside<V>(one: Match<V>, other: Match<V>): boolean {
  const isLonger = other.end - other.start > one.end - one.start
  return isLonger && other.start <= one.start && other.end >= one.end
}

function matchesIn<V extends HashedWords>(
  text: string,
  byMark: ReadonlyMap<number, V[]>,
  salt: string,
): Match<V>[] {
  const seed = seedOf(salt)
  const longest = Math.max(0, ...[...byMark.values()].flat().map(({ words }) => words))
  const found: Match<V>[] = []
  const look = (words: readonly string[]) => {
    const hashes = words.map((word) => shortHash(word, seed))
    for (let start = 0; start < words.length; start++) {
      let mark = seed
      for (let end = start + 1; end <= Math.min(words.length, start + longest); end++) {
        mark = joined(mark, hashes[end - 1] as number)
        const values = byMark.get(mark)
        if (values) found.push({ start, end, text: words.slice(start, end).join(' '), values })
      }
    }
  }
  look(wordsOf(text))
  for (const number of text.match(NUMBER) ?? []) look([numberWord(number) ?? ''])
  return found
}

/** A text as it is, and as a reader that decodes it reads it: JSON inside of JSON, parts of URLs, entities of HTML, base64. */
export function readingsOf(text: string): string[] {
  const decoded = withoutEntities(withoutPercents(withoutEscapes(text)))
  return [...new Set([text, decoded, ...(text.match(BASE64) ?? []).flatMap(ofBase64)])]
}

const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(.))/gs

/** Each level of JSON inside of a text in JSON has its own escapes. */
const MAX_LEVELS = 4

function withoutEscapes(text: string): string {
  let result = text
  for (let level = 0; level < MAX_LEVELS && result.includes('\\'); level++) {
    result = result.replace(ESCAPE, (_, code: string | undefined, character: string) =>
      code !== undefined
        ? String.fromCharCode(Number.parseInt(code, 16))
        : /[bfnrt]/.test(character)
          ? ' '
          : character,
    )
  }
  return result
}

function withoutPercents(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run)
    } catch {
      return run
    }
  })
}

function withoutEntities(text: string): string {
  return text.replace(/&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));/g, (entity, hex, decimal) => {
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : entity
  })
}

const BASE64 = /[A-Za-z0-9+/]{16,}={0,2}/g

/** The text whose bytes some base64 is; nothing for what only looks like it. */
function ofBase64(run: string): string[] {
  if (run.length % 4 !== 0) return []
  try {
    const bytes = Uint8Array.from(atob(run), (character) => character.charCodeAt(0))
    return [new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)]
  } catch {
    return []
  }
}

const seedOf = (salt: string): number => shortHash(salt, 0x811c9dc5)

/** FNV-1a of 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
function shortHash(text: string, seed: number): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The mark of a sequence with one more word. */
function joined(mark: number, word: number): number {
  return Math.imul(mark ^ word, 0x01000193) >>> 0
}

// A large message is stored once: the long strings that its event, or the body of a delivery, has of it are references into
// its text. They are strings in single quotes, which SQLite reads as JSON (JSON5) and JSON never has outside of its strings:
// so no text of a vendor can be one, and who forgets to resolve them cannot parse the text.
import { endOfString } from './json.ts'

/** The length from which a string is replaced: longer than a name, an address, or anything that meaning is read from. */
const MIN_LENGTH = 2000

/** A text that is the same as that of the message. */
const WHOLE = "'raw'"

/** The reference to a string: the offset and the length of its literal in the text of the message, in UTF-16 code units. */
const REFERENCE = /'raw (\d+) (\d+)'/y
const MARK = "'raw"

/**
 * The text without the long strings that `raw`, the text of its message, has, but for those that are to stay. `resolve` gives
 * the same text back.
 */
export function refer(text: string, raw: string, staying: ReadonlySet<string> = NONE): string {
  if (text === raw) return WHOLE
  const places = new Map<string, string>()
  replaceStrings(raw, (literal, offset) => {
    const value = stringIn(literal)
    if (value !== undefined && !staying.has(value))
      places.set(value, `'raw ${offset} ${literal.length}'`)
    return undefined
  })
  if (places.size === 0) return text
  const referring = replaceStrings(text, (literal) => places.get(stringIn(literal) ?? ''))
  return resolve(referring, raw) === text ? referring : text
}

const NONE: ReadonlySet<string> = new Set()

/** The members of an event that meaning is never read from, at any depth. */
const UNREAD = new Set(['message', 'notes', 'extra', 'custom_properties'])

/**
 * The text of an event as it is stored. `raw`: the text of its message, where that is not in its row: then it is as by
 * `refer`, without the long strings of those members.
 */
export function textOfEvent(event: object, raw: string | undefined): string {
  if (raw === undefined) return JSON.stringify(event)
  const staying = new Set<string>()
  JSON.stringify(event, (key, value: unknown) => {
    if (UNREAD.has(key)) return undefined
    if (typeof value === 'string') staying.add(value)
    return value
  })
  return refer(JSON.stringify(event), raw, staying)
}

/** The text with its strings. Throws when it refers to what `raw` does not have. */
export function resolve(text: string, raw: string): string {
  if (text === WHOLE) return raw
  return replaceReferences(text, (offset, length) => {
    const value = stringIn(raw.slice(offset, offset + length))
    if (value === undefined)
      throw new Error('its text refers to other bytes than those of its message')
    return JSON.stringify(value)
  })
}

/** The text as JSON with null for what it refers to, for who needs no long strings. */
export function withoutReferences(text: string): string {
  return text.startsWith("'") ? 'null' : replaceReferences(text, () => 'null')
}

/** The value of the literal of a long string; undefined for anything else. */
function stringIn(literal: string): string | undefined {
  if (literal.length < MIN_LENGTH) return undefined
  try {
    const value: unknown = JSON.parse(literal)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function replaceStrings(
  text: string,
  give: (literal: string, offset: number) => string | undefined,
): string {
  let result = ''
  let copied = 0
  for (let from = text.indexOf('"'); from !== -1; ) {
    const end = endOfString(text, from) + 1
    const isLong = end - from >= MIN_LENGTH && text[end] !== ':' // a key stays
    const other = isLong ? give(text.slice(from, end), from) : undefined
    if (other !== undefined) {
      result += text.slice(copied, from) + other
      copied = end
    }
    from = text.indexOf('"', end)
  }
  return result + text.slice(copied)
}

function replaceReferences(text: string, give: (offset: number, length: number) => string): string {
  if (!text.includes(MARK)) return text
  let result = ''
  let copied = 0
  for (let at = 0; at < text.length; at++) {
    const c = text[at]
    if (c === '"') at = endOfString(text, at)
    if (c !== "'") continue
    REFERENCE.lastIndex = at
    const [found, offset, length] = REFERENCE.exec(text) ?? []
    if (found === undefined) continue
    result += text.slice(copied, at) + give(Number(offset), Number(length))
    copied = at + found.length
    at = copied - 1
  }
  return result + text.slice(copied)
}

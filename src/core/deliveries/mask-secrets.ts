// What a receiver answers is stored and shown. One that echoes its request would put the secrets in it there.

const MASK = '••••'

/** The shortest value that is masked: shorter ones are words of any text, and no secrets. */
const SHORTEST = 6

/** Characters of a value that are compared at the end of a text that was cut. */
const LONGEST_TAIL = 200

/** What a request to a target contains that only the target may know. */
type Confidential = {
  url: string
  secrets: readonly string[]
  headers: readonly (readonly [name: string, value: string])[]
}

/** By target: it is the same object as long as the configuration. */
const known = new WeakMap<Confidential, RegExp[]>()

/**
 * A text of a receiver without the values of the target's configured headers, its signing secrets, signatures, and the
 * path and query of its URL: each as it is, with any of its characters escaped as in JSON, URLs or HTML, or as base64;
 * also cut off at the end of the text. A value of less than 6 characters stays, and so does one that is encoded twice,
 * encrypted or spelled in another way.
 */
export function maskSecrets(text: string, target: Confidential): string {
  if (text === '') return text
  const patterns = known.get(target) ?? patternsFor(target)
  known.set(target, patterns)
  return patterns.reduce((masked, pattern) => masked.replaceAll(pattern, MASK), text)
}

/** The patterns of a target, the longest value first: one may be a part of another. */
function patternsFor(target: Confidential): RegExp[] {
  const values = [...new Set(valuesOf(target))]
    .filter(({ length }) => length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length)
  return [/v1,[\w+/-]{43}=?/g, ...values.map(wholeOf), ...values.map(tailOf)]
}

function valuesOf({ url, secrets, headers }: Confidential): string[] {
  const { pathname, search, searchParams } = new URL(url)
  const values = [
    ...headers.flatMap(([, value]) => partsOf(value)),
    ...secrets.flatMap((secret) => [secret, secret.replace(/^whsec_/, '')]),
    pathname + search,
    pathname,
    ...searchParams.values(),
  ]
  return values.flatMap((value) => [value, ...base64Of(value)])
}

/** The value of a header, what follows its scheme (`Bearer …`), and the user and password of `Basic …`. */
function partsOf(value: string): string[] {
  const [, scheme, credential] = /^(\w+)\s+(\S+)$/.exec(value) ?? []
  if (scheme === undefined || credential === undefined) return [value]
  const pair = scheme.toLowerCase() === 'basic' ? textOfBase64(credential) : ''
  return [value, credential, pair, pair.slice(pair.indexOf(':') + 1)]
}

function textOfBase64(text: string): string {
  try {
    return atob(text)
  } catch {
    return ''
  }
}

/** A value inside of a longer text in base64: its characters that depend on nothing else, at each of three places. */
function base64Of(value: string): string[] {
  if (!/^[\x20-\x7e]+$/.test(value)) return []
  return [0, 1, 2].map((before) => {
    const text = btoa(' '.repeat(before) + value)
    const start = before === 0 ? 0 : before + 1
    const whole = Math.floor(((before + value.length) * 8) / 6)
    return text.slice(start, whole)
  })
}

function wholeOf(value: string): RegExp {
  return new RegExp([...value].map(spellings).join(''), 'gi')
}

/** The beginning of a value, at least `SHORTEST` characters of it, at the end of a text. */
function tailOf(value: string): RegExp {
  const all = [...value].slice(0, LONGEST_TAIL).map(spellings)
  const rest = all.slice(SHORTEST).reduceRight((after, one) => `(?:${one}${after})?`, '')
  return new RegExp(`${all.slice(0, SHORTEST).join('')}${rest}$`, 'gi')
}

const ENTITIES: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' }

/** A pattern for the spellings of a character: plain, and escaped for JSON, URLs and HTML. */
function spellings(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  const plain = /[\w]/.test(character) ? character : `\\u${hex.padStart(4, '0')}`
  const entity = ENTITIES[character]
  return `(?:${[
    plain,
    `%${hex.padStart(2, '0')}`,
    `\\\\u${hex.padStart(4, '0')}`,
    `&#(?:0*${code}|x0*${hex});`,
    ...(/["\\/]/.test(character) ? [`\\\\${plain}`] : []),
    ...(character === ' ' ? ['\\+'] : []),
    ...(entity === undefined ? [] : [`&${entity};`]),
  ].join('|')})`
}

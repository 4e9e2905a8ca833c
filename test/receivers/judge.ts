// What a receiver's answer says: pure.
import { isDeepStrictEqual } from 'node:util'
import type { Answer } from './program.ts'

/**
 * `event`: all of it, with the types that were sent. `nothing`: a success, and the handler was given nothing. `text`: the
 * body as text, not parsed. `text values`: all of it, but each number and boolean among the attributes is text. `altered`:
 * something else. A number: the status of a refusal, 0 when the connection ended without a response.
 */
export type Verdict = 'event' | 'nothing' | 'text' | 'text values' | 'altered' | number

/** Compares what a handler got with the JSON that was sent to it. */
export function judge({ status, got: told }: Answer, expected: unknown): Verdict {
  if (status < 200 || status > 299) return status
  const got = withTimeOf(expected, told)
  if (isDeepStrictEqual(got, expected)) return 'event'
  if (isEmpty(got)) return 'nothing'
  if (typeof got === 'string') return isDeepStrictEqual(parsed(got), expected) ? 'text' : 'altered'
  return isDeepStrictEqual(got, withTextValues(expected)) ? 'text values' : 'altered'
}

/** The same instant may be written in another way: SDKs of CloudEvents parse `time`. */
function withTimeOf(expected: unknown, got: unknown): unknown {
  if (!isObject(expected) || !isObject(got)) return got
  const isSame = Date.parse(String(expected.time)) === Date.parse(String(got.time))
  return isSame ? { ...got, time: expected.time } : got
}

/** What has to hold of a class that declares only `id` and `type`. */
export function judgeFields({ status, got }: Answer, expected: unknown): Verdict {
  if (status < 200 || status > 299) return status
  const { id, type } = expected as Record<string, unknown>
  if (isDeepStrictEqual(got, { id, type })) return 'event'
  return isEmpty(got) ? 'nothing' : 'altered'
}

/** From none to the worst: a refusal is seen and repeated, what a handler silently lacks is lost. */
const LOSSES = ['event', 'refusal', 'text values', 'text', 'altered', 'nothing']

/** The verdict of two that loses more; the first when both are alike. */
export function worse(one: Verdict, other: Verdict): Verdict {
  return lossOf(other) > lossOf(one) ? other : one
}

/** The first path at which two values differ, for a person. */
export function differenceOf(got: unknown, expected: unknown, path = ''): string {
  if (isDeepStrictEqual(got, expected)) return ''
  if (isObject(got) && isObject(expected)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) {
      const below = differenceOf(got[key], expected[key], `${path}.${key}`)
      if (below) return below
    }
  }
  return `${path || '.'}: ${shown(got)} instead of ${shown(expected)}`
}

function lossOf(verdict: Verdict): number {
  return LOSSES.indexOf(typeof verdict === 'number' ? 'refusal' : verdict)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return isObject(value) && Object.values(value).every((one) => one === '' || one === null)
}

function withTextValues(event: unknown): unknown {
  if (!isObject(event)) return event
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) => [
      name,
      typeof value === 'number' || typeof value === 'boolean' ? String(value) : value,
    ]),
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100)
}

// The difference between two JSON values, from which the second is made again, to the byte of its text: lists of alike objects
// take a fraction of their bytes.
import { isObject, type JsonObject } from '../../intake/json.ts'

/** Members of a difference that no value has: names of members that are gone, and a value in place of the whole. */
const [GONE, WHOLE] = ['-', '=']

/** What makes one JSON value of another; undefined when their texts are equal. No member is named `-` or `=`. */
export function differenceOf(from: unknown, to: unknown): unknown {
  if (JSON.stringify(from) === JSON.stringify(to)) return undefined
  if (!isObject(from) || !isObject(to)) return to
  const gone = Object.keys(from).filter((key) => !Object.hasOwn(to, key))
  const difference: JsonObject = gone.length === 0 ? {} : { [GONE]: gone.join(' ') }
  for (const [key, value] of Object.entries(to)) {
    const own = Object.hasOwn(from, key) ? differenceOf(from[key], value) : value
    if (own !== undefined) difference[key] = own
  }
  // Where the members are in no order.
  const isSame = JSON.stringify(withDifference(from, difference)) === JSON.stringify(to)
  return isSame ? difference : { [WHOLE]: to }
}

/** The value that a difference makes of another: an object that changes has its members in the order of their names. */
export function withDifference(from: unknown, difference: unknown): unknown {
  if (difference === undefined) return from
  if (!isObject(from) || !isObject(difference)) return difference
  if (Object.hasOwn(difference, WHOLE)) return difference[WHOLE]
  const { [GONE]: gone = '', ...changed } = difference
  const names = String(gone).split(' ')
  const value = Object.fromEntries(Object.entries(from).filter(([key]) => !names.includes(key)))
  for (const [key, own] of Object.entries(changed)) value[key] = withDifference(value[key], own)
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

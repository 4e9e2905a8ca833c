// Overrides: values to set in a simulated body, by path.
import { isObject, type JsonObject } from '../core/intake/json.ts'
import { err, ok, type Result } from '../core/result.ts'

/** Values by path: `{"email": "ana@example.com", "data.total": 0, "activePackages.0.packageName": "Unlimited"}`. */
export type Overrides = Readonly<Record<string, unknown>>

/**
 * A copy of a body with the overrides applied: each sets its value at its path and creates missing objects on the way. A
 * number is an index of a list, at most its length. Returns an error text for a path through a value that is not an
 * object or a list.
 *
 * @example
 * withOverrides({ data: { total: 5 } }, { 'data.total': 0 }) // { ok: true, value: { data: { total: 0 } } }
 */
export function withOverrides(body: JsonObject, overrides: Overrides): Result<JsonObject, string> {
  let changed: unknown = body
  for (const [path, value] of Object.entries(overrides)) {
    const keys = path.split('.')
    if (keys.includes('')) return err(`The path "${path}" of overrides has an empty key.`)
    const put = putAt(changed, keys, value)
    if (!put.ok) return err(`${path}: ${put.error}`)
    changed = put.value
  }
  return ok(changed as JsonObject)
}

function putAt(into: unknown, [key, ...rest]: string[], value: unknown): Result<unknown, string> {
  if (key === undefined) return ok(value)
  if (Array.isArray(into)) {
    const index = /^\d{1,4}$/.test(key) ? Number(key) : Number.NaN
    if (!(index <= into.length))
      return err(`"${key}" is not an index of a list of ${into.length} items`)
    const put = putAt(into[index], rest, value)
    return put.ok ? ok(into.toSpliced(index, 1, put.value)) : put
  }
  if (into !== undefined && into !== null && !isObject(into))
    return err(`the value before "${key}" is not an object or a list`)
  const object = into ?? {}
  const put = putAt(Object.hasOwn(object, key) ? object[key] : undefined, rest, value)
  // fromEntries, because a key may be `__proto__`.
  return put.ok ? ok(Object.fromEntries([...Object.entries(object), [key, put.value]])) : put
}

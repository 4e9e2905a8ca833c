// Overrides: what somebody wants otherwise in a made-up body, each by its path.
import { isObject, type JsonObject } from '../core/intake/json.ts'
import { err, ok, type Result } from '../core/result.ts'

/** Values by path: `{"email": "ana@example.com", "data.total": 0, "activePackages.0.packageName": "Unlimited"}`. */
export type Overrides = Readonly<Record<string, unknown>>

/**
 * A body with what its overrides say in it: each puts its value, whatever it is, at its path, and makes the objects on
 * the way. A number names a place in a list, its next free one at most. Refuses a path that leads through a text, a
 * number or the like, in words.
 */
export function withOverrides(body: JsonObject, overrides: Overrides): Result<JsonObject, string> {
  let changed: unknown = body
  for (const [path, value] of Object.entries(overrides)) {
    const put = putAt(changed, path.split('.'), value)
    if (!put.ok) return err(`${path}: ${put.error}`)
    changed = put.value
  }
  return ok(changed as JsonObject)
}

function putAt(into: unknown, [key, ...rest]: string[], value: unknown): Result<unknown, string> {
  if (key === undefined) return ok(value)
  if (key === '') return err('a path is keys with a full stop between them')
  if (Array.isArray(into)) {
    const place = /^\d{1,4}$/.test(key) ? Number(key) : Number.NaN
    if (!(place <= into.length)) return err(`"${key}" is no place in a list of ${into.length}`)
    const put = putAt(into[place], rest, value)
    return put.ok ? ok(into.toSpliced(place, 1, put.value)) : put
  }
  if (into !== undefined && into !== null && !isObject(into))
    return err(`there is nothing inside of what stands before "${key}"`)
  const object = into ?? {}
  const put = putAt(Object.hasOwn(object, key) ? object[key] : undefined, rest, value)
  // An entry, as a key may be `__proto__`.
  return put.ok ? ok(Object.fromEntries([...Object.entries(object), [key, put.value]])) : put
}

// What is different between two pieces of JSON, place by place.
import { canonical, isObject } from '../intake/json.ts'

/** One place: its path, and what was and is there; undefined where there was or is nothing. */
export type Change = { path: string; was: unknown; is: unknown }

/** More places than these say that everything is different. */
const MAX_CHANGES = 100

/** The places in which two values differ, the first of them; lists are compared as wholes. */
export function differences(was: unknown, is: unknown, path = ''): Change[] {
  if (isObject(was) && isObject(is)) {
    const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])]
    return keys
      .flatMap((key) =>
        differences(own(was, key), own(is, key), path === '' ? key : `${path}.${key}`),
      )
      .slice(0, MAX_CHANGES)
  }
  const isSame =
    was === is || (was !== undefined && is !== undefined && canonical(was) === canonical(is))
  return isSame ? [] : [{ path, was, is }]
}

function own(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

// The differences between two JSON values, by path.
import { canonical, isObject } from '../intake/json.ts'

/** A difference: its path (`data.contact.email`), and the old and new value, undefined if absent. */
export type Change = { path: string; was: unknown; is: unknown }

/** With more differences than this, the values are different as a whole. */
const MAX_CHANGES = 100

/** The differences between two values, the first `MAX_CHANGES`. A list that differs is one difference. */
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

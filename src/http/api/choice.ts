// Fields of which a request needs one: checked, and described in the OpenAPI document, by the same names.
import * as v from 'valibot'

/** What a check of this file has beside those of valibot: the names, and the keyword of JSON Schema that says the same. */
type Choice = { names: readonly string[]; keyword: 'anyOf' | 'oneOf' }

/** Requires at least one of some fields. */
export const atLeastOne = <T extends object>(names: readonly string[], message: string) =>
  choice<T>({ names, keyword: 'anyOf' }, (count) => count > 0, message)

/** Requires exactly one of some fields. */
export const exactlyOne = <T extends object>(names: readonly string[], message: string) =>
  choice<T>({ names, keyword: 'oneOf' }, (count) => count === 1, message)

function choice<T extends object>(of: Choice, isMet: (count: number) => boolean, message: string) {
  const given = (value: T) => of.names.filter((name) => value[name as keyof T] !== undefined)
  return Object.assign(
    v.check((value: T) => isMet(given(value).length), message),
    of,
  )
}

/** The choice that an action of a schema is; undefined for any other action. */
export function choiceOf(action: object): Choice | undefined {
  return 'names' in action && 'keyword' in action ? (action as Choice) : undefined
}

// Queries of lists: validated by the schemas of the API.
import type { Context } from 'hono'
import * as v from 'valibot'
import { formatInstant } from '../../core/events/time.ts'
import { idOfKey, timeOfId } from '../../core/id.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { decodeCursor } from '../../store/pages.ts'
import { filled } from './frame.ts'

/** A query: the strings of the URL, and the value that the schema makes of them. */
export type Query<T> = { query: Record<string, string>; value: T }

/** Validates a query by a schema. `own`: keys that only the page uses. Empty fields are left out. Errors are sentences. */
export function queryOf<S extends v.GenericSchema>(
  c: Context,
  schema: S,
  own: readonly string[] = [],
): Result<Query<v.InferOutput<S>>, string> {
  const query = filled(c.req.query())
  const rest = Object.entries(query).filter(([key]) => !own.includes(key))
  const result = v.safeParse(schema, Object.fromEntries(rest))
  if (result.success) return ok({ query, value: result.output })
  return err(describeIssue(result.issues[0]))
}

/** An invalid field, as a sentence: `"Since" must be a time: …` */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const key = v
    .getDotPath(issue)
    ?.replace(/\.\d+$/, '')
    .split('.')
    .at(-1)
  const name = key === undefined ? 'The form' : `"${key.charAt(0).toUpperCase()}${key.slice(1)}"`
  return `${name} ${issue.type === 'strict_object' ? 'is not a known field' : issue.message}.`
}

/** The time to which a page has searched, by its `next`: RFC 3339; undefined for the last page. */
export function searchedTo(next: string | undefined): string | undefined {
  const place = next === undefined ? undefined : decodeCursor(next)
  return place && formatInstant(place.at ?? timeOfId(idOfKey(place.key)))
}

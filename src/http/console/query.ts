// What a page is asked for: the query of the API, as forms and shared addresses spell it.
import type { Context } from 'hono'
import * as v from 'valibot'
import { err, ok, type Result } from '../../core/result.ts'
import { filled } from './frame.ts'

/** What was asked, as it stood in the address, and what it means. */
export type Query<T> = { asked: Record<string, string>; value: T }

/** Reads a query by a schema. `own` are keys of the page's own. Refuses in words; empty fields are left out. */
export function queryOf<S extends v.GenericSchema>(
  c: Context,
  schema: S,
  own: readonly string[] = [],
): Result<Query<v.InferOutput<S>>, string> {
  const asked = filled(c.req.query())
  const rest = Object.entries(asked).filter(([key]) => !own.includes(key))
  const result = v.safeParse(schema, Object.fromEntries(rest))
  if (result.success) return ok({ asked, value: result.output })
  return err(wordsOf(result.issues[0]))
}

/** What is wrong with a field, in words. */
export function wordsOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue)?.replace(/\.\d+$/, '') ?? 'It'
  return `${path} ${issue.type === 'strict_object' ? 'is not known' : issue.message}.`
}

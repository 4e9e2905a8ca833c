// Problems in the configuration: validation of one table, and the text for each problem.
import * as v from 'valibot'
import { siteEntries } from './schema.ts'
import { suggestion } from './spelling.ts'

/** A problem: its path in the configuration, and what to change. Neither contains a configured value: it may be a secret. */
export type ConfigIssue = { path: string; message: string }

type TableSchema = v.GenericSchema & { readonly entries: object }

/** Validates one table. Returns undefined if it is invalid; its problems are added to `errors` under `path`. */
export function validate<S extends TableSchema>(
  schema: S,
  path: string,
  value: unknown,
  errors: ConfigIssue[],
): v.InferOutput<S> | undefined {
  const result = v.safeParse(schema, value, { message: standardText })
  if (result.success) return result.output
  for (const issue of result.issues) {
    errors.push({ path: `${path}${pathOf(issue)}`, message: messageOf(issue, schema) })
  }
  return undefined
}

/** Replaces the texts of the library, which quote what they received. */
function standardText({ type }: v.BaseIssue<unknown>): string {
  return STANDARD_TEXTS[type] ?? 'is invalid'
}

const STANDARD_TEXTS: Record<string, string> = {
  string: 'must be a string',
  number: 'must be a number',
  boolean: 'must be true or false',
  array: 'must be a list',
  record: 'must be a table',
  strict_object: 'must be a table',
}

/** A key as it is shown: `…` for one that does not look like a name. Somebody wrote a value in its place, perhaps a secret. */
export function shownKey(key: unknown): string {
  return typeof key === 'string' && /^[\w-]{1,40}$/.test(key) ? key : '…'
}

/** The path of an issue inside its table: `.headers.x-team`, `.retry[0]`. */
function pathOf({ path }: v.BaseIssue<unknown>): string {
  return (path ?? [])
    .map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${shownKey(key)}`))
    .join('')
}

/** Our text for missing and unknown settings and for wrong types; the schema's own text for all else. */
function messageOf(issue: v.BaseIssue<unknown>, schema: TableSchema): string {
  if (issue.type === 'strict_object') {
    if (issue.expected === 'never') return `unknown setting${suggestionFor(issue, schema)}`
    return issue.received === 'undefined' ? 'is missing' : 'must be a table'
  }
  return issue.received === 'undefined' && issue.kind === 'schema' ? 'is missing' : issue.message
}

/** A table holds settings, and those of a source hold `sites.<id>` with settings of their own. */
function suggestionFor({ path }: v.BaseIssue<unknown>, schema: TableSchema): string {
  const known = path?.length === 1 ? schema.entries : siteEntries
  return suggestion(String(path?.at(-1)?.key), Object.keys(known))
}

/** The problem of a source or target whose name is used by an earlier one. */
export function nameTaken(path: string): ConfigIssue {
  return { path: `${path}.name`, message: 'is already used above; choose another name' }
}

/** The errors from index `since` on, as one line. */
export function summarize(errors: ConfigIssue[], since: number): string {
  return errors
    .slice(since)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('; ')
}

// Problems in the configuration: validation of one table, and the text for each problem.
import * as v from 'valibot'
import { siteEntries } from './schema.ts'
import { suggestion } from './spelling.ts'

/** A problem: its path in the configuration, and what to change. */
export type ConfigIssue = { path: string; message: string }

type TableSchema = v.GenericSchema & { readonly entries: object }

/** Validates one table. Returns undefined if it is invalid; its problems are added to `errors` under `path`. */
export function validate<S extends TableSchema>(
  schema: S,
  path: string,
  value: unknown,
  errors: ConfigIssue[],
): v.InferOutput<S> | undefined {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  for (const issue of result.issues) {
    const inner = v.getDotPath(issue)
    const at = inner === null ? '' : `.${inner}`.replaceAll(/\.(\d+)(?=\.|$)/g, '[$1]')
    errors.push({ path: `${path}${at}`, message: messageOf(issue, schema) })
  }
  return undefined
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
export function nameTaken(path: string, name: string): ConfigIssue {
  return { path: `${path}.name`, message: `"${name}" is already used above; choose another name` }
}

/** The errors from index `since` on, as one line. */
export function summarize(errors: ConfigIssue[], since: number): string {
  return errors
    .slice(since)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('; ')
}

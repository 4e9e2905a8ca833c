// What is found wrong with the configuration: one table held against its schema, and the words for each finding.
import * as v from 'valibot'

/** A finding: where it is, and what to do about it. */
export type ConfigIssue = { path: string; message: string }

/** Validates one table; its findings are added to `errors` under its path. */
export function validate<S extends v.GenericSchema>(
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
    errors.push({ path: `${path}${at}`, message: wording(issue) })
  }
  return undefined
}

/** Valibot's own words only for what has none of ours: missing and unknown keys, and the wrong kind of value. */
function wording(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object') {
    if (issue.expected === 'never') return 'is no key that is known: validate its spelling'
    return issue.received === 'undefined' ? 'is missing' : 'must be a table'
  }
  return issue.received === 'undefined' && issue.kind === 'schema' ? 'is missing' : issue.message
}

/** The finding that a source or target has the name of another. */
export function nameTaken(path: string, name: string): ConfigIssue {
  return { path: `${path}.name`, message: `"${name}" is nameTaken by one above: choose another` }
}

/** The errors that were added since there were so many. */
export function summarize(errors: ConfigIssue[], since: number): string {
  return errors
    .slice(since)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('; ')
}

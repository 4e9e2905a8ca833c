// SOURCES, TARGETS and the secrets that they name → typed configuration. A mistake becomes an error with its path and
// remedy, and breaks that one source or target only: intake never stops.
import * as v from 'valibot'
import { type ConfigIssue, nameTaken, summarize } from './config/issues.ts'
import { readLimits } from './config/limits.ts'
import { Name } from './config/schema.ts'
import type { SecretReader } from './config/secrets.ts'
import { readSource } from './config/source.ts'
import { brokenTarget, readTarget, targetNotes } from './config/target.ts'
import { type BrokenTarget, isBroken, type Target } from './core/deliveries/target.ts'
import type { Source } from './core/events/source.ts'
import type { FormatId } from './formats/index.ts'
import type { VendorId } from './vendors/index.ts'

/** A source with a configuration error: its requests are refused. `broken` is the reason, for the operator. */
type BrokenSource = { name: string; broken: string }

export type ConfiguredSource = Source<VendorId>
export type ConfiguredTarget = Target<FormatId>

export type Config = {
  sources: ReadonlyMap<string, ConfiguredSource | BrokenSource>
  targets: readonly (ConfiguredTarget | BrokenTarget)[]
  maxBodyBytes: number
  /** Days that events are kept, and their payloads; `rawRetentionDays` is never more than `retentionDays`. */
  retentionDays: number
  rawRetentionDays: number
  /** Days that payloads are kept even if the database is nearly full; never more than `rawRetentionDays`. */
  rawRetentionMinDays: number
  /** The limit of the database. */
  databaseBytes: number
  errors: readonly ConfigIssue[]
  /** Settings that work but may be a mistake. */
  notes: readonly ConfigIssue[]
}

/**
 * Reads the configuration from a Worker's variables. Never throws: problems are in `errors`, and a source or target that
 * has one is in the result as broken.
 *
 * @example
 * parseConfig({ SOURCES: [{ name: 'gym', vendor: 'hapana', secret: 'GYM_KEY' }] }, (name) => env[name])
 */
export function parseConfig(vars: Record<string, unknown>, secretOf: SecretReader): Config {
  const errors: ConfigIssue[] = []
  const notes: ConfigIssue[] = []
  const sources = new Map<string, ConfiguredSource | BrokenSource>()
  const sourceNames = new Set<string>()
  for (const { path, value } of readTables(vars, ['SOURCES'], errors)) {
    const before = errors.length
    const source = readSource(path, value, secretOf, errors)
    const key = nameOf(value)
    if (key === undefined) continue
    if (sourceNames.has(key)) errors.push(nameTaken(path, key))
    else if (source === undefined)
      sources.set(key, { name: key, broken: summarize(errors, before) })
    else if (source !== 'disabled') sources.set(key, source)
    sourceNames.add(key)
  }
  const targets: (ConfiguredTarget | BrokenTarget)[] = []
  const variables = Object.keys(vars).filter((key) => /^TARGETS(_|$)/.test(key))
  for (const { path, value } of readTables(vars, variables.sort(), errors)) {
    const before = errors.length
    const target = readTarget(path, value, secretOf, errors)
    const key = nameOf(value)
    if (key === undefined) continue
    if (targets.some((other) => other.name === key)) errors.push(nameTaken(path, key))
    else targets.push(target ?? brokenTarget(key, value, summarize(errors, before)))
    if (target) notes.push(...targetNotes(path, target, sourceNames))
  }
  return { sources, targets, ...readLimits(vars, errors), errors, notes }
}

/** The configured target of a name, broken or not; undefined if there is none. */
export function targetOf(
  config: Config,
  name: string,
): ConfiguredTarget | BrokenTarget | undefined {
  return config.targets.find((target) => target.name === name)
}

/** The timeouts of all targets that are not broken, in seconds. */
export function timeoutsOf({ targets }: Config): number[] {
  return targets.flatMap((target) => (isBroken(target) ? [] : [target.timeoutSeconds]))
}

/** True for a source with a configuration error. */
export function isBrokenSource(source: ConfiguredSource | BrokenSource): source is BrokenSource {
  return 'broken' in source
}

/** The names of all secrets that the configuration refers to, each with the path of its first use. */
export function secretNames(vars: Record<string, unknown>): Map<string, string> {
  const found = new Map([['ADMIN_TOKEN', 'the API']])
  parseConfig(vars, (secret, path) => {
    if (!found.has(secret)) found.set(secret, path)
    return undefined
  })
  return found
}

/** The tables of some variables, each a list of objects or its JSON text, with their paths (`SOURCES[0]`). */
function readTables(vars: Record<string, unknown>, names: string[], errors: ConfigIssue[]) {
  return names.flatMap((variable) => {
    const value = vars[variable]
    if (value === undefined || value === '') return []
    const tables = typeof value === 'string' ? parseText(value) : value
    if (!Array.isArray(tables)) {
      errors.push({
        path: variable,
        message: 'must be a list of tables, or JSON text of such a list',
      })
      return []
    }
    return tables.map((table: unknown, i) => ({ path: `${variable}[${i}]`, value: table }))
  })
}

function parseText(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

function nameOf(value: unknown): string | undefined {
  const named = v.safeParse(v.object({ name: Name }), value)
  return named.success ? named.output.name : undefined
}

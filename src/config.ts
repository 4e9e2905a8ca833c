// SOURCES, TARGETS and the secrets that they name → typed configuration. A mistake becomes an error with its path and
// remedy, and breaks that one source or target only: intake never stops. Where even names cannot be read, nothing is
// concluded from a name that is missing.
import * as v from 'valibot'
import { type ConfigIssue, nameTaken, summarize } from './config/issues.ts'
import { readLimits } from './config/limits.ts'
import { Name } from './config/schema.ts'
import { type NamedSecret, type SecretReader, weakSecrets } from './config/secrets.ts'
import { readSharedAddresses } from './config/shared-addresses.ts'
import { readSource, sourceNotes } from './config/source.ts'
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
  /** E-mail addresses, in lower case, that join nobody. */
  sharedAddresses: readonly string[]
  maxBodyBytes: number
  /** Days that events are kept, and their payloads; `rawRetentionDays` is never more than `retentionDays`. */
  retentionDays: number
  rawRetentionDays: number
  /** False while a retention setting is invalid, so that the numbers above are defaults. */
  isRetentionReadable: boolean
  /** Why names of sources or targets cannot be read. While there is an entry, the list may be incomplete. */
  unreadable: { sources: readonly ConfigIssue[]; targets: readonly ConfigIssue[] }
  /** Days that payloads are kept even if the database is nearly full; never more than `rawRetentionDays`. */
  rawRetentionMinDays: number
  /** Days after which settled events are packed; never more than `retentionDays`. */
  hotDays: number
  /** The limit of the database. */
  databaseBytes: number
  errors: readonly ConfigIssue[]
  /** Settings that work but may be a mistake. */
  notes: readonly ConfigIssue[]
  /** Secrets and tokens that are not safe. `check` and `deploy` refuse them; a running Worker only reports them. */
  weak: readonly ConfigIssue[]
}

/**
 * Reads the configuration from a Worker's variables. Never throws: problems are in `errors`, and a source or target that
 * has one is in the result as broken.
 *
 * @example
 * parseConfig({ SOURCES: [{ name: 'gym', vendor: 'hapana', secret: 'GYM_KEY' }] }, (name) => env[name])
 */
export function parseConfig(vars: Record<string, unknown>, read: SecretReader): Config {
  const secrets: NamedSecret[] = []
  const secretOf: SecretReader = (name, path) => {
    const value = read(name, path)
    if (value) secrets.push({ name, path, value })
    return value
  }
  const errors: ConfigIssue[] = []
  const notes: ConfigIssue[] = []
  const sources = new Map<string, ConfiguredSource | BrokenSource>()
  const sourceNames = new Set<string>()
  const unreadable = { sources: [] as ConfigIssue[], targets: [] as ConfigIssue[] }
  for (const { path, value } of readTables(vars, ['SOURCES'], errors, unreadable.sources)) {
    const before = errors.length
    const source = readSource(path, value, secretOf, errors)
    const key = nameOf(path, value, [...sourceNames], errors, unreadable.sources)
    if (key === undefined) continue
    if (source === undefined) sources.set(key, { name: key, broken: summarize(errors, before) })
    else if (source !== 'disabled') {
      sources.set(key, source)
      notes.push(...sourceNotes(path, source))
    }
    sourceNames.add(key)
  }
  const targets: (ConfiguredTarget | BrokenTarget)[] = []
  for (const { path, value } of targetTables(vars, errors, unreadable.targets)) {
    const before = errors.length
    const target = readTarget(path, value, secretOf, errors)
    const known = targets.map(({ name }) => name)
    const key = nameOf(path, value, known, errors, unreadable.targets)
    if (key !== undefined)
      targets.push(target ?? brokenTarget(key, value, summarize(errors, before)))
    if (target) notes.push(...targetNotes(path, target, value, sourceNames))
  }
  const weak = weakSecrets(secrets, vars)
  const { SHARED_ADDRESSES: shared } = vars
  const list = typeof shared === 'string' ? (parseText(shared || '[]') ?? null) : shared
  const sharedAddresses = readSharedAddresses(list, errors)
  const limits = readLimits(vars, errors)
  return { sources, targets, sharedAddresses, ...limits, unreadable, errors, notes, weak }
}

/**
 * What makes the list of sources or targets incomplete, with its path and remedy; undefined while both can be read. It
 * contains no value of the configuration, as everybody may read it. A source or target that is broken alone is not a problem of this kind.
 */
export function configurationProblem({
  unreadable,
}: Pick<Config, 'unreadable'>): string | undefined {
  const texts = (['sources', 'targets'] as const).flatMap((list) =>
    unreadableTexts({ unreadable }, list),
  )
  if (texts.length === 0) return undefined
  return `The configuration cannot be read: ${texts.join('; ')}. Correct it and deploy; nothing is removed until then.`
}

/** Why the list of sources or of targets may be incomplete, each with its path. They contain no value. */
export function unreadableTexts(
  { unreadable }: Pick<Config, 'unreadable'>,
  list: 'sources' | 'targets',
): string[] {
  return unreadable[list].map(({ path, message }) => `${path} ${message}`)
}

/** Whether every configured target is known by its name, so that one that is not there is not configured. */
export function isEveryTargetKnown({ unreadable }: Pick<Config, 'unreadable'>): boolean {
  return unreadable.targets.length === 0
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

/** The tables of targets, with their paths (`TARGETS[0]`). */
export function targetTables(
  vars: Record<string, unknown>,
  errors: ConfigIssue[] = [],
  unreadable: ConfigIssue[] = [],
) {
  const variables = Object.keys(vars).filter((key) => /^TARGETS(_|$)/.test(key))
  return readTables(vars, variables.sort(), errors, unreadable)
}

/**
 * The tables of some variables, each a list of objects or its JSON text, with their paths (`SOURCES[0]`). A variable that
 * is neither is an error, and one of `unreadable`.
 */
function readTables(
  vars: Record<string, unknown>,
  names: string[],
  errors: ConfigIssue[],
  unreadable: ConfigIssue[],
) {
  return names.flatMap((variable) => {
    const value = vars[variable]
    if (value === undefined || value === '') return []
    const tables = typeof value === 'string' ? parseText(value) : value
    if (!Array.isArray(tables)) {
      const issue = {
        path: variable,
        message: 'must be a list of tables, or JSON text of such a list',
      }
      errors.push(issue)
      unreadable.push(issue)
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

/**
 * The name of a table. Undefined when it has none, or that of an earlier one: which source or target it configures is
 * then unknown, so that is one of `unreadable`.
 */
function nameOf(
  path: string,
  value: unknown,
  taken: readonly string[],
  errors: ConfigIssue[],
  unreadable: ConfigIssue[],
): string | undefined {
  const named = v.safeParse(v.object({ name: Name }), value)
  if (!named.success) {
    unreadable.push({ path: `${path}.name`, message: 'is missing or is not a valid name' })
    return undefined
  }
  const { name } = named.output
  if (!taken.includes(name)) return name
  errors.push(nameTaken(path))
  unreadable.push({ path: `${path}.name`, message: 'is already used above' })
  return undefined
}

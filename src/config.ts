// SOURCES, TARGETS and the secrets that they name → typed configuration. What cannot be understood becomes an
// error that names its path and remedy, and breaks that one source or target alone: intake never stops.
import * as v from 'valibot'
import { compile } from './config-expression.ts'
import { HEADER_VALUE, Name, SourceInput, type siteEntries, TargetInput } from './config-schema.ts'
import { EVENT_TYPES } from './core/event.ts'
import { matchesType } from './core/routing.ts'
import type { SiteSettings, Source } from './core/source.ts'
import { type BrokenTarget, isBroken, type Target } from './core/target.ts'
import type { FormatId } from './formats/index.ts'
import type { VendorId } from './vendors/index.ts'

/** A finding: where it is, and what to do about it. */
export type ConfigIssue = { path: string; message: string }

/** A source that cannot be used as configured: it refuses everything, and says why to its operator. */
export type BrokenSource = { name: string; broken: string }

export type ConfiguredSource = Source<VendorId>
export type ConfiguredTarget = Target<FormatId>

export type Config = {
  sources: ReadonlyMap<string, ConfiguredSource | BrokenSource>
  targets: readonly (ConfiguredTarget | BrokenTarget)[]
  maxBodyBytes: number
  /** For how many days events are kept, and the bytes that they were made of; these at most as long. */
  retentionDays: number
  rawRetentionDays: number
  errors: readonly ConfigIssue[]
  /** What works, and is perhaps not meant. */
  notes: readonly ConfigIssue[]
}

/** Gives a secret's value by its name; undefined when it is not set. `path` says what asks for it. */
export type SecretReader = (name: string, path: string) => string | undefined

const DEFAULT_MAX_BODY_BYTES = 900_000
/** D1 keeps rows of at most 2,000,000 bytes, and a row holds the body twice: as it came and normalized. */
const LARGEST_MAX_BODY_BYTES = 950_000

const DEFAULT_RETENTION_DAYS = 400
const DEFAULT_RAW_RETENTION_DAYS = 90
/** A hundred years. */
const LARGEST_RETENTION_DAYS = 36_500

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|.*\.localhost)$/

/**
 * Reads the configuration from a Worker's variables. Never throws: what is wrong is in `errors`, and what it
 * breaks is in the result as broken.
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
    if (sourceNames.has(key)) errors.push(taken(path, key))
    else if (source === undefined) sources.set(key, { name: key, broken: summary(errors, before) })
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
    if (targets.some((other) => other.name === key)) errors.push(taken(path, key))
    else targets.push(target ?? brokenTarget(key, value, summary(errors, before)))
    if (target) notes.push(...notesOn(path, target, sourceNames))
  }
  return { sources, targets, ...readLimits(vars, errors), errors, notes }
}

/** The configured target of a name, usable or broken; undefined when there is none. */
export function targetOf(
  config: Config,
  name: string,
): ConfiguredTarget | BrokenTarget | undefined {
  return config.targets.find((target) => target.name === name)
}

/** How long each target that works may take, in seconds. */
export function timeoutsOf({ targets }: Config): number[] {
  return targets.flatMap((target) => (isBroken(target) ? [] : [target.timeoutSeconds]))
}

/** True for a source that cannot be used as configured. */
export function isBrokenSource(source: ConfiguredSource | BrokenSource): source is BrokenSource {
  return 'broken' in source
}

/** The names of all secrets that the configuration asks for, as far as it can be read, each with its first use. */
export function secretNames(vars: Record<string, unknown>): Map<string, string> {
  const found = new Map([['ADMIN_TOKEN', 'the API']])
  parseConfig(vars, (secret, path) => {
    if (!found.has(secret)) found.set(secret, path)
    return undefined
  })
  return found
}

/** The tables behind some variables: lists of objects, or JSON text of such. */
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

function readSource(
  path: string,
  value: unknown,
  secretOf: SecretReader,
  errors: ConfigIssue[],
): ConfiguredSource | 'disabled' | undefined {
  const input = check(SourceInput, path, value, errors)
  if (input === undefined) return undefined
  if (!input.enabled) return 'disabled'
  const before = errors.length
  const secrets = readSecrets(`${path}.secret`, input.secret, secretOf, errors)
  const signingSecrets = readSecrets(
    `${path}.signing_secret`,
    input.signing_secret,
    secretOf,
    errors,
  )
  if (errors.length > before) return undefined
  const sites = Object.entries(input.sites).map(([id, site]): [string, SiteSettings] => [
    id,
    settings(site),
  ])
  return {
    name: input.name,
    vendor: input.vendor,
    credentials: {
      secrets,
      header: input.header,
      signingSecrets,
      toleranceSeconds: input.tolerance_seconds,
    },
    settings: { ...settings(input), sites: Object.fromEntries(sites) },
  }
}

function settings(
  input: v.InferOutput<v.ObjectSchema<typeof siteEntries, undefined>>,
): SiteSettings {
  return { timezone: input.timezone, currency: input.currency, dateFormat: input.date_format }
}

function readTarget(
  path: string,
  value: unknown,
  secretOf: SecretReader,
  errors: ConfigIssue[],
): ConfiguredTarget | undefined {
  const input = check(TargetInput, path, value, errors)
  if (input === undefined) return undefined
  const before = errors.length
  const secrets = readSecrets(`${path}.secret`, input.secret, secretOf, errors)
  for (const [i, secret] of secrets.entries()) {
    const problem = signingSecretProblem(secret)
    if (problem) errors.push({ path: `${path}.secret`, message: `${input.secret[i]} ${problem}` })
  }
  const resolve = (key: string, value: string) =>
    value.startsWith('$') ? readSecrets(key, [value.slice(1)], secretOf, errors)[0] : value
  const url = resolve(`${path}.url`, input.url)
  const problem = url === undefined ? undefined : urlProblem(url)
  if (problem) errors.push({ path: `${path}.url`, message: problem })
  const headers = Object.entries(input.headers).map(([key, header]): [string, string] => {
    const value = resolve(`${path}.headers.${key}`, header) ?? ''
    if (!HEADER_VALUE.test(value)) {
      const message = 'the secret that it names holds characters that a header may not'
      errors.push({ path: `${path}.headers.${key}`, message })
    }
    return [key, value]
  })
  if (errors.length > before || url === undefined) return undefined
  return {
    name: input.name,
    url,
    events: input.events,
    sources: input.sources,
    where: input.where === undefined ? undefined : compile(input.where),
    format: input.format,
    transform: input.transform === undefined ? undefined : compile(input.transform),
    secrets,
    headers,
    include: input.include,
    retry: input.retry,
    timeoutSeconds: input.timeout_seconds,
    intervalMs:
      input.rate_per_second === undefined ? undefined : Math.ceil(1000 / input.rate_per_second),
    settleSeconds: input.settle_seconds,
    ordered: input.ordered,
    test: input.test,
    enabled: input.enabled,
  }
}

/** What of a target works, and is perhaps not meant. */
function notesOn(
  path: string,
  target: ConfiguredTarget,
  sourceNames: ReadonlySet<string>,
): ConfigIssue[] {
  const note = (key: string, message: string) => ({ path: `${path}.${key}`, message })
  const strangers = (target.sources ?? []).filter((source) => !sourceNames.has(source))
  const unmatched = target.events.filter(
    (pattern) => !EVENT_TYPES.some((type) => matchesType(pattern, type)),
  )
  return [
    ...(target.secrets.length === 0
      ? [note('secret', 'is not set: deliveries will not be signed')]
      : []),
    ...strangers.map((name) =>
      note('sources', `"${name}" is no source: nothing will come from it`),
    ),
    ...unmatched.map((type) =>
      note('events', `"${type}" matches no type of event: check its spelling`),
    ),
  ]
}

/** A broken target still gets what its `events` and `sources` name, where these can be read; else everything. */
function brokenTarget(key: string, value: unknown, broken: string): BrokenTarget {
  const { events } = v.parse(
    v.object({ events: v.fallback(TargetInput.entries.events, ['*']) }),
    value,
  )
  const { sources } = v.parse(
    v.object({ sources: v.fallback(TargetInput.entries.sources, undefined) }),
    value,
  )
  return { name: key, events, sources, broken }
}

function nameOf(value: unknown): string | undefined {
  const named = v.safeParse(v.object({ name: Name }), value)
  return named.success ? named.output.name : undefined
}

/** Validates one table; its findings are added to `errors` under its path. */
function check<S extends v.GenericSchema>(
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
    if (issue.expected === 'never') return 'is no key that is known: check its spelling'
    return issue.received === 'undefined' ? 'is missing' : 'must be a table'
  }
  return issue.received === 'undefined' && issue.kind === 'schema' ? 'is missing' : issue.message
}

function taken(path: string, name: string): ConfigIssue {
  return { path: `${path}.name`, message: `"${name}" is taken by one above: choose another` }
}

/** The errors that were added since there were so many. */
function summary(errors: ConfigIssue[], since: number): string {
  return errors
    .slice(since)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('; ')
}

function readSecrets(
  path: string,
  names: string[],
  secretOf: SecretReader,
  errors: ConfigIssue[],
): string[] {
  return names.flatMap((secret) => {
    const value = secretOf(secret, path)
    if (value) return [value]
    errors.push({ path, message: `${secret} is not set: run "npx wrangler secret put ${secret}"` })
    return []
  })
}

/** What a signing secret must be and is not. Standard Webhooks: `whsec_` and base64 of 24 to 64 random bytes. */
export function signingSecretProblem(secret: string): string | undefined {
  const remedy = 'must be whsec_ and base64 of 24 to 64 random bytes'
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)
  if (match?.[1] === undefined || match[1].length % 4 !== 0) return remedy
  const bytes = atob(match[1]).length
  return bytes >= 24 && bytes <= 64 ? undefined : remedy
}

function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute URL'
  const url = new URL(text)
  if (url.username || url.password)
    return 'must not hold a password: send it in headers, as $NAME of a secret'
  if (url.protocol === 'https:') return undefined
  return url.protocol === 'http:' && LOOPBACK.test(url.hostname) ? undefined : 'must be https'
}

function readLimits(vars: Record<string, unknown>, errors: ConfigIssue[]) {
  const read = (name: string, unit: string, largest: number, standard: number) =>
    readWhole(name, vars[name], { unit, largest, standard }, errors)
  const days = (name: string, largest: number, standard: number) =>
    read(name, 'days', largest, Math.min(standard, largest))
  const retentionDays = days('RETENTION_DAYS', LARGEST_RETENTION_DAYS, DEFAULT_RETENTION_DAYS)
  return {
    maxBodyBytes: read('MAX_BODY_BYTES', 'bytes', LARGEST_MAX_BODY_BYTES, DEFAULT_MAX_BODY_BYTES),
    retentionDays,
    // Bytes go before their event, or with it.
    rawRetentionDays: days('RAW_RETENTION_DAYS', retentionDays, DEFAULT_RAW_RETENTION_DAYS),
  }
}

/** A whole number from 1 on; `standard` where none is set, and where it is refused. */
function readWhole(
  path: string,
  value: unknown,
  { unit, largest, standard }: { unit: string; largest: number; standard: number },
  errors: ConfigIssue[],
): number {
  if (value === undefined || value === '') return standard
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))
  const number = isNumber ? Number(value) : 0
  if (Number.isInteger(number) && number > 0 && number <= largest) return number
  const message = `must be a whole number of ${unit} from 1 to ${largest}; ${standard} is used`
  errors.push({ path, message })
  return standard
}

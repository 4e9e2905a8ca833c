// SOURCES, TARGETS and the secrets that they name → typed configuration. What cannot be understood becomes an
// error that names its path and remedy, and breaks that one source or target alone: intake never stops.
import jsonata from 'jsonata'
import * as v from 'valibot'
import { SENSITIVE_FIELDS } from './core/privacy.ts'
import { DEFAULT_RETRY } from './core/retry.ts'
import type { SiteSettings, Source } from './core/source.ts'
import type { BrokenTarget, Expression, Target } from './core/target.ts'
import { FORMATS, type FormatId } from './formats/index.ts'
import { VENDORS, type VendorId } from './vendors/index.ts'

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
  errors: readonly ConfigIssue[]
  /** What works, and is perhaps not meant. */
  notes: readonly ConfigIssue[]
}

/** Gives a secret's value by its name; undefined when it is not set. `path` says what asks for it. */
export type SecretReader = (name: string, path: string) => string | undefined

const DEFAULT_MAX_BODY_BYTES = 900_000
/** D1 keeps rows of at most 2,000,000 bytes, and a row holds the body twice: as it came and normalized. */
const LARGEST_MAX_BODY_BYTES = 950_000
/** An attempt must end before the sweep believes its message lost (stages/sweep.ts). */
const MAX_TIMEOUT_SECONDS = 30
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|.*\.localhost)$/
/** Headers that carry our promises or belong to the platform. */
const RESERVED_HEADER = /^(webhook-|relay-|content-|host$|connection$|transfer-encoding$|cf-)/

const oneOrMore = <S extends v.GenericSchema<string, string>>(item: S) =>
  v.pipe(
    v.union([v.array(item), item], 'must be a text or a list of texts'),
    v.transform((value): string[] => (typeof value === 'string' ? [value] : value)),
  )
const text = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'))
const name = v.pipe(
  v.string('is missing: give it a name'),
  v.regex(/^[a-z0-9][a-z0-9_-]{0,63}$/i, 'must be letters, digits, - and _, at most 64'),
)
const secretName = v.pipe(
  text,
  v.regex(
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    'must be the NAME of a secret such as CRM_SIGNING_SECRET, never its value',
  ),
)
const seconds = (min: number, max: number) =>
  v.pipe(
    v.number('must be a number of seconds'),
    v.minValue(min, `must be at least ${min} s`),
    v.maxValue(max, `must be at most ${max} s`),
  )
const flag = v.boolean('must be true or false')

const siteEntries = {
  timezone: v.optional(
    v.pipe(text, v.check(isTimezone, 'must be an IANA zone such as Australia/Sydney')),
  ),
  currency: v.optional(v.pipe(text, v.regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as AUD'))),
  date_format: v.optional(
    v.picklist(['DD/MM/YYYY', 'MM/DD/YYYY'], 'must be DD/MM/YYYY or MM/DD/YYYY'),
  ),
}

const SourceInput = v.pipe(
  v.strictObject({
    name,
    vendor: v.picklist(Object.keys(VENDORS) as VendorId[], `must be ${list(Object.keys(VENDORS))}`),
    secret: v.optional(oneOrMore(secretName), []),
    header: v.optional(v.pipe(text, v.regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'must be a header name'))),
    signing_secret: v.optional(oneOrMore(secretName), []),
    tolerance_seconds: v.optional(seconds(1, 604_800), 300),
    ...siteEntries,
    sites: v.optional(v.record(v.string(), v.strictObject(siteEntries)), {}),
    enabled: v.optional(flag, true),
  }),
  v.forward(
    v.check(
      ({ secret, signing_secret }) => secret.length + signing_secret.length > 0,
      'is missing: name the Worker secret that proves the sender',
    ),
    ['secret'],
  ),
  v.forward(
    v.check(
      ({ vendor, signing_secret }) =>
        signing_secret.length === 0 || VENDORS[vendor].checkSignature !== undefined,
      'is of no use: this vendor does not sign',
    ),
    ['signing_secret'],
  ),
)

const TargetInput = v.pipe(
  v.strictObject({
    name,
    url: v.pipe(
      text,
      v.check(isUrlOrSecret, 'must be an absolute URL, or $NAME of a secret that holds one'),
    ),
    events: v.optional(
      v.pipe(
        v.array(
          v.pipe(text, v.regex(/^[^*]*\*?$/, 'may hold one * only, at its end')),
          'must be a list',
        ),
        v.nonEmpty('must name at least one event, or * for all'),
      ),
      ['*'],
    ),
    sources: v.optional(v.array(name, 'must be a list of source names')),
    where: v.optional(v.pipe(text, v.check(isExpression, 'is no valid JSONata expression'))),
    format: v.optional(
      v.picklist(Object.keys(FORMATS) as FormatId[], `must be ${list(Object.keys(FORMATS))}`),
      'cloudevents',
    ),
    transform: v.optional(v.pipe(text, v.check(isExpression, 'is no valid JSONata expression'))),
    secret: v.optional(oneOrMore(secretName), []),
    headers: v.optional(
      v.record(
        v.pipe(
          v.string(),
          v.regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'must be a header name'),
          v.check(
            (key) => !RESERVED_HEADER.test(key.toLowerCase()),
            'is set by the relay or the platform',
          ),
        ),
        v.pipe(v.string('must be a text'), v.regex(/^[\x20-\x7e]*$/, 'must be printable ASCII')),
      ),
      {},
    ),
    include: v.optional(
      v.array(v.picklist(SENSITIVE_FIELDS, `must be ${list(SENSITIVE_FIELDS)}`), 'must be a list'),
      [],
    ),
    retry: v.optional(
      v.pipe(
        v.array(seconds(1, 1_209_600), 'must be a list of seconds, one for each retry'),
        v.maxLength(50, 'must hold at most 50 retries'),
      ),
      [...DEFAULT_RETRY],
    ),
    timeout_seconds: v.optional(seconds(1, MAX_TIMEOUT_SECONDS), 15),
    rate_per_second: v.optional(
      v.pipe(v.number('must be a number'), v.minValue(0.01, 'must be above 0')),
    ),
    ordered: v.optional(flag, false),
    settle_seconds: v.optional(seconds(0, 86_400), 0),
    test: v.optional(flag, true),
    enabled: v.optional(flag, true),
  }),
  v.forward(
    v.check(
      ({ transform, format }) => transform === undefined || format === 'cloudevents',
      'makes the body, and so does format: keep one of them',
    ),
    ['transform'],
  ),
)
type TargetInput = v.InferOutput<typeof TargetInput>

/**
 * Reads the configuration from a Worker's variables. Never throws: what is wrong is in `errors`, and what it
 * breaks is in the result as broken.
 */
export function parseConfig(vars: Record<string, unknown>, secretOf: SecretReader): Config {
  const errors: ConfigIssue[] = []
  const notes: ConfigIssue[] = []
  const sources = new Map<string, ConfiguredSource | BrokenSource>()
  for (const { path, value } of readTables(vars, ['SOURCES'], errors)) {
    const before = errors.length
    const source = readSource(path, value, secretOf, errors)
    const key = nameOf(value)
    if (key === undefined) continue
    if (sources.has(key)) {
      errors.push({
        path: `${path}.name`,
        message: `"${key}" is taken by a source above: choose another`,
      })
    } else if (source === undefined)
      sources.set(key, { name: key, broken: summary(errors.slice(before)) })
    else if (source !== 'disabled') sources.set(key, source)
  }

  const targets: (ConfiguredTarget | BrokenTarget)[] = []
  const names = Object.keys(vars)
    .filter((key) => /^TARGETS(_|$)/.test(key))
    .sort()
  for (const { path, value } of readTables(vars, names, errors)) {
    const before = errors.length
    const target = readTarget(path, value, secretOf, errors, notes)
    const key = nameOf(value)
    if (key === undefined) continue
    if (targets.some((other) => other.name === key)) {
      errors.push({
        path: `${path}.name`,
        message: `"${key}" is taken by a target above: choose another`,
      })
    } else targets.push(target ?? brokenTarget(key, value, summary(errors.slice(before))))
    for (const unknown of (target?.sources ?? []).filter((other) => !sources.has(other))) {
      notes.push({
        path: `${path}.sources`,
        message: `"${unknown}" is no source: nothing will come from it`,
      })
    }
  }
  return { sources, targets, maxBodyBytes: readMaxBody(vars.MAX_BODY_BYTES, errors), errors, notes }
}

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
  notes: ConfigIssue[],
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
  const headers = Object.entries(input.headers).map(([key, header]): [string, string] => [
    key,
    resolve(`${path}.headers.${key}`, header) ?? '',
  ])
  if (errors.length > before || url === undefined) return undefined
  notes.push(...notesOn(path, input))
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
    settleSeconds: input.settle_seconds,
    test: input.test,
    enabled: input.enabled,
  }
}

function notesOn(path: string, input: TargetInput): ConfigIssue[] {
  const notes: ConfigIssue[] = []
  if (input.secret.length === 0) {
    notes.push({ path: `${path}.secret`, message: 'is not set: deliveries will not be signed' })
  }
  for (const key of ['rate_per_second', 'ordered'] as const) {
    if (input[key])
      notes.push({ path: `${path}.${key}`, message: 'is not applied yet by this version' })
  }
  return notes
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
  const named = v.safeParse(v.object({ name }), value)
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
    errors.push({ path: inner === null ? path : `${path}.${inner}`, message: wording(issue) })
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

function summary(issues: ConfigIssue[]): string {
  return issues.map(({ path, message }) => `${path}: ${message}`).join('; ')
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

/** Standard Webhooks: `whsec_` and base64 of 24 to 64 random bytes. */
function signingSecretProblem(secret: string): string | undefined {
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

function isUrlOrSecret(text: string): boolean {
  return /^\$[A-Za-z_]\w*$/.test(text) || URL.canParse(text)
}

function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

function isExpression(text: string): boolean {
  try {
    jsonata(text)
    return true
  } catch {
    return false
  }
}

/**
 * Compiles JSONata with bounds on recursion and lists, so that an expression ends. It sees a copy of the event in
 * plain JSON: what it does to it stays there, and a number that kept its spelling is a number like any other.
 */
function compile(text: string): Expression {
  const expression = jsonata(text, { stack: 500, sequence: 10_000 })
  return async (event) => expression.evaluate(JSON.parse(JSON.stringify(event)))
}

function readMaxBody(value: unknown, errors: ConfigIssue[]): number {
  if (value === undefined || value === '') return DEFAULT_MAX_BODY_BYTES
  const bytes = Number(value)
  if (Number.isInteger(bytes) && bytes > 0 && bytes <= LARGEST_MAX_BODY_BYTES) return bytes
  const range = `a whole number of bytes from 1 to ${LARGEST_MAX_BODY_BYTES}`
  errors.push({
    path: 'MAX_BODY_BYTES',
    message: `must be ${range}; ${DEFAULT_MAX_BODY_BYTES} is used`,
  })
  return DEFAULT_MAX_BODY_BYTES
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

// wrangler.toml as the Worker will understand it: parsed, and described for an operator.
import {
  type Config,
  isBrokenSource,
  parseConfig,
  secretNames,
  targetTables,
} from '../../config.ts'
import { matchesType } from '../../core/deliveries/routing.ts'
import {
  type BrokenTarget,
  isBroken,
  namesRelayEvents,
  type Target,
} from '../../core/deliveries/target.ts'
import { EVENT_TYPES } from '../../core/events/event.ts'
import { isLoopback } from '../../core/loopback.ts'
import { table } from '../table.ts'
import { inequalityNotes } from './inequalities.ts'

/** Placeholders for secrets that only the deployed Worker knows: valid wherever a secret, or a URL, is expected. */
const PLACEHOLDER_SECRET = `whsec_${'A'.repeat(43)}=`
const PLACEHOLDER_URL = 'https://secret.invalid/'

/**
 * Parses the variables as the deployed Worker will, assuming that all its secrets are set and valid. It has notes that the
 * Worker does not: those on expressions.
 */
export function checkConfig(vars: Record<string, unknown>): Config {
  const config = parseConfig(vars, (_name, path) =>
    path.endsWith('.url') ? PLACEHOLDER_URL : PLACEHOLDER_SECRET,
  )
  const notes = targetTables(vars).flatMap(({ path, value }) => inequalityNotes(path, value))
  return { ...config, notes: [...config.notes, ...notes] }
}

/** The secrets of a file that are not safe. The issues do not contain their values. */
export function weakSecretsOf(
  file: string,
  secrets: Record<string, string>,
  vars: Record<string, unknown>,
): Config['weak'] {
  const { weak } = parseConfig({ ...vars, ...secrets }, (name) => secrets[name])
  const messages = new Set(weak.map(({ message }) => message))
  return [...messages].map((message) => ({ path: file, message }))
}

/** The configuration as text: tables of sources, targets, routes and secrets, then notes and errors. Shows no secret. */
export function describeConfig(config: Config, vars: Record<string, unknown>): string {
  const { errors } = config
  const notes = [...config.notes, ...notesOnLocalTargets(config)]
  return [
    sourceTable(config),
    targetTable(config),
    routeTable(config),
    table(['SECRET', 'used by'], [...secretNames(vars)]),
    table(
      ['RETENTION', 'period'],
      [
        ['events', `${config.retentionDays} days`],
        ['received payloads', `${config.rawRetentionDays} days`],
      ],
    ),
    ...(notes.length > 0 ? [listed('NOTES', notes)] : []),
    errors.length > 0 ? listed('ERRORS', errors) : 'The configuration is valid.',
  ].join('\n\n')
}

function sourceTable({ sources }: Config): string {
  const rows = [...sources.values()].map((source) =>
    isBrokenSource(source)
      ? [source.name, 'BROKEN', `/in/${source.name}`, source.broken]
      : [source.name, source.vendor, `/in/${source.name}`, credentialsOf(source.credentials)],
  )
  return table(['SOURCE', 'vendor', 'ingest path', 'authentication'], rows)
}

function targetTable({ targets }: Config): string {
  const rows = targets.map((target) =>
    isBroken(target)
      ? [target.name, 'BROKEN', target.events.join(' '), target.broken]
      : [
          target.name,
          target.transform ? 'transform' : target.format,
          target.events.join(' '),
          withoutPath(target.url) + (target.enabled ? '' : ' (disabled: deliveries are held)'),
        ],
  )
  return table(['TARGET', 'format', 'events', 'url'], rows)
}

function routeTable({ targets }: Config): string {
  return table(
    ['EVENT', 'targets'],
    EVENT_TYPES.map((type) => [type, recipientsOf(type, targets)]),
  )
}

/** The names of the targets that get a type. Two kinds of the relay's own events do not follow `*`. */
function recipientsOf(type: string, targets: Config['targets']): string {
  if (type === 'relay.test') return '(only the target that is tested)'
  const matching = targets.filter(
    ({ events }) =>
      events.some((pattern) => matchesType(pattern, type)) &&
      (!type.startsWith('relay.operator_') || namesRelayEvents(events)),
  )
  return matching.map(({ name }) => name).join(', ') || '(no target)'
}

function notesOnLocalTargets({ targets }: Config): Config['notes'] {
  return targets.filter(isLocal).map(({ name }) => ({
    path: `target ${name}`,
    message: 'is on this machine, so "npm run deploy" refuses it',
  }))
}

function listed(title: string, issues: Config['errors']): string {
  return [title, ...issues.map(({ path, message }) => `  ${path}: ${message}`)].join('\n')
}

/** How requests to a source are authenticated: by a shared secret, a signature, or both. */
function credentialsOf({
  header,
  secrets,
  signingSecrets,
}: {
  header: string | undefined
  secrets: string[]
  signingSecrets: string[]
}) {
  const shared = header === undefined ? '?key=…' : `header ${header}`
  return [
    ...(secrets.length > 0 ? [shared] : []),
    ...(signingSecrets.length > 0 ? ['signature'] : []),
  ].join(' and ')
}

/** True for a target on this machine, which a deployed relay cannot reach. */
export function isLocal(target: Target | BrokenTarget): target is Target {
  return !isBroken(target) && isLoopback(new URL(target.url).hostname)
}

/** A URL without its path, which may contain a secret. */
function withoutPath(url: string): string {
  const { origin, pathname } = new URL(url)
  return pathname === '/' ? origin : `${origin}/…`
}

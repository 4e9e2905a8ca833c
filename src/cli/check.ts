// `npm run check`: what wrangler.toml means, said before a deploy; and what a relay that runs has noticed.
import { parseArgs } from 'node:util'
import { type Config, isBrokenSource, parseConfig, secretNames } from '../config.ts'
import { matchesType } from '../core/deliveries/routing.ts'
import { type BrokenTarget, isBroken, type Target } from '../core/deliveries/target.ts'
import { EVENT_TYPES } from '../core/events/event.ts'
import { DRIFT_HINT, driftOf } from './check-drift.ts'
import { showSamples } from './check-sample.ts'
import { readProject } from './project.ts'
import { UserError } from './user-error.ts'

const HELP = `npm run check -- [--sample [<type>]] [--target <name>] [--url <a relay>]

Says what wrangler.toml means, and what is wrong with it.

  --sample [TYPE]
              also shows what each target would get for a made-up message of each type, or in full of one type;
              --target NAME: only this target
  --url URL   also asks that relay what the vendors have changed in their messages; the token is RELAY_TOKEN,
              or for the relay of this machine ADMIN_TOKEN in .dev.vars
  --json      for programs: only what is wrong and what is odd, as JSON`

/** Stand-ins for secrets that only the deployed Worker knows: they pass for any of their kind. */
const SOME_SECRET = `whsec_${'A'.repeat(43)}=`
const SOME_URL = 'https://secret.invalid/'

/**
 * Prints sources, targets and what is routed where, and the drift of the relay that is named. Exit status 1 when
 * anything is wrong, or the relay cannot be asked.
 */
export async function check(args: string[]): Promise<number> {
  const { url, help, json, sample, type, target } = readOptions(args)
  if (help) {
    console.log(HELP)
    return 0
  }
  const { vars } = readProject()
  const config = checkConfig(vars)
  if (json) {
    const { errors, notes } = config
    console.log(JSON.stringify({ errors, notes }, null, 2))
    return errors.length === 0 ? 0 : 1
  }
  console.log(describe(config, vars))
  const samples = sample ? await showSamples(config, { type, target }, Date.now()) : undefined
  if (samples) console.log(`\n${samples.text}`)
  console.log(`\n${url === undefined ? DRIFT_HINT : await driftOf(url)}`)
  return config.errors.length === 0 && !samples?.failures ? 0 : 1
}

function readOptions(args: string[]) {
  try {
    const options = {
      url: { type: 'string' },
      help: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      sample: { type: 'boolean', default: false },
      target: { type: 'string' },
    } as const
    const spread = args.flatMap((arg) =>
      arg.startsWith('--sample=') ? ['--sample', arg.slice('--sample='.length)] : [arg],
    )
    const { values, positionals } = parseArgs({ args: spread, options, allowPositionals: true })
    const { url, help, json, sample, target } = values
    const [type, ...rest] = positionals
    if (rest.length > 0 || (!sample && (type ?? target) !== undefined))
      throw new Error(`Not understood: ${rest[0] ?? type ?? `--target ${target}`}.`)
    return { url, help, json, sample, type, target }
  } catch (error) {
    throw new UserError(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
  }
}

/** Parses the variables as the deployed Worker will, taking for granted that it has its secrets. */
export function checkConfig(vars: Record<string, unknown>): Config {
  return parseConfig(vars, (_name, path) => (path.endsWith('.url') ? SOME_URL : SOME_SECRET))
}

/** The configuration as text: tables of sources, targets and routes, then what is wrong and what is odd. */
export function describe(config: Config, vars: Record<string, unknown>): string {
  const sources = [...config.sources.values()].map((source) =>
    isBrokenSource(source)
      ? [source.name, 'BROKEN', `/in/${source.name}`, source.broken]
      : [source.name, source.vendor, `/in/${source.name}`, proofOf(source.credentials)],
  )
  const targets = config.targets.map((target) =>
    isBroken(target)
      ? [target.name, 'BROKEN', target.events.join(' '), target.broken]
      : [
          target.name,
          target.transform ? 'transform' : target.format,
          target.events.join(' '),
          withoutPath(target.url) + (target.enabled ? '' : ' (disabled: events are held)'),
        ],
  )
  const types = EVENT_TYPES.map((type) => {
    const wanting = config.targets.filter(({ events }) => events.some((p) => matchesType(p, type)))
    return [type, wanting.map(({ name }) => name).join(', ') || '(nobody)']
  })
  const secrets = [...secretNames(vars)].map(([name, use]) => [name, use])
  const local = config.targets.filter(isLocal).map(({ name }) => ({
    path: `target ${name}`,
    message: 'is on this machine: "npm run deploy" refuses it',
  }))
  const notes = [...config.notes, ...local]
  const issues = (list: Config['errors']) =>
    list.map(({ path, message }) => `  ${path}: ${message}`)
  return [
    table('SOURCE', ['', 'vendor', 'ingest path', 'proof'], sources),
    table('TARGET', ['', 'format', 'events', 'url'], targets),
    table('EVENT', ['', 'goes to'], types),
    table('SECRET', ['', 'needed by'], secrets),
    table(
      'KEPT',
      ['', 'for'],
      [
        ['events', `${config.retentionDays} days`],
        ['their bytes', `${config.rawRetentionDays} days`],
      ],
    ),
    ...(notes.length > 0 ? [`NOTES\n${issues(notes).join('\n')}\n`] : []),
    config.errors.length > 0
      ? `ERRORS\n${issues(config.errors).join('\n')}`
      : 'The configuration is in order.',
  ].join('\n')
}

function proofOf({
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

/** True for a target on this machine, which a deployed relay cannot reach; configuration allows http for no other. */
export function isLocal(target: Target | BrokenTarget): target is Target {
  return !isBroken(target) && target.url.startsWith('http:')
}

/** Where a URL leads, without what may be secret in it. */
function withoutPath(url: string): string {
  const { origin, pathname } = new URL(url)
  return pathname === '/' ? origin : `${origin}/…`
}

function table(title: string, heads: string[], rows: string[][]): string {
  const all = [[title, ...heads.slice(1)], ...rows]
  const widths = heads.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  const lines = all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

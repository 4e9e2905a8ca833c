// `npm run deploy`: check, create what is missing, migrate, deploy. Every step may be run again.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { type Config, parseConfig, secretNames } from '../config.ts'
import { checkConfig, describe, isLocal } from './check.ts'
import { type Project, ROOT, readEnvFile, readProject, WRANGLER } from './project.ts'
import { UserError } from './user-error.ts'

/** Secrets for the first deploy; `wrangler secret put` needs a Worker that is there. */
const SECRETS_FILE = '.prod.vars'

const HELP = `npm run deploy -- [--dry-run]

Checks wrangler.toml, creates the database and the queues that are missing, applies the migrations, and deploys.
Secrets are taken from ${SECRETS_FILE} when it is there, else they must be set already (wrangler secret put).

  --dry-run   only show what would be done, and build the Worker`

/** Deploys to the account that wrangler is logged in to. Refuses a configuration with errors or without secrets. */
export async function deploy(args: string[]): Promise<number> {
  const { dryRun, help } = readOptions(args)
  if (help) {
    console.log(HELP)
    return 0
  }
  const project = readProject()
  requireInOrder(checkConfig(project.vars), project)
  const fileSecrets = readEnvFile(SECRETS_FILE)
  const hasFile = Object.keys(fileSecrets).length > 0
  if (hasFile) requireFileInOrder(project, fileSecrets)
  const secretsArgs = hasFile ? ['--secrets-file', SECRETS_FILE] : []

  if (dryRun) {
    console.log(
      [
        'A deploy would now',
        `  create the database ${project.databaseName}, if it is missing`,
        ...project.queues.map((queue) => `  create the queue ${queue}, if it is missing`),
        `  apply the migrations to ${project.databaseName}`,
        `  deploy the Worker${hasFile ? `, with the secrets of ${SECRETS_FILE}` : ''}`,
      ].join('\n'),
    )
    return wrangler(['deploy', '--dry-run'])
  }
  if (!hasFile) requireSecrets(project)
  createMissing(['d1', 'info', project.databaseName], ['d1', 'create', project.databaseName])
  for (const queue of project.queues) {
    createMissing(['queues', 'info', queue], ['queues', 'create', queue])
  }
  const status = wrangler(['d1', 'migrations', 'apply', project.databaseName, '--remote'])
  return status === 0 ? wrangler(['deploy', ...secretsArgs]) : status
}

function readOptions(args: string[]): { dryRun: boolean; help: boolean } {
  try {
    const options = { 'dry-run': { type: 'boolean' }, help: { type: 'boolean' } } as const
    const { values } = parseArgs({ args, options })
    return { dryRun: values['dry-run'] === true, help: values.help === true }
  } catch (error) {
    throw new UserError(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
  }
}

/** Refuses errors, and a target that the deployed Worker could never reach: the example's. */
function requireInOrder(config: Config, { vars }: Project): void {
  const local = config.targets.find(isLocal)
  if (config.errors.length > 0) {
    throw new UserError(
      `${describe(config, vars)}\n\nNothing was deployed: mend these errors first.`,
    )
  }
  if (local !== undefined) {
    throw new UserError(
      `Nothing was deployed: the target "${local.name}" is on this machine, where a deployed relay cannot ` +
        'reach it. Replace it in wrangler.toml by a receiver of yours.',
    )
  }
}

/** Refuses a file of secrets that lacks one or holds a bad one: better now than in production. */
function requireFileInOrder({ vars }: Project, secrets: Record<string, string>): void {
  const missing = [...secretNames(vars).keys()].filter((name) => !secrets[name])
  if (missing.length > 0)
    throw new UserError(`Nothing was deployed: ${SECRETS_FILE} lacks ${missing.join(', ')}.`)
  const { errors } = parseConfig(vars, (name) => secrets[name])
  const said = errors.map(({ path, message }) => `${path}: ${message}`)
  if (said.length > 0) throw new UserError(`Nothing was deployed: ${said.join('; ')}.`)
}

/** Without a file, the Worker must be there and have its secrets. */
function requireSecrets({ vars }: Project): void {
  const { status, stdout } = spawnSync(process.execPath, [WRANGLER, 'secret', 'list'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const names = status === 0 ? listedNames(stdout) : []
  const missing = [...secretNames(vars).keys()].filter((name) => !names.includes(name))
  if (missing.length === 0) return
  throw new UserError(
    `Nothing was deployed: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set. For the first ` +
      `deploy write them to ${SECRETS_FILE} as .dev.vars.example shows; later use "npx wrangler secret put NAME".`,
  )
}

function listedNames(json: string): string[] {
  try {
    return (JSON.parse(json) as { name: string }[]).map(({ name }) => name)
  } catch {
    return []
  }
}

function createMissing(look: string[], create: string[]): void {
  if (spawnSync(process.execPath, [WRANGLER, ...look], { cwd: ROOT }).status === 0) return
  if (wrangler(create) !== 0) {
    throw new UserError(`"wrangler ${create.join(' ')}" failed; what it said above tells why.`)
  }
}

function wrangler(args: string[]): number {
  const { status } = spawnSync(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  })
  return status ?? 1
}

// `npm run deploy`: check, create what is missing, migrate, deploy. Every step can be repeated safely.
import { spawnSync } from 'node:child_process'
import { Command } from 'commander'
import { type Config, parseConfig, secretNames } from '../config.ts'
import { checkConfig, describeConfig, isLocal, weakSecretsOf } from './check/configuration.ts'
import { runProgram, type SetStatus } from './command-line.ts'
import {
  notesOnEnvFile,
  type Project,
  ROOT,
  readEnvFile,
  readProject,
  WRANGLER,
} from './project.ts'
import { UserError } from './user-error.ts'

/** Secrets for the first deploy: `wrangler secret put` needs a Worker that exists already. */
const SECRETS_FILE = '.prod.vars'

const DESCRIPTION =
  'Check wrangler.toml, create the database and the queues if they do not exist, apply the migrations, and deploy the Worker.'

const HELP = `
Secrets are read from ${SECRETS_FILE} if it exists; otherwise they must be set already (wrangler secret put).`

/** `npm run deploy`. Returns the exit status. */
export function deploy(args: string[]): Promise<number> {
  return runProgram(deployCommand, args)
}

function deployCommand(setStatus: SetStatus): Command {
  return new Command('npm run deploy --')
    .description(DESCRIPTION)
    .option('--dry-run', 'show the steps and build the Worker, but change nothing')
    .addHelpText('after', HELP)
    .action(async ({ dryRun }: { dryRun?: true }) => setStatus(runDeploy(dryRun === true)))
}

/**
 * Deploys to the account that wrangler is logged in to. Returns the exit status of the last wrangler command. Throws a
 * UserError for a configuration with errors or without its secrets.
 */
function runDeploy(isDryRun: boolean): number {
  const project = readProject()
  requireDeployable(checkConfig(project.vars), project)
  const fileSecrets = readEnvFile(SECRETS_FILE)
  for (const { path, message } of notesOnEnvFile(SECRETS_FILE)) console.error(`${path}: ${message}`)
  const hasFile = Object.keys(fileSecrets).length > 0
  if (hasFile) requireValidSecrets(project, fileSecrets)
  if (isDryRun) {
    console.log(stepsOf(project, hasFile))
    return wrangler(['deploy', '--dry-run'])
  }
  if (!hasFile) requireSecretsOnWorker(project)
  createMissing(['d1', 'info', project.databaseName], ['d1', 'create', project.databaseName])
  for (const queue of project.queues) {
    createMissing(['queues', 'info', queue], ['queues', 'create', queue])
  }
  const status = wrangler(['d1', 'migrations', 'apply', project.databaseName, '--remote'])
  const secretsArgs = hasFile ? ['--secrets-file', SECRETS_FILE] : []
  return status === 0 ? wrangler(['deploy', ...secretsArgs]) : status
}

function stepsOf({ databaseName, queues, vars }: Project, hasFile: boolean): string {
  const secrets = [...secretNames(vars).keys()].join(', ')
  return [
    'A deploy would:',
    ...(hasFile
      ? []
      : [
          `  stop if the Worker lacks one of these secrets, as ${SECRETS_FILE} sets none: ${secrets}`,
        ]),
    `  create the database ${databaseName} if it does not exist`,
    ...queues.map((queue) => `  create the queue ${queue} if it does not exist`),
    `  apply the migrations to ${databaseName}`,
    `  deploy the Worker${hasFile ? ` with the secrets in ${SECRETS_FILE}` : ''}`,
  ].join('\n')
}

/** Refuses errors, and targets that a deployed Worker cannot reach, such as that of the example. */
function requireDeployable(config: Config, { vars }: Project): void {
  if (config.errors.length > 0) {
    throw new UserError(
      `${describeConfig(config, vars)}\n\nNothing was deployed: fix these errors first.`,
    )
  }
  const local = config.targets.find(isLocal)
  if (local !== undefined) {
    throw new UserError(
      `Nothing was deployed: the target "${local.name}" is on this machine, which a deployed relay cannot reach. ` +
        'Replace it in wrangler.toml with your own receiver.',
    )
  }
}

/** Refuses a file that lacks a secret, or has one that is invalid or easy to guess. */
function requireValidSecrets({ vars }: Project, secrets: Record<string, string>): void {
  const missing = [...secretNames(vars).keys()].filter((name) => !secrets[name])
  if (missing.length > 0)
    throw new UserError(`Nothing was deployed: ${SECRETS_FILE} does not set ${missing.join(', ')}.`)
  const { errors } = parseConfig(vars, (name) => secrets[name])
  const weak = weakSecretsOf(SECRETS_FILE, secrets, vars)
  const messages = [...errors, ...weak].map(({ path, message }) => `${path}: ${message}`)
  if (messages.length > 0) throw new UserError(`Nothing was deployed: ${messages.join('; ')}.`)
}

/** Refuses a Worker that lacks a secret, or does not exist. */
function requireSecretsOnWorker({ vars }: Project): void {
  const { status, stdout } = spawnSync(process.execPath, [WRANGLER, 'secret', 'list'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const names = status === 0 ? namesIn(stdout) : []
  const missing = [...secretNames(vars).keys()].filter((name) => !names.includes(name))
  if (missing.length === 0) return
  throw new UserError(
    `Nothing was deployed: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set. For the first ` +
      `deploy, put all secrets in ${SECRETS_FILE} (in the format of .dev.vars.example). Later, use "npx wrangler secret put NAME".`,
  )
}

/** The names in the output of `wrangler secret list`; none if it cannot be parsed. */
function namesIn(json: string): string[] {
  try {
    return (JSON.parse(json) as { name: string }[]).map(({ name }) => name)
  } catch {
    return []
  }
}

function createMissing(info: string[], create: string[]): void {
  if (spawnSync(process.execPath, [WRANGLER, ...info], { cwd: ROOT }).status === 0) return
  if (wrangler(create) !== 0) {
    throw new UserError(`"wrangler ${create.join(' ')}" failed; its output above has the reason.`)
  }
}

/** Runs wrangler with the terminal of this process. Returns its exit status. */
function wrangler(args: string[]): number {
  const { status } = spawnSync(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  })
  return status ?? 1
}

// `npm run deploy`: check, create what is missing, migrate, deploy. Every step can be repeated safely.
import { spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { Command } from 'commander'
import { type Config, parseConfig, secretNames } from '../config.ts'
import { OWED_BY_TARGET } from '../store/deliveries/owed.ts'
import { HAS_KEYS_OF_0X } from '../store/keys-of-0x.ts'
import { checkConfig, describeConfig, isLocal, weakSecretsOf } from './check/configuration.ts'
import { keysProblem } from './check/keys.ts'
import { owedToOthers } from './check/owed.ts'
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

/** How long the queues keep messages: the most that Cloudflare allows on a paid plan. */
const RETENTION_DAYS = 14

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
  const config = checkConfig(project.vars)
  requireDeployable(config, project)
  const fileSecrets = readEnvFile(SECRETS_FILE)
  for (const { path, message } of notesOnEnvFile(SECRETS_FILE)) console.error(`${path}: ${message}`)
  const hasFile = Object.keys(fileSecrets).length > 0
  if (hasFile) requireValidSecrets(project, fileSecrets)
  if (isDryRun) {
    console.log(stepsOf(project, hasFile))
    return wrangler(['deploy', '--dry-run'])
  }
  if (!hasFile) requireSecretsOnWorker(project)
  requireNewKeys(project)
  createMissing(['d1', 'info', project.databaseName], ['d1', 'create', project.databaseName])
  for (const queue of project.queues) {
    createMissing(['queues', 'info', queue], ['queues', 'create', queue])
  }
  setRetention(project.queues)
  for (const bucket of project.buckets) {
    createMissing(['r2', 'bucket', 'info', bucket], ['r2', 'bucket', 'create', bucket])
  }
  const status = wrangler(['d1', 'migrations', 'apply', project.databaseName, '--remote'])
  if (status === 0) warnOfOwed(config, project)
  const secretsArgs = hasFile ? ['--secrets-file', SECRETS_FILE] : []
  return status === 0 ? wrangler(['deploy', ...secretsArgs]) : status
}

function stepsOf({ databaseName, queues, buckets, vars }: Project, hasFile: boolean): string {
  const secrets = [...secretNames(vars).keys()].join(', ')
  return [
    'A deploy would:',
    `  ask ${databaseName} whether its log is one of a version 0.x, and change nothing if it is: this version cannot read it`,
    ...(hasFile
      ? []
      : [
          `  stop if the Worker lacks one of these secrets, as ${SECRETS_FILE} sets none: ${secrets}`,
        ]),
    `  create the database ${databaseName} if it does not exist`,
    ...queues.map((queue) => `  create the queue ${queue} if it does not exist`),
    `  let every queue keep messages for ${RETENTION_DAYS} days, or as long as the plan allows (free: 24 hours)`,
    ...buckets.map((bucket) => `  create the bucket ${bucket} if it does not exist`),
    `  apply the migrations to ${databaseName}`,
    `  say what ${databaseName} owes to targets that this configuration does not have`,
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

/** Refuses a database with keys of the versions 0.x, and one that cannot be asked. One that is not there yet has none. */
function requireNewKeys({ databaseName }: Project): void {
  const ask = (...args: string[]) =>
    spawnSync(process.execPath, [WRANGLER, 'd1', ...args], { cwd: ROOT, encoding: 'utf8' })
  if (ask('info', databaseName).status !== 0) return
  const { status, stdout, stderr } = ask(
    ...['execute', databaseName, '--remote', '--json', '--yes', '--command', HAS_KEYS_OF_0X],
  )
  const problem = keysProblem(databaseName, { isDone: status === 0, output: stdout + stderr })
  if (problem !== undefined) throw new UserError(`Nothing was deployed: ${problem}`)
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

/** Says what is owed to targets that the configuration does not have. A failure is said, and stops nothing. */
function warnOfOwed(config: Config, { databaseName }: Project): void {
  const args = [
    'd1',
    'execute',
    databaseName,
    '--remote',
    '--json',
    '--yes',
    '--command',
    OWED_BY_TARGET,
  ]
  const { status, stdout } = spawnSync(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const owed = status === 0 ? rowsIn(stdout) : undefined
  if (owed === undefined) {
    console.error('The deliveries owed to other targets could not be counted.')
    return
  }
  for (const line of owedToOthers(config, owed)) console.error(line)
}

/** The rows in the output of `wrangler d1 execute`; undefined if it cannot be parsed. */
function rowsIn(json: string): { target: string; count: number }[] | undefined {
  try {
    return (JSON.parse(json) as [{ results: { target: string; count: number }[] }])[0].results
  } catch {
    return undefined
  }
}

function createMissing(info: string[], create: string[]): void {
  if (spawnSync(process.execPath, [WRANGLER, ...info], { cwd: ROOT }).status === 0) return
  if (wrangler(create) !== 0) {
    throw new UserError(`"wrangler ${create.join(' ')}" failed; its output above has the reason.`)
  }
}

/** Lets queues keep messages as long as the plan allows. The free plan refuses more than 24 hours: that is said, and no error. */
function setRetention(queues: readonly string[]): void {
  for (const queue of queues) {
    const period = ['--message-retention-period-secs', String(RETENTION_DAYS * 86_400)]
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [WRANGLER, 'queues', 'update', queue, ...period],
      { cwd: ROOT, encoding: 'utf8' },
    )
    if (status === 0) continue
    const reason = /\[ERROR\]\s*(.*)/.exec(stripVTControlCharacters(stderr + stdout))?.[1] ?? ''
    console.error(
      `The queues keep messages as long as before, on the free plan for 24 hours: ${RETENTION_DAYS} days were refused for ` +
        `${queue}${reason && ` (${reason})`}. Requests that were accepted while D1 is unavailable wait there (docs/guarantees.md).`,
    )
    return
  }
  console.log(`The queues keep messages for ${RETENTION_DAYS} days.`)
}

/** Runs wrangler with the terminal of this process. Returns its exit status. */
function wrangler(args: string[]): number {
  const { status } = spawnSync(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  })
  return status ?? 1
}

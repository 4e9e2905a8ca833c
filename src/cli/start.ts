// `npm start`: the relay on this machine, with a local database and queues, a timer for its cron, and a receiver.
import type { Server } from 'node:http'
import { Command } from 'commander'
import { type Config, parseConfig } from '../config.ts'
import { isBroken } from '../core/deliveries/target.ts'
import { repeatable, runProgram, type SetStatus } from './command-line.ts'
import { firstSteps } from './first-steps.ts'
import { launchLastingRelay } from './lasting-relay.ts'
import { withLocalArchive } from './local-archive.ts'
import { launchRelay, migrateLocally, requireFreePort, startClock } from './local-relay.ts'
import { ensureLocalSecrets } from './local-secrets.ts'
import { notesOnEnvFile, readEnvFile, readProject } from './project.ts'
import { RECEIVER_PORT, startReceiver } from './receiver.ts'
import { UserError } from './user-error.ts'

const DEFAULT_PORT = 8787

const HELP = `
All other options go to "wrangler dev". Missing secrets are generated and written to .dev.vars. Ctrl-C ends everything.`

type Options = {
  port: number
  receiver: boolean
  persistTo?: string
  var?: string[]
}

/** `npm start`. Returns the exit status. */
export function start(args: string[]): Promise<number> {
  return runProgram((setStatus) => startCommand(args, setStatus), args)
}

function startCommand(args: string[], setStatus: SetStatus): Command {
  return new Command('npm start --')
    .description('Run the relay on this machine, and a receiver that verifies its deliveries.')
    .option('--port <n>', 'port of the relay', portOf, DEFAULT_PORT)
    .option('--no-receiver', `do not start the receiver (port ${RECEIVER_PORT})`)
    .option('--persist-to <dir>', 'directory of the local database')
    .option('--inspector-port <n>', 'port for a debugger, on 127.0.0.1')
    .option(
      '--var <name:value>',
      `replace a variable of wrangler.toml, such as 'TARGETS:[{"name":"crm","url":"http://127.0.0.1:9000/"}]' (repeatable)`,
      repeatable,
    )
    .addHelpText('after', HELP)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (options: Options) => {
      requireKnown(args)
      setStatus(await runStart(options, forwarded(args)))
    })
}

/** Refuses another option of the receiver, of which `wrangler dev` would say that it has none. */
function requireKnown(args: string[]): void {
  const [option] = args.find((arg) => /^--(no-)?receiver-/.test(arg))?.split('=') ?? []
  if (option !== undefined) {
    throw new UserError(
      `There is no option ${option}: the receiver uses port ${RECEIVER_PORT}, or "npm start -- --no-receiver" leaves it out.`,
    )
  }
}

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UserError(`--port must be a number from 1 to 65535, not "${text}".`)
  return port
}

/** The arguments for `wrangler dev`, in their order: all but `--no-receiver` and the port. */
function forwarded(args: string[]): string[] {
  return args.filter(
    (arg, i) => !/^--(no-receiver$|port(=|$))/.test(arg) && args[i - 1] !== '--port',
  )
}

/** The variables of repeated options NAME:VALUE. */
function varsOf(options: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    options.map((text) => {
      const at = text.indexOf(':')
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

/** Runs until it is interrupted. Returns the exit status. Throws a UserError if the relay cannot start or stops by itself. */
async function runStart(options: Options, wranglerArgs: string[]): Promise<number> {
  const project = readProject()
  // In the order of wrangler dev: .dev.vars overrides wrangler.toml, and --var overrides both.
  const vars = { ...project.vars, ...readEnvFile('.dev.vars'), ...varsOf(options.var) }
  await requireFreePort(options.port, 'the relay', 'npm start -- --port N')
  if (options.receiver) {
    if (options.port === RECEIVER_PORT) {
      throw new UserError(
        `The receiver uses port ${RECEIVER_PORT}: choose another one, or use "npm start -- --no-receiver".`,
      )
    }
    await requireFreePort(RECEIVER_PORT, 'the receiver', 'npm start -- --no-receiver')
  }
  const { secrets, added } = ensureLocalSecrets(vars)
  if (added.length > 0) console.log(`Wrote ${added.join(', ')} to .dev.vars.`)
  const config = parseConfig(vars, (name) => secrets[name])
  for (const { path, message } of [...config.errors, ...notesOnEnvFile('.dev.vars')])
    console.error(`${path}: ${message}`)

  console.log('Starting …')
  const interruption = onInterrupt()
  let receiver: Server | undefined
  let archive: ReturnType<typeof withLocalArchive> | undefined
  let relay: ReturnType<typeof launchLastingRelay> | undefined
  try {
    if (options.receiver) receiver = await receive(config)
    await migrateLocally(options.persistTo)
    if (interruption.isPending()) return 0
    archive = withLocalArchive(wranglerArgs)
    const { args } = archive
    const launch = () => launchRelay(options.port, args, console.log)
    relay = launchLastingRelay(launch, console.log)
    await Promise.race([relay.ready, interruption.happened])
    if (interruption.isPending()) return 0
    console.log(firstSteps(`http://127.0.0.1:${options.port}`, config, secrets))
    const clock = startClock(options.port, project.crons)
    const end = await Promise.race([interruption.happened, relay.ended.then(() => 'by itself')])
    clearInterval(clock)
    if (end === 'by itself')
      throw new UserError('The relay stopped by itself: see its last lines above.')
    return 0
  } finally {
    await Promise.all([relay?.stop(), close(receiver)])
    archive?.stop()
  }
}

/** Watches for Ctrl-C. The first one starts an orderly stop. Further ones are ignored, so that no process is left behind. */
function onInterrupt() {
  let isPending = false
  const happened = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (!isPending) console.log('Stopping …')
        isPending = true
        resolve('interrupted')
      })
    }
  })
  return { happened, isPending: () => isPending }
}

/** Starts the receiver with the signing secrets of the targets that send to it. */
function receive(config: Config): Promise<Server> {
  const secrets = config.targets.flatMap((target) =>
    !isBroken(target) && new URL(target.url).port === String(RECEIVER_PORT) ? target.secrets : [],
  )
  return startReceiver(RECEIVER_PORT, secrets, (line) => console.log(`receiver  ${line}`))
}

async function close(server: Server | undefined): Promise<void> {
  if (server === undefined) return
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

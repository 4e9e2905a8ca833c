// `npm start`: the relay on this machine, with a local database and queues, a clock for its cron, and a receiver.
import type { Server } from 'node:http'
import { parseArgs } from 'node:util'
import { type Config, parseConfig } from '../config.ts'
import { isBroken } from '../core/target.ts'
import { guide } from './guide.ts'
import { launchLastingRelay } from './lasting-relay.ts'
import { launchRelay, migrateLocally, requireFreePort, startClock } from './local-relay.ts'
import { ensureLocalSecrets } from './local-secrets.ts'
import { readEnvFile, readProject } from './project.ts'
import { RECEIVER_PORT, startReceiver } from './receiver.ts'
import { UserError } from './user-error.ts'

const DEFAULT_PORT = 8787

const HELP = `npm start -- [--no-receiver] [options of "wrangler dev"]

Runs the relay on http://127.0.0.1:${DEFAULT_PORT} and a receiver that verifies its deliveries on port ${RECEIVER_PORT}.
Secrets that are missing are made and written to .dev.vars. Ctrl-C ends everything.

  --no-receiver       do not start the receiver
  --port N            another port for the relay
  --persist-to DIR    keep the local database there
  --inspector-port N  let a debugger attach at that port of 127.0.0.1
  --var NAME:VALUE    another value for a variable, such as 'TARGETS:[{"name":"crm","url":"http://127.0.0.1:9000/"}]'`

type Options = {
  port: number
  receiver: boolean
  persistTo: string | undefined
  vars: Record<string, string>
  forwarded: string[]
}

/** Runs until it is interrupted. Refuses when the relay cannot start or ends by itself. */
export async function start(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const options = readOptions(args)
  const project = readProject()
  // As wrangler dev has it: .dev.vars is stronger than wrangler.toml, and --var than both.
  const vars = { ...project.vars, ...readEnvFile('.dev.vars'), ...options.vars }
  await requireFreePort(options.port, 'the relay', 'npm start -- --port N')
  if (options.receiver) {
    if (options.port === RECEIVER_PORT) {
      throw new UserError(
        `Port ${RECEIVER_PORT} is the receiver's: choose another, or use "npm start -- --no-receiver".`,
      )
    }
    await requireFreePort(RECEIVER_PORT, 'the receiver', 'npm start -- --no-receiver')
  }
  const { secrets, added } = ensureLocalSecrets(vars)
  if (added.length > 0) console.log(`Wrote ${added.join(', ')} to .dev.vars.`)
  const config = parseConfig(vars, (name) => secrets[name])
  for (const { path, message } of config.errors) console.error(`${path}: ${message}`)

  console.log('Starting …')
  const interruption = onInterrupt()
  let receiver: Server | undefined
  let relay: ReturnType<typeof launchLastingRelay> | undefined
  try {
    if (options.receiver) receiver = await receive(config)
    await migrateLocally(options.persistTo)
    if (interruption.isPending()) return 0
    const launch = () => launchRelay(options.port, options.forwarded, console.log)
    relay = launchLastingRelay(launch, console.log)
    await Promise.race([relay.ready, interruption.happened])
    if (interruption.isPending()) return 0
    console.log(guide(`http://127.0.0.1:${options.port}`, config, secrets))
    const clock = startClock(options.port, project.crons)
    const end = await Promise.race([interruption.happened, relay.ended.then(() => 'by itself')])
    clearInterval(clock)
    if (end === 'by itself')
      throw new UserError('The relay ended by itself; its last lines tell why.')
    return 0
  } finally {
    await Promise.all([relay?.stop(), close(receiver)])
  }
}

/** Watches for Ctrl-C from now on. The first ends us in order; more of them change nothing, so nothing is left behind. */
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

/** Reads our options; everything but `--no-receiver` is handed on to `wrangler dev`. */
function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    strict: false,
    options: {
      port: { type: 'string' },
      'persist-to': { type: 'string' },
      var: { type: 'string', multiple: true },
      'no-receiver': { type: 'boolean' },
    },
  })
  const port = Number(values.port ?? DEFAULT_PORT)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UserError(`--port takes a number from 1 to 65535, not "${values.port}".`)
  }
  const vars = ((values.var ?? []) as string[]).map((text) => {
    const at = text.indexOf(':')
    return [text.slice(0, at), text.slice(at + 1)]
  })
  return {
    port,
    receiver: values['no-receiver'] !== true,
    persistTo: typeof values['persist-to'] === 'string' ? values['persist-to'] : undefined,
    vars: Object.fromEntries(vars),
    forwarded: withoutPort(args).filter((arg) => arg !== '--no-receiver'),
  }
}

function withoutPort(args: string[]): string[] {
  return args.filter((arg, i) => !/^--port(=|$)/.test(arg) && args[i - 1] !== '--port')
}

/** Starts the receiver with the secrets of the targets that point to it. */
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

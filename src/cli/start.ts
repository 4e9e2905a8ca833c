// `npm start`: the relay on this machine, with a local database and queues, a timer for its cron, and a receiver.
import type { Server } from 'node:http'
import { parseArgs } from 'node:util'
import { type Config, parseConfig } from '../config.ts'
import { isBroken } from '../core/deliveries/target.ts'
import { firstSteps } from './first-steps.ts'
import {
  type LocalRelay,
  launchRelay,
  migrateLocally,
  requireFreePort,
  startClock,
} from './local-relay.ts'
import { ensureLocalSecrets } from './local-secrets.ts'
import { readEnvFile, readProject } from './project.ts'
import { RECEIVER_PORT, startReceiver } from './receiver.ts'
import { UserError } from './user-error.ts'

const DEFAULT_PORT = 8787

const HELP = `npm start -- [--no-receiver] [options of "wrangler dev"]

Runs the relay on http://127.0.0.1:${DEFAULT_PORT} and a receiver that verifies its deliveries on port ${RECEIVER_PORT}.
Missing secrets are generated and written to .dev.vars. Ctrl-C ends everything.

  --no-receiver       do not start the receiver
  --port N            port of the relay
  --persist-to DIR    directory of the local database
  --inspector-port N  port for a debugger, on 127.0.0.1
  --var NAME:VALUE    replace a variable of wrangler.toml, such as 'TARGETS:[{"name":"crm","url":"http://127.0.0.1:9000/"}]'`

type Options = {
  port: number
  receiver: boolean
  persistTo: string | undefined
  vars: Record<string, string>
  forwarded: string[]
}

/** Runs until it is interrupted. Returns the exit status. Throws a UserError if the relay cannot start or stops by itself. */
export async function start(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const options = readOptions(args)
  const project = readProject()
  // In the order of wrangler dev: .dev.vars overrides wrangler.toml, and --var overrides both.
  const vars = { ...project.vars, ...readEnvFile('.dev.vars'), ...options.vars }
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
  for (const { path, message } of config.errors) console.error(`${path}: ${message}`)

  console.log('Starting …')
  const interruption = onInterrupt()
  let receiver: Server | undefined
  let relay: LocalRelay | undefined
  try {
    if (options.receiver) receiver = await receive(config)
    await migrateLocally(options.persistTo)
    if (interruption.isPending()) return 0
    relay = launchRelay(options.port, options.forwarded, console.log)
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

/** Reads the options. All but `--no-receiver` and `--port` are forwarded to `wrangler dev` as they are. */
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
    throw new UserError(`--port must be a number from 1 to 65535, not "${values.port}".`)
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

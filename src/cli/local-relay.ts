// The relay as a local process: the migrations of its database, `wrangler dev`, a timer for its cron, and stopping it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { ROOT, WRANGLER } from './project.ts'
import { UserError } from './user-error.ts'

const READY_WITHIN_MS = 60_000
const STOP_WITHIN_MS = 5000
const TICK_MS = 60_000

/** Lines of `wrangler dev` about every request and batch. The log of the relay itself has more details. */
const NOISE = /^\[wrangler:info\]/

/** Throws a UserError if a process listens on the port, on either loopback address. */
export async function requireFreePort(port: number, owner: string, remedy: string): Promise<void> {
  const results = await Promise.all(['127.0.0.1', '::1'].map((host) => isListening(host, port)))
  if (!results.includes(true)) return
  throw new UserError(
    `Port ${port}, which ${owner} needs, is in use: stop the process that listens there, or use "${remedy}".`,
  )
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** Applies the migrations to the local database. Throws a UserError with wrangler's reason if that fails. */
export async function migrateLocally(persistTo: string | undefined): Promise<void> {
  const persist = persistTo === undefined ? [] : ['--persist-to', persistTo]
  const child = spawnWrangler(['d1', 'migrations', 'apply', 'DB', '--local', ...persist])
  const output = collect(child)
  const [status] = await once(child, 'exit')
  if (status !== 0)
    throw new UserError(`The local database could not be migrated: ${reasonIn(output)}`)
}

export type LocalRelay = {
  /** Resolves when the relay responds. Rejects if it ends before, or does not respond within a minute. */
  ready: Promise<void>
  /** Resolves when the process has ended by itself. */
  ended: Promise<unknown>
  /** Stops the process and all processes that it started. */
  stop: () => Promise<void>
  /** Kills the process at once, like a crash. */
  kill: () => Promise<void>
}

/**
 * Starts the relay. Its output is printed once it is ready; until then, only the reason of a failure is. `args` are further
 * arguments of `wrangler dev`.
 */
export function launchRelay(
  port: number,
  args: string[],
  print: (line: string) => void,
): LocalRelay {
  const child = spawnWrangler([
    'dev',
    '--port',
    String(port),
    '--show-interactive-dev-session=false',
    // Without this, Wrangler looks for a free port and binds it later: of two relays that start at once, one would fail.
    ...(args.some((arg) => /^--inspector-port(=|$)/.test(arg)) ? [] : ['--inspector-port', '0']),
    ...args,
  ])
  const output = collect(child, (line) => !NOISE.test(line) && print(line))
  const ended = once(child, 'exit')
  const isAlive = () => child.exitCode === null && child.signalCode === null
  const ready = untilReady(`http://127.0.0.1:${port}`, isAlive).then((isUp) => {
    if (!isUp) throw new UserError(`The relay did not start: ${reasonIn(output)}`)
    output.ready()
  })
  ready.catch(() => undefined) // after Ctrl-C nothing awaits it, and Node would report an unhandled rejection
  return { ready, ended, stop: () => stop(child, 'SIGINT'), kill: () => stop(child, 'SIGKILL') }
}

/** Why wrangler failed: its error lines and their bullet points in one sentence, or its whole output if it has none. */
function reasonIn(output: string[]): string {
  const lines = output.map((line) => stripVTControlCharacters(line).trim())
  const reasons = lines
    .filter((line) => /\[ERROR\]|^- /.test(line))
    .map((line) => line.replace(/^.*\[ERROR\]\s*|^- /, '').replace(/[.:]$/, ''))
  return reasons.length > 0 ? `${reasons.slice(0, 4).join(': ')}.` : lines.join('\n')
}

/** Collects the output lines of a process until `ready` is called; after that, passes each new line to `forward`. */
function collect(
  child: ChildProcess,
  forward?: (line: string) => void,
): string[] & { ready: () => void } {
  const lines: string[] = []
  let isReady = false
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      if (isReady) forward?.(line)
      else lines.push(line)
    })
  }
  return Object.assign(lines, {
    ready: () => {
      isReady = true
    },
  })
}

async function untilReady(origin: string, isAlive: () => boolean): Promise<boolean> {
  const deadline = Date.now() + READY_WITHIN_MS
  while (Date.now() < deadline && isAlive()) {
    const response = await fetch(`${origin}/healthz`).catch(() => undefined)
    if (response?.ok) return true
    // A relay that cannot read its configuration runs: its console shows what to correct.
    const problem = (await response?.json().catch(() => undefined)) as { type?: string } | undefined
    if (problem?.type?.endsWith('configuration-unreadable')) return true
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return false
}

/** Triggers the crons now and every minute: the local runtime does not trigger them itself. Stop it with clearInterval. */
export function startClock(port: number, crons: readonly string[]): NodeJS.Timeout {
  const tick = async () => {
    for (const cron of crons) {
      const url = `http://127.0.0.1:${port}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent(cron)}`
      await fetch(url).catch(() => undefined)
    }
  }
  void tick()
  return setInterval(tick, TICK_MS)
}

function spawnWrangler(args: string[]): ChildProcess {
  return spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' },
    detached: true, // a process group of its own, so that a signal also reaches its children
  })
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const { pid } = child
  const ended = once(child, 'exit')
  process.kill(-pid, signal)
  const force = setTimeout(() => process.kill(-pid, 'SIGKILL'), STOP_WITHIN_MS)
  await ended
  clearTimeout(force)
}

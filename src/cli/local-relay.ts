// The relay as a process of this machine: `wrangler dev` with its database migrated, told the time, and ended whole.
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

/** What `wrangler dev` says of every request and batch; the relay's own lines say more. */
const NOISE = /^\[wrangler:info\]/

/** Refuses a port on which anything answers, on either loopback address. */
export async function requireFreePort(port: number, owner: string, remedy: string): Promise<void> {
  const answers = await Promise.all(['127.0.0.1', '::1'].map((host) => isAnswered(host, port)))
  if (!answers.includes(true)) return
  throw new UserError(
    `Port ${port}, which ${owner} needs, is in use: end what listens there, or use "${remedy}".`,
  )
}

function isAnswered(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** Brings the local database up to date. */
export async function migrateLocally(persistTo: string | undefined): Promise<void> {
  const persist = persistTo === undefined ? [] : ['--persist-to', persistTo]
  const child = spawnWrangler(['d1', 'migrations', 'apply', 'DB', '--local', ...persist])
  const said = collect(child)
  const [status] = await once(child, 'exit')
  if (status !== 0)
    throw new UserError(`The local database could not be migrated: ${reasonIn(said)}`)
}

export type LocalRelay = {
  /** Resolves when it answers; rejects when it ends before, or does not answer within a minute. */
  ready: Promise<void>
  /** Resolves when the process has ended by itself. */
  ended: Promise<unknown>
  /** Ends it and everything that it started. */
  stop: () => Promise<void>
  /** Ends it as a crash would: at once, with whatever it was doing. */
  kill: () => Promise<void>
}

/** Starts the relay. What it says is printed once it is ready; before, only why it fails. `args` go to `wrangler dev`. */
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
    // Unasked, Wrangler looks for a free port and takes it later: of two that start at once, one would fail.
    ...(args.some((arg) => /^--inspector-port(=|$)/.test(arg)) ? [] : ['--inspector-port', '0']),
    ...args,
  ])
  const said = collect(child, (line) => !NOISE.test(line) && print(line))
  const ended = once(child, 'exit')
  const isAlive = () => child.exitCode === null && child.signalCode === null
  const ready = untilReady(`http://127.0.0.1:${port}`, isAlive).then((isUp) => {
    if (!isUp) throw new UserError(`The relay did not start: ${reasonIn(said)}`)
    said.ready()
  })
  ready.catch(() => undefined) // whoever waits for it hears of it; after Ctrl-C nobody does
  return { ready, ended, stop: () => stop(child, 'SIGINT'), kill: () => stop(child, 'SIGKILL') }
}

/** What of wrangler's many lines is the reason: its errors with their bullets, in one sentence; else all of it. */
function reasonIn(said: string[]): string {
  const lines = said.map((line) => stripVTControlCharacters(line).trim())
  const reasons = lines
    .filter((line) => /\[ERROR\]|^- /.test(line))
    .map((line) => line.replace(/^.*\[ERROR\]\s*|^- /, '').replace(/[.:]$/, ''))
  return reasons.length > 0 ? `${reasons.slice(0, 4).join(': ')}.` : lines.join('\n')
}

/** Keeps a process's lines until `ready`, then hands on each new one. */
function collect(
  child: ChildProcess,
  handOn?: (line: string) => void,
): string[] & { ready: () => void } {
  const lines: string[] = []
  let isReady = false
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      if (isReady) handOn?.(line)
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
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return false
}

/** The local runtime has no clock for crons: it is told when a minute has passed, and once now. */
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
    detached: true, // a group of its own, so that ending it ends what it started
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

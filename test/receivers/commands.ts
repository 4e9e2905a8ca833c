// Child processes: commands that end by themselves, and servers that are stopped by their process group.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { UserError } from '../../src/cli/user-error.ts'

/** How a program is started; a server may say at which path it gets deliveries. */
export type Command = {
  command: string
  args: string[]
  env?: Record<string, string>
  path?: string
}

const STOP_WITHIN_MS = 5000
/** Lines of a failed command that are shown: the cause of most tools is at the end. */
const SHOWN_LINES = 30

const running = new Set<ChildProcess>()
let isOver = false

/** Whether a command can be found. */
export function hasCommand(command: string): boolean {
  return spawnSync('which', [command], { stdio: 'ignore' }).status === 0
}

/** Runs a command in a folder until it ends. Throws a UserError with the end of its output if it fails or takes longer. */
export async function runCommand(
  { command, args, env }: Command,
  folder: string,
  withinMinutes: number,
): Promise<void> {
  const child = launch({ command, args, ...(env && { env }) }, folder)
  const lines = linesOf(child, () => undefined)
  const timer = setTimeout(() => void stop(child), withinMinutes * 60_000)
  // Not once(): it rejects when a command cannot be started, and `close` follows in any case.
  const status = await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  running.delete(child)
  if (status === 0) return
  throw new UserError(
    `${command} ${args.slice(0, 3).join(' ')} failed in ${folder}:\n${lines.slice(-SHOWN_LINES).join('\n')}`,
  )
}

/** Starts a program in a process group of its own; `onLine` gets each line of its standard output. */
export function startProgram(
  program: Command,
  folder: string,
  onLine: (line: string) => void,
): { child: ChildProcess; output: string[]; stop: () => Promise<void> } {
  const child = launch(program, folder)
  const output = linesOf(child, onLine)
  return { child, output, stop: () => stop(child) }
}

/** Stops all that still runs, and lets nothing start any more. */
export async function stopAll(): Promise<void> {
  isOver = true
  await Promise.all([...running].map(stop))
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function launch({ command, args, env }: Command, folder: string): ChildProcess {
  if (isOver) throw new Error('The run is over.')
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, so that a signal also reaches its children
  })
  child.on('error', () => undefined) // `close` follows, with a status
  running.add(child)
  return child
}

/** All lines of both outputs, while they are written. */
function linesOf(child: ChildProcess, onLine: (line: string) => void): string[] {
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line.slice(0, 500))
      if (stream === child.stdout) onLine(line)
    })
  }
  return lines
}

async function stop(child: ChildProcess): Promise<void> {
  running.delete(child)
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const { pid } = child
  const ended = once(child, 'exit')
  process.kill(-pid, 'SIGTERM')
  const force = setTimeout(() => process.kill(-pid, 'SIGKILL'), STOP_WITHIN_MS)
  await ended
  clearTimeout(force)
}

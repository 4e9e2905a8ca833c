// A copy of the project that a test may change, and its commands as a user runs them.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const ROOT = path.join(import.meta.dirname, '../..')

/** The port of the receivers of this file's relays: not 8788, which a developer or another file may use. */
export const RECEIVER_PORT = await freePort()

/** Copies the project; its packages are linked, and its receiver has a port of its own. `change` edits wrangler.toml. */
export function aProject(change: (toml: string) => string = (toml) => toml) {
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-'))
  for (const name of ['src', 'package.json', 'tsconfig.json']) {
    cpSync(path.join(ROOT, name), path.join(dir, name), { recursive: true })
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'))
  const toml = change(readFileSync(path.join(ROOT, 'wrangler.toml'), 'utf8'))
  writeFileSync(path.join(dir, 'wrangler.toml'), toml.replace(':8788/', `:${RECEIVER_PORT}/`))
  const receiver = path.join(dir, 'src/cli/receiver.ts')
  const source = readFileSync(receiver, 'utf8')
  writeFileSync(receiver, source.replace('PORT = 8788', `PORT = ${RECEIVER_PORT}`))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

/** Runs a command to its end; returns its exit status and its whole output. */
export async function command(dir: string, ...args: string[]) {
  const running = begin(dir, ...args)
  const [status] = await once(running.child, 'close')
  return { status, output: running.output() }
}

export type Running = {
  child: ChildProcess
  output: () => string
  until: (pattern: RegExp) => Promise<RegExpMatchArray>
}

/** Starts a command. `until` waits for a line and returns the match; it rejects when the command ends before. */
export function begin(dir: string, ...args: string[]): Running {
  const child = spawn(process.execPath, [path.join(dir, 'src/cli/main.js'), ...args], {
    cwd: dir,
    // Most of a command's time is that of compiling it and Wrangler, and tests call many.
    env: { ...process.env, NODE_COMPILE_CACHE: path.join(dir, '.compiled') },
  })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    output += data
  })
  const until = async (pattern: RegExp) => {
    const deadline = Date.now() + 120_000
    for (;;) {
      const match = pattern.exec(output)
      if (match) return match
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`${pattern} was not printed:\n${output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return { child, output: () => output, until }
}

/**
 * A free port. None of those that the system itself gives to connections and to listeners on port 0
 * (32768 and above on Linux): it could give this one away before the relay has started.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    const server = createServer().listen(port, 'localhost')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    await new Promise((resolve) => server.close(resolve))
    if (isFree) return port
  }
}

/** Runs any program of this machine to its end. */
export async function run(program: string, ...args: string[]) {
  const child = spawn(program, args, { cwd: ROOT })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => {
    stdout += data
  })
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const [status] = await once(child, 'close')
  return { status, stdout, stderr }
}

/** Changes a local database beside the relay; `dir` is where the relay keeps its state. */
export function tamperWith(dir: string, sql: string): void {
  const files = globSync(path.join(dir, 'v3/d1/*/*.sqlite'))
  const file = files.find((name) => !name.endsWith('metadata.sqlite')) ?? ''
  // The relay may be writing at this moment.
  const log = new DatabaseSync(file, { timeout: 10_000 })
  log.exec(sql)
  log.close()
}

// One run: the relay, each tool in a folder of its own, and the table.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Options } from './options.ts'
import { startRelay, type TestRelay } from './relay.ts'
import { type Outcome, report, writeDocs } from './report.ts'
import type { Tool } from './tools.ts'

const TOOL_WITHIN_MS = 15 * 60_000

/** Runs, prints the table, and returns the exit status. All it started has ended by then, and its folder is gone. */
export async function run({ tools, write }: Options): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'relay-generators-'))
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort())
  let relay: TestRelay | undefined
  try {
    relay = await startRelay(folder)
    const outcomes: Outcome[] = []
    for (const tool of tools) {
      if (interrupted.signal.aborted) return 130
      const outcome = await tryTool(tool, relay, folder, interrupted.signal)
      console.error(`${outcome.fault === undefined ? 'ok    ' : 'FAILED'} ${tool.name}`)
      if (outcome.fault !== undefined) console.error(outcome.fault)
      outcomes.push(outcome)
    }
    console.log(report(outcomes))
    const hasFailed = outcomes.some(({ fault }) => fault !== undefined)
    if (write && !hasFailed) writeDocs(outcomes)
    return hasFailed ? 1 : 0
  } finally {
    await relay?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function tryTool(
  tool: Tool,
  { env, lines, ids }: TestRelay,
  folder: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const dir = path.join(folder, tool.name)
  mkdirSync(dir)
  for (const [name, text] of Object.entries(tool.files)) writeFileSync(path.join(dir, name), text)
  const { status, output } = await inBash(tool.steps, dir, env, signal)
  rmSync(dir, { recursive: true, force: true })
  if (status !== 0) return { tool, fault: `exit status ${status}:\n${output.slice(-30_000)}` }
  const expected = { calls: lines, event: ids, anything: [] }[tool.prints]
  const missing = expected.filter((line) => !output.includes(line))
  if (missing.length === 0) return { tool }
  return { tool, fault: `${missing.join('\n')}\nis missing from:\n${output.slice(-3000)}` }
}

/** Runs commands in a process group of their own, which ends with them. */
async function inBash(
  steps: string,
  cwd: string,
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<{ status: number | null; output: string }> {
  // Modules of Go are written without the permission to delete them.
  const settings = { GOFLAGS: '-modcacherw', NO_COLOR: '1', CI: '1', ORVAL_TELEMETRY_DISABLED: '1' }
  const child = spawn('bash', ['-euo', 'pipefail', '-c', steps], {
    cwd,
    env: { ...process.env, ...settings, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const end = () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  const patience = setTimeout(end, TOOL_WITHIN_MS)
  signal.addEventListener('abort', end)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data
    })
  }
  const [status] = await once(child, 'exit')
  clearTimeout(patience)
  signal.removeEventListener('abort', end)
  end()
  return { status, output }
}

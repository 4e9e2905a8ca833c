// Runs the Worker test that injects a fault between every two awaits, as one more row of the report.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { ROOT } from '../../src/cli/project.ts'

const VITEST = path.join(ROOT, 'node_modules/vitest/vitest.mjs')
/** The file of the test. */
export const FILE = 'test/faults.test.ts'
const ARGS = ['run', '--config', 'test/vitest.config.ts', '--project', 'worker', FILE]

/** Its duration and failures. */
export type FaultsTest = { seconds: number; breaches: string[] }

/** Runs it, for at most `withinMs`. */
export async function runFaultsTest(withinMs: number): Promise<FaultsTest> {
  const from = Date.now()
  const child = spawn(process.execPath, [VITEST, ...ARGS], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: withinMs,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const [status, signal] = await once(child, 'exit')
  const seconds = (Date.now() - from) / 1000
  if (status === 0) return { seconds, breaches: [] }
  const end = output.trim().split('\n').slice(-15).join('\n')
  return { seconds, breaches: [`FAULTS: ${FILE} ended with ${signal ?? status}:\n${end}`] }
}

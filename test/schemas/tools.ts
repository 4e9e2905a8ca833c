// The versions of the tools, and what runs them in a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'

/** Every tool with its version, by its registry. */
export const VERSIONS = {
  npm: {
    ajv: '8.20.0',
    'ajv-formats': '3.0.1',
    'json-schema-to-typescript': '16.0.0',
    quicktype: '26.0.0',
    typescript: '7.0.2',
    'typescript-5.9': 'npm:typescript@5.9.3',
    'typescript-5.4': 'npm:typescript@5.4.5',
  },
  pypi: { 'jsonschema[format]': '4.26.0', 'datamodel-code-generator': '0.89.0' },
  go: {
    'github.com/santhosh-tekuri/jsonschema/v6': 'v6.0.3',
    'github.com/atombender/go-jsonschema': 'v0.24.1',
  },
  crates: { jsonschema: '0.61.2', serde_json: '1.0.154' },
} as const

const running = new Set<ChildProcess>()

/** Ends all programs that run, and those that they started. */
export function endAll(): void {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

/** Runs a program in a folder and returns what it prints. Throws with the end of its errors where it fails. */
export function run(cwd: string, command: string, args: readonly string[]): Promise<string> {
  // A module in the folder is installed where it can be removed again.
  const env = { ...process.env, GOPATH: path.join(cwd, 'gopath'), GOFLAGS: '-modcacherw -mod=mod' }
  const child = spawn(command, args, { cwd, env, detached: true })
  running.add(child)
  let [output, errors] = ['', '']
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    errors += data
  })
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${command} does not run: ${error.message}`)))
    child.on('close', (status) => {
      running.delete(child)
      if (status === 0) return resolve(output)
      const lines = `${output}\n${errors}`.trim().split('\n').slice(-12)
      reject(new Error(`${[command, ...args].join(' ')} ends with ${status}:\n${lines.join('\n')}`))
    })
  })
}

/** Installs packages of npm into a folder. */
export async function installNpm(dir: string, names: readonly (keyof typeof VERSIONS.npm)[]) {
  const packages = names.map((name) => `${name}@${VERSIONS.npm[name]}`)
  await run(dir, 'npm', ['install', '--silent', '--no-audit', '--no-fund', ...packages])
}

/** Installs a package of PyPI into a virtual environment, and returns the folder of its programs. */
export async function installPython(
  dir: string,
  name: keyof typeof VERSIONS.pypi,
): Promise<string> {
  await run(dir, 'python3', ['-m', 'venv', 'venv'])
  await run(dir, 'venv/bin/pip', ['install', '--quiet', `${name}==${VERSIONS.pypi[name]}`])
  return path.join(dir, 'venv/bin')
}

/** Makes the folder a Go module with one requirement. */
export async function initGo(dir: string, name: keyof typeof VERSIONS.go): Promise<void> {
  mkdirSync(dir, { recursive: true })
  await run(dir, 'go', ['mod', 'init', 'receiver.example'])
  await run(dir, 'go', ['get', `${name}@${VERSIONS.go[name]}`])
}

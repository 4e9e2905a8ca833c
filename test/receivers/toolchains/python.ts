// pip: one virtual environment for all. `serve.py` starts a program's `app` with the server of its kind.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { runCommand } from '../commands.ts'
import type { Toolchain } from './toolchain.ts'

const MINUTES = 10
/** The servers that `serve.py` uses. */
const SERVERS = ['uvicorn==0.54.0', 'waitress==3.0.2']

export const python: Toolchain = {
  needs: ['python3'],
  version: ['python3', '--version'],
  install: async (folder, receivers) => {
    const packages = receivers.flatMap((receiver) =>
      Object.entries(receiver.packages).map(([name, version]) => `${name}==${version}`),
    )
    if (!existsSync(path.join(folder, 'venv'))) {
      await runCommand({ command: 'python3', args: ['-m', 'venv', 'venv'] }, folder, MINUTES)
    }
    const pip = ['install', '--quiet', '--disable-pip-version-check']
    const wanted = [...new Set([...SERVERS, ...packages])]
    await runCommand({ command: 'venv/bin/pip', args: [...pip, ...wanted] }, folder, MINUTES)
  },
  fileOf: ({ name }, mode) => `${name}/${mode}.py`,
  startOf: (_, { name }, mode) => ({
    command: 'venv/bin/python',
    args: ['serve.py', `${name}/${mode}.py`],
  }),
}

// npm: one workspace for each receiver, as Express 4 and 5 have the same name.
import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../../../src/cli/project.ts'
import { runCommand } from '../commands.ts'
import type { Receiver } from '../receiver.ts'
import type { Toolchain } from './toolchain.ts'

const MINUTES = 10

export const javascript: Toolchain = {
  needs: ['npm'],
  version: ['node', '--version'],
  install: async (folder, receivers) => {
    const workspaces = receivers.map(({ name }) => name)
    writeManifest(folder, { name: 'receivers', private: true, type: 'module', workspaces })
    for (const { name, packages } of receivers) {
      writeManifest(path.join(folder, name), {
        name: `the-${name}`,
        type: 'module',
        dependencies: packages,
      })
    }
    const npm = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts']
    await runCommand({ command: 'npm', args: npm }, folder, MINUTES)
    await compile(folder, receivers)
  },
  fileOf: (receiver, mode) => `${receiver.name}/${mode}.${isTyped(receiver) ? 'ts' : 'js'}`,
  startOf: (folder, { name }, mode) => ({
    command: process.execPath,
    args: [path.join(folder, name, `${mode}.js`)],
  }),
}

/** Decorators need a compiler. */
function isTyped({ packages }: Receiver): boolean {
  return '@nestjs/core' in packages
}

async function compile(folder: string, receivers: readonly Receiver[]): Promise<void> {
  const files = receivers
    .filter(isTyped)
    .flatMap(({ name }) => readdirSync(path.join(folder, name)).map((file) => `${name}/${file}`))
    .filter((file) => file.endsWith('.ts'))
  if (files.length === 0) return
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc')
  const options =
    '--ignoreConfig --experimentalDecorators --noCheck --module nodenext --target es2024 --rootDir .'
  const args = [tsc, ...options.split(' '), ...files]
  await runCommand({ command: process.execPath, args }, folder, MINUTES)
}

function writeManifest(folder: string, content: object): void {
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(content, undefined, 2))
}

// go: one module, with a program in each folder.
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runCommand } from '../commands.ts'
import type { Toolchain } from './toolchain.ts'

const MINUTES = 10

export const go: Toolchain = {
  needs: ['go'],
  version: ['go', 'version'],
  install: async (folder, receivers) => {
    const packages = Object.assign({}, ...receivers.map((receiver) => receiver.packages))
    const requires = Object.entries(packages).map(
      ([name, version]) => `require ${name} v${version}`,
    )
    writeFileSync(
      path.join(folder, 'go.mod'),
      ['module receivers', 'go 1.26', ...requires, ''].join('\n'),
    )
    const programs = receivers.flatMap(({ name }) =>
      readdirSync(path.join(folder, name)).map((mode) => `${name}/${mode}`),
    )
    for (const program of programs) {
      copyFileSync(path.join(folder, 'handle.go'), path.join(folder, program, 'handle.go'))
    }
    await runCommand({ command: 'go', args: ['mod', 'tidy'] }, folder, MINUTES)
    for (const program of programs) {
      const args = ['build', '-o', binaryOf(program), `./${program}`]
      await runCommand({ command: 'go', args }, folder, MINUTES)
    }
  },
  fileOf: ({ name }, mode) => `${name}/${mode}/main.go`,
  startOf: (folder, { name }, mode) => ({
    command: path.join(folder, binaryOf(`${name}/${mode}`)),
    args: [],
  }),
}

function binaryOf(program: string): string {
  return path.join('bin', program.replace('/', '-'))
}

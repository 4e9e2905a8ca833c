// cargo: one package with a program for each file of `src/bin`. Compiling it takes most of a run's time.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { runCommand } from '../commands.ts'
import { RECEIVERS } from '../receivers.ts'
import { fillIn, packagesOf } from './manifest.ts'
import type { Toolchain } from './toolchain.ts'

const MINUTES = 30

export const rust: Toolchain = {
  needs: ['cargo'],
  version: ['rustc', '--version'],
  install: async (folder, receivers) => {
    // All of them, so that a run of one does not compile what they share again.
    fillIn(
      path.join(folder, 'Cargo.toml'),
      packagesOf(RECEIVERS.filter(({ language }) => language === 'rust')),
    )
    const bins = readdirSync(path.join(folder, 'src/bin')).map((file) => file.replace('.rs', ''))
    const wanted = bins.filter((bin) => receivers.some(({ name }) => modeIn(bin, name)))
    const args = ['build', '--quiet', ...wanted.flatMap((bin) => ['--bin', bin])]
    await runCommand({ command: 'cargo', args }, folder, MINUTES)
  },
  fileOf: ({ name }, mode) => `src/bin/${name}-${mode}.rs`,
  startOf: (folder, { name }, mode) => ({
    command: path.join(folder, 'target/debug', `${name}-${mode}`),
    args: [],
  }),
}

function modeIn(bin: string, name: string): boolean {
  return /^(defaults|recipe|fields)$/.test(bin.slice(name.length + 1)) && bin.startsWith(`${name}-`)
}

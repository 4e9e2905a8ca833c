// Maven: one build with a module for each receiver. A module is one application with a path for each program.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { runCommand } from '../commands.ts'
import type { Mode } from '../receiver.ts'
import { fillIn, packagesOf } from './manifest.ts'
import type { Toolchain } from './toolchain.ts'

const MINUTES = 20
const FILES: Record<Mode, string> = {
  defaults: 'Defaults.java',
  recipe: 'Recipe.java',
  fields: 'Fields.java',
}

export const java: Toolchain = {
  needs: ['java', 'mvn'],
  version: ['java', '-version'],
  install: async (folder, receivers) => {
    const modules = receivers.map(({ name }) => name)
    const versions = packagesOf(receivers)
    const elements = ['handle', ...modules].map((name) => `<module>${name}</module>`)
    fillIn(path.join(folder, 'pom.xml'), { ...versions, modules: elements.join('') })
    for (const name of modules) fillIn(path.join(folder, name, 'pom.xml'), versions)
    const args = ['--quiet', '--batch-mode', 'clean', 'package']
    await runCommand({ command: 'mvn', args }, folder, MINUTES)
  },
  fileOf: ({ name }, mode) => path.join(name, 'src/main/java/receivers', FILES[mode]),
  startOf: (folder, { name }, mode) => {
    const target = path.join(folder, name, 'target')
    const runner = path.join(target, 'quarkus-app/quarkus-run.jar')
    const at = mode === 'recipe' ? '/hooks' : `/${mode}`
    const start = existsSync(runner)
      ? ['-jar', runner]
      : ['-cp', `${target}/classes:${target}/lib/*`, 'receivers.App']
    return { command: 'java', args: ['-XX:TieredStopAtLevel=1', ...start], path: at }
  },
}

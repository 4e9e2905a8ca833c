// Earlier compilers of TypeScript: a program with the types of `membership-relay/events`, in projects of every kind.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { type Project, writeConsumer } from '../event-types/consumer.ts'
import { installNpm, run, VERSIONS } from './tools.ts'

/** `commonjs` without a resolution: as most projects of Express and Nest have it. This project's own compiler lacks it. */
const PROJECTS: Project[] = [
  { type: 'commonjs', module: 'commonjs' },
  { type: 'commonjs', module: 'node16' },
  { type: 'commonjs', module: 'nodenext' },
  { type: 'module', module: 'node16' },
  { type: 'module', module: 'nodenext' },
  { type: 'module', module: 'esnext', moduleResolution: 'node10' },
  { type: 'module', module: 'esnext', moduleResolution: 'bundler' },
]

/** The names of the compilers, by the names of their packages. */
export const COMPILERS: Record<string, 'typescript-5.9' | 'typescript-5.4'> = {
  'TypeScript 5.9': 'typescript-5.9',
  'TypeScript 5.4': 'typescript-5.4',
}

/** Compiles the program in all projects, and throws with the errors of the first that does not compile. */
export async function compile(dir: string, compiler: 'typescript-5.9' | 'typescript-5.4') {
  await installNpm(dir, [compiler])
  const tsc = path.join(dir, 'node_modules', compiler, 'bin/tsc')
  for (const [i, project] of PROJECTS.entries()) {
    const folder = path.join(dir, `project-${i}`)
    mkdirSync(folder)
    writeConsumer(folder, project)
    await run(folder, process.execPath, [tsc, '-p', '.']).catch(({ message }: Error) => {
      throw new Error(`${JSON.stringify(project)}: ${message}`)
    })
  }
  const text = `${PROJECTS.length} kinds of project compile (${VERSIONS.npm[compiler]})`
  return { isGood: true, text }
}

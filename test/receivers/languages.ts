// How the receivers of a language are installed and started. Each toolchain gets a copy of `programs/<language>` in a
// folder, with the manifests that name the exact versions.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../../src/cli/project.ts'
import { hasCommand } from './commands.ts'
import type { Language, Mode, Receiver } from './receiver.ts'
import { go } from './toolchains/go.ts'
import { java } from './toolchains/java.ts'
import { javascript } from './toolchains/javascript.ts'
import { php } from './toolchains/php.ts'
import { python } from './toolchains/python.ts'
import { rust } from './toolchains/rust.ts'
import type { Toolchain } from './toolchains/toolchain.ts'

const TOOLCHAINS: Record<Language, Toolchain> = { javascript, python, go, rust, java, php }

const NAMES: Record<Language, string> = {
  javascript: 'Node.js',
  python: 'Python',
  go: 'Go',
  rust: 'Rust',
  java: 'Java',
  php: 'PHP',
}

const PROGRAMS = path.join(import.meta.dirname, 'programs')
const MODES: Mode[] = ['defaults', 'recipe', 'fields']

/** A folder with one folder for each language. */
export type Place = string

/** What concerns one receiver. */
export function toolchainOf({ language }: Receiver) {
  const { fileOf, startOf } = TOOLCHAINS[language]
  return {
    modesOf: (receiver: Receiver): Mode[] => {
      if (receiver.copyOf) return ['recipe']
      const owner = { ...receiver, name: receiver.like ?? receiver.name }
      return MODES.filter((mode) => existsSync(path.join(PROGRAMS, language, fileOf(owner, mode))))
    },
    programOf: (receiver: Receiver, place: Place, mode: Mode) => {
      const folder = path.join(place, language)
      return { command: startOf(folder, receiver, mode), folder }
    },
  }
}

/** The text of a receiver's recipe; undefined when it has none of its own. */
export function recipeOf(receiver: Receiver): string | undefined {
  const { language } = receiver
  const file = path.join(PROGRAMS, language, TOOLCHAINS[language].fileOf(receiver, 'recipe'))
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** The commands of a language that this machine lacks. */
export function missingFor(language: Language): string[] {
  return TOOLCHAINS[language].needs.filter((command) => !hasCommand(command))
}

/** The languages with their versions, for a person. */
export function runtimesOf(languages: readonly Language[]): string {
  return languages
    .map((language) => {
      const [command, argument] = TOOLCHAINS[language].version
      const { stdout, stderr } = spawnSync(command, [argument], { encoding: 'utf8' })
      // Java prints it to the standard error.
      const [, version = ''] = /(?:go|v|"|\s)(\d+(\.\d+)+)/.exec(`${stdout}${stderr}`) ?? []
      return `${NAMES[language]} ${version}`
    })
    .join(', ')
}

/** Copies the programs of a language, and installs what these receivers of it need. */
export async function install(
  language: Language,
  receivers: readonly Receiver[],
  place: Place,
): Promise<void> {
  const folder = path.join(place, language)
  cpSync(path.join(PROGRAMS, language), folder, { recursive: true, filter: isNew })
  for (const { name, like, copyOf } of receivers) {
    if (like) cpSync(path.join(folder, like), path.join(folder, name), { recursive: true })
    if (copyOf) copySnippet(...copyOf, folder)
  }
  await TOOLCHAINS[language].install(folder, receivers)
}

/** Writes a snippet of the project as a program, unchanged. */
function copySnippet(from: string, to: string, folder: string): void {
  const text = readFileSync(path.join(ROOT, from), 'utf8')
  const block = /^```js\n([\s\S]*?)^```$/m.exec(text)?.[1]
  const file = path.join(folder, to)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, from.endsWith('.md') ? (block ?? '') : text)
}

/** Compilers go by the time of a file: one that is there with the same content stays as it is. */
function isNew(from: string, to: string): boolean {
  if (statSync(from).isDirectory() || !existsSync(to)) return true
  return !readFileSync(from).equals(readFileSync(to))
}

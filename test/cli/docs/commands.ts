// The npm commands that the documentation names, checked by their own help.
import { run } from '../project.ts'
import { blocksOf, type Page, withoutBlocks } from './pages.ts'

/** A command as a page names it: the script of package.json, the words behind it, and its options. */
export type Named = {
  page: string
  text: string
  script: string
  words: string[]
  options: string[]
}

/** The programs behind the scripts; the others take no options. */
const PROGRAMS: Record<string, string[]> = {
  start: ['src/cli/main.js', 'start'],
  check: ['src/cli/main.js', 'check'],
  deploy: ['src/cli/main.js', 'deploy'],
  relay: ['src/cli/main.js', 'relay'],
  bench: ['test/bench/main.ts'],
  chaos: ['test/chaos/main.ts'],
  lives: ['test/lives/main.ts'],
  schemas: ['test/schemas/main.ts'],
}

/** All commands of some pages that begin with `npm run` or `npm start`, in shell blocks and in the text. */
export function namedCommands(pages: readonly Page[]): Named[] {
  return pages.flatMap((page) => {
    const inBlocks = blocksOf([page])
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
      .flatMap((line) => line.replace(/\s#\s.*$/, '').split(/\s(?:\||&&)\s/))
    const inText = [...withoutBlocks(page.text).matchAll(/`([^`\n]+)`/g)].map(
      ([, code = '']) => code,
    )
    return [...inBlocks, ...inText].flatMap((text) => readCommand(page.name, text.trim()) ?? [])
  })
}

/**
 * Reads `[NAME=value] npm run [--silent] <script> [-- …]`; undefined for any other text. The script is empty where
 * options are before `--`: npm would take them for its own.
 */
export function readCommand(page: string, text: string): Named | undefined {
  if (!/^(?:\w+=\S+ )*npm (?:run|start)\b/.test(text)) return undefined
  const match = /^(?:\w+=\S+ )*npm (?:run (?:--silent )?([\w-]+)|(start))(?: -- (.*))?$/.exec(text)
  const [, script, start, rest = ''] = match ?? []
  // A quoted text is one argument, and so is a placeholder.
  const args = rest.match(/(?:'[^']*'|<[^>]*>|\S)+/g) ?? []
  return {
    page,
    text,
    script: script ?? start ?? '',
    words: args.filter((arg) => /^[a-z][a-z-]*$/.test(arg)),
    options: args.filter((arg) => /^--?[a-zA-Z]/.test(arg)).map((arg) => arg.replace(/=.*/, '')),
  }
}

const helps = new Map<string, Promise<string>>()

/** What a script prints with `--help`; each is run once. Throws when its exit status is not 0. */
function helpOf(script: string, ...words: string[]): Promise<string> {
  const args = [...(PROGRAMS[script] ?? []), ...words, '--help']
  const key = args.join(' ')
  const help =
    helps.get(key) ??
    run('node', ...args).then(({ status, stdout, stderr }) => {
      if (status !== 0) throw new Error(`${key}: ${stderr}`)
      return stdout
    })
  helps.set(key, help)
  return help
}

/** The names of the commands that `npm run relay` has, its own help left out. */
export async function relayCommands(): Promise<string[]> {
  const commands = commandsIn(await helpOf('relay'))
  return [...commands.matchAll(/^ {2}([a-z]+)/gm)].flatMap(([, name = '']) =>
    name === 'help' ? [] : [name],
  )
}

/** The commands of a help, whatever their groups are called. */
function commandsIn(help: string): string {
  return help
    .split('\n\n')
    .flatMap((section) => {
      const [title = '', ...lines] = section.split('\n')
      return /^[A-Z].*:$/.test(title) && !/Options:$|^Arguments:$/.test(title) ? lines : []
    })
    .join('\n')
}

/** The help for a command: that of the last of its words that is a command by the help of the one before. */
async function helpFor({ script, words }: Named): Promise<string> {
  const path: string[] = []
  let help = await helpOf(script)
  for (const word of words) {
    if (!new RegExp(`^ {2}${word}\\b`, 'm').test(commandsIn(help))) break
    path.push(word)
    help = await helpOf(script, ...path)
  }
  return help
}

/**
 * The errors of a command, by package.json's `scripts` and its own help: a script, a command or an option that does not
 * exist. Empty when there are none.
 */
export async function problemsOf(named: Named, scripts: ReadonlySet<string>): Promise<string[]> {
  const { text, script, words, options } = named
  if (script === '') return [`${text}: options of npm, or of the script?`]
  if (!scripts.has(script)) return [`${text}: no script ${script}`]
  if (!(script in PROGRAMS)) return options.map((option) => `${text}: ${script} takes no ${option}`)
  const [first] = words
  const whole = await helpOf(script)
  const isCommand = script === 'relay' || script === 'bench'
  if (isCommand && first !== undefined && !new RegExp(`^ {2}${first}\\b`, 'm').test(whole)) {
    return [`${text}: ${script} has no command ${first}`]
  }
  const help = await helpFor(named)
  const known = new Set(`${help} --help`.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g))
  return options
    .filter((option) => !known.has(option))
    .map((option) => `${text}: no option ${option}`)
}

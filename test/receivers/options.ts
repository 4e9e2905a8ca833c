// The command line of a run.
import { parseArgs } from 'node:util'
import { UserError } from '../../src/cli/user-error.ts'
import { LANGUAGES, type Receiver } from './receiver.ts'
import { RECEIVERS } from './receivers.ts'

const HELP = `npm run receivers -- [options]

Gives real deliveries of a local relay to real frameworks and libraries, and compares what they got with what was sent.
Exit status 1 when one that should get the event does not.

  --only NAME        this receiver, or several, parted by commas
  --language NAME    those of ${LANGUAGES.join(', ')}
  --folder PATH      installs there and keeps the folder, so that the next run is fast (default: a temporary folder)
  --write            writes the table and the recipes into docs/frameworks.md (needs a run of all)
  --recipes          only writes the recipes into docs/frameworks.md, and runs nothing
  --list             lists the receivers and their versions
  --json             all results as JSON

Needs node and npm, python3, go, cargo, java and mvn, php-cgi: languages without their tools are left out, and named.
With an empty folder it takes about fifteen minutes on two cores, most of them for Rust.`

export type Options = {
  receivers: Receiver[]
  folder: string | undefined
  isWrite: boolean
  isRecipes: boolean
  isJson: boolean
}

/** Parses the command line. Prints the help or the list, and returns undefined, when asked for. Throws a UserError. */
export function readOptions(args: string[]): Options | undefined {
  const values = parse(args)
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  const receivers = chosen(values.only, values.language)
  if (values.list) {
    for (const { language, name, packages } of receivers) {
      const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
      console.log(`${language.padEnd(10)} ${name.padEnd(22)} ${versions.join(', ')}`)
    }
    return undefined
  }
  if (values.write && receivers.length < RECEIVERS.length) {
    throw new UserError('--write needs the results of all receivers: omit --only and --language.')
  }
  return {
    receivers,
    folder: values.folder,
    isWrite: values.write === true,
    isRecipes: values.recipes === true,
    isJson: values.json === true,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string' },
        language: { type: 'string' },
        folder: { type: 'string' },
        write: { type: 'boolean' },
        recipes: { type: 'boolean' },
        list: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('\n')
    throw new UserError(`${problem.replace(/\.$/, '')}: see "npm run receivers -- --help".`)
  }
}

function chosen(only: string | undefined, language: string | undefined): Receiver[] {
  if (language !== undefined && !LANGUAGES.some((known) => known === language)) {
    throw new UserError(`--language takes one of ${LANGUAGES.join(', ')}, not "${language}".`)
  }
  const names = only?.split(',')
  for (const name of names ?? []) {
    if (RECEIVERS.some((receiver) => receiver.name === name)) continue
    throw new UserError(`No receiver is named "${name}": see "npm run receivers -- --list".`)
  }
  return RECEIVERS.filter(
    (receiver) =>
      (names === undefined || names.includes(receiver.name)) &&
      (language === undefined || receiver.language === language),
  )
}

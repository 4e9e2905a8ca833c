// The command line of a run.
import { parseArgs } from 'node:util'
import { UserError } from '../../src/cli/user-error.ts'

const help = (tools: readonly string[]) => `npm run schemas -- [options]

Has validators of four languages judge 1,000 events of a relay, and broken copies of them, by the schemas that it serves; has
generators make types of the schemas, and compiles them; has earlier compilers of TypeScript compile a receiver. Installs the
tools into a folder that it removes again, nothing but the caches of npm, pip, go and cargo is left behind: npm, python3, go
and cargo must be there. Exit status 1 when one of them fails or disagrees.

  --only NAME        only tools whose names contain this; may be given several times

The tools: ${tools.join(', ')}.`

/** The names of the tools to run. Prints the help and returns undefined for --help. Throws a UserError. */
export function readOptions(args: string[], tools: readonly string[]): string[] | undefined {
  const { only = [], help: isHelp } = parse(args)
  if (isHelp) {
    console.log(help(tools))
    return undefined
  }
  const unknown = only.find((part) => !tools.some((tool) => tool.includes(part)))
  if (unknown !== undefined) throw new UserError(`--only takes a tool: ${tools.join(', ')}.`)
  return tools.filter((tool) => only.length === 0 || only.some((part) => tool.includes(part)))
}

function parse(args: string[]): { only?: string[]; help?: boolean } {
  const options = { only: { type: 'string', multiple: true }, help: { type: 'boolean' } } as const
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('\n')
    throw new UserError(`${problem.replace(/\.$/, '')}: see "npm run schemas -- --help".`)
  }
}

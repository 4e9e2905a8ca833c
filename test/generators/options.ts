// The command line of a run.
import { parseArgs } from 'node:util'
import { UserError } from '../../src/cli/user-error.ts'
import { TOOLS, type Tool } from './tools.ts'

const HELP = `npm run generators -- [--only NAME]… [--write]

Generates a client with each tool from the OpenAPI document of a relay that it starts on this machine, compiles it, and
makes five calls with it; then lints the document, mocks it, and tests the relay against it. Packages come from their
registries; nothing is left behind but the caches of npm, pip, go and mvn. Needs node, python3 with venv, go, and Java
with mvn. Exit status 1 when a tool fails.

  --only NAME   only this tool (repeatable)
  --write       writes the table into docs/api.md

Tools:
${TOOLS.map(({ name, title }) => `  ${name.padEnd(36)}${title}`).join('\n')}`

export type Options = { tools: Tool[]; write: boolean }

/** Parses the command line. Prints the help and returns undefined for --help. Throws a UserError. */
export function readOptions(args: string[]): Options | undefined {
  const { only = [], write = false, help } = parse(args)
  if (help) {
    console.log(HELP)
    return undefined
  }
  const unknown = only.filter((name) => !TOOLS.some((tool) => tool.name === name))
  if (unknown.length > 0) {
    throw new UserError(
      `There is no tool ${unknown.join(', ')}: see "npm run generators -- --help".`,
    )
  }
  if (write && only.length > 0) throw new UserError('--write needs all tools: omit --only.')
  return { tools: TOOLS.filter(({ name }) => only.length === 0 || only.includes(name)), write }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string', multiple: true },
        write: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('\n')
    throw new UserError(`${problem.replace(/\.$/, '')}: see "npm run generators -- --help".`)
  }
}

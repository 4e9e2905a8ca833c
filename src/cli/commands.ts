// The table of commands. Each gives the exit status; what a user can mend is a UserError and one sentence.
import { check } from './check.ts'
import { deploy } from './deploy.ts'
import { relay } from './relay/index.ts'
import { start } from './start.ts'
import { UserError } from './user-error.ts'

type Command = { run: (args: string[]) => Promise<number>; summary: string }

const COMMANDS: Record<string, Command> = {
  start: {
    run: start,
    summary: 'run the relay on this machine, with a receiver that verifies what it gets',
  },
  check: { run: check, summary: 'say what wrangler.toml means, and what is wrong with it' },
  deploy: {
    run: deploy,
    summary: 'check, create what is missing, migrate, deploy (--dry-run: only show)',
  },
  relay: { run: relay, summary: 'see and steer a relay (-- --help: the commands)' },
}

/** Runs a command by its name; gives the exit status. */
export async function run([name = '', ...args]: string[]): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    const lines = Object.entries(COMMANDS).map(
      ([key, { summary }]) => `  npm run ${key.padEnd(8)}${summary}`,
    )
    console.error(`Commands:\n${lines.join('\n')}`)
    return name === '' || name === '--help' ? 0 : 1
  }
  try {
    return await command.run(args)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    console.error(error.message)
    return 1
  }
}

// The commands that package.json's scripts run, by name.
import { CommanderError } from 'commander'
import { check } from './check/command.ts'
import { deploy } from './deploy.ts'
import { relay } from './relay/index.ts'
import { start } from './start.ts'
import { UserError } from './user-error.ts'

type Entry = {
  /** Runs the command with its arguments. Returns the exit status. */
  run: (args: string[]) => Promise<number>
  summary: string
  /** The exit status if the command cannot be run. */
  errorStatus: number
}

const COMMANDS: Record<string, Entry> = {
  start: {
    run: start,
    summary: 'run the relay on this machine, with a receiver that verifies its deliveries',
    errorStatus: 1,
  },
  check: {
    run: check,
    summary: 'validate wrangler.toml and show the resulting configuration',
    errorStatus: 1,
  },
  deploy: {
    run: deploy,
    summary: 'check, create what is missing, migrate, deploy (-- --dry-run: only show the steps)',
    errorStatus: 1,
  },
  relay: {
    run: relay,
    summary: 'inspect and control a relay (-- --help: list of commands)',
    // 1 means here that the command was run and found a problem.
    errorStatus: 2,
  },
}

/** Runs a command by its name. Returns the exit status. Errors that the user can fix are printed in one sentence. */
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
    // Commander has already printed the help or the error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : command.errorStatus
    if (!(error instanceof UserError)) throw error
    console.error(error.message)
    return command.errorStatus
  }
}

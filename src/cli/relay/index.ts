// `npm run relay -- <command>`: the operator's command line, over the API of a relay here or elsewhere.
import process from 'node:process'
import { Command, CommanderError } from 'commander'
import { UserError } from '../user-error.ts'
import { checkCommand } from './commands/check.ts'
import { deliveriesCommand } from './commands/deliveries.ts'
import { eventCommand } from './commands/event.ts'
import { eventsCommand } from './commands/events.ts'
import { ledgerCommand } from './commands/ledger.ts'
import { peopleCommand } from './commands/people.ts'
import { quarantineCommand } from './commands/quarantine.ts'
import { renormalizeCommand } from './commands/renormalize.ts'
import { replayCommand } from './commands/replay.ts'
import { secretCommand } from './commands/secret.ts'
import { simulateCommand } from './commands/simulate.ts'
import { statusCommand } from './commands/status.ts'
import { tailCommand } from './commands/tail.ts'
import { pauseCommand, resumeCommand, targetsCommand, testCommand } from './commands/targets.ts'
import { verifyCommand } from './commands/verify.ts'

/** The exit status of what could not be done or asked; 1 is the answer that something is not well. */
const NOT_DONE = 2

const HELP = `
The token is RELAY_TOKEN, or for the relay of this machine ADMIN_TOKEN in .dev.vars.
The exit status is 0, 1 when something is not well, or 2 when it could not be done.
For programs: npm run --silent relay -- status --json`

/** Runs one command; gives the exit status: 0, 1 when it found something that is not well, 2 when it could not be done. */
export async function relay(args: string[]): Promise<number> {
  let status = 0
  process.stdout.on('error', endWithReader)
  const program = new Command('npm run relay --')
    .description('Sees and steers a relay: the one of this machine, or the one that --url names.')
    .option('--url <url>', 'the relay', 'http://127.0.0.1:8787')
    .option('--json', 'for programs: the answers of the API, as JSON')
    .addHelpText('after', HELP)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
  const finish = (result: number) => {
    status = result
  }
  const commands = [
    statusCommand(finish),
    tailCommand(),
    eventsCommand(),
    eventCommand(),
    deliveriesCommand(),
    replayCommand(),
    targetsCommand(finish),
    pauseCommand(),
    resumeCommand(),
    testCommand(finish),
    peopleCommand(finish),
    quarantineCommand(finish),
    renormalizeCommand(finish),
    ledgerCommand(finish),
    simulateCommand(finish),
    checkCommand(finish),
    secretCommand(),
    verifyCommand(finish),
  ]
  for (const command of commands) {
    program.addCommand(command.copyInheritedSettings(program))
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    // Commander has said what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : NOT_DONE
    if (!(error instanceof UserError)) throw error
    console.error(error.message)
    return NOT_DONE
  }
  return status
}

/** Whoever reads what is printed may stop, as `head` does: then nothing is left to do. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
}

// `npm run relay -- <command>`: the operator's command line, over the API of a relay here or elsewhere.
import { Command, CommanderError } from 'commander'
import { checkCommand } from './check.ts'
import { deliveriesCommand } from './deliveries.ts'
import { eventCommand } from './event.ts'
import { eventsCommand } from './events.ts'
import { ledgerCommand } from './ledger.ts'
import { peopleCommand } from './people.ts'
import { quarantineCommand } from './quarantine.ts'
import { renormalizeCommand } from './renormalize.ts'
import { replayCommand } from './replay.ts'
import { secretCommand } from './secret.ts'
import { simulateCommand } from './simulate.ts'
import { statusCommand } from './status.ts'
import { tailCommand } from './tail.ts'
import { pauseCommand, resumeCommand, targetsCommand, testCommand } from './targets.ts'
import { verifyCommand } from './verify.ts'

/** Runs one command; gives the exit status: 0, or 1 when it could not be done or found something wrong. */
export async function relay(args: string[]): Promise<number> {
  let status = 0
  const program = new Command('npm run relay --')
    .description('Sees and steers a relay: the one of this machine, or the one that --url names.')
    .option('--url <url>', 'the relay', 'http://127.0.0.1:8787')
    .option('--json', 'for programs: the answers of the API, as JSON')
    .addHelpText(
      'after',
      '\nThe token is RELAY_TOKEN, or for the relay of this machine ADMIN_TOKEN in .dev.vars.',
    )
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
    if (error instanceof CommanderError) return error.exitCode
    throw error
  }
  return status
}

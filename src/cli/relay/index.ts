// `npm run relay -- <command>`: the command line for operators. It uses the API of a relay, local or deployed.
import process from 'node:process'
import { Command } from 'commander'
import { checkCommand } from '../check/command.ts'
import { runProgram, type SetStatus } from '../command-line.ts'
import { deliveriesCommand } from './commands/deliveries.ts'
import { eventCommand } from './commands/event.ts'
import { eventsCommand } from './commands/events.ts'
import { exportCommand } from './commands/export.ts'
import { importCommand } from './commands/import.ts'
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

const HELP = `
Token: RELAY_TOKEN, or ADMIN_TOKEN in .dev.vars for a relay on this machine.
Exit status: 0 success, 1 a problem was found, 2 the command could not be run.
For scripts: npm run --silent relay -- status --json`

/** Commands that do not ask a relay, so that --url does not concern them. */
const OFFLINE = ['secret', 'verify']

/** `npm run relay`. Returns the exit status: 0, or 1 if the command found a problem. */
export function relay(args: string[]): Promise<number> {
  process.stdout.on('error', exitOnClosedPipe)
  return runProgram(relayProgram, args)
}

function relayProgram(setStatus: SetStatus): Command {
  const program = new Command('npm run relay --')
    .description('Inspect and control a relay.')
    .option('--url <url>', 'URL of the relay', 'http://127.0.0.1:8787')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
  const commands = [
    statusCommand(setStatus),
    tailCommand(),
    eventsCommand(),
    eventCommand(),
    deliveriesCommand(),
    replayCommand(),
    targetsCommand(setStatus),
    pauseCommand(),
    resumeCommand(),
    testCommand(setStatus),
    peopleCommand(setStatus),
    quarantineCommand(setStatus),
    renormalizeCommand(setStatus),
    ledgerCommand(setStatus),
    exportCommand(),
    importCommand(),
    simulateCommand(setStatus),
    checkCommand('check', setStatus),
    secretCommand(),
    verifyCommand(setStatus),
  ]
  for (const command of commands) program.addCommand(command)
  // Commander would also list the options of `replay` in the help of `replay stop`, which ignores them.
  const visibleGlobalOptions = (command: Command) =>
    command === program
      ? []
      : program.options.filter(({ long }) => long !== '--url' || !OFFLINE.includes(command.name()))
  return program.configureHelp({ showGlobalOptions: true, visibleGlobalOptions })
}

/** Ends the process when the reader of its output has gone, as `head` does after its last line. */
function exitOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
}

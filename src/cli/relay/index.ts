// `relay <command>`: the command line for operators. It uses the API of a relay, local or deployed.
import process from 'node:process'
import { Command, CommanderError } from 'commander'
import pkg from '../../../package.json' with { type: 'json' }
import { checkCommand } from '../check/command.ts'
import { runProgram, type SetStatus } from '../command-line.ts'
import { UserError } from '../user-error.ts'
import { deliveriesCommand } from './commands/deliveries/deliveries.ts'
import { replayCommand } from './commands/deliveries/replay.ts'
import { secretCommand } from './commands/deliveries/secret.ts'
import {
  pauseCommand,
  resumeCommand,
  targetsCommand,
  testCommand,
} from './commands/deliveries/targets.ts'
import { verifyCommand } from './commands/deliveries/verify.ts'
import { eventCommand } from './commands/events/event.ts'
import { eventsCommand } from './commands/events/events.ts'
import { peopleCommand } from './commands/events/people.ts'
import { whyCommand } from './commands/events/why.ts'
import { driftCommand } from './commands/ledger/drift.ts'
import { exportCommand } from './commands/ledger/export.ts'
import { importCommand } from './commands/ledger/import.ts'
import { ledgerCommand } from './commands/ledger/ledger.ts'
import { statusCommand } from './commands/ledger/status.ts'
import { tailCommand } from './commands/ledger/tail.ts'
import { quarantineCommand } from './commands/operate/quarantine.ts'
import { renormalizeCommand } from './commands/operate/renormalize.ts'
import { simulateCommand } from './commands/operate/simulate.ts'
import { completeCommand, completionCommand } from './commands/program/completion.ts'
import {
  loginCommand,
  logoutCommand,
  profilesCommand,
  useCommand,
} from './commands/program/login.ts'
import { mcpCommand } from './commands/program/mcp.ts'
import { openCommand } from './commands/program/open.ts'

const HELP = `
Which relay: --url, --profile, RELAY_URL, the profile in use ("relay login"), else the one of this machine.
Token: RELAY_TOKEN, or that of the profile, or ADMIN_TOKEN in .dev.vars for a relay on this machine.
Exit status: 0 success, 1 a problem was found, 2 the command could not be run.`

/** Commands that do not ask a relay, so that the options that choose one do not concern them. */
const OFFLINE = ['secret', 'verify', 'login', 'logout', 'use', 'profiles', 'completion']

/** `relay`. Returns the exit status: 0, or 1 if the command found a problem, or 2 with --json if it could not be run. */
export async function relay(args: string[]): Promise<number> {
  process.stdout.on('error', exitOnClosedPipe)
  if (!args.includes('--json')) return runProgram(relayProgram, args)
  try {
    return await runProgram((setStatus) => quiet(relayProgram(setStatus)), args)
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.exitCode === 0
    if (isHelp || !(error instanceof UserError || error instanceof CommanderError)) throw error
    // A program that reads JSON gets JSON.
    console.log(JSON.stringify({ error: error.message.replace(/^error: /, '') }, null, 2))
    return 2
  }
}

/** Keeps Commander from printing errors. */
function quiet(program: Command): Command {
  return program.configureOutput({ outputError: () => {} })
}

function relayProgram(setStatus: SetStatus): Command {
  const program = new Command('relay')
    .description('Inspect and control a relay.')
    .version(pkg.version, '--version', 'print the version')
    .option(
      '--url <url>',
      'URL of the relay (default: RELAY_URL, the profile in use, this machine)',
    )
    .option('--profile <name>', 'the relay of a profile')
    .option('--json', 'print the result as JSON, an error too')
    .addHelpText('after', HELP)
  const groups: [title: string, commands: Command[]][] = [
    ['What happens:', [statusCommand(setStatus), tailCommand(), openCommand()]],
    [
      'Events and people:',
      [eventsCommand(), eventCommand(), whyCommand(), peopleCommand(setStatus)],
    ],
    [
      'Deliveries and targets:',
      [
        deliveriesCommand(),
        replayCommand(),
        targetsCommand(setStatus),
        pauseCommand(),
        resumeCommand(),
        testCommand(setStatus),
      ],
    ],
    [
      'What vendors send:',
      [
        quarantineCommand(setStatus),
        renormalizeCommand(setStatus),
        driftCommand(setStatus),
        simulateCommand(setStatus),
      ],
    ],
    ['Accounts and backup:', [ledgerCommand(setStatus), exportCommand(), importCommand()]],
    [
      'Set-up:',
      [
        checkCommand('check', setStatus),
        secretCommand(),
        verifyCommand(setStatus),
        loginCommand(),
        logoutCommand(),
        useCommand(),
        profilesCommand(),
        completionCommand(),
        mcpCommand(),
      ],
    ],
  ]
  for (const [title, commands] of groups) {
    for (const command of commands) program.addCommand(command.helpGroup(title))
  }
  program.addCommand(completeCommand(program), { hidden: true })
  // Commander would also list the options of `replay` in the help of `replay stop`, which ignores them.
  const isOffline = (command: Command) => OFFLINE.includes(command.name())
  const visibleGlobalOptions = (command: Command) =>
    command === program
      ? []
      : program.options.filter(
          ({ long }) =>
            long !== '--version' && !(isOffline(command) && /^--(url|profile)$/.test(long ?? '')),
        )
  return program.configureHelp({ showGlobalOptions: true, visibleGlobalOptions })
}

/** Ends the process when the reader of its output has gone, as `head` does after its last line. */
function exitOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
}

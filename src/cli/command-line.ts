// What every command line of the project shares: how it is run, and how options are read.
import type { Command } from 'commander'

/** Sets the exit status of the process; it is 0 unless an action sets another one. */
export type SetStatus = (status: number) => void

/**
 * Builds a command line, parses the arguments and runs the action that they select. Returns the exit status. Throws a
 * CommanderError after Commander has printed the help (exit code 0) or what is wrong with the arguments.
 */
export async function runProgram(
  programOf: (setStatus: SetStatus) => Command,
  args: string[],
): Promise<number> {
  let status = 0
  const program = programOf((value) => {
    status = value
  })
  shareSettings(program.exitOverride())
  await program.parseAsync(args, { from: 'user' })
  return status
}

/** Gives subcommands of any depth the settings of the program. Commander does so only for those made by `command()`. */
function shareSettings(command: Command): void {
  for (const subcommand of command.commands)
    shareSettings(subcommand.copyInheritedSettings(command))
}

/** Collects the values of an option that may be repeated. */
export function repeatable(value: string, previous: string[] = []): string[] {
  return [...previous, value]
}

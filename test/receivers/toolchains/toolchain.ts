// What a toolchain does: it installs and starts the receivers of a language.
import type { Command } from '../commands.ts'
import type { Mode, Receiver } from '../receiver.ts'

export type Toolchain = {
  /** The commands that it needs. */
  needs: string[]
  /** The command that prints the version of the language. */
  version: [command: string, argument: string]
  /** Installs and compiles what these receivers need, in the folder that has the programs. Throws a UserError. */
  install: (folder: string, receivers: readonly Receiver[]) => Promise<void>
  /** The file of a program below `programs/<language>`. */
  fileOf: (receiver: Receiver, mode: Mode) => string
  /** How a program is started in that folder. */
  startOf: (folder: string, receiver: Receiver, mode: Mode) => Command
}

// `secret`: generates a signing secret for a target.
import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { print } from '../../output.ts'

/** Standard Webhooks requires 24 to 64 bytes. */
const BYTES = 32

/** The command. */
export function secretCommand(): Command {
  return new Command('secret')
    .description('generate a signing secret for a target (whsec_…)')
    .action((_options, command: Command) => {
      const secret = `whsec_${randomBytes(BYTES).toString('base64')}`
      print(command, { secret }, () => secret)
    })
}

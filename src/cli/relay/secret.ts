// `secret`: a fresh signing secret for a target.
import { randomBytes } from 'node:crypto'
import { Command } from 'commander'

/** Standard Webhooks asks for 24 to 64 bytes. */
const BYTES = 32

/** The command. */
export function secretCommand(): Command {
  return new Command('secret')
    .description('prints a fresh signing secret for a target (whsec_…)')
    .action(() => console.log(`whsec_${randomBytes(BYTES).toString('base64')}`))
}

// `npm run chaos`: what the relay promises, held against everything that may go wrong around it. Talks to this machine
// only; ends by itself.
import { UserError } from '../../src/cli/user-error.ts'
import { readOptions } from './options.ts'
import { run } from './run.ts'

try {
  const options = readOptions(process.argv.slice(2))
  // Whoever is still waiting for something is not waited for.
  if (options) process.exit(await run(options))
} catch (error) {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  process.exit(1)
}

// `npm run chaos`: checks what the relay promises while everything around it fails. Connects to this machine only; ends by
// itself.
import { UserError } from '../../src/cli/user-error.ts'
import { readOptions } from './options.ts'
import { run } from './run.ts'

try {
  const options = readOptions(process.argv.slice(2))
  // Does not wait for pending timers and connections.
  if (options) process.exit(await run(options))
} catch (error) {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  process.exit(1)
}

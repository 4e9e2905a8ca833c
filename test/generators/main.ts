// `npm run generators`: generates clients from the OpenAPI document with the tools that people use, and calls a relay with them.
// Connects to this machine and to the registries of packages only; ends by itself.
import { UserError } from '../../src/cli/user-error.ts'
import { readOptions } from './options.ts'
import { run } from './run.ts'

try {
  const options = readOptions(process.argv.slice(2))
  if (options) process.exit(await run(options))
} catch (error) {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  process.exit(1)
}

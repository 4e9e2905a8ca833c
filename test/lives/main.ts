// `npm run lives`: what targets are told, against lives whose truth is known.
import process from 'node:process'
import { UserError } from '../../src/cli/user-error.ts'
import { readOptions } from './options.ts'
import { run } from './run.ts'

try {
  const options = readOptions(process.argv.slice(2))
  process.exitCode = options === undefined ? 0 : await run(options)
} catch (error) {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  process.exitCode = 2
}

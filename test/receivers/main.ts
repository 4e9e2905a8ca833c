// `npm run receivers`: gives real deliveries of a local relay to real web frameworks and libraries, installed from their
// registries, and compares what their handlers got with what was sent. Connects to this machine and to registries only;
// all that it started and installed is gone when it ends.
//
// To add a framework:
// 1. One row in `receivers.ts`: its name, title, language and packages with their versions.
// 2. A folder `programs/<language>/<name>/` with two programs that answer POST /hooks on the port of the environment
//    variable PORT, and call `handle` with what they got:
//      defaults   reads a JSON body as the framework's own documentation does, and verifies nothing
//      recipe     verifies the exact bytes with SIGNING_SECRET and parses them without a byte order mark; docs/frameworks.md
//                 shows this file as it is
//    A typed framework may have a third, `fields`: it binds a class with only `id` and `type`. When it has to refuse other
//    keys by default, its row has the status as `fieldsRefused`, and the page tells it.
// 3. A heading in docs/frameworks.md with its trap, and `<!-- recipe: <name> -->` where the recipe belongs.
// 4. npm run receivers -- --only <name> --folder /tmp/receivers    (the folder keeps what was installed for the next run)
//    npm run receivers -- --write                                  (writes the table and the recipes into the page)
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

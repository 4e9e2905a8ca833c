// The entry point. Plain JavaScript, so that an old Node can run it and print in one sentence what is missing.
import { existsSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

const NEEDED_NODE = '22.18' // the first version that runs TypeScript without a flag
const root = path.join(
  import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  '../..',
)

// The Worker runs in UTC. Expressions that read local times give the same result here, and in every child process.
process.env.TZ = 'UTC'

if (!existsSync(path.join(root, 'node_modules/wrangler'))) {
  fail('The packages are not installed: run "npm ci" first.')
} else if (isOlder(process.versions.node)) {
  fail(
    `This is Node ${process.versions.node}, and ${NEEDED_NODE} or newer is needed: ` +
      'run "npm ci" (with install scripts allowed), which installs Node 24, and use the npm scripts.',
  )
} else {
  const { run } = await import('./commands.ts')
  process.exitCode = await run(process.argv.slice(2))
}

/** @param {string} version */
function isOlder(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 22 || (major === 22 && minor < 18)
}

/** @param {string} message */
function fail(message) {
  console.error(message)
  process.exitCode = 1
}

// One run: the relay and the installations, then each receiver in turn, then the report.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { UserError } from '../../src/cli/user-error.ts'
import { stopAll } from './commands.ts'
import { startRelay } from './deliveries.ts'
import { install, missingFor, runtimesOf } from './languages.ts'
import { measure, type Result } from './measure.ts'
import type { Options } from './options.ts'
import { withRecipes, withTables, writePage } from './page.ts'
import { LANGUAGES, type Language, type Receiver } from './receiver.ts'
import { lineOf, summaryOf } from './report.ts'

/** A whole run with an empty folder takes a quarter of an hour on two cores. */
const MOST_MINUTES = 60

/** Runs, prints the report, and returns the exit status. All it started has ended by then, also when interrupted. */
export async function run(options: Options): Promise<number> {
  if (options.isRecipes) {
    writePage(withRecipes)
    return 0
  }
  const started = new AsyncDisposableStack()
  const aborted = Promise.withResolvers<number>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => aborted.resolve(130))
  }
  setTimeout(() => {
    console.error(`It took more than ${MOST_MINUTES} minutes: this run has no result.`)
    aborted.resolve(1)
  }, MOST_MINUTES * 60_000)
  try {
    return await Promise.race([perform(options, started), aborted.promise])
  } finally {
    await stopAll()
    await started.disposeAsync()
  }
}

async function perform(options: Options, started: AsyncDisposableStack): Promise<number> {
  const temporary = mkdtempSync(path.join(tmpdir(), 'relay-receivers-'))
  started.defer(() => rmSync(temporary, { recursive: true, force: true }))
  const place = options.folder === undefined ? temporary : path.resolve(options.folder)
  mkdirSync(place, { recursive: true })
  const relay = await startRelay(path.join(temporary, 'relay'))
  started.defer(() => relay.stop())

  const results: Result[] = []
  let isWhole = true
  for (const language of LANGUAGES) {
    const receivers = options.receivers.filter((receiver) => receiver.language === language)
    if (receivers.length === 0) continue
    const isInstalled = await installed(language, receivers, place)
    isWhole &&= isInstalled
    if (!isInstalled) continue
    for (const receiver of receivers) {
      const result = await measure(receiver, place, await relay.capture())
      results.push(result)
      if (!options.isJson) console.log(lineOf(result))
    }
  }
  console.log(options.isJson ? JSON.stringify(results, undefined, 2) : summaryOf(results))
  if (options.isWrite && isWhole) {
    const [at, runtimes] = [new Date(), runtimesOf(LANGUAGES)]
    writePage((page) => withTables(withRecipes(page), results, at, runtimes))
  }
  return isWhole && results.every(({ problems }) => problems.length === 0) ? 0 : 1
}

/** Installs a language; prints why it cannot be. */
async function installed(
  language: Language,
  receivers: readonly Receiver[],
  place: string,
): Promise<boolean> {
  const missing = missingFor(language)
  if (missing.length > 0) {
    console.error(`${language} is left out: ${missing.join(' and ')} cannot be found.`)
    return false
  }
  const from = Date.now()
  try {
    await install(language, receivers, place)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    console.error(error.message)
    return false
  }
  console.error(`${language}: installed in ${Math.round((Date.now() - from) / 1000)} s`)
  return true
}

// `npm run check` and `relay check`: validates wrangler.toml and shows the resulting configuration.
import { Command } from 'commander'
import { runProgram, type SetStatus } from '../command-line.ts'
import { notesOnEnvFile, readEnvFile, readProject } from '../project.ts'
import { UserError } from '../user-error.ts'
import { checkConfig, describeConfig, weakSecretsOf } from './configuration.ts'
import { DRIFT_HINT, reportDrift } from './drift.ts'
import { reportOwed } from './owed.ts'
import { showSamples } from './sample-report.ts'

/** `sample`: an event type, or true for all types; `url`: a relay to ask for schema drift and for what it owes. */
type CheckOptions = {
  json?: boolean | undefined
  sample?: string | true | undefined
  target?: string | undefined
  url?: string | undefined
}

/** The files with secrets: of this machine, and of the first deploy. */
const SECRETS_FILES = ['.dev.vars', '.prod.vars']

const HELP = `
--url needs a token: RELAY_TOKEN, or ADMIN_TOKEN in .dev.vars for a relay on this machine.`

/** `npm run check`. Returns the exit status. */
export function check(args: string[]): Promise<number> {
  return runProgram(
    (setStatus) =>
      checkCommand('npm run check --', setStatus)
        .description('Validate wrangler.toml and show the resulting configuration.')
        .option(
          '--url <url>',
          'a relay to ask for schema drift, and for what it owes to targets that are not in wrangler.toml',
        )
        .option('--json', 'print only errors and notes, as JSON')
        .addHelpText('after', HELP),
    args,
  )
}

/** The command, without the options --url and --json: `relay` has them already. */
export function checkCommand(name: string, setStatus: SetStatus): Command {
  return new Command(name)
    .description('validate wrangler.toml and show the resulting configuration')
    .option(
      '--sample [type]',
      'show what each target would get for this event type, or for all types',
    )
    .option('--target <name>', 'with --sample: only this target')
    .action(async (_options, command: Command) => {
      // Only a relay that is named gets requests.
      setStatus(await runCheck(command.optsWithGlobals<CheckOptions>()))
    })
}

/**
 * Prints the configuration, its errors and notes, and on request samples, what is owed and schema drift. Returns the exit status: 1
 * if the configuration has errors or a sample cannot be rendered. Throws a UserError for a target or type that does not
 * exist, and if the relay cannot be asked.
 */
async function runCheck({ json, sample, target, url }: CheckOptions): Promise<number> {
  if (target !== undefined && sample === undefined) throw new UserError('--target needs --sample.')
  const { vars } = readProject()
  const checked = checkConfig(vars)
  const secretsNotes = SECRETS_FILES.flatMap(notesOnEnvFile)
  const weak = SECRETS_FILES.flatMap((file) => weakSecretsOf(file, readEnvFile(file), vars))
  const config = {
    ...checked,
    errors: [...checked.errors, ...weak],
    notes: [...checked.notes, ...secretsNotes],
  }
  const { errors, notes } = config
  if (json) {
    console.log(JSON.stringify({ errors, notes }, null, 2))
    return errors.length === 0 ? 0 : 1
  }
  console.log(describeConfig(config, vars))
  const type = sample === true ? undefined : sample
  const samples =
    sample === undefined ? undefined : await showSamples(config, { type, target }, Date.now())
  if (samples) console.log(`\n${samples.text}`)
  if (url !== undefined) console.log(`\n${await reportOwed(url, config)}`)
  console.log(`\n${url === undefined ? DRIFT_HINT : await reportDrift(url)}`)
  return errors.length === 0 && !samples?.failures ? 0 : 1
}

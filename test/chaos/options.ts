// The command line of a run.
import { parseArgs } from 'node:util'
import { UserError } from '../../src/cli/user-error.ts'

/** The duration of a short run; CI waits for it. */
const SHORT_MINUTES = 1.4
const DEFAULT_MINUTES = 3
/** Less would leave no time for the kills, and for the sweep to find lost messages. */
const LEAST_MINUTES = 3
const MOST_MINUTES = 600

const HELP = `npm run chaos -- [--minutes N] [--seed N] [--short]

Runs the relay on this machine under load, makes D1, queues, the clock and receivers fail, kills the process, and
counts the deliveries that arrive. Exit status 1 when a promise was broken.

  --minutes N   the duration of the whole run, at least ${LEAST_MINUTES} (default ${DEFAULT_MINUTES}); longer runs kill more often;
                on a busy machine it may take two minutes more
  --seed N      repeats the random choices of the run that printed this seed
  --short       each fault once, in about 85 s: for CI`

export type Options = {
  isShort: boolean
  /** The whole duration, start and drain included. */
  minutes: number
  seed: number
}

/** Parses the command line. Prints the help and returns undefined for --help. Throws a UserError. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parse(args)
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  if (values.short && values.minutes !== undefined) {
    throw new UserError('--short has a fixed duration: omit --minutes.')
  }
  const isShort = values.short === true
  return {
    isShort,
    minutes: isShort
      ? SHORT_MINUTES
      : numberIn(
          '--minutes',
          values.minutes ?? String(DEFAULT_MINUTES),
          LEAST_MINUTES,
          MOST_MINUTES,
        ),
    seed: Math.floor(
      numberIn('--seed', values.seed ?? String(Date.now() % 1_000_000), 0, 4_294_967_295),
    ),
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        minutes: { type: 'string' },
        seed: { type: 'string' },
        short: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('\n')
    throw new UserError(`${problem.replace(/\.$/, '')}: see "npm run chaos -- --help".`)
  }
}

function numberIn(option: string, text: string, least: number, most: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= least && value <= most) return value
  throw new UserError(`${option} takes a number from ${least} to ${most}, not "${text}".`)
}

// What the run was asked for.
import { parseArgs } from 'node:util'
import { UserError } from '../../src/cli/user-error.ts'

/** How long a short run may take; CI waits for it. */
const SHORT_MINUTES = 1.4
const DEFAULT_MINUTES = 3
/** Less would leave no time for the kills, and for what was lost to be found again. */
const LEAST_MINUTES = 3
const MOST_MINUTES = 600

const HELP = `npm run chaos -- [--minutes N] [--seed N] [--short]

Runs the relay on this machine under load, breaks what it stands on (D1, queues, the clock, receivers, the process
itself), and counts on its own side what arrives. Exit status 1 when a promise was broken.

  --minutes N   how long the run may take as a whole, at least ${LEAST_MINUTES} (default ${DEFAULT_MINUTES}); longer runs kill more often;
                on a busy machine the end may take two minutes more
  --seed N      repeats the random choices of the run that printed this seed
  --short       everything once, in about 80 s: for CI`

export type Options = {
  isShort: boolean
  /** For everything, starting and draining included. */
  minutes: number
  seed: number
}

/** Reads the command line. Undefined when only the help was wanted, which is printed then. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parse(args)
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  if (values.short && values.minutes !== undefined) {
    throw new UserError('--short has a length of its own: leave --minutes out.')
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

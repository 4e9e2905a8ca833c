// The command line of a run.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { UserError } from '../../src/cli/user-error.ts'
import { SCENARIOS } from './sky/scenarios.ts'
import type { Schedule } from './sky/schedule.ts'

const HELP = `npm run weather -- [options]

Runs the relay in simulated time: the Worker itself on real SQLite, with queues, cron and clock of the simulation, in
weather that a seed decides. Exit status 1 when a promise was broken; then the shortest schedule that shows it is printed.

  --seeds N          so many seeds (default 20), in one process for each core
  --seed N           the first of them (default: another one each time)
  --days N           simulated days of a seed (default 30)
  --short            a run for CI: less than a minute
  --year             one year with two million events, a month for each seed
  --scenario NAME    one named schedule; "all" for a table of all of them
  --scenarios        lists them
  --schedule JSON    one schedule, or the name of a file with it
  --worker DIR       the source tree of the Worker (default: this one)
  --before DIR       the version that is deployed before it (default: the same)
  --log              prints the Worker's log of a single schedule`

export type Options = {
  mode: 'seeds' | 'schedule' | 'table' | 'list'
  seeds: number
  seed: number
  days: number
  isYear: boolean
  isShort: boolean
  schedule?: Schedule
  worker: string
  before: string
  isLogged: boolean
}

const DEFAULT = { seeds: 20, days: 30 }
const SHORT = { seeds: 8, days: 26 }
const YEAR = { seeds: 12, days: 30 }

/** Parses the command line. Prints the help and returns undefined for --help. Throws a UserError. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parse(args)
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  const preset = values.short ? SHORT : values.year ? YEAR : DEFAULT
  const worker = path.resolve(values.worker ?? path.join(import.meta.dirname, '../..'))
  const schedule = scheduleOf(values.scenario, values.schedule)
  return {
    mode: values.scenarios
      ? 'list'
      : values.scenario === 'all'
        ? 'table'
        : schedule
          ? 'schedule'
          : 'seeds',
    seeds: wholeNumber('--seeds', values.seeds ?? String(preset.seeds)),
    seed: wholeNumber('--seed', values.seed ?? String(values.short ? 1 : Date.now() % 1_000_000)),
    days: wholeNumber('--days', values.days ?? String(preset.days)),
    isYear: values.year === true,
    isShort: values.short === true,
    ...(schedule ? { schedule } : {}),
    worker,
    before: path.resolve(values.before ?? worker),
    isLogged: values.log === true,
  }
}

function parse(args: string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args,
      options: {
        ...{ seeds: text, seed: text, days: text, short: flag, year: flag, log: flag, help: flag },
        ...{ scenario: text, scenarios: flag, schedule: text, worker: text, before: text },
      },
    })
  } catch (error) {
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('\n')
    throw new UserError(`${problem.replace(/\.$/, '')}: see "npm run weather -- --help".`)
  }
}

function scheduleOf(scenario: string | undefined, given: string | undefined): Schedule | undefined {
  if (given !== undefined) {
    return JSON.parse(existsSync(given) ? readFileSync(given, 'utf8') : given) as Schedule
  }
  if (scenario === undefined || scenario === 'all') return undefined
  const named = SCENARIOS[scenario]
  if (named === undefined)
    throw new UserError(`There is no scenario "${scenario}": see --scenarios.`)
  return named.schedule
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && text.trim() !== '') return value
  throw new UserError(`${option} takes a whole number, not "${text}".`)
}

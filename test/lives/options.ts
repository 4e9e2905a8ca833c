// The command line of a run.
import path from 'node:path'
import { parseArgs } from 'node:util'
import { UserError } from '../../src/cli/user-error.ts'
import { LIVES } from './simulate.ts'
import { DAYS } from './world/world.ts'

const HELP = `npm run lives -- [options]

Lives the true lives of members, has each vendor send what its documents promise, and compares what targets are told with
the truth. Exit status 1 when a goal is missed.

  --lives N          so many lives (default 5,000), ${LIVES} in a world, in one process for each core
  --worlds N         so many worlds instead; --seeds is the same
  --seed N           the first world (default: another one each time)
  --short            a run for CI: a minute or two. Runs the lives twice, with all events in rows and with all in packs as soon
                     as they can be, and compares what is told
  --hot-days N       for so many days an event stays in a row (default: for as long as the lives last); 0: until its hour is over
  --explain KIND     what truly happened, what was sent, and what was told, for wrong claims of a kind or of all whose
                     names begin so: "eaten", "kind:renewal:strong", "eaten,joined-within" …
  --text WORDS       only those whose text has these words: "true is declined"
  --stories N        so many of them, the shortest first (default 3)
  --worker DIR       the source tree of the Worker (default: this one)
  --table            writes the table into docs/events.md
  --json             counts and goals as JSON`

export type Options = {
  worlds: number
  seed: number
  /** Lives in a world. */
  lives: number
  /** HOT_DAYS of the relay: one run for each. */
  hotDays: readonly number[]
  explain: string | undefined
  text: string
  stories: number
  worker: string
  isTable: boolean
  isJson: boolean
}

/** As long as lives last: no event leaves its row. */
const NEVER = DAYS

const SHORT = { worlds: 4, lives: 100, seed: 1 }

/** Parses the command line. Prints the help and returns undefined for --help. Throws a UserError. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parse(args)
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  const number = (option: 'lives' | 'worlds' | 'seeds' | 'seed' | 'stories' | 'hot-days') =>
    values[option] === undefined ? undefined : wholeNumber(`--${option}`, values[option])
  const lives = number('lives') ?? 5000
  const hotDays = number('hot-days')
  const preset = values.short
    ? SHORT
    : {
        worlds: Math.ceil(lives / LIVES),
        lives: Math.min(lives, LIVES),
        seed: Date.now() % 1_000_000,
      }
  return {
    worlds: number('worlds') ?? number('seeds') ?? preset.worlds,
    lives: preset.lives,
    hotDays: hotDays === undefined ? (values.short ? [NEVER, 0] : [NEVER]) : [hotDays],
    seed: number('seed') ?? preset.seed,
    explain: values.explain,
    text: values.text ?? '',
    stories: number('stories') ?? 3,
    worker: path.resolve(values.worker ?? path.join(import.meta.dirname, '../..')),
    isTable: values.table === true,
    isJson: values.json === true,
  }
}

function parse(args: string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args,
      options: {
        ...{
          lives: text,
          worlds: text,
          seeds: text,
          seed: text,
          'hot-days': text,
          stories: text,
          explain: text,
          text: text,
          worker: text,
        },
        ...{ short: flag, table: flag, json: flag, help: flag },
      },
    })
  } catch (error) {
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('\n')
    throw new UserError(`${problem.replace(/\.$/, '')}: see "npm run lives -- --help".`)
  }
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && text.trim() !== '') return value
  throw new UserError(`${option} takes a whole number, not "${text}".`)
}

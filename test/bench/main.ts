// `npm run bench -- <name>`: measurements on the real local runtime. They connect to this machine only and end by themselves.
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { UserError } from '../../src/cli/user-error.ts'
import { accept } from './accept.ts'
import { against } from './against.ts'
import { backup } from './backup.ts'
import { costs } from './costs.ts'
import { deliver } from './deliver.ts'
import { growth } from './growth.ts'
import { isolation } from './isolation.ts'
import { mails } from './mails.ts'
import { packs } from './packs.ts'
import { parts } from './parts.ts'
import { price } from './price.ts'
import { startUp } from './start-up.ts'
import { type Bench, isMet } from './tools/bench.ts'
import { printed } from './tools/print.ts'
import { vendors } from './vendors.ts'

const BENCHES: Record<string, Bench> = {
  accept,
  against,
  backup,
  costs,
  deliver,
  growth,
  isolation,
  parts,
  mails,
  packs,
  price,
  'start-up': startUp,
  vendors,
}

const numberFrom = (least: number) => (text: string) => {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= least) return value
  throw new InvalidArgumentError(`It takes a number from ${least}.`)
}

type Flags = {
  json?: true
  full?: true
  seed: number
  rounds?: number
  seconds?: number
  base?: string
}

const list = Object.entries(BENCHES).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
const program = new Command('npm run bench --')
  .description('Measures the relay on this machine, and reports which goals are reached.')
  .addArgument(new Argument('<name>', 'which bench').choices(Object.keys(BENCHES)))
  .option('--json', 'figures and goals as JSON')
  .option('--full', 'also the sizes that take many minutes')
  .addOption(
    new Option('--seed <n>', 'seed of all random choices').argParser(numberFrom(0)).default(1),
  )
  .addOption(new Option('--rounds <n>', 'number of rounds').argParser(numberFrom(1)))
  .addOption(new Option('--seconds <n>', 'seconds of a round').argParser(numberFrom(1)))
  .option('--base <rev>', 'the revision of Git that `against` compares with')
  .addHelpText(
    'after',
    `\nBenches:\n${list.join('\n')}\n\nExit status 1 when a bench could not run.`,
  )
  .action(async (name: string, { json, full, seed, rounds, seconds, base }: Flags) => {
    const progress = (line: string) => console.error(line)
    const result = await BENCHES[name]?.run({
      seed,
      rounds,
      seconds,
      full: full === true,
      base,
      progress,
    })
    if (result === undefined) return
    const goals = result.goals.map((goal) => ({ ...goal, isMet: isMet(goal) }))
    console.log(
      json ? JSON.stringify({ bench: name, seed, ...result, goals }, null, 2) : printed(result),
    )
  })

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof UserError ? error.message : error)
  process.exitCode = 1
}

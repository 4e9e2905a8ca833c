// One run: many seeds, one schedule, or the table of the scenarios.
import { buildTrees } from './machine/build.ts'
import type { Options } from './options.ts'
import { type Result, runAll, type Task } from './pool.ts'
import { addFigures, firstOfEach, printFigures } from './report.ts'
import { shrink } from './shrink.ts'
import { simulate, type Trees } from './simulation.ts'
import { planOf } from './sky/plan.ts'
import { SCENARIOS } from './sky/scenarios.ts'
import type { Schedule } from './sky/schedule.ts'
import { storyOf } from './story.ts'

/** The violations of a run of seeds whose shortest schedule is looked for. */
const MAX_STORIES = 3

/** A long run says after so many seeds how far it is. */
const PROGRESS_EVERY = 50

/** Runs what the options say, prints the report, and returns the exit status. */
export async function run(options: Options): Promise<number> {
  switch (options.mode) {
    case 'list':
      for (const [name, { about }] of Object.entries(SCENARIOS))
        console.log(`${name.padEnd(28)}${about}`)
      return 0
    case 'table':
      return runTable(await buildTrees(options.worker, options.before))
    case 'schedule':
      return runSchedule(options.schedule as Schedule, options)
    case 'seeds':
      return runSeeds(options)
  }
}

/** One schedule, with the story of each violation. */
async function runSchedule(
  schedule: Schedule,
  { worker, before, isLogged }: Options,
): Promise<number> {
  const trees = await buildTrees(worker, before)
  if (isLogged) process.env.WEATHER_LOG = '1'
  const startedAt = performance.now()
  const outcome = await simulate(schedule, trees)
  printFigures(1, outcome.figures, (performance.now() - startedAt) / 1000)
  console.log(`Everything that happened has the hash ${outcome.hash}.`)
  for (const { invariant } of firstOfEach(outcome)) {
    console.log(`\n${storyOf(schedule, outcome, invariant).join('\n')}`)
  }
  return verdict(outcome.violations.length)
}

/** The scenarios with what each of them violates. */
async function runTable(trees: Trees): Promise<number> {
  let broken = 0
  for (const [name, { schedule, shows }] of Object.entries(SCENARIOS)) {
    const outcome = await simulate(schedule, trees, shows)
    const first = firstOfEach(outcome)
    const own = first.find(({ invariant }) => invariant === shows) ?? first[0]
    if (own) broken++
    console.log(`${name.padEnd(28)}${own ? `${own.invariant.padEnd(12)}${own.text}` : 'holds'}`)
  }
  return verdict(broken)
}

/** Many seeds. */
async function runSeeds(options: Options): Promise<number> {
  const { seeds, seed, days, worker, before } = options
  console.log(`seeds ${seed} to ${seed + seeds - 1}, ${days} days each`)
  const startedAt = performance.now()
  const hasBefore = before !== worker
  const tasks = Array.from({ length: seeds }, (_, i): Task => {
    const schedule = planOf(seed + i, days, hasBefore)
    return { seed: seed + i, schedule: sized(schedule, options) }
  })
  const results: Result[] = []
  await runAll(tasks, { worker, before }, (result) => {
    results.push(result)
    for (const { invariant, text } of firstOfEach(result)) {
      console.log(`seed ${result.seed}: ${invariant}: ${text}`)
    }
    if (results.length % PROGRESS_EVERY === 0 && results.length < seeds) {
      const events = results.reduce((sum, { figures }) => sum + figures.events, 0)
      console.log(`${results.length} of ${seeds} seeds, ${events} messages so far`)
    }
  })
  const seconds = (performance.now() - startedAt) / 1000
  const bad = results.filter(({ violations }) => violations.length > 0)
  await tellShortest(bad, tasks, await buildTrees(worker, before))
  printFigures(results.length, addFigures(results.map(({ figures }) => figures)), seconds)
  return verdict(bad.length)
}

/** With two million events in a year, or with few so that CI does not wait. */
function sized(schedule: Schedule, { isYear, isShort }: Options): Schedule {
  if (isYear) return { ...schedule, people: 700, perDay: 9.5 }
  if (!isShort) return schedule
  return { ...schedule, people: Math.min(schedule.people, 4), perDay: Math.min(schedule.perDay, 1) }
}

/** The shortest schedules of the first violations, each of another invariant. */
async function tellShortest(
  bad: readonly Result[],
  tasks: readonly Task[],
  trees: Trees,
): Promise<void> {
  const told = new Set<string>()
  for (const { seed, violations } of bad) {
    const invariant = violations.find((one) => !told.has(one.invariant))?.invariant
    const task = tasks.find((one) => one.seed === seed)
    if (invariant === undefined || task === undefined || told.size >= MAX_STORIES) continue
    told.add(invariant)
    console.log(`\nThe shortest schedule for seed ${seed}:`)
    const { schedule, outcome, tries } = await shrink(task.schedule, invariant, trees)
    console.log(storyOf(schedule, outcome, invariant).join('\n'))
    console.log(`(${tries} schedules were tried.)\n`)
  }
}

function verdict(violations: number): number {
  console.log(violations === 0 ? 'All promises were kept.' : `Promises were broken: ${violations}.`)
  return violations === 0 ? 0 : 1
}

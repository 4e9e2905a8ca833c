// One run: many worlds, their counts together, and the stories that were asked for.
import path from 'node:path'
import { shortest, type Told } from './explain.ts'
import { goalsOf } from './goals.ts'
import type { Options } from './options.ts'
import { runAll } from './pool.ts'
import { reportOf } from './report.ts'
import { addCounts } from './score/score.ts'
import { writeTable } from './table.ts'

/** Runs what the options say, prints the reports, and returns the exit status. */
export async function run(options: Options): Promise<number> {
  const all: Record<string, number>[] = []
  let status = 0
  for (const hotDays of options.hotDays) {
    if (hotDays === 0) console.error('with HOT_DAYS = 0')
    const { counts, isMet } = await runOnce(options, hotDays)
    all.push(counts)
    if (!isMet) status = 1
  }
  const [first = {}] = all
  const others = all.slice(1).map((counts) => differences(first, counts))
  for (const lines of others) for (const line of lines) console.log(`differs when packed: ${line}`)
  return others.flat().length > 0 ? 1 : status
}

/** The counts that differ. */
function differences(a: Record<string, number>, b: Record<string, number>): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return names.flatMap((name) =>
    a[name] === b[name] ? [] : [`${name}: ${a[name] ?? 0} and ${b[name] ?? 0}`],
  )
}

async function runOnce(options: Options, hotDays: number) {
  const { worlds, seed, explain, stories, isJson } = options
  const seeds = Array.from({ length: worlds }, (_, i) => seed + i)
  const startedAt = performance.now()
  const counts: Record<string, number> = {}
  let told: Told[] = []
  let cpuMs = 0
  if (!isJson) console.log(`worlds ${seed} to ${seed + worlds - 1}, ${options.lives} lives in each`)
  await runAll(seeds, { ...options, hotDays }, (result) => {
    addCounts(counts, result.counts)
    told = shortest([...told, ...result.told], stories)
    cpuMs += result.cpuMs
  })
  const goals = goalsOf(counts)
  const seconds = (performance.now() - startedAt) / 1000
  if (isJson)
    console.log(
      JSON.stringify({ seed, worlds, lives: options.lives, counts: sorted(counts), goals, told }),
    )
  else if (explain !== undefined) tell(told, explain)
  else {
    for (const line of reportOf(counts, goals)) console.log(line)
    console.log(
      `\n${seconds.toFixed(0)} s; ${(cpuMs / (counts.lives ?? 1)).toFixed(1)} ms of CPU time for each life`,
    )
  }
  if (options.isTable) writeTable(path.join(import.meta.dirname, '../../docs/events.md'), counts)
  return { counts, isMet: goals.every(({ isMet }) => isMet) }
}

function tell(told: readonly Told[], kind: string): void {
  if (told.length === 0) console.log(`Nothing of the kind "${kind}" is wrong.`)
  for (const { lines } of told) console.log(`\n${lines.join('\n')}`)
}

const sorted = (counts: Record<string, number>) =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))

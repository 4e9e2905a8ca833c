import { buildTree } from './machine/build.ts'
import { simulate } from './simulation.ts'
import { planOf } from './sky/plan.ts'
import { SCENARIOS } from './sky/scenarios.ts'
const dir = process.argv[2] ?? '/work/wt/base'
const tree = await buildTree(dir)
const names = process.argv[3] === 'all' ? Object.keys(SCENARIOS) : [process.argv[3] ?? '1']
for (const name of names) {
  const schedule = SCENARIOS[name]?.schedule ?? planOf(Number(name), Number(process.argv[4] ?? 10), false)
  if (process.argv[5] === 'fair') schedule.faults = []
  const t0 = process.cpuUsage()
  const o = await simulate(schedule, { now: tree, before: tree })
  const { user, system } = process.cpuUsage(t0)
  console.log(`\n## ${name}`, o.hash.slice(0, 8), JSON.stringify(o.figures), `${Math.round((user + system) / 1000)} ms cpu`)
  if (SCENARIOS[name] === undefined) {
    console.log(schedule.isolates, schedule.people, schedule.perDay, schedule.targets.join(), schedule.skewMs, schedule.archive)
    for (const f of schedule.faults) console.log(JSON.stringify(f))
  }
  for (const v of o.violations.slice(0, 6)) console.log(new Date(v.at).toISOString(), v.invariant, v.text)
}

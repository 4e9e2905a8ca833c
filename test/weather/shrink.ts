// The shortest schedule that still shows a violation: faults, targets, people and time are taken away as long as it does.
import { type Outcome, simulate, type Trees } from './simulation.ts'
import type { Fault, Schedule } from './sky/schedule.ts'

/** How often a shorter schedule is tried at most. */
const MAX_TRIES = 60

const DAY = 86_400_000

export type Shrunk = { schedule: Schedule; outcome: Outcome; tries: number }

/** Shortens a schedule that violates an invariant. `outcome` is its own. */
export async function shrink(
  schedule: Schedule,
  invariant: string,
  trees: Trees,
  maxTries = MAX_TRIES,
): Promise<Shrunk> {
  let best = { schedule, outcome: await simulate(schedule, trees, invariant), tries: 1 }
  let hasImproved = true
  while (hasImproved && best.tries < maxTries) {
    hasImproved = false
    for (const candidate of shorter(best.schedule, best.outcome)) {
      if (best.tries >= maxTries) break
      best.tries++
      const outcome = await simulate(candidate, trees, invariant)
      if (!outcome.violations.some((one) => one.invariant === invariant)) continue
      best = { ...best, schedule: candidate, outcome }
      hasImproved = true
      break
    }
  }
  return best
}

/** Schedules with less in them, those with much less first. */
function* shorter(schedule: Schedule, { violations, figures }: Outcome): Generator<Schedule> {
  const last = Math.ceil(Math.max(1, figures.days) + 1 / 24)
  if (violations.length > 0 && last + 1 < schedule.days) yield cut(schedule, last)
  const { faults, targets, people, perDay, sends } = schedule
  for (const part of [2, 4]) {
    for (let i = 0; i < part && faults.length >= part; i++) {
      const size = Math.ceil(faults.length / part)
      yield { ...schedule, faults: faults.filter((_, j) => Math.floor(j / size) !== i) }
    }
  }
  for (const fault of faults) yield { ...schedule, faults: faults.filter((one) => one !== fault) }
  for (const name of targets) {
    const uses = (fault: Fault) => fault.on === name
    if (targets.length > 1) {
      yield {
        ...schedule,
        targets: targets.filter((one) => one !== name),
        faults: faults.filter((fault) => !uses(fault)),
      }
    }
  }
  if (people > 1) yield { ...schedule, people: Math.ceil(people / 2) }
  if (people > 0 && (sends?.length ?? 0) > 0) yield { ...schedule, people: 0 }
  if (perDay > 1) yield { ...schedule, perDay: Math.ceil(perDay / 2) }
  if (schedule.isolates > 1) yield { ...schedule, isolates: schedule.isolates - 1 }
  if (schedule.skewMs) yield without(schedule, 'skewMs')
  if (schedule.archive) yield without(schedule, 'archive')
  if (schedule.hotDays !== undefined) yield without(schedule, 'hotDays')
  for (const some of halves(sends ?? [])) yield { ...schedule, sends: some }
  for (const fault of faults) {
    if (fault.ms < 120_000) continue
    const shortened = { ...fault, ms: Math.round(fault.ms / 2) }
    yield { ...schedule, faults: faults.map((one) => (one === fault ? shortened : one)) }
  }
  for (const fault of faults) {
    if (fault.share === undefined || fault.share === 1 || fault.kind === 'cuts') continue
    const whole = { ...fault, share: 1 }
    yield { ...schedule, faults: faults.map((one) => (one === fault ? whole : one)) }
  }
}

/** Ends the run earlier: people send until then. */
function cut(schedule: Schedule, days: number): Schedule {
  const faults = schedule.faults.filter(({ from }) => from < days * DAY)
  return { ...schedule, days, faults, fairDays: Math.min(schedule.fairDays, Math.max(1, days - 1)) }
}

function* halves<T>(list: readonly T[]): Generator<T[]> {
  if (list.length < 2) return
  const middle = Math.ceil(list.length / 2)
  yield list.slice(0, middle)
  yield list.slice(middle)
  if (list.length <= 8) for (let i = 0; i < list.length; i++) yield list.filter((_, j) => j !== i)
}

function without(schedule: Schedule, key: 'skewMs' | 'archive' | 'hotDays'): Schedule {
  const { [key]: _, ...rest } = schedule
  return rest as Schedule
}

// The story of a violation, in one screen: the weather, and the way of what it is about.
import type { Entry, Violation } from './journal.ts'
import { type Outcome, START } from './simulation.ts'
import { SCENARIOS } from './sky/scenarios.ts'
import type { Schedule } from './sky/schedule.ts'

/** The lines of a screen. */
const MAX_LINES = 32

/** The story of the first violation of an invariant. */
export function storyOf(schedule: Schedule, outcome: Outcome, invariant: string): string[] {
  const violation = outcome.violations.find((one) => one.invariant === invariant)
  if (violation === undefined) return ['No violation.']
  const { isolates, people, perDay, targets, days } = schedule
  const world = `${isolates} isolates, ${people} people with ${perDay} messages a day, ${days} days; targets: ${targets.join(', ')}`
  return [
    `${violation.invariant}: ${violation.text}`,
    world,
    '',
    ...linesOf(outcome.journal.entries, violation),
    `${timeOf(violation.at)}  ✗ ${violation.text}`,
    '',
    'Run exactly this again:',
    `npm run weather -- ${optionsOf(schedule)}`,
  ]
}

/** The options that repeat a schedule; one with a name may be too long for a screen. */
function optionsOf(schedule: Schedule): string {
  const named = Object.entries(SCENARIOS).find(([, one]) => one.schedule === schedule)
  return named ? `--scenario ${named[0]}` : `--schedule '${JSON.stringify(schedule)}'`
}

function linesOf(entries: readonly Entry[], violation: Violation): string[] {
  const told = entries.filter(
    ({ at, about }) => at <= violation.at && (about === undefined || about === violation.about),
  )
  const lines = told.map(({ at, text }) => `${timeOf(at)}  ${text}`)
  if (lines.length <= MAX_LINES) return lines
  const half = MAX_LINES / 2
  const left = lines.length - MAX_LINES
  return [...lines.slice(0, half), `             … ${left} more …`, ...lines.slice(-half)]
}

/** A time of a run: its day, and the time of the day. */
function timeOf(at: number): string {
  const day = Math.floor((at - START) / 86_400_000)
  return `day ${String(day).padStart(2)} ${new Date(at).toISOString().slice(11, 19)}`
}

// The report: what was simulated, and what was violated.
import type { Figures, Outcome } from './simulation.ts'

/** The figures of several runs together. */
export function addFigures(all: readonly Figures[]): Figures {
  const faults: Record<string, number> = {}
  for (const one of all) {
    for (const [kind, count] of Object.entries(one.faults))
      faults[kind] = (faults[kind] ?? 0) + count
  }
  const sum = (read: (figures: Figures) => number) =>
    all.reduce((total, one) => total + read(one), 0)
  return {
    faults,
    days: sum(({ days }) => days),
    events: sum(({ events }) => events),
    deliveries: sum(({ deliveries }) => deliveries),
    attempts: sum(({ attempts }) => attempts),
    ticks: sum(({ ticks }) => ticks),
    statements: sum(({ statements }) => statements),
  }
}

/** Prints figures in one paragraph. */
export function printFigures(runs: number, figures: Figures, seconds: number): void {
  const { days, events, deliveries, attempts, faults } = figures
  const kinds = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`)
  console.log(
    `${runs} runs, ${Math.round(days)} simulated days, ${events} messages, ${deliveries} deliveries, ${attempts} attempts, in ${seconds.toFixed(0)} s.`,
  )
  console.log(`Weather: ${kinds.join(', ') || 'none'}.`)
}

/** The violations of a run, the first of each invariant. */
export function firstOfEach({ violations }: Pick<Outcome, 'violations'>) {
  return violations.filter(
    ({ invariant }, i) => violations.findIndex((one) => one.invariant === invariant) === i,
  )
}

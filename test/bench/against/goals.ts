// What this build is to gain on the base.
import { cpuOfDelivery, type Drained, deliveredPerSecond } from '../tools/backlog.ts'
import type { Goal } from '../tools/bench.ts'
import { median, ratiosOf } from '../tools/figures.ts'
import { perSecond } from '../tools/load.ts'
import { cpuOf, p99 } from '../tools/turns.ts'
import type { Accepting } from './accepting.ts'
import type { Draining } from './draining.ts'
import { TARGETS } from './targets.ts'

const MORE = 1.25
const P99 = 0.9
const CPU = 0.8

/** The connections whose CPU time stands for an event: some requests at once, as under load. */
const CONNECTIONS = 16

export function goalsOf(accepting: readonly Accepting[], draining: Draining): Goal[] {
  const ofAccepting = accepting.flatMap(({ vendor, connections, pairs }): Goal[] => {
    const name = `accept, ${vendor}, ${connections}`
    return [
      {
        what: `${name}: requests`,
        figure: ratiosOf(pairs, perSecond).median,
        unit: '×',
        atLeast: MORE,
      },
      { what: `${name}: p99`, figure: ratiosOf(pairs, p99).median, unit: '×', atMost: P99 },
    ]
  })
  const drained = ratiosOf(draining, deliveredPerSecond).median
  const ofEvents = accepting
    .filter(({ connections }) => connections === CONNECTIONS)
    .map(({ vendor, pairs }): Goal => {
      const cpu = (side: 0 | 1) =>
        median(pairs.map((pair) => cpuOf(pair[side]))) + TARGETS.length * cpuOfSide(draining, side)
      return { what: `CPU, ${vendor}, an event`, figure: cpu(0) / cpu(1), unit: '×', atMost: CPU }
    })
  return [...ofAccepting, { what: 'drain', figure: drained, unit: '×', atLeast: MORE }, ...ofEvents]
}

function cpuOfSide(draining: Draining, side: 0 | 1): number {
  return median(draining.map((pair) => cpuOfDelivery(pair[side] as Drained)))
}

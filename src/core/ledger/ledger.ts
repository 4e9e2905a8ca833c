// The ledger: the present state of all events and deliveries of a period, and whether the sums are balanced.
import { DELIVERY_STATES, type DeliveryState } from '../deliveries/delivery.ts'
import { EVENT_STATUSES, type EventStatus, RECEIVED_STATUSES } from '../events/event.ts'

/**
 * The number of events of a source, or of deliveries to a target, in a state. `created`: deliveries that these events
 * created.
 */
export type Count = {
  kind: 'source' | 'target'
  name: string
  state: string
  count: number
  created: number
}

/** The events of a source: `received`, the count in each status, and the number of deliveries that they created. */
type SourceLine = { source: string; received: number; created: number } & Record<
  EventStatus,
  number
>

/** The deliveries to a target: their number, and the count in each state. */
type TargetLine = { target: string; created: number } & Record<DeliveryState, number>

export type Ledger = { sources: SourceLine[]; targets: TargetLine[] }

/** Adds up counts to one line for each source and each target, sorted by name. */
export function tally(counts: readonly Count[]): Ledger {
  return {
    sources: linesOf(counts, 'source').map(([source, own]) => ({
      source,
      received: total(own.filter(({ state }) => state !== 'inferred')),
      ...byState(EVENT_STATUSES, own),
      created: own.reduce((sum, { created }) => sum + created, 0),
    })),
    targets: linesOf(counts, 'target').map(([target, own]) => ({
      target,
      created: total(own),
      ...byState(DELIVERY_STATES, own),
    })),
  }
}

/** The differences in a ledger, as text; empty if it is balanced. */
export function discrepancies({ sources, targets }: Ledger): string[] {
  const created = sources.reduce((sum, { created }) => sum + created, 0)
  const found = targets.reduce((sum, { created }) => sum + created, 0)
  return [
    ...sources.flatMap((line) => {
      const known = RECEIVED_STATUSES.reduce((sum, status) => sum + line[status], 0)
      return known === line.received
        ? []
        : [`source ${line.source}: ${line.received} received, ${known} accounted for`]
    }),
    ...targets.flatMap((line) => {
      const known = DELIVERY_STATES.reduce((sum, state) => sum + line[state], 0)
      return known === line.created
        ? []
        : [`target ${line.target}: ${line.created} created, ${known} accounted for`]
    }),
    ...(created === found ? [] : [`events created ${created} deliveries, but ${found} exist`]),
  ]
}

function linesOf(counts: readonly Count[], kind: Count['kind']): [name: string, own: Count[]][] {
  const own = counts.filter((count) => count.kind === kind)
  return Object.entries(Object.groupBy(own, ({ name }) => name))
    .map(([name, group]): [string, Count[]] => [name, group ?? []])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

function total(counts: readonly Count[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0)
}

function byState<S extends string>(
  states: readonly S[],
  counts: readonly Count[],
): Record<S, number> {
  const of = (state: S) => total(counts.filter((count) => count.state === state))
  return Object.fromEntries(states.map((state) => [state, of(state)])) as Record<S, number>
}

// All that is kept of a contact's packed events: its facts, what its targets got, and when it last told its address.
import type { EventId } from '../../id.ts'
import { type Fact, type Facts, forget, remember } from './facts.ts'

/** What a target got of a contact's packed events: the last one, and those after it that ended dead. */
export type Got = { last: EventId | undefined; dead: readonly EventId[] }

/** What is kept of a contact. Times in epoch milliseconds. */
export type ContactFacts = {
  facts: Facts
  delivered: ReadonlyMap<string, Got>
  /** When the latest event with an address happened, by the vendor's time and by that of receipt. */
  addressed: { vendor?: number | undefined; received?: number | undefined }
}

/** What is kept of an unknown contact. */
export const NO_FACTS: ContactFacts = { facts: new Map(), delivered: new Map(), addressed: {} }

/** An event that is packed: what there is to be kept of it. */
export type PackedEvent = {
  id: EventId
  /** Its list and the event; undefined for one that is in no history. */
  kept: { list: string; fact: Fact } | undefined
  deliveries: readonly { target: string; state: string }[]
  /** Of an event with an address: when it happened, and by which time. */
  addressed: { at: number; by: 'vendor' | 'received' } | undefined
}

/** How many dead deliveries to a target are kept. */
const MAX_DEAD = 20

/** What is kept after some more events were packed. */
export function withPacked(known: ContactFacts, packed: readonly PackedEvent[]): ContactFacts {
  const addressed = { ...known.addressed }
  for (const one of packed) {
    if (one.addressed === undefined) continue
    const { at, by } = one.addressed
    addressed[by] = Math.max(at, addressed[by] ?? at)
  }
  return {
    facts: remember(
      known.facts,
      packed.flatMap(({ kept }) => kept ?? []),
    ),
    delivered: withDeliveries(known.delivered, packed),
    addressed,
  }
}

function withDeliveries(
  known: ContactFacts['delivered'],
  packed: readonly PackedEvent[],
): Map<string, Got> {
  const delivered = new Map(known)
  for (const { id, deliveries } of packed.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const { target, state } of deliveries) {
      if (state === 'cancelled') continue
      const { last, dead } = delivered.get(target) ?? { last: undefined, dead: [] }
      const isLast = state === 'delivered' && (last === undefined || id > last)
      const own = isLast
        ? { last: id, dead }
        : { last, dead: state === 'dead' ? [...dead, id] : dead }
      const after = [...new Set(own.dead)].filter((one) => own.last === undefined || one > own.last)
      delivered.set(target, { last: own.last, dead: after.slice(-MAX_DEAD) })
    }
  }
  return delivered
}

/** What is kept when some events are hot again, or gone. What their targets got was got all the same. */
export function withoutEvents(known: ContactFacts, ids: ReadonlySet<EventId>): ContactFacts {
  return { ...known, facts: forget(known.facts, ids) }
}

/** What is kept of events that were received from one on: those before it are past their retention. */
export function receivedFrom(known: ContactFacts, first: EventId): ContactFacts {
  const all = [...known.facts.values()].flatMap(({ facts }) => facts)
  const old = new Set(all.map(({ id }) => id).filter((id) => id < first))
  const delivered = [...known.delivered].flatMap(([target, { last, dead }]): [string, Got][] => {
    const left = dead.filter((id) => id >= first)
    const isLeft = last !== undefined && last >= first
    return isLeft || left.length > 0
      ? [[target, { last: isLeft ? last : undefined, dead: left }]]
      : []
  })
  return { ...known, facts: forget(known.facts, old), delivered: new Map(delivered) }
}

/** The first received of all that is kept; undefined when nothing is left. */
export function firstOf({ facts, delivered }: ContactFacts): EventId | undefined {
  const ids = [
    ...[...facts.values()].flatMap((list) => list.facts.map(({ id }) => id)),
    ...[...delivered.values()].flatMap(({ last, dead }) => [...(last ? [last] : []), ...dead]),
  ]
  return ids.sort()[0]
}

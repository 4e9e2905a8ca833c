// The filter of lists of events, and how it applies to a row, a facet or a range of keys.

import { matchesType } from '../../core/deliveries/routing.ts'
import { TEST_PREFIX } from '../../core/events/contact-key.ts'
import type { EventStatus } from '../../core/events/event.ts'
import { type EventId, firstKeyAt, isEventId, keyOfId, type PersonId } from '../../core/id.ts'
import type { Position } from '../pages.ts'
import { readWord } from '../stored-words.ts'

/** A filter of events. All its conditions must hold; a list holds if one of its values does. A condition left out always holds. */
export type EventFilter = {
  sources?: readonly string[] | undefined
  vendors?: readonly string[] | undefined
  /** Types; one that ends in `*` is a prefix. */
  types?: readonly string[] | undefined
  statuses?: readonly EventStatus[] | undefined
  /** Events of the contacts that belong to this person now. */
  person?: PersonId | undefined
  /** The last known e-mail address of the contact; case does not matter. */
  email?: string | undefined
  /** An event id or a prefix of one (`evt_…`), a person id (`per_…`), or else a vendor's contact id or a prefix of one. */
  text?: string | undefined
  /** When the event was received, in epoch milliseconds: from `since`, up to but not including `until`. */
  since?: number | undefined
  until?: number | undefined
  /** Only accepted events without deliveries. */
  unrouted?: boolean | undefined
}

/** The properties of an event that both its row and its facet have. */
type Traits = { source: string; vendor: string; type: string; status: string }

/** Whether an event with these traits may match a filter. */
export function matchesTraits(filter: EventFilter, traits: Traits): boolean {
  const { sources, vendors, types, statuses } = filter
  return (
    (sources === undefined || sources.includes(traits.source)) &&
    (vendors === undefined || vendors.includes(traits.vendor)) &&
    (types === undefined || types.some((pattern) => matchesType(pattern, traits.type))) &&
    (statuses === undefined || (statuses as readonly string[]).includes(readWord(traits.status))) &&
    (!filter.unrouted || traits.status === 'accepted')
  )
}

/** Whether a filter has a condition on traits. */
export function filtersByTraits(filter: EventFilter): boolean {
  const { sources, vendors, types, statuses, unrouted } = filter
  return Boolean(sources ?? vendors ?? types ?? statuses) || unrouted === true
}

/** Whether an event of this kind may match a filter. The kind is the first part of a type, such as `payment`. */
export function matchesKind({ types }: EventFilter, kind: string): boolean {
  const prefix = `${kind}.`
  return (
    types === undefined ||
    types.some((pattern) =>
      pattern.endsWith('*')
        ? prefix.startsWith(pattern.slice(0, -1)) || pattern.startsWith(prefix)
        : pattern.startsWith(prefix),
    )
  )
}

/** The prefix that contact ids must have; undefined if the filter's text names something else, or there is none. */
export function contactTextOf({ text }: EventFilter): string | undefined {
  return text === undefined || /^(evt|per)_/.test(text) ? undefined : text
}

/** Whether a contact has the prefix that the filter's text requires, if any. A test contact counts like the contact itself. */
export function matchesContact(filter: EventFilter, contact: string | null): boolean {
  const text = contactTextOf(filter)
  return (
    text === undefined ||
    (contact !== null && (contact.startsWith(text) || contact.startsWith(TEST_PREFIX + text)))
  )
}

/** The keys from `from` up to but not including `before`. */
export type KeyRange = { from: bigint; before: bigint }

/** Returns the part of a key range that starts at a position; a position within an event starts with that event. */
export function rangeAfter({ from, before }: KeyRange, position: Position | undefined): KeyRange {
  if (position === undefined) return { from, before }
  const end = position.target === null ? position.key : position.key + 1n
  return { from, before: end < before ? end : before }
}

const ID_LENGTH = 'evt_'.length + 13

/** The range of keys that a filter's times and event id allow; empty if the id is invalid. */
export function keyRangeOf({ since, until, text }: EventFilter): KeyRange {
  const [first, last] = text?.startsWith('evt_') ? idsFrom(text) : [0n, 2n ** 63n - 1n]
  const from = since === undefined ? 0n : BigInt(firstKeyAt(since))
  const before = until === undefined ? 2n ** 63n - 1n : BigInt(firstKeyAt(until))
  return { from: from > first ? from : first, before: before <= last ? before : last + 1n }
}

/** The keys of the first and the last event id with a prefix; the first is above the last if there is none. */
function idsFrom(text: string): [bigint, bigint] {
  const [first, last] = ['0', 'z'].map((end) => {
    // The first character of an id holds three bits, so it is at most 7.
    const id = text === 'evt_' && end === 'z' ? 'evt_7' : text
    return id.toLowerCase().padEnd(ID_LENGTH, end)
  }) as [string, string]
  const areIds = isEventId(first) && isEventId(last)
  return areIds ? [keyOf(first), keyOf(last)] : [1n, 0n]
}

function keyOf(id: EventId): bigint {
  return BigInt(keyOfId(id))
}

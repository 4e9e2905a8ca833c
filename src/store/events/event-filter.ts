// Which events a list is of, and what of that a row, a facet or a range of keys can say.

import { matchesType } from '../../core/deliveries/routing.ts'
import type { EventStatus } from '../../core/events/event.ts'
import { type EventId, firstKeyAt, isEventId, keyOfId, type PersonId } from '../../core/id.ts'
import { TEST_PREFIX } from './contacts.ts'

/** Which events are meant: all conditions hold, and of a list one of its values. What is left out matches all. */
export type EventFilter = {
  sources?: readonly string[] | undefined
  vendors?: readonly string[] | undefined
  /** Types, or the beginning of some before a `*`. */
  types?: readonly string[] | undefined
  statuses?: readonly EventStatus[] | undefined
  /** Of whom it is, by the contacts that are the person's now. */
  person?: PersonId | undefined
  /** The last known address of its contact, in any case. */
  email?: string | undefined
  /**
   * An event's id or its beginning, when it begins with `evt_`; a person's, when it begins with `per_`; else a vendor's
   * id of a contact or its beginning.
   */
  text?: string | undefined
  /** When it came in, in epoch milliseconds; `until` is no longer part of it. */
  since?: number | undefined
  until?: number | undefined
  /** Only what was accepted and no target wanted. */
  unrouted?: boolean | undefined
}

/** What tells a list's events apart: the columns of a row, and those of a facet. */
export type Traits = { source: string; vendor: string; type: string; status: string }

/** Whether an event of these traits may be meant. */
export function matchesTraits(filter: EventFilter, traits: Traits): boolean {
  const { sources, vendors, types, statuses } = filter
  return (
    (sources === undefined || sources.includes(traits.source)) &&
    (vendors === undefined || vendors.includes(traits.vendor)) &&
    (types === undefined || types.some((pattern) => matchesType(pattern, traits.type))) &&
    (statuses === undefined || (statuses as readonly string[]).includes(traits.status)) &&
    (!filter.unrouted || traits.status === 'accepted')
  )
}

/** Whether a filter asks for traits at all. */
export function filtersByTraits(filter: EventFilter): boolean {
  const { sources, vendors, types, statuses, unrouted } = filter
  return Boolean(sources ?? vendors ?? types ?? statuses) || unrouted === true
}

/** Whether an event of this kind may be meant: its kind is the first word of its type. */
export function matchesKind({ types }: EventFilter, kind: string): boolean {
  const beginning = `${kind}.`
  return (
    types === undefined ||
    types.some((pattern) =>
      pattern.endsWith('*')
        ? beginning.startsWith(pattern.slice(0, -1)) || pattern.startsWith(beginning)
        : pattern.startsWith(beginning),
    )
  )
}

/** The contact id with which a contact's must begin; undefined when the filter's text is none. */
export function contactTextOf({ text }: EventFilter): string | undefined {
  return text === undefined || /^(evt|per)_/.test(text) ? undefined : text
}

/** Whether an event's contact is one that the filter's text names. */
export function matchesContact(filter: EventFilter, contact: string | null): boolean {
  const text = contactTextOf(filter)
  return (
    text === undefined ||
    (contact !== null && (contact.startsWith(text) || contact.startsWith(TEST_PREFIX + text)))
  )
}

/** Keys from `from` on and below `before`. */
export type KeyRange = { from: bigint; before: bigint }

const ID_LENGTH = 'evt_'.length + 13

/** The keys that the times and the event id of a filter leave; empty when the id is none. */
export function keyRangeOf({ since, until, text }: EventFilter): KeyRange {
  const [first, last] = text?.startsWith('evt_') ? idsFrom(text) : [0n, 2n ** 63n - 1n]
  const from = since === undefined ? 0n : BigInt(firstKeyAt(since))
  const before = until === undefined ? 2n ** 63n - 1n : BigInt(firstKeyAt(until))
  return { from: from > first ? from : first, before: before <= last ? before : last + 1n }
}

/** The keys of the first and the last id that begin with a text. */
function idsFrom(text: string): [bigint, bigint] {
  const [first, last] = ['0', 'z'].map((end) => {
    // The first character of an id has three bits.
    const id = text === 'evt_' && end === 'z' ? 'evt_7' : text
    return id.toLowerCase().padEnd(ID_LENGTH, end)
  }) as [string, string]
  const areIds = isEventId(first) && isEventId(last)
  return areIds ? [keyOf(first), keyOf(last)] : [1n, 0n]
}

function keyOf(id: EventId): bigint {
  return BigInt(keyOfId(id))
}

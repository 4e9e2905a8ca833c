// Facts: what is kept of a contact's packed events outside the packs, so that its next events mean the same as beside whole
// events. Of each list the latest ones are kept, with what meaning reads of them.
import type { EventId } from '../../id.ts'
import { nameOf } from '../contact-key.ts'
import type { MembershipEvent } from '../event.ts'
import { EVENTS_PER_SIDE } from '../history.ts'
import type { Contact } from '../vocabulary.ts'

/** An event as a history has it. `at`: when it happened by the log, in epoch milliseconds. */
export type Fact = {
  id: EventId
  at: number
  /** The event; of a packed one only what meaning reads. */
  event: MembershipEvent
  /** False for a packed event of which no target was told. */
  isTold: boolean
}

/** The lists of a contact's announcements, and of corrections of its events. The others have the names of kinds. */
export const ANNOUNCEMENTS = 'account'
export const CORRECTED = 'correction'

/**
 * Packed events of one list, the latest first. `since`: there are others that are not kept, and none of them is later than
 * this time (epoch milliseconds).
 */
export type FactList = { since?: number | undefined; facts: readonly Fact[] }

/** The lists of a contact by name. */
export type Facts = ReadonlyMap<string, FactList>

/** As many announcements as a history has (store/events/history.ts). */
const MAX_ANNOUNCEMENTS = 100

/**
 * An event without what meaning does not read. `data`: what the vendor's meaning reads of it beside who it is about. Its name
 * and its address are of use only beside its site (`isSameContact`).
 */
export function trimmed(event: MembershipEvent, data: object): MembershipEvent {
  const { id, type, relaysource, subject, time, vendortype, timebasis } = event
  const { site, account } = event.data
  return {
    ...{ id, type, relaysource, time, vendortype, timebasis, dataschema: '' },
    ...(subject === undefined ? {} : { subject }),
    data: {
      contact: site === undefined ? {} : namedIn(event.data.contact),
      ...(site === undefined ? {} : { site: { vendor_id: site.vendor_id } }),
      ...(account === undefined ? {} : { account: { vendor_id: account.vendor_id } }),
      ...data,
    },
  } as unknown as MembershipEvent
}

/** The name and the address of a contact, as meaning compares them. */
export function namedIn(contact: Contact): Contact {
  const name = nameOf(contact)
  const { email_normalized } = contact
  return {
    ...(name === null ? {} : { full_name: name }),
    ...(email_normalized === undefined ? {} : { email_normalized }),
  }
}

/** Compares facts by time, and those of one time by their receipt. */
export function byTime(a: Fact, b: Fact): number {
  return a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** Whether a target was told of an event, or may have been, by its settled deliveries. */
export function isTold(
  type: string,
  deliveries: readonly { attempt: number; state: string }[],
): boolean {
  // An end is read again when it is sent: one that was never sent was not told (store/intake/statements.ts).
  const isSent = (state: string) => type !== 'subscription.ended' && state !== 'cancelled'
  return deliveries.some(({ attempt, state }) => attempt > 1 || isSent(state))
}

/** The lists after some events were packed: each has one place, whatever the lists had of it before. */
export function remember(
  facts: Facts,
  packed: readonly { list: string; fact: Fact }[],
): Map<string, FactList> {
  const kept = forget(facts, new Set(packed.map(({ fact }) => fact.id)))
  for (const [name, added] of Map.groupBy(packed, ({ list }) => list)) {
    const { since, facts: known } = kept.get(name) ?? { facts: [] }
    const all = [...known, ...added.map(({ fact }) => fact)].sort((a, b) => byTime(b, a))
    kept.set(name, name === ANNOUNCEMENTS ? { facts: distinct(all) } : latest(all, since))
  }
  return kept
}

/** The lists without some events, and without those that are empty then. */
export function forget(facts: Facts, ids: ReadonlySet<EventId>): Map<string, FactList> {
  const left = [...facts].map(([name, list]): [string, FactList] => [
    name,
    { ...list, facts: list.facts.filter(({ id }) => !ids.has(id)) },
  ])
  return new Map(left.filter(([, { since, facts }]) => facts.length > 0 || since !== undefined))
}

const isCheckin = ({ event }: Fact) => event.type === 'checkin.recorded'

/** The latest of some events, the latest first, and the latest recorded check-in: rejected ones are none. */
function latest(all: readonly Fact[], since: number | undefined): FactList {
  const kept = all.slice(0, EVENTS_PER_SIDE)
  const rest = all.slice(EVENTS_PER_SIDE)
  if (rest.length === 0) return { ...(since === undefined ? {} : { since }), facts: kept }
  const checkin = kept.some(isCheckin) ? undefined : rest.find(isCheckin)
  return {
    since: Math.max(rest[0]?.at ?? 0, since ?? Number.NEGATIVE_INFINITY),
    facts: checkin === undefined ? kept : [...kept, checkin],
  }
}

/** Of announcements that say the same the first and the last received: one of them lasts as long as any. */
function distinct(all: readonly Fact[]): Fact[] {
  const saying = Map.groupBy(all, ({ event }) => JSON.stringify([event.subject, event.data]))
  const kept = [...saying.values()].flatMap((equal) => {
    const sorted = equal.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    return [...new Set([sorted[0], sorted.at(-1)])].filter((one) => one !== undefined)
  })
  return kept.sort((a, b) => byTime(b, a)).slice(0, MAX_ANNOUNCEMENTS)
}

/** Which events of a list a history is to have: those around a time, received before an event, and not that itself. */
export type Around = { at: number; event: EventId; before: EventId | undefined }

/** Events of a history; `missing`: the lists of which there may be others, in packs. */
export type Past = { facts: Fact[]; missing: string[] }

/**
 * The history of a contact from those of its events that are in rows (`hot`) and its lists, as a log in which nothing is packed
 * has it: of each kind the nearest `EVENTS_PER_SIDE` on either side, of check-ins the last one and those after, and without
 * kinds the announcements.
 */
export function pastOf(
  kinds: readonly string[],
  hot: readonly Fact[],
  packed: Facts,
  around: Around,
): Past {
  if (kinds.length === 0) {
    const all = together(hot, packed.get(ANNOUNCEMENTS)?.facts ?? [], around)
    const facts = all.sort((a, b) => byTime(b, a)).slice(0, MAX_ANNOUNCEMENTS)
    return { facts, missing: [] }
  }
  const parts = kinds.map((kind) => {
    const own = hot.filter(({ event }) => event.type.startsWith(`${kind}.`))
    const list = packed.get(kind) ?? { facts: [] }
    const read = kind === 'checkin' ? checkins : nearest
    return { kind, ...read(own, list, around) }
  })
  return {
    facts: parts.flatMap(({ facts }) => facts),
    missing: parts.filter(({ isWhole }) => !isWhole).map(({ kind }) => kind),
  }
}

type Part = { facts: Fact[]; isWhole: boolean }

function nearest(hot: readonly Fact[], list: FactList, around: Around): Part {
  const all = together(hot, list.facts, around).sort(byTime)
  const before = all.filter(({ at }) => at <= around.at).slice(-EVENTS_PER_SIDE)
  return {
    facts: [...before, ...after(all, around)],
    isWhole: isFull(before, list) && hasAllAfter(list, around),
  }
}

/** The last check-in, and those of the contact that make one late. */
function checkins(hot: readonly Fact[], list: FactList, around: Around): Part {
  const all = together(hot, list.facts, around).sort(byTime)
  const last = all.filter(isCheckin).slice(-1)
  return {
    facts: [...new Set([...last, ...after(all, around)])],
    isWhole: (last.length > 0 || list.since === undefined) && hasAllAfter(list, around),
  }
}

/** The last check-in alone, as of another contact of the person. */
export function lastCheckin(hot: readonly Fact[], packed: Facts, around: Around): Past {
  const list = packed.get('checkin') ?? { facts: [] }
  const facts = together(hot, list.facts, around).filter(isCheckin).sort(byTime).slice(-1)
  return { facts, missing: facts.length > 0 || list.since === undefined ? [] : ['checkin'] }
}

const after = (sorted: readonly Fact[], { at }: Around) =>
  sorted.filter((one) => one.at > at).slice(0, EVENTS_PER_SIDE)

/** What is not kept is before all that is kept, so a full side of what is kept has the nearest. */
function isFull(before: readonly Fact[], { since, facts }: FactList): boolean {
  const first = before.length === EVENTS_PER_SIDE ? before[0] : undefined
  if (since === undefined || first === undefined) return since === undefined
  return first.at > since || facts.includes(first)
}

const hasAllAfter = ({ since }: FactList, { at }: Around) => since === undefined || at >= since

/** All that are wanted, each once: that of a row where there is one. */
function together(
  hot: readonly Fact[],
  packed: readonly Fact[],
  { event, before }: Around,
): Fact[] {
  const byId = new Map([...packed, ...hot].map((fact) => [fact.id, fact]))
  return [...byId.values()].filter(
    ({ id }) => id !== event && (before === undefined || id < before),
  )
}

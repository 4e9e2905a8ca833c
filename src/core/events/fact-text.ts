// The text of a contact's facts, as it is stored: {list: [since, [id, time, difference], ...], ...}. An event is stored as what
// differs from the one before it in the text, its time as the distance from that of its receipt, and what is left out is what
// its place tells: its source, its subject, and, where it is that of the log, its time.
import { type EventId, timeOfId } from '../id.ts'
import { parseJson } from '../intake/json.ts'
import { contactIdOf } from './contact-key.ts'
import { differenceOf, withDifference } from './difference.ts'
import { instantOf, type MembershipEvent, subjectOfContact } from './event.ts'
import type { Fact, FactList, Facts } from './facts.ts'
import { formatInstant } from './time.ts'

/** Whose facts they are: a source, and the key of the contact in it. */
export type FactOwner = { source: string; contact: string }

type Entry = [id: string, lag: number, difference?: unknown]
type Text = Record<string, [since: number | null, ...Entry[]]>

/** Writes facts. */
export function writeFacts(facts: Facts, owner: FactOwner): string {
  let last: unknown = {}
  const entryOf = (fact: Fact): Entry => {
    const { id, at } = fact
    const own = storedOf(fact, owner)
    const difference = differenceOf(last, own)
    last = own
    const rest: [unknown?] = difference === undefined ? [] : [difference]
    return [id.slice(4), at - timeOfId(id), ...rest]
  }
  const lists = [...facts].map(([name, { since, facts }]) => [
    name,
    [since ?? null, ...facts.map(entryOf)],
  ])
  return JSON.stringify(Object.fromEntries(lists))
}

/** Reads facts that `writeFacts` wrote for the same owner. */
export function readFacts(text: string, owner: FactOwner): Map<string, FactList> {
  let last: unknown = {}
  const factOf = ([id, lag, difference]: Entry): Fact => {
    last = withDifference(last, difference)
    const own = `evt_${id}` as EventId
    return factFrom(last as Stored, { id: own, at: timeOfId(own) + lag }, owner)
  }
  const lists = Object.entries(parseJson(text) as Text)
  return new Map(
    lists.map(([name, [since, ...entries]]) => [
      name,
      { ...(since === null ? {} : { since }), facts: entries.map(factOf) },
    ]),
  )
}

/** What is stored of an event beside its id and its time. */
type Stored = Pick<MembershipEvent, 'type' | 'data'> & {
  vendortype?: string
  timebasis?: MembershipEvent['timebasis']
  time?: string
  /** Null where the event has none. */
  subject?: string | null
  untold?: true
}

const subjectFor = ({ contact }: FactOwner): string | undefined => {
  const id = contactIdOf(contact)
  return id === undefined ? undefined : subjectOfContact(id)
}

function storedOf({ at, event, isTold }: Fact, owner: FactOwner): Stored {
  const { type, vendortype, timebasis, time, subject, data } = event
  return {
    type,
    ...(vendortype === type ? {} : { vendortype }),
    ...(timebasis === 'received' ? {} : { timebasis }),
    ...(instantOf(event) === at ? {} : { time }),
    ...(subject === subjectFor(owner) ? {} : { subject: subject ?? null }),
    ...(isTold ? {} : { untold: true }),
    data,
  } as Stored
}

function factFrom(stored: Stored, { id, at }: Pick<Fact, 'id' | 'at'>, owner: FactOwner): Fact {
  const { type, vendortype = type, timebasis = 'received', data } = stored
  const subject = stored.subject === undefined ? subjectFor(owner) : (stored.subject ?? undefined)
  const event = {
    ...{ id, type, relaysource: owner.source, time: stored.time ?? formatInstant(at) },
    ...{ vendortype, timebasis, dataschema: '' },
    ...(subject === undefined ? {} : { subject }),
    data,
  } as unknown as MembershipEvent
  return { id, at, event, isTold: stored.untold !== true }
}

// The text of a contact's facts, as it is stored: {list: [since, [id, time, difference], ...], ...}. An event is stored as what
// differs from the one before it in the text, with a letter for each name, and its time as the distance from that of its
// receipt. What its place tells is left out: its source, its subject, and its time where that is the time of the log.
import { type EventId, timeOfId } from '../../id.ts'
import { isObject, parseJson } from '../../intake/json.ts'
import { contactIdOf } from '../contact-key.ts'
import { instantOf, type MembershipEvent, subjectOfContact } from '../event.ts'
import { formatInstant } from '../time.ts'
import { differenceOf, withDifference } from './difference.ts'
import type { Fact, FactList, Facts } from './facts.ts'

/** Whose facts they are: a source, and the key of the contact in it. */
export type FactOwner = { source: string; contact: string }

type Entry = [id: string, lag: number, difference?: unknown]
type Text = Record<string, [since: number | null, ...Entry[]]>

/** Writes facts. */
export function writeFacts(facts: Facts, owner: FactOwner): string {
  let last: unknown = {}
  const entryOf = (fact: Fact): Entry => {
    const { id, at } = fact
    const own = renamed(storedOf(fact, owner), letterOf)
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
    return factFrom(renamed(last, nameFor) as Stored, { id: own, at: timeOfId(own) + lag }, owner)
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

/** The names of members, in the order of every object that has them: a name that is added is added to the end. */
const NAMES =
  'type vendortype timebasis time subject untold data contact full_name email_normalized site account vendor_id membership status subscription kind tier interval interval_raw period_end_at trial_end_at first_payment_at final_payment_at cancel_at_period_end free_access discount_code recurring_amount total_paid_amount value unit currency reason inference basis confidence evidence actor corrects'.split(
    ' ',
  )
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The letter of a name; one that has none begins with a point. */
function letterOf(name: string): string {
  const i = NAMES.indexOf(name)
  return i < 0 ? `.${name}` : (LETTERS[i] ?? '')
}

function nameFor(letter: string): string {
  return letter.startsWith('.') ? letter.slice(1) : (NAMES[LETTERS.indexOf(letter)] ?? '')
}

/** A JSON value with other names of members. Lists are left as they are. */
function renamed(value: unknown, nameOf: (name: string) => string): unknown {
  if (!isObject(value)) return value
  const members = Object.entries(value).map(([name, own]) => [nameOf(name), renamed(own, nameOf)])
  return Object.fromEntries(members)
}

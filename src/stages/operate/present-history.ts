// Histories as the present mapping reads them. The events of the log may be of an earlier one, under an earlier key of their
// contact, and a run of `renormalize` changes them as it goes: read from their bytes, they are the same before and after it.
import type { Config } from '../../config.ts'
import { bareKeyOf } from '../../core/events/contact-key.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import { EVENTS_PER_SIDE, type History } from '../../core/events/history.ts'
import type { EventId } from '../../core/id.ts'
import {
  type LogBindings,
  readMessages,
  type StoredMessage,
} from '../../store/events/stored-message.ts'
import type { EventRecord } from '../../store/intake/records.ts'
import { type AsOf, historiesFor, isAccount } from '../events/meaning.ts'
import { subjectOf } from '../intake/commit.ts'
import { redraftRecord } from '../intake/draft.ts'

/** A stored message, and its record by the present mapping. */
export type Redraft = { stored: StoredMessage; record: EventRecord }

/** An event by the present mapping, and the key of its contact. */
type Present = { event: MembershipEvent; contact: string | undefined }

/** The histories of some messages, in their order. */
export async function presentHistories(
  env: LogBindings,
  config: Config,
  redrafts: readonly Redraft[],
  origin: string,
): Promise<(History | undefined)[]> {
  const stored = await storedHistories(env.DB, redrafts)
  const ids = stored.flat().flatMap((history) => eventsOf(history).map(({ id }) => id))
  const present = new Map<EventId, Present>()
  for (const message of ids.length === 0 ? [] : await readMessages(env, [...new Set(ids)])) {
    const again = await redraftRecord(config, message, origin)
    if (again.ok && 'event' in again.value.content) {
      const event = again.value.content.event as MembershipEvent
      present.set(message.id, { event, contact: again.value.contactId })
    }
  }
  return redrafts.map(({ record }, i) => merged(record, stored[i] ?? [], present))
}

/** The histories that the log has of each message, under the keys that its contact has and had. */
async function storedHistories(
  db: D1Database,
  redrafts: readonly Redraft[],
): Promise<(History | undefined)[][]> {
  const found = redrafts.map((): (History | undefined)[] => [])
  for (const asOf of ['then', 'arrival'] satisfies AsOf[]) {
    const queries = redrafts.flatMap(({ stored, record }, i) => {
      if (asOf !== (wasSettled(stored) ? 'arrival' : 'then')) return []
      const { event } = subjectOf(record)
      return [...new Set([record.contactId, stored.contact && bareKeyOf(stored.contact)])].map(
        (contact) => ({
          ...{ i, event, contact },
        }),
      )
    })
    const histories = await historiesFor(db, queries, asOf)
    for (const [at, { i }] of queries.entries()) found[i]?.push(histories[at])
  }
  return found
}

/** Whether an event was settled when it was sent, by events after it. */
function wasSettled({ id, event }: StoredMessage): boolean {
  return event?.data.inference?.evidence.some((other) => other > id) ?? false
}

function eventsOf(history: History | undefined): MembershipEvent[] {
  return [...(history?.past ?? []), ...(history?.peers ?? [])]
}

function merged(
  record: EventRecord,
  histories: readonly (History | undefined)[],
  present: ReadonlyMap<EventId, Present>,
): History | undefined {
  const known = histories.filter((one) => one !== undefined)
  const { event } = subjectOf(record)
  if (event === undefined || known.length === 0) return undefined
  // An event whose bytes are gone stays as it is.
  const presentOf = (one: MembershipEvent): Present =>
    present.get(one.id) ?? { event: one, contact: record.contactId }
  // A person's check-ins are of several contacts.
  const isOwn = ({ event: { type }, contact }: Present) =>
    contact === record.contactId || type.startsWith('checkin.')
  const past = known.flatMap((one) => one.past.map(presentOf)).filter(isOwn)
  const peers = known.flatMap((one) => one.peers.map((peer) => presentOf(peer).event))
  const events = distinct(past.map((one) => one.event))
  return {
    isIdTaken: known.some(({ isIdTaken }) => isIdTaken),
    past: isAccount(event) ? events : nearest(event, events),
    peers: distinct(peers),
  }
}

function distinct(events: readonly MembershipEvent[]): MembershipEvent[] {
  return [...new Map(events.map((event) => [event.id, event])).values()]
}

/** As many events of each kind on either side of an event as the log gives at once. */
function nearest(own: MembershipEvent, events: readonly MembershipEvent[]): MembershipEvent[] {
  const distance = (event: MembershipEvent) => Math.abs(instantOf(event) - instantOf(own))
  const sideOf = (event: MembershipEvent) =>
    `${event.type.split('.')[0]} ${instantOf(event) > instantOf(own)}`
  const sides = Map.groupBy(events, sideOf)
  return [...sides.values()].flatMap((side) =>
    side.toSorted((a, b) => distance(a) - distance(b)).slice(0, EVENTS_PER_SIDE),
  )
}

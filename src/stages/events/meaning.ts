// What messages mean once the log was asked: their records completed, what follows from them, and who is to be told.
import type { Config } from '../../config.ts'
import { route } from '../../core/deliveries/routing.ts'
import { instantOf, type MembershipEvent } from '../../core/events/event.ts'
import {
  composeInferred,
  EVENTS_PER_SIDE,
  type History,
  type InferredEvent,
  type Interpretation,
  NO_HISTORY,
} from '../../core/events/history.ts'
import type { EventId } from '../../core/id.ts'
import { fingerprint } from '../../core/intake/dedupe.ts'
import type { ContactKey } from '../../store/events/contacts.ts'
import { type HistoryQuery, type Light, readHistories } from '../../store/events/history.ts'
import type { Batching } from '../../store/group-commit.ts'
import type { NewRecord } from '../../store/intake/new-record.ts'
import { VENDORS } from '../../vendors/index.ts'
import type { Made } from '../intake/draft.ts'

/** As of when the log is asked (store/events/history.ts). */
export type AsOf = HistoryQuery['asOf']

/** Reads what the log knows of those events that need it; nothing is read when none does. */
export async function historiesFor(
  db: Batching,
  made: readonly Made[],
  asOf: AsOf,
): Promise<(History | undefined)[]> {
  const queries = made.map(({ record, event }) =>
    event === undefined || record.contactId === undefined
      ? undefined
      : queryFor(event, record.source, record.contactId, asOf),
  )
  const histories = await readHistories(
    db,
    queries.filter((query) => query !== undefined),
  )
  return queries.map((query) => (query === undefined ? undefined : histories.shift()))
}

function queryFor(
  event: MembershipEvent,
  source: string,
  contact: string,
  asOf: AsOf,
): HistoryQuery | undefined {
  const kinds = vendorOf(event).relatedKinds(event)
  if (kinds === undefined) return undefined
  const email = event.test ? undefined : event.data.contact.email_normalized
  return { source, contact, kinds, event: event.id, at: instantOf(event), email, asOf }
}

/** The contacts whose events say by themselves that they are new, as the log did not know them. */
export function newcomersAmong(
  made: readonly Made[],
  histories: readonly (History | undefined)[],
): ContactKey[] {
  return made.flatMap(({ record: { source, contactId: contact }, event }, i) => {
    const isTold = event !== undefined && vendorOf(event).relatedKinds(event)?.length === 0
    return isTold && contact !== undefined && !histories[i]?.isKnown ? [{ source, contact }] : []
  })
}

/**
 * Completes records: each event in the light of its history and of those before it in the same request, then what
 * follows from it. `idFor` gives ids for these. Without histories, events keep what they say by themselves. Deliveries
 * are due at `now` (epoch milliseconds).
 */
export async function completeRecords(
  config: Config,
  made: readonly Made[],
  histories: readonly (History | undefined)[] | undefined,
  { idFor, now }: { idFor: (n: number) => EventId; now: number },
): Promise<NewRecord[]> {
  const own: NewRecord[] = []
  const derived: NewRecord[] = []
  const beside = new Map<string, MembershipEvent[]>()
  for (const [i, one] of made.entries()) {
    const { record, event } = one
    if (event === undefined) own.push(record)
    else {
      const who = JSON.stringify([record.source, record.contactId])
      const history = histories?.[i]
      const earlier = beside.get(who) ?? []
      const meaning =
        history === undefined ? { event, inferred: [] } : meaningOf(event, history, earlier)
      own.push({
        ...(await withEvent(record, meaning.event, config, now)),
        ...(histories === undefined ? { isProvisional: true as const } : {}),
        ...(history === undefined ? {} : lightOf(one, history, made)),
      })
      for (const one of meaning.inferred) {
        const id = idFor(derived.length)
        derived.push(await derive(record, meaning.event, one, config, { id, now }))
      }
      beside.set(who, [...earlier, meaning.event])
    }
  }
  return [...own, ...derived]
}

/** What an event was understood by, where something may follow from it and another. */
function lightOf(
  { record, event }: Made,
  { past }: History,
  made: readonly Made[],
): { light?: Light } {
  const { source, contactId: contact } = record
  if (event === undefined || contact === undefined) return {}
  // The halves of one act are of two kinds.
  const kinds = vendorOf(event)
    .relatedKinds(event)
    ?.filter((kind) => !event.type.startsWith(`${kind}.`))
  if (!kinds?.length) return {}
  const seen = [...past.map(({ id }) => id), ...made.map((one) => one.record.id)]
  return { light: { source, contact, kinds, event: event.id, at: instantOf(event), seen } }
}

function meaningOf(
  event: MembershipEvent,
  history: History,
  beside: readonly MembershipEvent[],
): Interpretation {
  const kinds: readonly string[] = vendorOf(event).relatedKinds(event) ?? []
  const kin = beside.filter(({ type }) => kinds.includes(type.split('.')[0] ?? ''))
  const sites = beside.flatMap(({ data }) => data.site?.vendor_id ?? [])
  return vendorOf(event).interpret(event, {
    isKnown: history.isKnown || beside.length > 0,
    sites: [...history.sites, ...sites],
    past: around(event, [...history.past, ...kin]),
  })
}

/** The events closest to one in time, as many on either side as the log is asked for. */
function around(event: MembershipEvent, others: readonly MembershipEvent[]): MembershipEvent[] {
  const own = instantOf(event)
  const sorted = others.toSorted((a, b) => instantOf(a) - instantOf(b) || (a.id < b.id ? -1 : 1))
  const before = sorted.filter((one) => instantOf(one) <= own).slice(-2 * EVENTS_PER_SIDE)
  return [...before, ...sorted.filter((one) => instantOf(one) > own).slice(0, 2 * EVENTS_PER_SIDE)]
}

async function withEvent(
  record: NewRecord,
  event: MembershipEvent,
  config: Config,
  now: number,
): Promise<NewRecord> {
  const { email_normalized } = event.data.contact
  return {
    ...record,
    type: event.type,
    content: { event: JSON.stringify(event) },
    planned: await route(event, config.targets, now),
    at: instantOf(event),
    sighting: {
      event: record.id,
      // An old address, or that of a vendor's sample, tells nothing of who is who.
      email: event.late || event.test ? undefined : email_normalized,
      site: event.data.site?.vendor_id,
    },
  }
}

async function derive(
  cause: NewRecord,
  event: MembershipEvent,
  conclusion: InferredEvent,
  config: Config,
  { id, now }: { id: EventId; now: number },
): Promise<NewRecord> {
  const derived = composeInferred(event, conclusion, id)
  const { isProvisional: _, isRelease: __, sighting: ___, ...base } = cause
  return {
    ...base,
    id,
    type: derived.type,
    content: { event: JSON.stringify(derived) },
    planned: await route(derived, config.targets, now),
    at: instantOf(derived),
    dedupKey: await fingerprint([cause.source, derived.type, ...conclusion.identity]),
    dedupStamp: undefined,
    raw: { text: '', encoding: 'utf8' },
    headers: {},
    derivedFrom: { cause: cause.id, corrects: conclusion.corrects },
  }
}

/**
 * An event as its contact's history has it now, which may be more than when it came: what follows a subscription's end
 * says why it ended. Whether it was late was settled when it came.
 */
export async function settledEvent(
  db: D1Database,
  event: MembershipEvent,
  contact: string,
): Promise<MembershipEvent> {
  const query = queryFor(event, event.relaysource, contact, 'now')
  if (query === undefined) return event
  const [history = NO_HISTORY] = await readHistories(db, [query])
  const { late: _, ...settled } = vendorOf(event).interpret(event, history).event
  return { ...settled, ...(event.late ? { late: true } : {}) } as MembershipEvent
}

function vendorOf({ vendor }: MembershipEvent) {
  return VENDORS[vendor as keyof typeof VENDORS]
}

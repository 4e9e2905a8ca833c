// What is recorded of messages once the log was asked: their meaning, what follows from them, and who is to be told.
import type { Config } from '../config.ts'
import { fingerprint } from '../core/dedupe.ts'
import { composeDerived, type MembershipEvent } from '../core/event.ts'
import { type Derived, type History, type Meaning, NO_HISTORY } from '../core/history.ts'
import type { EventId } from '../core/id.ts'
import { route } from '../core/routing.ts'
import { type HistoryQuery, readHistories } from '../store/history.ts'
import type { NewRecord } from '../store/records.ts'
import { VENDORS } from '../vendors/index.ts'
import type { Made } from './record.ts'

/** Reads what the log knows of those events that need it, or knew when they came; nothing is read when none does. */
export async function historiesFor(
  db: D1Database,
  made: readonly Made[],
  isAsOfThen = false,
): Promise<(History | undefined)[]> {
  const queries = made.map((one) => queryOf(one, isAsOfThen))
  const histories = await readHistories(
    db,
    queries.filter((query) => query !== undefined),
  )
  return queries.map((query) => (query === undefined ? undefined : histories.shift()))
}

function queryOf({ record, event }: Made, isAsOfThen: boolean): HistoryQuery | undefined {
  if (event === undefined || record.contactId === undefined) return undefined
  const kinds = vendorOf(event).kinOf(event)
  const before = isAsOfThen ? record.id : undefined
  return kinds && { source: record.source, contact: record.contactId, kinds, before }
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
  const earlier: { contact: string; event: MembershipEvent }[] = []
  for (const [i, { record, event }] of made.entries()) {
    const contact = record.contactId
    if (event === undefined) own.push(record)
    else {
      const history = histories?.[i]
      const beside = earlier.filter((one) => one.contact === contact).map((one) => one.event)
      const meaning =
        history === undefined ? { event, derived: [] } : meaningOf(event, history, beside)
      own.push({
        ...(await withEvent(record, meaning.event, config, now)),
        ...(histories === undefined ? { isProvisional: true as const } : {}),
      })
      for (const one of meaning.derived) {
        const id = idFor(derived.length)
        derived.push(await derive(record, meaning.event, one, config, { id, now }))
      }
      if (contact !== undefined) earlier.push({ contact, event: meaning.event })
    }
  }
  return [...own, ...derived]
}

function meaningOf(
  event: MembershipEvent,
  history: History,
  beside: readonly MembershipEvent[],
): Meaning {
  const kinds: readonly string[] = vendorOf(event).kinOf(event) ?? []
  const kin = beside.filter(({ type }) => kinds.includes(type.split('.')[0] ?? ''))
  const sites = beside.flatMap(({ data }) => data.site?.vendor_id ?? [])
  return vendorOf(event).meaningAmong(event, {
    isKnown: history.isKnown || beside.length > 0,
    sites: [...history.sites, ...sites],
    past: [...history.past, ...kin],
  })
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
  conclusion: Derived,
  config: Config,
  { id, now }: { id: EventId; now: number },
): Promise<NewRecord> {
  const derived = composeDerived(event, conclusion, id)
  const { isProvisional: _, isRelease: __, sighting: ___, ...base } = cause
  return {
    ...base,
    id,
    type: derived.type,
    content: { event: JSON.stringify(derived) },
    planned: await route(derived, config.targets, now),
    dedupKey: await fingerprint([cause.source, derived.type, ...conclusion.identity]),
    dedupStamp: undefined,
    raw: { text: '', encoding: 'utf8' },
    headers: {},
    derivedFrom: { cause: cause.id, corrects: conclusion.corrects },
  }
}

/**
 * An event as its contact's history has it now, which may be more than when it came: what follows a subscription's end
 * says why it ended.
 */
export async function settledEvent(
  db: D1Database,
  event: MembershipEvent,
  contact: string,
): Promise<MembershipEvent> {
  const kinds = vendorOf(event).kinOf(event)
  if (kinds === undefined) return event
  const [history = NO_HISTORY] = await readHistories(db, [
    { source: event.relaysource, contact, kinds, before: undefined },
  ])
  const past = history.past.filter(({ id }) => id !== event.id)
  return vendorOf(event).meaningAmong(event, { ...history, past }).event
}

function vendorOf({ vendor }: MembershipEvent) {
  return VENDORS[vendor as keyof typeof VENDORS]
}

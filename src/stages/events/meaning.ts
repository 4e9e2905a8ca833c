// The meaning of an event beside the other events of its contact. Reads the log, writes nothing.
import { type ContactClaim, claimOf, isSameContact } from '../../core/events/contact-key.ts'
import { instantOf, type MembershipEvent, mappingFailure } from '../../core/events/event.ts'
import {
  EVENTS_PER_SIDE,
  type History,
  type Interpretation,
  NO_HISTORY,
} from '../../core/events/history.ts'
import type { EventId } from '../../core/id.ts'
import type { Log } from '../../env.ts'
import { type HistoryEnv, readHistories } from '../../store/events/histories.ts'
import type { HistoryQuery, ReadSet } from '../../store/events/history.ts'
import { VENDORS } from '../../vendors/index.ts'
import type { Vendor } from '../../vendors/vendor.ts'

/** The state of the log that a history is read from (store/events/history.ts). */
export type AsOf = HistoryQuery['asOf']

/** An event, if the message was understood, and the key of its contact, if it has one. */
type Subject = { event: MembershipEvent | undefined; contact: string | undefined }

/**
 * The histories of those events whose meaning depends on one, in their order. Reads nothing when none does. `log`: told of packs
 * that cannot be read, whose events are left out then; without it this throws.
 */
export async function historiesFor(
  env: HistoryEnv,
  subjects: readonly Subject[],
  asOf: AsOf,
  log?: Log,
): Promise<(History | undefined)[]> {
  const queries = subjects.map((subject) => queryFor(subject, asOf))
  const histories = await readHistories(
    env,
    queries.filter((query) => query !== undefined),
    log && unreadTo(log),
  )
  return queries.map((query) => (query === undefined ? undefined : histories.shift()))
}

const unreadTo = (log: Log) => (error: unknown) =>
  log({ at: 'meaning', fault: 'packs could not be read', detail: String(error) })

function queryFor({ event, contact }: Subject, asOf: AsOf): HistoryQuery | undefined {
  if (event === undefined || contact === undefined) return undefined
  const vendor = vendorOf(event)
  const kinds = vendor.relatedKinds(event)
  if (kinds === undefined) return undefined
  const source = event.relaysource
  const claim = claimOf(contact, event.data)
  const peers = vendor.needsPeers?.(event) ? event.vendortype : undefined
  return { source, claim, kinds, event: event.id, at: instantOf(event), asOf, peers }
}

/** The contacts that the log did not have when `histories` were read, of events that announce them, and what was read. */
export function newAccounts(
  subjects: readonly Subject[],
  histories: readonly (History | undefined)[],
): { source: string; claim: ContactClaim; seen: EventId[] }[] {
  return subjects.flatMap(({ event, contact }, i) => {
    const past = histories[i]?.past ?? []
    if (event === undefined || contact === undefined || !isAccount(event)) return []
    if (past.some((other) => isOfContact(event, other))) return []
    const claim = claimOf(contact, event.data)
    return [{ source: event.relaysource, claim, seen: past.map(({ id }) => id) }]
  })
}

/** Whether an event announces its contact. */
export function isAccount(event: MembershipEvent): boolean {
  return vendorOf(event).relatedKinds(event)?.length === 0
}

/** What an event means by its history and by the earlier events of its contact in the same request. */
export function understand(
  event: MembershipEvent,
  history: History,
  earlier: readonly MembershipEvent[],
): Interpretation {
  const vendor = vendorOf(event)
  const kinds: readonly string[] = vendor.relatedKinds(event) ?? []
  const isRelated = (other: MembershipEvent) =>
    kinds.length === 0 ? isAccount(other) : kinds.includes(other.type.split('.')[0] ?? '')
  const all = [...history.past, ...earlier.filter(isRelated)]
  return interpret(event, { ...history, past: isAccount(event) ? all : around(event, all) })
}

/** False for an event of another contact with an equal id: in a log of before, two accounts may share a key. */
function isOfContact(event: MembershipEvent, other: MembershipEvent): boolean {
  const isOfPerson = event.relaysource !== other.relaysource || event.subject !== other.subject
  return isOfPerson || isSameContact(event.data, other.data)
}

/** The meaning that the vendor's code gives. A bug of ours must not lose the event: it gets a warning instead. */
function interpret(event: MembershipEvent, history: History): Interpretation {
  try {
    const past = history.past.filter((other) => isOfContact(event, other))
    const isIdTaken = history.isIdTaken || past.length < history.past.length
    return vendorOf(event).interpret(event, { ...history, past, isIdTaken })
  } catch (error) {
    const warning = `history: ${mappingFailure(error)}`
    const data = {
      ...event.data,
      warnings: [...new Set([...(event.data.warnings ?? []), warning])],
    }
    return { event: { ...event, data } as MembershipEvent, inferred: [] }
  }
}

/** The events closest to one in time: on either side at most as many as the log gives for two kinds. */
function around(event: MembershipEvent, others: readonly MembershipEvent[]): MembershipEvent[] {
  const own = instantOf(event)
  const sorted = others.toSorted((a, b) => instantOf(a) - instantOf(b) || (a.id < b.id ? -1 : 1))
  const before = sorted.filter((one) => instantOf(one) <= own).slice(-2 * EVENTS_PER_SIDE)
  return [...before, ...sorted.filter((one) => instantOf(one) > own).slice(0, 2 * EVENTS_PER_SIDE)]
}

/**
 * The events that the meaning of one was read from: its history and `beside`, the ids of its request. Undefined unless
 * an event of another kind could change it, as the second half of a plan switch does.
 */
export function readSetOf(
  { event, contact }: Subject,
  { past }: History,
  beside: readonly EventId[],
): ReadSet | undefined {
  if (event === undefined || contact === undefined) return undefined
  const related = vendorOf(event).relatedKinds(event) ?? []
  const kinds = related.filter((kind) => !event.type.startsWith(`${kind}.`))
  if (kinds.length === 0) return undefined
  const seen = [...past.map(({ id }) => id), ...beside]
  return { source: event.relaysource, kinds, event: event.id, at: instantOf(event), seen }
}

/**
 * An event by its history as the log has it now, which may be more than when it was received: the reason why a
 * subscription ended depends on what follows. Whether the event was late does not change any more.
 */
export async function settledEvent(
  env: HistoryEnv,
  event: MembershipEvent,
  contact: string,
  log: Log,
): Promise<MembershipEvent> {
  const asked = queryFor({ event, contact }, 'now')
  if (asked === undefined) return event
  // The key is the one in the log.
  const query = { ...asked, claim: { ...asked.claim, scoped: null, account: null, site: null } }
  const [history = NO_HISTORY] = await readHistories(env, [query], unreadTo(log))
  const { late: _, ...settled } = interpret(event, history).event
  return { ...settled, ...(event.late ? { late: true } : {}) } as MembershipEvent
}

function vendorOf({ vendor }: MembershipEvent): Vendor {
  return VENDORS[vendor as keyof typeof VENDORS]
}

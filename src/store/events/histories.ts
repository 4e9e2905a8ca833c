// Histories of events: rows of the log, facts of packed events beside them, and, where those do not reach, packs.
import { type MembershipEvent, withCredibleTime } from '../../core/events/event.ts'
import { readFacts } from '../../core/events/facts/fact-text.ts'
import {
  type Fact,
  type Facts,
  lastCheckin,
  type Past,
  pastOf,
} from '../../core/events/facts/facts.ts'
import type { History } from '../../core/events/history.ts'
import { parseJson } from '../../core/intake/json.ts'
import { withoutReferences } from '../../core/intake/references.ts'
import { type BatchDatabase, isD1Failure } from '../group-commit.ts'
import {
  endOf,
  type HistoryQuery,
  type HistoryRow,
  historyStatement,
  peersStatement,
} from './history.ts'
import { readMissing, type Wanted } from './packs/missing.ts'
import type { PackEnv, PackRow } from './packs/packs.ts'
import { listPacksOfPeers, readPackedPeers } from './packs/peers.ts'

/** What histories are read from: the database, and the bucket of packs. */
export type HistoryEnv = { DB: BatchDatabase; ARCHIVE?: R2Bucket | undefined }

/** The part of a history that one contact has: its rows, its facts, and what they make. */
type Part = Past & Wanted

/**
 * Reads the histories of some events in their order: in one round trip, and in more where one needs events that are only in
 * packs, as that of a late event may. Those are left out if their packs cannot be read, and `onUnread` is called; without it,
 * this throws.
 */
export async function readHistories(
  env: HistoryEnv,
  queries: readonly HistoryQuery[],
  onUnread?: (error: unknown) => void,
): Promise<History[]> {
  if (queries.length === 0) return []
  const withPeers = queries.filter(({ peers }) => peers !== undefined)
  const results = await env.DB.batch([
    ...queries.map((query) => historyStatement(env.DB, query)),
    ...withPeers.flatMap((query) => [
      peersStatement(env.DB, query),
      listPacksOfPeers(env.DB as D1Database, query),
    ]),
  ])
  const parts = queries.map((query, i) =>
    partsOf(query, (results[i]?.results ?? []) as HistoryRow[]),
  )
  const missing = parts.flat().filter((part) => part.missing.length > 0)
  const limit = onUnread === undefined ? MAX_READ : MAX_READ_IN_TIME
  const more =
    missing.length === 0 ? [] : await readMissing(env, missing, limit).catch(leaveOut([], onUnread))
  for (const [i, part] of missing.entries()) part.facts = more[i] ?? part.facts
  const histories = queries.map(
    (query, i): History => ({ ...historyOf(query, parts[i] ?? []), peers: [] }),
  )
  for (const [i, query] of withPeers.entries()) {
    const [hot, packs] = results.slice(queries.length + 2 * i)
    const peers = ((hot?.results ?? []) as HistoryRow[]).map(eventIn)
    const listed = (packs?.results ?? []) as PackRow[]
    const own = histories[queries.indexOf(query)]
    if (own === undefined) continue
    own.peers =
      listed.length === 0
        ? peers
        : await readPackedPeers(env as PackEnv, query, listed).catch(leaveOut(peers, onUnread))
  }
  return histories
}

/**
 * How many events are read from packs at most. In time: while a sender or a target waits, since each may be in another block,
 * which takes a call where packs are in R2, and perhaps a statement where they are in D1.
 */
const MAX_READ = 500
const MAX_READ_IN_TIME = 12

/** What is used in place of what cannot be read. */
function leaveOut<T>(instead: T, onUnread: ((error: unknown) => void) | undefined) {
  return (error: unknown): T => {
    if (onUnread === undefined || isD1Failure(error)) throw error
    onUnread(error)
    return instead
  }
}

/** An event whose body is apart has null for long strings of members that no meaning is read from. */
function eventIn({ event }: Pick<HistoryRow, 'event'>): MembershipEvent {
  return withCredibleTime(parseJson(withoutReferences(event)) as MembershipEvent)
}

function partsOf(query: HistoryQuery, rows: readonly HistoryRow[]): Part[] {
  const { kinds, event, at } = query
  const around = { at, event, before: endOf(query) }
  const byContact = Map.groupBy(rows, ({ source, contact }) => JSON.stringify([source, contact]))
  return [...byContact.values()].flatMap((own): Part[] => {
    const [first] = own
    if (first === undefined) return []
    const owner = { source: first.source, contact: first.contact }
    const facts = own.find((row) => row.at === null)
    const packed: Facts = facts === undefined ? new Map() : readFacts(facts.event, owner)
    const hot = own.flatMap((row) => factIn(row) ?? [])
    const read = (packed: Facts, hot: readonly Fact[]) =>
      facts?.own === 0 ? lastCheckin(hot, packed, around) : pastOf(kinds, hot, packed, around)
    return [{ owner, hot, packed, around, read, ...read(packed, hot) }]
  })
}

function factIn(row: HistoryRow): Fact | undefined {
  if (row.at === null) return undefined
  const event = eventIn(row)
  return { id: event.id, at: row.at, event, isTold: true }
}

function historyOf({ claim, kinds }: HistoryQuery, parts: readonly Part[]): Omit<History, 'peers'> {
  // Those under the bare key are another contact's where there are some under the scoped one. Check-ins are a person's.
  const scoped = parts.filter(({ owner }) => owner.contact === claim.scoped)
  const isScoped = !kinds.includes('checkin') && scoped.some(({ facts }) => facts.length > 0)
  const own = (isScoped ? scoped : parts).flatMap(({ facts }) => facts)
  return {
    isIdTaken:
      isScoped &&
      parts.some(({ facts, owner }) => owner.contact !== claim.scoped && facts.length > 0),
    past: own.map(({ event }) => event),
    untold: own.filter(({ isTold }) => !isTold).map(({ id }) => id),
  }
}

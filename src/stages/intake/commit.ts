// Records → the log: each is completed with its meaning and its deliveries, then all are written in one transaction.
import type { Config } from '../../config.ts'
import { route } from '../../core/deliveries/routing.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import { composeInferred, type History, type InferredEvent } from '../../core/events/history.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import type { EventId } from '../../core/id.ts'
import { fingerprint } from '../../core/intake/dedupe.ts'
import { NO_BODY } from '../../core/intake/request.ts'
import type { Log } from '../../env.ts'
import type { HistoryEnv } from '../../store/events/histories.ts'
import { type EventRecord, type Receipt, recordEvents } from '../../store/intake/records.ts'
import { withTimeout } from '../../store/timeout.ts'
import { withHeldForTargets } from '../deliveries/held-for.ts'
import { type AsOf, historiesFor, newAccounts, readSetOf, understand } from '../events/meaning.ts'
import { fitsRow } from './draft.ts'

/** Gives the ids of inferred events, and the time (epoch milliseconds) at which deliveries are due. */
type Context = { idFor: (n: number) => EventId; now: number }

/**
 * Completes records and writes them. Returns what became of them, in their order, and of the events inferred from them.
 * When the two halves of a plan switch arrive at the same moment, neither is in the history of the other: the second
 * one is found to be stale, and its inferences are made again. Throws when D1 fails or does not respond in time; in the
 * second case the write may still succeed later, so a caller that tries again uses the same ids.
 */
export async function commitRecords(
  env: HistoryEnv,
  config: Config,
  records: readonly EventRecord[],
  asOf: AsOf,
  { idFor, now, log }: Context & { log: Log },
): Promise<Receipt[]> {
  const receipts = await withTimeout(
    completeAndWrite(env, config, records, asOf, { idFor, now, log }),
  )
  const stale = receipts.filter(({ isStale }) => isStale).map(({ record }) => record)
  if (stale.length === 0) return receipts
  const nextIdFor = (n: number) => idFor(receipts.length - records.length + n)
  const writing = writeInferred(env, config, stale, { idFor: nextIdFor, now, log })
  const more = await withTimeout(writing).catch((error): Receipt[] => {
    // The events themselves are stored: the sender gets its 202.
    log({ at: 'meaning', fault: 'inferred events were not recorded', detail: String(error) })
    return []
  })
  return [...receipts, ...more]
}

async function completeAndWrite(
  env: HistoryEnv,
  config: Config,
  records: readonly EventRecord[],
  asOf: AsOf,
  context: Context & { log: Log },
): Promise<Receipt[]> {
  const subjects = records.map(subjectOf)
  const [histories, routing] = await Promise.all([
    historiesFor(env, subjects, asOf, context.log),
    withHeldForTargets(env.DB, config),
  ])
  const completed = await completeRecords(routing, records, histories, context)
  const unknown = asOf === 'now' ? newAccounts(subjects, histories) : []
  return recordEvents(env.DB, completed, config, unknown)
}

/** Writes the events inferred from records that are in the log, as far as they are not there yet. */
async function writeInferred(
  env: HistoryEnv,
  config: Config,
  records: readonly EventRecord[],
  context: Context & { log: Log },
): Promise<Receipt[]> {
  const histories = await historiesFor(env, records.map(subjectOf), 'arrival', context.log)
  const routing = await withHeldForTargets(env.DB, config)
  const completed = await completeRecords(routing, records, histories, context)
  return recordEvents(env.DB, completed.slice(records.length))
}

/** What the meaning of a record is about. */
export function subjectOf({ content, contactId: contact }: EventRecord) {
  const isOfVendor = 'event' in content && !isSystemEvent(content.event)
  return { event: isOfVendor ? (content.event as MembershipEvent) : undefined, contact }
}

/**
 * Records with the meaning and the deliveries of their events, then the records of the events inferred from them. Events
 * of one request are understood in their order, each by those before it. Without histories, each means what it says by
 * itself.
 */
export async function completeRecords(
  config: Config,
  records: readonly EventRecord[],
  histories: readonly (History | undefined)[] | undefined,
  { idFor, now }: Context,
): Promise<EventRecord[]> {
  const own: EventRecord[] = []
  const inferred: EventRecord[] = []
  const ids = records.map(({ id }) => id)
  const earlierOf = new Map<string, MembershipEvent[]>()
  for (const [i, record] of records.entries()) {
    const subject = subjectOf(record)
    const { event } = subject
    if (event === undefined) {
      own.push(record)
      continue
    }
    const who = JSON.stringify([record.source, record.contactId])
    const earlier = earlierOf.get(who) ?? []
    const history = histories?.[i]
    const meaning =
      history === undefined ? { event, inferred: [] } : understand(event, history, earlier)
    const readSet = history && readSetOf(subject, history, ids)
    own.push({
      ...record,
      type: meaning.event.type,
      content: { event: meaning.event },
      deliveries: await route(meaning.event, config.targets, now),
      ...(readSet === undefined ? {} : { readSet }),
    })
    for (const conclusion of meaning.inferred) {
      if (conclusion.corrects && history?.untold?.includes(conclusion.corrects)) continue
      const id = idFor(inferred.length)
      const one = await inferredRecord(record, meaning.event, conclusion, config, { id, now })
      // It repeats data of two events. One that D1 cannot store must not keep its cause from being stored.
      if ('event' in one.content && fitsRow(one.content.event, one)) inferred.push(one)
    }
    earlierOf.set(who, [...earlier, meaning.event])
  }
  return [...own, ...inferred]
}

async function inferredRecord(
  { readSet: _, apart: __, ...cause }: EventRecord,
  event: MembershipEvent,
  conclusion: InferredEvent,
  config: Config,
  { id, now }: { id: EventId; now: number },
): Promise<EventRecord> {
  const inferred = composeInferred(event, conclusion, id)
  return {
    ...cause,
    id,
    type: inferred.type,
    content: { event: inferred },
    entry: { cause: cause.id, corrects: conclusion.corrects },
    deliveries: await route(inferred, config.targets, now),
    dedupKey: await fingerprint([cause.source, inferred.type, ...conclusion.identity]),
    dedupStamp: undefined,
    raw: NO_BODY,
    headers: {},
  }
}

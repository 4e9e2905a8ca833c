// Spilled requests → the log, in the order of receipt, in chunks that grow: the first one fits the 50 statements that an
// invocation may make on the free plan, so that each invocation comes further, and a batch takes few of them elsewhere.
import type { Config } from '../../config.ts'
import { type EventId, ID_RANDOM_RANGE, newEventId, timeOfId } from '../../core/id.ts'
import type { Env, Tools } from '../../env.ts'
import { placeBodies } from '../../store/events/bodies/place.ts'
import { type EventRecord, isDeliverable } from '../../store/intake/records.ts'
import { identityOf, idsOf, listTaken, withId } from '../../store/intake/spill.ts'
import { enqueueDeliveries, firstMessages } from '../deliveries/enqueue.ts'
import { commitRecords } from './commit.ts'

/**
 * Records of the first transaction of an invocation. A record takes up to 2 statements that read its history, one each for
 * itself, its body, its contact and its read set, and up to 3 for events inferred from it; again 2 and up to 3 when its meaning
 * was stale. With 3 for each transaction and one before: 3 × 9 + 3 + 3 × 5 + 2 + 1 = 48.
 */
const FIRST_CHUNK = 3

/** Records of a transaction at most. */
const MAX_CHUNK = 100

/** The ids that the events inferred from a chunk may take. */
const MAX_INFERRED = 4 * MAX_CHUNK

/** Failures of an invocation, after which the rest waits: D1 takes nothing, or no more statements. */
const MAX_FAULTS = 20

/** How long R2 may take for the large bodies of a chunk. */
const BODIES_MS = 3000

/** What became of a request: the error that keeps a record of it from the log, and whether another one was written. */
export type Outcome = { error: unknown; cameFurther: boolean }

/** A record of a request, under an id that no other event has. */
type Item = { record: EventRecord; request: readonly EventRecord[]; isLogged: boolean }

/**
 * Records some requests and enqueues their deliveries. What was recorded before is recognised. A record that fails does not
 * stop the others. Returns the outcome of those requests that are not in the log completely. Never throws.
 */
export async function recordSpilled(
  env: Pick<Env, 'DB' | 'DELIVERIES' | 'ARCHIVE'>,
  config: Config,
  requests: readonly (readonly EventRecord[])[],
  tools: Tools,
): Promise<Map<readonly EventRecord[], Outcome>> {
  const outcomes = new Map<readonly EventRecord[], Outcome>()
  const fail = (request: readonly EventRecord[], error: unknown) =>
    outcomes.set(request, { cameFurther: false, ...outcomes.get(request), error })
  let all: Item[]
  try {
    all = await itemsOf(env, requests)
  } catch (error) {
    for (const request of requests) fail(request, error)
    return outcomes
  }
  let items = all.filter(({ isLogged }) => !isLogged)
  // The write may have succeeded although accept did not learn of it. Where some are missing, the sweep sends the others.
  const incomplete = new Set(items.map(({ request }) => request))
  const complete = all.filter(({ request }) => !incomplete.has(request))
  const unsent = complete.flatMap(({ record }) => firstMessages(record))
  await enqueueDeliveries(env.DELIVERIES, unsent, tools)
  const written: Item[] = []
  let size = FIRST_CHUNK
  for (let faults = 0, lastError: unknown; items.length > 0; ) {
    const chunk = items.slice(0, size)
    if (faults === MAX_FAULTS) {
      for (const { request } of items) fail(request, lastError)
      break
    }
    try {
      await recordChunk(env, config, chunk, tools)
      written.push(...chunk)
      size = Math.min(2 * size, MAX_CHUNK)
    } catch (error) {
      faults++
      lastError = error
      size = 1
      if (chunk.length > 1) continue
      for (const { request } of chunk) fail(request, error)
    }
    items = items.slice(chunk.length)
  }
  for (const { request } of written) {
    const outcome = outcomes.get(request)
    if (outcome !== undefined) outcome.cameFurther = true
  }
  return outcomes
}

/**
 * The records of some requests in the order of receipt, and which of them are in the log already. One whose id another event
 * took, in the log or among these, has the next of its ids that is free, and the same one whenever it is handled again.
 */
async function itemsOf(
  env: Pick<Env, 'DB' | 'ARCHIVE'>,
  requests: readonly (readonly EventRecord[])[],
): Promise<Item[]> {
  const items = requests
    .flatMap((request) => request.map((record) => ({ record, request })))
    .sort((a, b) => (a.record.id < b.record.id ? -1 : 1))
  const ids = [...new Set(items.flatMap(({ record }) => idsOf(record)))]
  const logged = await listTaken(env, ids)
  const taken = new Map(logged)
  return items.map((item): Item => {
    const own = identityOf(item.record)
    const ids = idsOf(item.record)
    const free = ids.find((id) => (taken.get(id) ?? own) === own)
    // Where others have all of them, the write fails, and the request stays where it is.
    const id = ids.find((id) => logged.get(id) === own) ?? free ?? item.record.id
    taken.set(id, own)
    return { ...item, record: withId(item.record, id), isLogged: logged.get(id) === own }
  })
}

async function recordChunk(
  env: Pick<Env, 'DB' | 'DELIVERIES' | 'ARCHIVE'>,
  config: Config,
  chunk: readonly Item[],
  tools: Tools,
): Promise<void> {
  const drafts = chunk.map(({ record }) => record)
  const records = await placeBodies(env.ARCHIVE, drafts, { ...tools, ms: BODIES_MS })
  // Ids that are used already are other ones the next time. What was inferred before is not inferred again.
  const at = timeOfId(records.at(-1)?.id as EventId)
  const first = Math.floor(tools.random() * (ID_RANDOM_RANGE - MAX_INFERRED))
  const context = {
    idFor: (n: number) => newEventId(at, first + n),
    now: tools.now(),
    log: tools.log,
  }
  const receipts = await commitRecords(env, config, records, 'arrival', context)
  const due = receipts.filter(isDeliverable).flatMap(({ record }) => firstMessages(record))
  await enqueueDeliveries(env.DELIVERIES, due, tools)
}

// The archive of spilled requests: an R2 bucket, where one is bound. It keeps what has waited long, or what the queue did not
// take, and the cron records it from there. Between any two steps an object is there once too often rather than too seldom.
import type { Config } from '../../config.ts'
import { currentId, type EventId, newEventId, timeOfId } from '../../core/id.ts'
import { hexOf } from '../../core/intake/signature.ts'
import type { Env, Tools } from '../../env.ts'
import { isD1Failure } from '../../store/group-commit.ts'
import { unpackRecords } from '../../store/intake/spill.ts'
import { withTimeout } from '../../store/timeout.ts'
import { recordSpilled } from './record-spilled.ts'

/** Before the id of the first event of a request. */
export const SPILL_PREFIX = 'spill/'

/** How long the archive may take, in milliseconds. */
const ARCHIVE_TIMEOUT_MS = 3000

/** Objects that are read at once, and in a run of the cron. */
const PAGE = 10
const MAX_A_RUN = 100

/** How long a run may take: the next one comes in a minute. */
const RUN_MS = 20_000

const archived = <T>(work: Promise<T>) => withTimeout(work, 'the archive', ARCHIVE_TIMEOUT_MS)

/**
 * The name of a request's object, which sorts by the time of receipt. `id`: that of its first event, which another request of
 * the same millisecond may have, so a part of the hash of its bytes follows.
 */
async function nameOf(id: EventId, packed: Uint8Array | ArrayBuffer): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', packed as ArrayBuffer))
  return `${SPILL_PREFIX}${id}-${hexOf(hash.slice(0, 8))}`
}

/** When the request of an object was received, in epoch milliseconds. */
function timeOfName(name: string): number {
  return timeOfId(currentId(idOfName(name)))
}

function idOfName(name: string): EventId {
  return name.slice(SPILL_PREFIX.length).split('-')[0] as EventId
}

/** Keeps a packed request. It may be there already. Throws when the archive does not take it within 3 s. */
export async function putArchived(
  bucket: R2Bucket,
  id: EventId,
  packed: Uint8Array | ArrayBuffer,
): Promise<void> {
  await archived(bucket.put(await nameOf(id, packed), packed))
}

/** Keeps a packed request unless it is there already: to look costs a twelfth of writing. Throws like `putArchived`. */
export async function ensureArchived(
  bucket: R2Bucket,
  id: EventId,
  packed: ArrayBuffer,
): Promise<void> {
  const name = await nameOf(id, packed)
  if ((await archived(bucket.head(name))) === null) await archived(bucket.put(name, packed))
}

/** When the oldest request of the archive was received, in epoch milliseconds; undefined while it is empty. */
export async function oldestArchived(bucket: R2Bucket): Promise<number | undefined> {
  const { objects } = await archived(bucket.list({ prefix: SPILL_PREFIX, limit: 1 }))
  const [oldest] = objects
  return oldest && timeOfName(oldest.key)
}

/** Deletes requests that are in the log. A failure is logged: the cron finds the objects, and recognises the requests. */
export async function deleteArchived(
  bucket: R2Bucket,
  requests: readonly { id: EventId; packed: ArrayBuffer }[],
  tools: Tools,
): Promise<void> {
  const names = requests.map(({ id, packed }) => nameOf(id, packed))
  await deleteObjects(bucket, await Promise.all(names), tools)
}

async function deleteObjects(
  bucket: R2Bucket,
  names: readonly string[],
  { log }: Tools,
): Promise<void> {
  if (names.length === 0) return
  await archived(bucket.delete([...names])).catch((error) =>
    log({
      at: 'archive',
      fault: 'recorded requests were not deleted; the cron will',
      detail: String(error),
    }),
  )
}

/**
 * Records what is in the archive, the oldest first, and deletes what is in the log. Ends when D1 takes none of a page,
 * but not for requests that fail by themselves: they must not be in the way of the others, however many there are. So the
 * second half of a run goes on at some later time after a page of them.
 * Throws when the archive does not respond.
 */
export async function recordArchived(
  env: Pick<Env, 'DB' | 'DELIVERIES' | 'ARCHIVE'>,
  config: Config,
  tools: Tools,
): Promise<void> {
  const bucket = env.ARCHIVE
  if (bucket === undefined) return
  const until = tools.now() + RUN_MS
  let startAfter = SPILL_PREFIX
  for (let count = 0; count < MAX_A_RUN && tools.now() < until; count += PAGE) {
    const { objects } = await archived(
      bucket.list({ prefix: SPILL_PREFIX, limit: PAGE, startAfter }),
    )
    const names = objects.map(({ key }) => key)
    const last = names.at(-1)
    if (last === undefined) return
    const { recorded, isD1Down } = await recordPage(env, bucket, config, names, tools)
    await deleteObjects(bucket, recorded, tools)
    const waiting = names.length - recorded.length
    tools.log({ at: 'archive', recorded: recorded.map(idOfName), waiting })
    if (recorded.length === 0 && isD1Down) return
    startAfter = recorded.length > 0 || count < MAX_A_RUN / 2 ? last : later(last, tools)
  }
}

/** A random name between that of an object and the present. */
function later(name: string, { now, random }: Tools): string {
  const at = timeOfName(name)
  return SPILL_PREFIX + newEventId(Math.floor(at + random() * Math.max(1, now() - at)), 0)
}

/** Records some objects; returns the names of those that are in the log completely, and whether D1 failed as a whole. */
async function recordPage(
  env: Pick<Env, 'DB' | 'DELIVERIES' | 'ARCHIVE'>,
  bucket: R2Bucket,
  config: Config,
  names: readonly string[],
  tools: Tools,
): Promise<{ recorded: string[]; isD1Down: boolean }> {
  const read = await Promise.all(
    names.map(async (name) => {
      try {
        const object = await archived(bucket.get(name))
        const records = object === null ? [] : await unpackRecords(await object.arrayBuffer())
        return [{ name, records }]
      } catch (error) {
        tools.log({ at: 'archive', name, fault: 'cannot be read', detail: String(error) })
        return []
      }
    }),
  )
  const requests = read.flat()
  const outcomes = await recordSpilled(
    env,
    config,
    requests.map(({ records }) => records),
    tools,
  )
  for (const { name, records } of requests) {
    const outcome = outcomes.get(records)
    if (outcome) tools.log({ at: 'archive', name, fault: String(outcome.error) })
  }
  const recorded = requests.filter(({ records }) => !outcomes.has(records)).map(({ name }) => name)
  return { recorded, isD1Down: [...outcomes.values()].some(({ error }) => isD1Failure(error)) }
}

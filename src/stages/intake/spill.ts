// queue spill → D1. Records what accept could not, in the order of receipt, once D1 is back.
import type { Config } from '../../config.ts'
import { type EventId, neighbourId } from '../../core/id.ts'
import type { Env, Tools } from '../../env.ts'
import { type EventRecord, isDeliverable } from '../../store/intake/records.ts'
import { listTaken, unpackRecords } from '../../store/intake/spill.ts'
import { withTimeout } from '../../store/timeout.ts'
import { enqueueDeliveries, firstMessages } from '../deliveries/enqueue.ts'
import { commitRecords } from './commit.ts'

/** The delay of a message while D1 is unavailable: longer each time, up to five minutes. */
const RETRY_SECONDS = 15
const MAX_RETRY_SECONDS = 300

/** Records of one transaction; each takes a statement. */
const CHUNK = 100

/**
 * Records a batch of spilled requests and enqueues their deliveries: together, or each by itself when that fails.
 * What was recorded before a failure is recognised the next time. Acknowledges or retries every message, never throws.
 */
export async function spill(
  env: Pick<Env, 'DB' | 'DELIVERIES'>,
  config: Config,
  messages: readonly Message<ArrayBuffer>[],
  tools: Tools,
): Promise<void> {
  if (await recordAll(env, config, messages, tools)) return
  // A request that cannot be recorded must not block the others.
  if (messages.length > 1) {
    for (const message of messages) await recordAll(env, config, [message], tools)
  }
}

/** Records some messages as one. On failure returns false; then only a single message is retried, several are left. */
async function recordAll(
  env: Pick<Env, 'DB' | 'DELIVERIES'>,
  config: Config,
  messages: readonly Message<ArrayBuffer>[],
  tools: Tools,
): Promise<boolean> {
  try {
    const requests = await Promise.all(messages.map(({ body }) => unpackRecords(body)))
    const records = requests.flat().sort((a, b) => (a.id < b.id ? -1 : 1))
    for (let i = 0; i < records.length; i += CHUNK) {
      await recordChunk(env, config, records.slice(i, i + CHUNK), tools)
    }
    for (const message of messages) message.ack()
    tools.log({ at: 'spill', recorded: records.map(({ id }) => id) })
    return true
  } catch (error) {
    tools.log({ at: 'spill', messages: messages.length, fault: String(error) })
    const [message] = messages
    if (messages.length === 1 && message) {
      const delaySeconds = Math.min(RETRY_SECONDS * message.attempts, MAX_RETRY_SECONDS)
      message.retry({ delaySeconds })
    }
    return false
  }
}

async function recordChunk(
  env: Pick<Env, 'DB' | 'DELIVERIES'>,
  config: Config,
  records: EventRecord[],
  tools: Tools,
): Promise<void> {
  const taken = await withTimeout(
    listTaken(
      env.DB,
      records.map(({ id }) => id),
    ),
  )
  // The write may have succeeded although accept did not learn of it.
  const isLogged = (record: EventRecord) => taken.get(record.id) === record.dedupKey
  const missing = records
    .filter((record) => !isLogged(record))
    .map((record) => (taken.has(record.id) ? withNextId(record) : record))
  const last = missing.at(-1)?.id ?? 'evt_0000000000000'
  const context = { idFor: (n: number) => neighbourId(last, n), now: tools.now(), log: tools.log }
  const receipts = await commitRecords(env.DB, config, missing, 'arrival', context)
  const written = receipts.filter(isDeliverable).map(({ record }) => record)
  const due = [...records.filter(isLogged), ...written].flatMap(firstMessages)
  await enqueueDeliveries(env.DELIVERIES, due, tools)
}

/** The record under the next id, when another event of the same millisecond has the same one. */
function withNextId(record: EventRecord): EventRecord {
  const id: EventId = neighbourId(record.id, 0)
  const { content } = record
  if ('issues' in content) return { ...record, id }
  return { ...record, id, content: { event: { ...content.event, id } } }
}

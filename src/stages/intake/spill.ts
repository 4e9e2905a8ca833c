// queue spill → D1. What accept could not record, in the order of its arrival, once D1 is back.
import type { Config } from '../../config.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import { type EventId, neighbourId } from '../../core/id.ts'
import { parseJson } from '../../core/intake/json.ts'
import type { Env, Log } from '../../env.ts'
import type { NewRecord } from '../../store/intake/new-record.ts'
import { unpackRecords } from '../../store/intake/packing.ts'
import { listTaken } from '../../store/intake/records.ts'
import { withinTimeout } from '../../store/timeout.ts'
import { firstMessages, setAlarms } from '../deliveries/enqueue.ts'
import { recordMade } from './commit.ts'
import type { Made } from './draft.ts'

/** How long messages rest while D1 is away: longer each time, up to five minutes. */
const REST_SECONDS = 15
const MAX_REST_SECONDS = 300

/** Records that go to D1 in one transaction; each takes a statement. */
const CHUNK = 100

/** What the edge hands in: the time in epoch milliseconds, and the log. */
export type SpillTools = { now: number; log: Log }

/**
 * Records a batch of spilled requests and sets their deliveries going: together, or each by itself when that fails.
 * What was recorded before a failure is recognised the next time. Settles every message and never throws.
 */
export async function spill(
  env: Pick<Env, 'DB' | 'DELIVERIES'>,
  config: Config,
  messages: readonly Message<ArrayBuffer>[],
  { now, log }: SpillTools,
): Promise<void> {
  if (await recordAll(env, config, messages, { now, log })) return
  // One request that cannot be recorded must not keep the others from it.
  if (messages.length > 1) {
    for (const message of messages) await recordAll(env, config, [message], { now, log })
  }
}

/** Records some messages as one; false, and nothing settled unless it is a single one, when that fails. */
async function recordAll(
  env: Pick<Env, 'DB' | 'DELIVERIES'>,
  config: Config,
  messages: readonly Message<ArrayBuffer>[],
  { now, log }: SpillTools,
): Promise<boolean> {
  try {
    const requests = await Promise.all(messages.map(({ body }) => unpackRecords(body)))
    const records = requests.flat().sort((a, b) => (a.id < b.id ? -1 : 1))
    for (let i = 0; i < records.length; i += CHUNK) {
      await recordChunk(env, config, records.slice(i, i + CHUNK), { now, log })
    }
    for (const message of messages) message.ack()
    log({ at: 'spill', recorded: records.map(({ id }) => id) })
    return true
  } catch (error) {
    log({ at: 'spill', messages: messages.length, fault: String(error) })
    const [message] = messages
    if (messages.length === 1 && message) {
      message.retry({ delaySeconds: Math.min(REST_SECONDS * message.attempts, MAX_REST_SECONDS) })
    }
    return false
  }
}

async function recordChunk(
  env: Pick<Env, 'DB' | 'DELIVERIES'>,
  config: Config,
  records: NewRecord[],
  { now, log }: SpillTools,
): Promise<void> {
  const ids = records.map(({ id }) => id)
  const taken = await withinTimeout(listTaken(env.DB, ids))
  // The write may have succeeded although accept did not hear of it.
  const isThere = (record: NewRecord) => taken.get(record.id) === record.dedupKey
  const missing = records
    .filter((record) => !isThere(record))
    .map((record) => (taken.has(record.id) ? withNextId(record) : record))
  const last = missing.at(-1)?.id ?? 'evt_0000000000000'
  const idFor = (n: number) => neighbourId(last, n)
  const tools = { idFor, now, log }
  const made = missing.map(madeOf)
  const { records: whole, recorded } = await recordMade(env.DB, config, made, 'arrival', tools)
  const isOwed = (status: string | undefined) => status === 'accepted' || status === 'derived'
  const accepted = whole.filter((_, i) => isOwed(recorded[i]?.status))
  const due = [...records.filter(isThere), ...accepted].flatMap(firstMessages)
  await setAlarms(env.DELIVERIES, due, now, log)
}

/** A record whose meaning could not be asked for when it came, with its event; any other is complete. */
function madeOf(record: NewRecord): Made {
  const { content, isProvisional, ...rest } = record
  if (!isProvisional || 'issues' in content) return { record, event: undefined, warnings: [] }
  const event = parseJson(content.event) as MembershipEvent
  return { record: { content, ...rest }, event, warnings: [] }
}

/** The record under the next id, when another event of the same millisecond has drawn the same one. */
function withNextId(record: NewRecord): NewRecord {
  const id: EventId = neighbourId(record.id, 0)
  const { content } = record
  if ('issues' in content) return { ...record, id }
  return { ...record, id, content: { event: content.event.replace(record.id, id) } }
}

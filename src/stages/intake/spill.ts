// queue spill → D1. Records what accept could not, in the order of receipt, once D1 is back.
import type { Config } from '../../config.ts'
import { type EventId, newEventId, timeOfId } from '../../core/id.ts'
import {
  isNearLastAttempt,
  isWornOut,
  LONG_WAIT_MS,
  retryDelaySeconds,
} from '../../core/intake/spill.ts'
import type { Env, Tools } from '../../env.ts'
import { type EventRecord, isOutdated } from '../../store/intake/records.ts'
import { unpackRecords } from '../../store/intake/spill.ts'
import { forgetStuck, noteStuck } from '../../store/intake/stuck.ts'
import { withTimeout } from '../../store/timeout.ts'
import { deleteArchived, ensureArchived } from './archive.ts'
import { type Outcome, recordSpilled } from './record-spilled.ts'

type SpillEnv = Pick<Env, 'DB' | 'DELIVERIES' | 'SPILL' | 'ARCHIVE'>

/** A message and what is in it: no records when it cannot be read. `id`: its first event, which holds its time. */
type Spilled = {
  message: Message<ArrayBuffer>
  id: EventId
  records: readonly EventRecord[] | undefined
  error?: unknown
}

/** A request that must wait, and why. */
type Waiting = Spilled & Outcome

/**
 * Records a batch of spilled requests and enqueues their deliveries. What was recorded before a failure is recognised the
 * next time, as are copies of a message. Acknowledges, retries or renews every message, never throws.
 */
export async function spill(
  env: SpillEnv,
  config: Config,
  messages: readonly Message<ArrayBuffer>[],
  tools: Tools,
): Promise<void> {
  const cutOff = messages.filter(({ attempts }) => isNearLastAttempt(attempts))
  await Promise.all(cutOff.map((message) => renew(env.SPILL, message, retryDelaySeconds(Infinity))))
  const spilled = await Promise.all(
    messages.filter((message) => !cutOff.includes(message)).map(unpack),
  )
  const requests = spilled.flatMap(({ records }) => (records === undefined ? [] : [records]))
  const outcomes = await recordSpilled(env, config, requests, tools)
  const waiting = spilled.flatMap((one): Waiting[] => {
    if (one.records === undefined) return [{ ...one, error: one.error, cameFurther: false }]
    const outcome = outcomes.get(one.records)
    return outcome === undefined ? [] : [{ ...one, ...outcome }]
  })
  const recorded = spilled.filter(({ message }) => !waiting.some((one) => one.message === message))
  await finish(env, recorded, tools)
  await keep(env, waiting, tools)
}

async function unpack(message: Message<ArrayBuffer>): Promise<Spilled> {
  const sentAt = message.timestamp.getTime()
  try {
    const records = await unpackRecords(message.body)
    return { message, id: records[0]?.id ?? newEventId(sentAt, 0), records }
  } catch (error) {
    return { message, id: newEventId(sentAt, 0), records: undefined, error }
  }
}

/** Acknowledges requests that are in the log, and forgets what was kept of them. */
async function finish(env: SpillEnv, recorded: readonly Spilled[], tools: Tools): Promise<void> {
  if (recorded.length === 0) return
  const ids = recorded.flatMap(({ records = [] }) => records.map(({ id }) => id))
  tools.log({ at: 'spill', recorded: ids })
  const old = recorded.filter(({ id }) => ageOf(id, tools) >= LONG_WAIT_MS)
  if (old.length > 0) {
    await withTimeout(
      forgetStuck(
        env.DB,
        old.map(({ id }) => id),
      ),
    ).catch((error) =>
      tools.log({ at: 'spill', fault: 'the note was not deleted', detail: String(error) }),
    )
    const kept = old.map(({ id, message }) => ({ id, packed: message.body }))
    if (env.ARCHIVE !== undefined) await deleteArchived(env.ARCHIVE, kept, tools)
  }
  for (const { message } of recorded) message.ack()
}

/** Keeps requests that must wait: in the queue, and in the archive when they have waited long. */
async function keep(env: SpillEnv, waiting: readonly Waiting[], tools: Tools): Promise<void> {
  if (waiting.length === 0) return
  const ids = waiting.map(({ id }) => id)
  const faults = [...new Set(waiting.map(({ error }) => String(error)))]
  tools.log({ at: 'spill', waiting: ids, fault: faults.join('; ') })
  const stuck = waiting
    .filter(({ id, error }) => ageOf(id, tools) >= LONG_WAIT_MS && !isOutdated(error))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const [oldest] = stuck
  if (oldest !== undefined) {
    // While D1 takes nothing, it does not take this either: then the reason is D1 and not the request.
    const note = { id: oldest.id, reason: reasonOf(oldest.error) }
    await withTimeout(noteStuck(env.DB, note, tools.now())).catch(() => undefined)
  }
  await Promise.all(waiting.map((one) => keepOne(env, one, tools)))
}

async function keepOne(env: SpillEnv, one: Waiting, tools: Tools): Promise<void> {
  const { message, id, records, cameFurther } = one
  const age = ageOf(id, tools)
  if (env.ARCHIVE !== undefined && records !== undefined && age >= LONG_WAIT_MS) {
    await ensureArchived(env.ARCHIVE, id, message.body).catch((error) =>
      tools.log({ at: 'archive', id, fault: 'did not take a request', detail: String(error) }),
    )
  }
  // An invocation that ended at its limit left the rest of a list: the next one goes on.
  const delaySeconds = retryDelaySeconds(cameFurther ? 0 : age)
  const isOld = isWornOut(tools.now() - message.timestamp.getTime())
  if (isOld) await renew(env.SPILL, message, delaySeconds)
  else message.retry({ delaySeconds })
}

/** Sends a message again, so that neither its count of retries nor its age ends it. A copy too many is recognised. */
async function renew(
  queue: Env['SPILL'],
  message: Message<ArrayBuffer>,
  delaySeconds: number,
): Promise<void> {
  try {
    await withTimeout(
      queue.send(new Uint8Array(message.body), { contentType: 'bytes', delaySeconds }),
      'the queue',
    )
    message.ack()
  } catch {
    message.retry({ delaySeconds })
  }
}

/** How long ago a request was received, in milliseconds. */
function ageOf(id: EventId, { now }: Tools): number {
  return now() - timeOfId(id)
}

/** The error for an operator: that of D1 in full; of ours the name alone, as its text may have values of the message. */
function reasonOf(error: unknown): string {
  const text = String(error)
  if (/D1|SQLITE/.test(text)) return text.slice(0, 300)
  return error instanceof Error ? error.name : 'an unknown error'
}

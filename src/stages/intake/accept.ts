// request → prove → read → record (normalize) → meaning (ask the log, route) → one D1 batch → delivery ids to the queue.
// What is answered 202 is in the log, or, while D1 is away, in the spill queue.
import { type Config, type ConfiguredSource, isBrokenSource } from '../../config.ts'
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { warningTexts } from '../../core/events/event.ts'
import type { Warning } from '../../core/events/fields.ts'
import { type EventId, ID_RANDOM_RANGE, newEventId } from '../../core/id.ts'
import { readMessages } from '../../core/intake/json.ts'
import { prove } from '../../core/intake/proof.ts'
import {
  type Arrival,
  hopsOf,
  keepBytes,
  textOf,
  type VerifiedRequest,
} from '../../core/intake/request.ts'
import { err, ok, type Rejection, type Result } from '../../core/result.ts'
import type { Env, Log } from '../../env.ts'
import type { Batching } from '../../store/group-commit.ts'
import type { NewRecord } from '../../store/intake/new-record.ts'
import { MAX_PACKED_BYTES, packRecords } from '../../store/intake/packing.ts'
import { isOutdated, type Recorded } from '../../store/intake/records.ts'
import { withinTimeout } from '../../store/timeout.ts'
import { VENDORS } from '../../vendors/index.ts'
import { firstMessages, setAlarms } from '../deliveries/enqueue.ts'
import { completeRecords } from '../events/meaning.ts'
import { recordMade } from './commit.ts'
import { type Incoming, type Made, makeRecord } from './draft.ts'

/** More events in one request than any vendor sends; each takes a statement of the one transaction. */
export const MAX_EVENTS = 100

/** Through how many relays a request may have come: two in a row happen, a loop does not end by itself. */
export const MAX_HOPS = 5

/** How long the spill queue may take: with the time that D1 had before, less than the 10 s that Hapana waits. */
const SPILL_TIMEOUT_MS = 5000

/** What the sender is told of one event. */
export type Accepted = {
  id: EventId
  /** `queued`: safe, and not in the log yet. */
  status: Stored['status']
  type: string
  deliveries: number
  warnings: string[]
  issues?: string[]
}

/** What takes an event in. The database may be shared with other requests (store/group-commit.ts). */
export type AcceptEnv = Pick<Env, 'DELIVERIES' | 'SPILL'> & { DB: Batching }

/** What the edge hands in: the time (epoch milliseconds), randomness, and the origin that the sender called. */
export type AcceptTools = {
  now: number
  /** A whole number from 0 to below its argument. */
  random: (below: number) => number
  origin: string
  log: Log
  /** Lets work go on when the answer is given. */
  waitUntil: (work: Promise<unknown>) => void
}

/**
 * Takes a request in. Refuses, in this order: an unknown or broken source, a sender that is not proven, a large
 * body, a loop, what is no JSON object or list of objects; and everything when neither D1 nor the queue takes it.
 */
export async function accept(
  env: AcceptEnv,
  config: Config,
  sourceName: string,
  arrival: Arrival,
  tools: AcceptTools,
): Promise<Result<{ batch: boolean; events: Accepted[] }, Rejection>> {
  const source = config.sources.get(sourceName)
  if (source === undefined) return err({ kind: 'unknown_source' })
  if (isBrokenSource(source)) return err({ kind: 'source_broken', reason: source.broken })
  const { signature } = VENDORS[source.vendor]
  const proven = await prove(arrival, source.credentials, signature, tools.now)
  if (!proven.ok) return proven
  const read = readRequest(proven.value, tools.origin)
  if (!read.ok) return read
  const stored = await store(env, config, source, read.value.incoming, tools)
  if (!stored.ok) return stored
  const { made, stored: all } = stored.value
  // It is safe: a queue that takes its time must not make the sender come again.
  tools.waitUntil(setAlarms(env.DELIVERIES, dueOf(all), tools.now, tools.log))
  const events = made.flatMap(({ warnings }, i) => (all[i] ? [answer(all[i], warnings)] : []))
  return ok({ batch: read.value.batch, events })
}

function readRequest(
  request: VerifiedRequest,
  origin: string,
): Result<{ batch: boolean; incoming: Incoming[] }, Rejection> {
  const { headers, eventName } = request
  const hops = hopsOf(headers)
  if (hops >= MAX_HOPS) return err({ kind: 'looping', maxHops: MAX_HOPS })
  const read = readMessages(textOf(request))
  if (read === undefined) return err({ kind: 'not_json' })
  const whole = keepBytes(request.bytes)
  // What is not UTF-8 cannot be taken apart exactly: it stays one message.
  const isText = whole.encoding === 'utf8'
  const batch = isText && read.batch
  const messages = isText ? read.messages : [{ text: whole.text, value: undefined }]
  if (messages.length > MAX_EVENTS) return err({ kind: 'too_many_events', maxEvents: MAX_EVENTS })
  const incoming = messages.map((message) => ({
    message,
    // A list is kept element by element, each exactly as it came.
    raw: batch ? { ...whole, text: message.text } : whole,
    headers,
    eventName,
    hops,
    origin,
  }))
  return ok({ batch, incoming })
}

type Stored = { record: NewRecord; id: EventId; status: Recorded['status'] | 'queued' }

/** Ids of one millisecond that a request takes: for its events, and for what follows from them. */
const MAX_IDS = 4 * MAX_EVENTS

/** Gives ids and writes. What is outdated by the time of its writing is made anew; when D1 fails otherwise, the spill queue has it. */
async function store(
  env: AcceptEnv,
  config: Config,
  source: ConfiguredSource,
  incoming: Incoming[],
  tools: AcceptTools,
): Promise<Result<{ made: Made[]; stored: Stored[] }, Rejection>> {
  for (let tries = 1; ; tries++) {
    // Ascending within a request: the order of a list is the order of its events.
    const first = tools.random(ID_RANDOM_RANGE - MAX_IDS)
    const made = await Promise.all(
      incoming.map((one, i) => makeRecord(newEventId(tools.now, first + i), source, one)),
    )
    const idFor = (n: number) => newEventId(tools.now, first + made.length + n)
    try {
      const { records, recorded } = await recordMade(env.DB, config, made, 'now', {
        ...tools,
        idFor,
      })
      const stored = records.flatMap((record, i) =>
        recorded[i] ? [{ record, ...recorded[i] }] : [],
      )
      return ok({ made, stored })
    } catch (error) {
      if (isOutdated(error) && tries < 3) continue
      const records = await completeRecords(config, made, undefined, { idFor, now: tools.now })
      const spilled = await spillOver(env.SPILL, records, String(error), tools)
      return spilled.ok ? ok({ made, stored: spilled.value }) : spilled
    }
  }
}

/** Puts records where they are safe until D1 is back. Refuses when the queue does not take them either. */
async function spillOver(
  queue: Env['SPILL'],
  records: NewRecord[],
  reason: string,
  { log }: AcceptTools,
): Promise<Result<Stored[], Rejection>> {
  try {
    const packed = await packRecords(records)
    if (packed.length > MAX_PACKED_BYTES) {
      return err({ kind: 'not_stored', reason: `${reason}; too large for the spill queue` })
    }
    const sent = queue.send(packed, { contentType: 'bytes' })
    await withinTimeout(sent, 'the queue', SPILL_TIMEOUT_MS)
  } catch (error) {
    return err({ kind: 'not_stored', reason: `${reason}; spill: ${String(error)}` })
  }
  log({ at: 'accept', spilled: records.length, reason })
  return ok(records.map((record) => ({ record, id: record.id, status: 'queued' })))
}

/** The messages for what is to be delivered of that which was stored. */
function dueOf(stored: readonly Stored[]): DeliveryMessage[] {
  const accepted = stored.filter(({ status }) => status === 'accepted' || status === 'derived')
  return accepted.flatMap(({ record }) => firstMessages(record))
}

function answer({ record, id, status }: Stored, warnings: Warning[]): Accepted {
  const { content, planned } = record
  const isOwed = status === 'accepted' || status === 'queued'
  return {
    id,
    status,
    type: record.type,
    deliveries: isOwed ? planned.length : 0,
    warnings: warningTexts(warnings),
    ...('issues' in content ? { issues: warningTexts(content.issues) } : {}),
  }
}

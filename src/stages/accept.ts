// request → prove → read → record (normalize, route) → one D1 batch → delivery ids to the queue.
// What is answered 202 is in the log.
import { type Config, type ConfiguredSource, isBrokenSource } from '../config.ts'
import type { DeliveryMessage } from '../core/delivery.ts'
import { warningText } from '../core/event.ts'
import type { Warning } from '../core/fields.ts'
import { type EventId, ID_RANDOM_RANGE, newEventId } from '../core/id.ts'
import { readMessages } from '../core/json.ts'
import { prove } from '../core/proof.ts'
import { type Arrival, hopsOf, keepBytes, textOf, type VerifiedRequest } from '../core/request.ts'
import { ok, type Rejection, type Result, refuse } from '../core/result.ts'
import { queueDelaySeconds } from '../core/retry.ts'
import type { Env } from '../env.ts'
import { isKeyTaken, type NewRecord, type Recorded, recordEvents } from '../store/events.ts'
import { withinTimeout } from '../store/within.ts'
import { VENDORS } from '../vendors/index.ts'
import { type Incoming, makeRecord } from './record.ts'

/** More events in one request than any vendor sends; each takes a statement of the one transaction. */
export const MAX_EVENTS = 100

/** Through how many relays a request may have come: two in a row happen, a loop does not end by itself. */
export const MAX_HOPS = 5

/** The most messages that a queue takes at once (Cloudflare Queues limits). */
const QUEUE_BATCH = 100

/** What the sender is told of one event. */
export type Accepted = {
  id: EventId
  status: 'accepted' | 'duplicate' | 'quarantined'
  type: string
  deliveries: number
  warnings: string[]
  issues?: string[]
}

/** What the edge hands in: the time (epoch milliseconds), randomness, and the origin that the sender called. */
export type AcceptTools = {
  now: number
  /** A whole number from 0 to below its argument. */
  random: (below: number) => number
  origin: string
  log: (line: Record<string, unknown>) => void
}

/**
 * Takes a request in. Refuses, in this order: an unknown or broken source, a sender that is not proven, a large
 * body, a loop, what is no JSON object or list of objects, and everything while D1 does not answer.
 */
export async function accept(
  env: Pick<Env, 'DB' | 'DELIVERIES'>,
  config: Config,
  sourceName: string,
  arrival: Arrival,
  tools: AcceptTools,
): Promise<Result<{ batch: boolean; events: Accepted[] }, Rejection>> {
  const source = config.sources.get(sourceName)
  if (source === undefined) return refuse({ kind: 'unknown_source' })
  if (isBrokenSource(source)) return refuse({ kind: 'source_broken', reason: source.broken })
  const { checkSignature } = VENDORS[source.vendor]
  const proven = await prove(arrival, source.credentials, checkSignature, tools.now)
  if (!proven.ok) return proven
  const read = readRequest(proven.value, tools.origin)
  if (!read.ok) return read
  const stored = await store(env.DB, config, source, read.value.incoming, tools)
  if (!stored.ok) return stored
  await sendDue(env.DELIVERIES, stored.value, tools)
  return ok({ batch: read.value.batch, events: stored.value.map(answer) })
}

function readRequest(
  request: VerifiedRequest,
  origin: string,
): Result<{ batch: boolean; incoming: Incoming[] }, Rejection> {
  const { headers, eventName } = request
  const hops = hopsOf(headers)
  if (hops >= MAX_HOPS) return refuse({ kind: 'looping', maxHops: MAX_HOPS })
  const read = readMessages(textOf(request))
  if (read === undefined) return refuse({ kind: 'not_json' })
  const { batch, messages } = read
  if (messages.length > MAX_EVENTS)
    return refuse({ kind: 'too_many_events', maxEvents: MAX_EVENTS })
  const whole = keepBytes(request.bytes)
  const incoming = messages.map((message) => ({
    message,
    // A list is kept element by element, each exactly as it came.
    raw: batch && whole.encoding === 'utf8' ? { ...whole, text: message.text } : whole,
    headers,
    eventName,
    hops,
    origin,
  }))
  return ok({ batch, incoming })
}

type Stored = { record: NewRecord; warnings: Warning[]; recorded: Recorded }

/** Gives ids and writes. An id that is taken is given anew; any other failure of D1 refuses the request. */
async function store(
  db: D1Database,
  config: Config,
  source: ConfiguredSource,
  incoming: Incoming[],
  tools: AcceptTools,
): Promise<Result<Stored[], Rejection>> {
  for (let tries = 1; ; tries++) {
    const made = await Promise.all(
      incoming.map((one) => {
        const id = newEventId(tools.now, tools.random(ID_RANDOM_RANGE))
        return makeRecord(id, source, config, one)
      }),
    )
    try {
      const writing = recordEvents(
        db,
        made.map(({ record }) => record),
      )
      const recorded = await withinTimeout(writing)
      return ok(made.flatMap((one, i) => (recorded[i] ? [{ ...one, recorded: recorded[i] }] : [])))
    } catch (error) {
      if (isKeyTaken(error) && tries < 3) continue
      return refuse({ kind: 'not_stored', reason: String(error) })
    }
  }
}

/** Tells the queue what is due. When it does not listen, the sweep will: the rows are there. */
async function sendDue(
  queue: Env['DELIVERIES'],
  stored: Stored[],
  tools: AcceptTools,
): Promise<void> {
  const messages: MessageSendRequest<DeliveryMessage>[] = []
  for (const { record, recorded } of stored) {
    if (recorded.status !== 'accepted') continue
    for (const planned of record.planned) {
      if (planned.state !== 'pending') continue
      const body = { event: record.id, target: planned.target, attempt: 1 }
      messages.push({ body, delaySeconds: queueDelaySeconds(planned.due, tools.now) })
    }
  }
  try {
    for (let i = 0; i < messages.length; i += QUEUE_BATCH) {
      await queue.sendBatch(messages.slice(i, i + QUEUE_BATCH))
    }
  } catch (error) {
    tools.log({
      at: 'accept',
      fault: 'the queue did not take the ids; the sweep will',
      detail: String(error),
    })
  }
}

function answer({ record, recorded, warnings }: Stored): Accepted {
  const { content } = record
  return {
    id: recorded.id,
    status: recorded.status,
    type: record.type,
    deliveries: recorded.status === 'accepted' ? record.planned.length : 0,
    warnings: warnings.map(warningText),
    ...('issues' in content ? { issues: content.issues.map(warningText) } : {}),
  }
}

// request → authenticate → messages → drafts → commit to D1, or spill → wake-up messages of the deliveries.
// Whatever is answered 202 is in the log, or in the spill queue while D1 is unavailable.
import {
  type Config,
  type ConfiguredSource,
  isBrokenSource,
  unreadableTexts,
} from '../../config.ts'
import { ID_RANDOM_RANGE, newEventId } from '../../core/id.ts'
import { authenticate } from '../../core/intake/authenticate.ts'
import { MAX_MESSAGES, messagesIn, type VendorMessage } from '../../core/intake/request.ts'
import { unpacked } from '../../core/intake/unpack.ts'
import { err, ok, type Rejection, type Result } from '../../core/result.ts'
import type { Env, Tools } from '../../env.ts'
import { deleteObjects } from '../../store/events/bodies/objects.ts'
import { placeBodies } from '../../store/events/bodies/place.ts'
import type { BatchDatabase } from '../../store/group-commit.ts'
import {
  type EventRecord,
  isDeliverable,
  isOutdated,
  isSchemaOlder,
  type Receipt,
} from '../../store/intake/records.ts'
import { MAX_PACKED_BYTES, packRecords } from '../../store/intake/spill.ts'
import { withTimeout } from '../../store/timeout.ts'
import { VENDORS } from '../../vendors/index.ts'
import { enqueueDeliveries, firstMessages } from '../deliveries/enqueue.ts'
import { putArchived } from './archive.ts'
import { commitRecords, completeRecords } from './commit.ts'
import { draftRecord } from './draft.ts'

/**
 * How long the spill queue may take, in milliseconds. Hapana waits 10 s for a response. A write that lost a race is done
 * again within the first second, so the last one ends within 1 + 2 s; with 3 s for the queue and 3 s for the archive, 9 s.
 */
const SPILL_TIMEOUT_MS = 3000
const RACES_MS = 1000

/** How long R2 may take for the large bodies of a request: they are placed again where a write is done again. */
const BODIES_MS = 1000

const SCHEMA_REMEDY =
  'the schema is older than the code: run "npm run deploy" or "npx wrangler d1 migrations apply DB --remote"'

/** The ids that a request may take of a millisecond: for its events, and for those inferred from them. */
const MAX_IDS = 4 * MAX_MESSAGES

/** The bindings of accept. The database may be shared with other requests (store/group-commit.ts). */
type AcceptEnv = Pick<Env, 'DELIVERIES' | 'SPILL' | 'ARCHIVE'> & { DB: BatchDatabase }

/**
 * Accepts a request, and returns a receipt for each of its messages. Refuses, in this order: an unknown or broken source, or
 * any name that is not there while SOURCES cannot be read;
 * a wrong secret, or a malformed or old signature; a body that is too large; a wrong signature; a loop; a body that is empty
 * or a list of more than 100 elements; any request while the schema is older than the code; and any that neither
 * D1, nor the spill queue, nor the archive takes.
 */
export async function accept(
  env: AcceptEnv,
  config: Config,
  sourceName: string,
  request: Request,
  tools: Tools,
): Promise<Result<{ batch: boolean; receipts: Receipt[] }, Rejection>> {
  const source = config.sources.get(sourceName)
  if (source === undefined) return err(whyNoSource(config))
  if (isBrokenSource(source)) return err({ kind: 'source_broken', reason: source.broken })
  const now = tools.now()
  const url = new URL(request.url)
  const { credentials } = source
  const required = { credentials, scheme: VENDORS[source.vendor].signature }
  const limits = { now, maxBodyBytes: config.maxBodyBytes }
  const verified = await authenticate(request, url.searchParams, required, limits)
  if (!verified.ok) return verified
  const whole = await unpacked(verified.value, config.maxBodyBytes)
  if (!whole.ok) return whole
  const read = messagesIn(whole.value)
  if (!read.ok) return read
  const { batch, messages } = read.value
  const written = await write(env, config, { source, messages, now, origin: url.origin }, tools)
  if (!written.ok) return written
  const wakeUps = written.value.filter(isDeliverable).flatMap(({ record }) => firstMessages(record))
  // The events are safe: a slow queue must not make the sender try again.
  tools.waitUntil(enqueueDeliveries(env.DELIVERIES, wakeUps, tools))
  return ok({ batch, receipts: written.value.slice(0, messages.length) })
}

/** A name that is not there may be one of those that cannot be read: its sender is asked to try again. */
function whyNoSource(config: Config): Rejection {
  const reasons = unreadableTexts(config, 'sources')
  if (reasons.length === 0) return { kind: 'unknown_source' }
  return { kind: 'sources_unreadable', reason: reasons.join('; ') }
}

/** The messages of an authenticated request; `now` in epoch milliseconds. */
type Authenticated = {
  source: ConfiguredSource
  messages: readonly VendorMessage[]
  now: number
  origin: string
}

/** Gives ids and writes. A write that lost a race is done again; when D1 fails otherwise, the records are spilled. */
async function write(
  env: AcceptEnv,
  config: Config,
  { source, messages, now, origin }: Authenticated,
  tools: Tools,
): Promise<Result<Receipt[], Rejection>> {
  for (let tries = 1; ; tries++) {
    // Ascending within a request: the order of a list is the order of its events.
    const first = Math.floor(tools.random() * (ID_RANDOM_RANGE - MAX_IDS))
    const drafts = await Promise.all(
      messages.map((message, i) =>
        draftRecord(newEventId(now, first + i), source, message, origin),
      ),
    )
    const idFor = (n: number) => newEventId(now, first + drafts.length + n)
    const placing = { ...tools, ms: now + BODIES_MS - tools.now() }
    const placed = await placeBodies(env.ARCHIVE, drafts, placing)
    try {
      const means = { idFor, now, log: tools.log }
      const receipts = await commitRecords(env, config, placed, 'now', means)
      // Nothing is kept of a message of an erased contact.
      const unused = placed.filter((_, i) => receipts[i]?.record.isErased)
      const names = unused.flatMap(({ apart }) => apart?.object ?? [])
      if (names.length > 0) tools.waitUntil(deleteObjects(env.ARCHIVE, names))
      return ok(receipts)
    } catch (error) {
      if (isOutdated(error) && tries < 3 && tools.now() - now < RACES_MS) continue
      // Only an operator can end this, perhaps days later: the sender keeps the event until then.
      if (isSchemaOlder(error)) {
        return err({ kind: 'not_stored', reason: `${String(error)}; ${SCHEMA_REMEDY}` })
      }
      const records = await completeRecords(config, drafts, undefined, { idFor, now })
      return spillOver(env, records, String(error), tools)
    }
  }
}

/** Puts records where they wait for D1: into the spill queue, else into the archive. Refuses when neither takes them. */
async function spillOver(
  { SPILL, ARCHIVE }: AcceptEnv,
  records: readonly EventRecord[],
  reason: string,
  { log }: Tools,
): Promise<Result<Receipt[], Rejection>> {
  const packed = await packRecords(records)
  const places: [name: string, put: () => Promise<unknown>][] = [
    ['spill', () => sendToSpill(SPILL, packed)],
  ]
  const [first] = records
  if (ARCHIVE !== undefined && first !== undefined) {
    places.push(['archive', () => putArchived(ARCHIVE, first.id, packed)])
  }
  const reasons = [reason]
  for (const [place, put] of places) {
    try {
      await put()
      log({ at: 'accept', spilled: records.length, to: place, reason: reasons.join('; ') })
      return ok(records.map((record) => ({ record, id: record.id, status: 'queued' })))
    } catch (error) {
      reasons.push(`${place}: ${String(error)}`)
    }
  }
  return err({ kind: 'not_stored', reason: reasons.join('; ') })
}

async function sendToSpill(queue: Env['SPILL'], packed: Uint8Array): Promise<void> {
  if (packed.length > MAX_PACKED_BYTES) throw new Error('too large for the queue')
  await withTimeout(queue.send(packed, { contentType: 'bytes' }), 'the queue', SPILL_TIMEOUT_MS)
}

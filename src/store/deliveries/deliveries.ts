// Deliveries of the log: loads those that are due, writes their next state, releases held ones.
import type { Health } from '../../core/deliveries/breaker.ts'
import type {
  DeliveryMessage,
  DeliveryState,
  DueDelivery,
  HoldReason,
  NextState,
  Rendered,
} from '../../core/deliveries/delivery.ts'
import type { Lease } from '../../core/deliveries/lease.ts'
import { firstKeyAt, idOfKey, keyOfId } from '../../core/id.ts'
import type { RawBody } from '../../core/intake/request.ts'
import { type LoadedDelivery, loadedDelivery } from '../events/bodies/loaded-delivery.ts'
import { PLACE_COLUMNS, type PlaceColumns, withPlace } from '../events/bodies/read.ts'
import { JOINED_PERSON_OF_E } from '../events/contacts.ts'
import { eventOf } from '../events/events.ts'
import { markSegments, markSegmentsOf } from '../segments.ts'
import { storedWord } from '../stored-words.ts'
import { type MessageRow, messageOf } from './messages.ts'
import { EARLIER, LATER, precedenceOf, REFUSED_SINCE } from './order.ts'
import { healthQuery, healthsOf } from './targets.ts'
import { BECOMES_DUE } from './waiting.ts'

/** The age of an event up to which no later one of its person can have been delivered before it. */
const ON_TIME_MS = 1000

/** What is loaded with the delivery of a message beside its own row, and the lease that the message needs. */
type Needs = { raw: boolean; order: boolean; lease: Lease | undefined }

/**
 * Loads the deliveries of a batch of messages, and the health of every target, in one round trip. A message without a
 * row is left out. Leases are taken first: `leaseHolder` is the message that has one.
 */
export async function loadDueDeliveries(
  db: D1Database,
  messages: readonly (DeliveryMessage & Needs)[],
  now: number,
): Promise<{ deliveries: LoadedDelivery[]; healths: Map<string, Health> }> {
  const late = firstKeyAt(now - ON_TIME_MS)
  const wanted = messages.map((message) =>
    JSON.stringify({ ...message, event: keyOfId(message.event), now, late }),
  )
  const query = db.prepare(selectDue(wanted.length)).bind(...wanted)
  const isAnyLeased = messages.some(({ lease }) => lease !== undefined)
  const leases = isAnyLeased ? [db.prepare(takeLeases(wanted.length)).bind(...wanted)] : []
  const results = await db.batch([healthQuery(db), ...leases, query])
  return {
    deliveries: ((results.at(-1)?.results ?? []) as DueRow[]).map((row) =>
      loadedDelivery(row, dueDeliveryOf),
    ),
    healths: healthsOf(results[0]?.results ?? []),
  }
}

// D1 counts a row of json_each as read, but not one of VALUES.
const rowsOf = (name: string, count: number) =>
  `WITH ${name}(value) AS (VALUES ${Array.from({ length: count }, (_, i) => `(?${i + 1})`)})`

const selectDue = (count: number) => `
${rowsOf('wanted', count)}
SELECT CAST(d.event AS TEXT) AS key, d.target, d.state, d.attempt, d.first, d.due, d.reason, d.lease_holder, d.replayed,
  d.body, d.content_type, d.headers AS sent_headers, e.event, e.contact, e.hops, e.rung, e.headers, e.encoding, ${JOINED_PERSON_OF_E} AS joined,
  ${PLACE_COLUMNS},   CASE WHEN wanted.value ->> 'raw' THEN e.raw END AS raw,
  CASE WHEN wanted.value ->> 'order' THEN ${EARLIER} END AS earlier,
  CASE WHEN wanted.value ->> 'order' AND d.attempt > d.first THEN ${REFUSED_SINCE} END AS refused_since,
  CASE WHEN wanted.value ->> 'order' THEN ${LATER} END AS later
FROM wanted
CROSS JOIN deliveries AS d
  ON d.event = CAST(wanted.value ->> 'event' AS INTEGER) AND d.target = wanted.value ->> 'target'
CROSS JOIN events AS e ON e.key = d.event AND e.event IS NOT NULL
${withPlace('e')}`

const takeLeases = (count: number) => `
${rowsOf('late', count)}
UPDATE deliveries SET lease_holder = late.value ->> '$.lease.holder', lease_until = late.value ->> '$.lease.until'
FROM late
WHERE event = CAST(late.value ->> 'event' AS INTEGER) AND target = late.value ->> 'target'
  AND attempt = late.value ->> 'attempt' AND due = late.value ->> 'due' AND state IN ('pending', 'retrying')
  AND late.value ->> '$.lease.holder' IS NOT NULL
  AND (lease_until IS NULL OR lease_until < late.value ->> 'now' OR lease_holder = late.value ->> '$.lease.holder')`

type DueRow = {
  key: string
  target: string
  state: DeliveryState
  attempt: number
  first: number
  due: number | null
  reason: string | null
  lease_holder: string | null
  replayed: number
  body: string | null
  content_type: string | null
  sent_headers: string | null
  event: string
  contact: string | null
  joined: string | null
  hops: number
  /** How it was recognised as a repeat or a possible duplicate. */
  rung: string | null
  headers: string
  encoding: RawBody['encoding']
  raw: string | null
  earlier: string | null
  refused_since: string | null
  later: string | null
} & PlaceColumns

function dueDeliveryOf(row: DueRow): DueDelivery {
  const { raw, encoding } = row
  const headers = JSON.parse(row.headers) as Record<string, string>
  return {
    event: idOfKey(row.key),
    target: row.target,
    state: row.state,
    attempt: row.attempt,
    first: row.first,
    due: row.due ?? undefined,
    reason: row.reason ?? undefined,
    isReplay: row.replayed === 1,
    leaseHolder: row.lease_holder ?? undefined,
    sentBody: sentBodyOf(row),
    content: eventOf(row.event, row.rung, row.joined),
    contact: row.contact ?? undefined,
    hops: row.hops,
    precedence: precedenceOf(row.earlier, row.later),
    refusedSince: row.refused_since === null ? undefined : Date.parse(row.refused_since),
    raw: raw === null ? undefined : { text: raw, encoding },
    rawContentType: headers['content-type'],
  }
}

function sentBodyOf({ body, content_type, sent_headers }: DueRow): Rendered | undefined {
  if (body === null || content_type === null) return undefined
  const headers = sent_headers === null ? undefined : JSON.parse(sent_headers)
  return { body, contentType: content_type, headers }
}

/**
 * A row holds 2,000,000 bytes: the body of up to 1,500,000 (stages/deliveries/attempt.ts), and the attempts beside it. Once
 * those are this large, the response of an attempt is not stored; then, after hundreds of replays, the attempt neither.
 */
const MAX_BYTES_WITH_RESPONSES = 250_000
const MAX_ATTEMPTS_BYTES = 450_000

/** The rows of a statement that updates deliveries: the body is bound apart, since inside JSON it may be twice as large. */
const newRows = (count: number) =>
  `WITH new(value, body) AS (VALUES ${Array.from({ length: count }, (_, i) => `(?${2 * i + 1}, ?${2 * i + 2})`)})`

// One statement for all updates: each statement costs D1 as much time as the row that it writes.
const updateDeliveriesOf = (count: number) => `
${newRows(count)}
UPDATE deliveries SET
  state = new.value ->> 'state', reason = new.value ->> 'reason', due = new.value ->> 'due',
  attempt = deliveries.attempt + (new.value ->> 'logged' IS NOT NULL),
  attempts = CASE
    WHEN new.value ->> 'logged' IS NULL OR length(CAST(attempts AS BLOB)) > ${MAX_ATTEMPTS_BYTES} THEN attempts
    WHEN length(CAST(attempts AS BLOB)) > ${MAX_BYTES_WITH_RESPONSES}
      THEN json_insert(attempts, '$[#]', json_remove(new.value -> 'logged', '$.response'))
    ELSE json_insert(attempts, '$[#]', new.value -> 'logged') END,
  body = COALESCE(deliveries.body, new.body),
  content_type = COALESCE(content_type, new.value ->> 'contentType'),
  headers = COALESCE(headers, new.value ->> 'headers'),
  lease_holder = NULL, lease_until = NULL
FROM new
WHERE event = CAST(new.value ->> 'key' AS INTEGER) AND target = new.value ->> 'target'
  AND attempt = new.value ->> 'attempt' AND deliveries.state IN ('pending', 'retrying')`

/**
 * Writes the next states of deliveries in one transaction, each of another delivery, at most those of a batch of
 * messages. One has no effect where the row has another attempt number by now. Returns the health of every target then.
 */
export async function updateDeliveries(
  db: D1Database,
  updates: readonly { delivery: DeliveryKey; next: NextState }[],
): Promise<Map<string, Health>> {
  const rows = updates.flatMap(({ delivery: { event, target, attempt }, next }) => {
    const { keepBody, reason, ...rest } = next
    const stored = reason === undefined ? {} : { reason: storedWord(reason) }
    const { body = null, ...kept } = keepBody ?? {}
    const row = { key: keyOfId(event), target, attempt, ...rest, ...stored, ...kept }
    return [JSON.stringify(row), body]
  })
  const ids = updates.map(({ delivery }) => delivery.event)
  const results = await db.batch([
    db.prepare(updateDeliveriesOf(updates.length)).bind(...rows),
    markSegments(db, ids, 'delivered'),
    healthQuery(db),
  ])
  return healthsOf(results.at(-1)?.results ?? [])
}

/** Which delivery, and at which attempt. */
export type DeliveryKey = Pick<DueDelivery, 'event' | 'target' | 'attempt'>

/** The targets with held deliveries. Reads one row for each, however many deliveries there are. */
export async function listHeldTargets(db: D1Database): Promise<string[]> {
  const { results } = await db
    .prepare(
      `WITH RECURSIVE held (target) AS (
         SELECT min(target) FROM deliveries WHERE state = 'held'
         UNION ALL
         SELECT (SELECT min(target) FROM deliveries WHERE state = 'held' AND target > held.target)
         FROM held WHERE held.target IS NOT NULL)
       SELECT target FROM held WHERE target IS NOT NULL`,
    )
    .all<{ target: string }>()
  return results.map(({ target }) => target)
}

/**
 * Releases deliveries of a target that are held for one of some reasons, at most `limit`, those with the fewest attempts
 * first: what has failed must not be in the way of what was never tried. Returns their messages in this order.
 * They are due when they were, or at `now` (epoch milliseconds) if that has passed. Those held as `broken` keep that
 * reason: their target could not be asked whether it wants the event.
 */
export async function releaseHeld(
  db: D1Database,
  target: string,
  reasons: readonly HoldReason[],
  now: number,
  limit: number,
): Promise<DeliveryMessage[]> {
  const held = `
    SELECT d.event FROM json_each(?3) AS wanted
    CROSS JOIN deliveries AS d INDEXED BY deliveries_probe
      ON d.target = ?1 AND d.state = 'held' AND d.attempt > 0 AND d.reason = wanted.value LIMIT ?2`
  const [, released] = await db.batch([
    db.prepare(markSegmentsOf(held)).bind(target, limit, JSON.stringify(reasons.map(storedWord))),
    db
      .prepare(
        `UPDATE deliveries SET ${BECOMES_DUE},
           reason = CASE WHEN reason = 'broken' THEN reason END, due = max(COALESCE(due, 0), ?4)
         WHERE target = ?1 AND event IN (${held})
         RETURNING CAST(event AS TEXT) AS key, target, attempt, due`,
      )
      .bind(target, limit, JSON.stringify(reasons.map(storedWord)), now),
  ])
  const messages = ((released?.results ?? []) as MessageRow[]).map(messageOf)
  return messages.sort((a, b) => a.attempt - b.attempt)
}

// Reads the rows of events that may be packed, whole pages at a time.
import { idOfKey } from '../../../core/id.ts'
import type { StoredDelivery, StoredEvent, StoredRows } from '../../../core/ledger/pack-line.ts'
import { err, type Result } from '../../../core/result.ts'
import {
  bodyReader,
  inTurns,
  PLACE_COLUMNS,
  type PlaceColumns,
  withPlace,
} from '../../events/bodies/read.ts'
import { wholeRows } from '../../events/bodies/whole.ts'
import type { PackEnv } from '../../events/packs/packs.ts'
import { ERASED_INFERRED, readStatus, readWord } from '../../stored-words.ts'

/** Events of one page, and the bytes of their rows: at least one event, and small enough for the memory of a Worker. */
const PAGE_EVENTS = 500
const PAGE_BYTES = 4_000_000

/**
 * Which events: those from a key (decimal text) on and before another. `unsettledBefore`: events before this key may have
 * deliveries that are dead or cancelled; all others only delivered ones.
 */
export type Packable = { from: string; before: string; unsettledBefore: string }

// ?1 to ?3 are the members of Packable. Their own condition first: it reads no delivery.
// By what a repeat of an erased event is recognised is forgotten in its row, and would stay in a pack.
const IS_PACKABLE = `(e.status IN ('accepted', 'derived', 'duplicate') OR e.status = 'quarantined' AND e.dismissed IS NOT NULL
    OR e.status IN ('erased', '${ERASED_INFERRED}') AND e.dedup_key = '')`
const IS_SETTLED = `(d.state = 'delivered' OR d.state IN ('dead', 'cancelled') AND d.event < CAST(?3 AS INTEGER))`
const NEXT = (columns: string, limit: number) => `
  SELECT ${columns} FROM events AS e LEFT JOIN deliveries AS d ON d.event = e.key
  WHERE e.key >= CAST(?1 AS INTEGER) AND e.key < CAST(?2 AS INTEGER) AND ${IS_PACKABLE}
  GROUP BY e.key HAVING COALESCE(sum(NOT ${IS_SETTLED}), 0) = 0 ORDER BY e.key LIMIT ${limit}`
// A large body that is apart is in the line and, in part, in its event.
const TWICE = 'CASE WHEN e.raw IS NULL THEN (SELECT 2 * size FROM bodies WHERE owner = e.key) END'
const BYTES = `octet_length(e.headers) + COALESCE(octet_length(e.event), 0) + COALESCE(octet_length(e.raw), ${TWICE}, 0)
    + COALESCE(sum(octet_length(d.attempts) + COALESCE(octet_length(d.body), 0)), 0)`
const PAGE = `
WITH page AS (${NEXT(`e.key, ${BYTES} AS bytes`, PAGE_EVENTS)}
), sized AS (SELECT key, bytes, sum(bytes) OVER (ORDER BY key) AS total FROM page),
chosen AS (SELECT key AS own FROM sized WHERE total <= ${PAGE_BYTES} OR total = bytes)`

const EVENT_COLUMNS = `CAST(key AS TEXT) AS key, source, vendor, status, type, vendor_type, contact, planned, hops, dedup_key, dedup_stamp, rung,
  CAST(matched AS TEXT) AS matched, encoding, headers, issues, event, raw, at, event_name, dismissed`
const DELIVERY_COLUMNS = `CAST(event AS TEXT) AS event, target, state, reason, attempt, first, due, attempts, body, content_type, headers,
  replayed, swept, lease_holder, lease_until`

const EVENTS = `${PAGE}
SELECT ${EVENT_COLUMNS}, ${PLACE_COLUMNS}
FROM chosen CROSS JOIN events ON key = own ${withPlace('events')} ORDER BY own`

const DELIVERIES = `${PAGE}
SELECT ${DELIVERY_COLUMNS}
FROM chosen CROSS JOIN deliveries ON event = own ORDER BY own, target`

/**
 * Returns the next events that may be packed, by their keys' order: accepted and inferred ones, repeats, what was
 * dismissed in quarantine, and erased ones of which nothing is kept, with all deliveries settled. Those whose large bodies cannot be read now are left out. Empty if
 * there are no more.
 */
export async function readPackable(
  { DB: db, ARCHIVE }: PackEnv,
  range: Packable,
): Promise<StoredRows[]> {
  const bounds = [range.from, range.before, range.unsettledBefore]
  const [events, deliveries] = await db.batch([
    db.prepare(EVENTS).bind(...bounds),
    db.prepare(DELIVERIES).bind(...bounds),
  ])
  const rows = await storedRows(ARCHIVE, events, deliveries)
  return rows.flatMap((row) => (row.ok ? [row.value] : []))
}

/**
 * The rows of events with the places of their bodies, and of their deliveries with the key of each one's event as `event`: in
 * the words of the code, with large bodies in their rows. An event whose body cannot be read now is an error that says so.
 */
async function storedRows(
  bucket: R2Bucket | undefined,
  events: D1Result<unknown> | undefined,
  deliveries: D1Result<unknown> | undefined,
): Promise<Result<StoredRows, string>[]> {
  const owned = Map.groupBy((deliveries?.results ?? []) as OwnedDelivery[], ({ event }) => event)
  const read = bodyReader(bucket)
  const found = (events?.results ?? []) as (StoredEvent & PlaceColumns)[]
  return inTurns(found, async ({ object, packed, ...event }) => {
    const own = rowsIn(event, owned.get(event.key) ?? [])
    const whole = await wholeRows(read, { object, packed }, own)
    return whole.ok ? whole : err(`the event ${idOfKey(event.key)}: ${whole.error}`)
  })
}

type OwnedDelivery = StoredDelivery & { event: string }

/** Rows with the words of the code. */
function rowsIn(event: StoredEvent, deliveries: readonly OwnedDelivery[]): StoredRows {
  return {
    event: {
      ...event,
      status: readStatus(event.status),
      rung: event.rung === null ? null : readWord(event.rung),
    },
    deliveries: deliveries.map(({ event: _, ...delivery }) => ({
      ...delivery,
      reason: delivery.reason === null ? null : readWord(delivery.reason),
    })),
  }
}

/**
 * Returns the rows of those events of some keys that are hot, by their keys' order, in one transaction, with large bodies in
 * their rows. Throws when a body cannot be read now.
 */
export async function readRows(
  { DB: db, ARCHIVE }: PackEnv,
  keys: readonly string[],
): Promise<StoredRows[]> {
  if (keys.length === 0) return []
  const these = (columns: string, table: string, key: string, order = key) =>
    db
      .prepare(
        `SELECT ${columns} FROM ${table} WHERE ${key} IN (SELECT value FROM json_each(?1)) ORDER BY ${order}`,
      )
      .bind(`[${keys}]`)
  const [events, deliveries] = await db.batch([
    these(`${EVENT_COLUMNS}, ${PLACE_COLUMNS}`, `events ${withPlace('events')}`, 'key'),
    these(DELIVERY_COLUMNS, 'deliveries', 'event', 'event, target'),
  ])
  const rows = await storedRows(ARCHIVE, events, deliveries)
  return rows.map((row) => {
    if (!row.ok) throw new Error(row.error)
    return row.value
  })
}

/** Whether there is such an event. */
export async function isAnyPackable(db: D1Database, range: Packable): Promise<boolean> {
  const bounds = [range.from, range.before, range.unsettledBefore]
  const found = await db
    .prepare(NEXT('1 AS yes', 1))
    .bind(...bounds)
    .first('yes')
  return found === 1
}

// Schema drift: one report for each source and vendor type, and the position up to which the log was read for them.

import { TEST_PREFIX } from '../../core/events/contact-key.ts'
import { RELAY_SOURCE } from '../../core/events/system-event.ts'
import { type EventId, firstKeyAt, idOfKey, keyOfId, timeOfId } from '../../core/id.ts'
import { TEST_HEADER } from '../../core/intake/request.ts'
import type { DriftReport, KeyHistory } from '../../core/ledger/drift.ts'
import type { StoredRows } from '../../core/ledger/pack-line.ts'
import {
  bodyReader,
  IN_ROW,
  inTurns,
  PLACE_COLUMNS,
  type PlaceColumns,
  placeIn,
  withPlace,
} from '../events/bodies/read.ts'
import type { KeyRange } from '../events/event-filter.ts'
import { IS_TEST } from '../events/event-rows.ts'
import type { PackEnv, PackRow } from '../events/packs/packs.ts'
import { readTogether } from '../events/packs/together.ts'
import { listWindow, readWindow } from '../events/packs/window.ts'

/** The messages that a report is about. `type` is the vendor's; empty for messages whose type is unknown. */
export type DriftReportKey = { source: string; type: string }

export type NamedDriftReport = DriftReportKey & { report: DriftReport }

/** A message as it was received, and when, in epoch milliseconds. */
export type UnreadMessage = { source: string; vendorType: string | null; raw: string; at: number }

/** The messages of a part of the log: the events after `after`, up to and including `last`. */
type UnreadPart = { messages: UnreadMessage[]; after: EventId; last: EventId }

/** At least as large as the largest body, and small enough for the memory of a Worker (128 MB). */
const MAX_BYTES = 8_000_000

/** The blocks of packs that are read for a part, where the reports are more than `HOT_DAYS` behind. */
const MAX_BLOCKS = 5

const IS_SAMPLE = `e.encoding = 'utf8' AND e.status <> 'duplicate' AND e.source <> '${RELAY_SOURCE}' AND NOT ${IS_TEST}`

/** SQL: the messages of the next events with rows; `?1`: how many. */
const unreadIn = ({ from, before }: KeyRange) => `
WITH page AS (
  SELECT key, COALESCE(octet_length(raw), bodies.size, 0) AS bytes FROM events ${withPlace('events')}
  WHERE key >= ${from} AND key < ${before} ORDER BY key LIMIT ?1
), sized AS (SELECT key, sum(bytes) OVER (ORDER BY key) AS bytes FROM page)
SELECT CAST(e.key AS TEXT) AS key, e.source, e.vendor_type, CASE WHEN ${IS_SAMPLE} THEN e.raw END AS raw, ${PLACE_COLUMNS}
FROM sized CROSS JOIN events AS e ON e.key = sized.key ${withPlace('e')} AND ${IS_SAMPLE}
WHERE sized.bytes <= ${MAX_BYTES} ORDER BY e.key`

type UnreadRow = PlaceColumns & {
  key: string
  source: string
  vendor_type: string | null
  raw: string | null
}

/** The same of a packed event. */
function unreadOf({
  event: { status, encoding, headers, contact, ...event },
}: StoredRows): UnreadRow {
  const { key, source, vendor_type, raw } = event
  const isMarked = contact?.startsWith(TEST_PREFIX) !== false
  const isTest =
    JSON.parse(headers)[TEST_HEADER] === 'true' ||
    (isMarked && event.event !== null && JSON.parse(event.event).test === true)
  const isSample =
    encoding === 'utf8' && status !== 'duplicate' && source !== RELAY_SOURCE && !isTest
  return { key, source, vendor_type, raw: isSample ? raw : null, ...IN_ROW }
}

/**
 * Returns the next part of the log, of at most `limit` events received before a time (epoch milliseconds), hot and packed
 * ones. Its messages leave out duplicates, system events, tests, and bodies that are not UTF-8, were deleted, or cannot be
 * read in R2 now. Undefined at the end. Throws like `readTogether`.
 */
export async function readUnreadMessages(
  env: PackEnv,
  until: number,
  limit: number,
): Promise<UnreadPart | undefined> {
  const after = await env.DB.prepare(
    'SELECT CAST(event AS TEXT) AS event FROM drift_read',
  ).first<string>('event')
  const range = { from: BigInt(after ?? 0) + 1n, before: BigInt(firstKeyAt(until)) }
  if (range.from >= range.before) return undefined
  const { found, end, results } = await readTogether(env.DB, {
    range,
    list: listWindow(env.DB, range),
    read: (rows: PackRow[]) => readWindow(env, range, { rows, maxBlocks: MAX_BLOCKS }, unreadOf),
    alongside: (range) => [env.DB.prepare(unreadIn(range)).bind(limit)],
  })
  const hot = (results[0]?.results ?? []) as UnreadRow[]
  // Behind the last row there may be others.
  const bound = BigInt(hot.at(-1)?.key ?? end ?? range.before)
  const rows = [
    ...hot,
    ...found.map(({ value }) => value).filter(({ key }) => BigInt(key) <= bound),
  ]
    .sort((a, b) => (BigInt(a.key) < BigInt(b.key) ? -1 : 1))
    .slice(0, limit)
  const last = rows.at(-1)
  if (last === undefined) return undefined
  const messages = await messagesOf(env.ARCHIVE, rows)
  return { messages, after: idOfKey(after ?? '0'), last: idOfKey(last.key) }
}

async function messagesOf(
  bucket: R2Bucket | undefined,
  rows: readonly UnreadRow[],
): Promise<UnreadMessage[]> {
  const read = bodyReader(bucket)
  const messages = await inTurns(rows, async (row): Promise<UnreadMessage[]> => {
    const { key, source, vendor_type: vendorType } = row
    const place = placeIn(row)
    const body = place && (await read(place))
    const raw = body?.ok ? body.value.text : row.raw
    return raw === null ? [] : [{ source, vendorType, raw, at: timeOfId(idOfKey(key)) }]
  })
  return messages.flat()
}

/** Returns the keys of all reports. */
export async function listDriftReportKeys(db: D1Database): Promise<DriftReportKey[]> {
  const { results } = await db
    .prepare('SELECT source, vendor_type AS type FROM drift')
    .all<DriftReportKey>()
  return results
}

type Row = {
  source: string
  type: string
  messages: number
  first_seen: number
  last_seen: number
  keys: string
}

const COLUMNS =
  'd.source, d.vendor_type AS type, d.messages, d.first_seen, d.last_seen, d.keys FROM'

/** Returns the reports with these keys that exist. */
export async function getDriftReports(
  db: D1Database,
  keys: readonly DriftReportKey[],
): Promise<NamedDriftReport[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} json_each(?1) AS wanted CROSS JOIN drift AS d
         ON d.source = wanted.value ->> 'source' AND d.vendor_type = wanted.value ->> 'type'`,
    )
    .bind(JSON.stringify(keys.map(({ source, type }) => ({ source, type }))))
    .all<Row>()
  return results.map(reportOf)
}

/** Returns the reports, of one source or type or of all, sorted by these. */
export async function listDriftReports(
  db: D1Database,
  { source, type }: { source?: string | undefined; type?: string | undefined },
): Promise<NamedDriftReport[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} drift AS d WHERE (?1 IS NULL OR d.source = ?1) AND (?2 IS NULL OR d.vendor_type = ?2)
       ORDER BY d.source, d.vendor_type`,
    )
    .bind(source ?? null, type ?? null)
    .all<Row>()
  return results.map(reportOf)
}

function reportOf({ source, type, messages, first_seen, last_seen, keys }: Row): NamedDriftReport {
  const known = new Map(JSON.parse(keys) as [path: string, key: KeyHistory][])
  return { source, type, report: { messages, first: first_seen, last: last_seen, keys: known } }
}

// Only if the log was not read further since: of two concurrent runs, the later one writes nothing.
const WRITE = `
INSERT INTO drift (source, vendor_type, messages, first_seen, last_seen, keys)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 FROM drift_read WHERE event = CAST(?7 AS INTEGER)
ON CONFLICT (source, vendor_type) DO UPDATE SET messages = excluded.messages,
  first_seen = excluded.first_seen, last_seen = excluded.last_seen, keys = excluded.keys`

/**
 * Stores reports and moves the position in the log from `after` to `last`, in one transaction. Returns false and changes
 * nothing if another run has moved it already.
 */
export async function writeDriftReports(
  db: D1Database,
  reports: readonly NamedDriftReport[],
  { after, last }: Pick<UnreadPart, 'after' | 'last'>,
): Promise<boolean> {
  const write = db.prepare(WRITE)
  const results = await db.batch([
    ...reports.map(({ source, type, report: { messages, first, last, keys } }) =>
      write.bind(source, type, messages, first, last, JSON.stringify([...keys]), keyOfId(after)),
    ),
    // Last: the statements before it still read the old position.
    db
      .prepare(
        'UPDATE drift_read SET event = CAST(?2 AS INTEGER) WHERE event = CAST(?1 AS INTEGER)',
      )
      .bind(keyOfId(after), keyOfId(last)),
  ])
  return (results.at(-1)?.meta.changes ?? 0) > 0
}

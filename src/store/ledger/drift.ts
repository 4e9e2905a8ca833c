// The drift diary: one row for each source and vendor type, and how far the log has been read for it.

import { RELAY_SOURCE } from '../../core/events/system-event.ts'
import { type EventId, firstKeyAt, idOfKey, keyOfId, timeOfId } from '../../core/id.ts'
import { TEST_HEADER } from '../../core/intake/request.ts'
import type { DriftReport, KeyHistory } from '../../core/ledger/drift.ts'

/** Of which messages a diary is. `type` is the vendor's; empty for messages that are not recognised. */
export type DiaryName = { source: string; type: string }

export type NamedDiary = DiaryName & { diary: DriftReport }

/** A message as it came, and when. */
export type UnreadMessage = { source: string; vendorType: string | null; raw: string; at: number }

/** A part of the log: what is to be looked at in it, and between which events it lies. */
export type UnreadPage = { messages: UnreadMessage[]; after: EventId; last: EventId }

/** A page holds a row of the largest size at least, and fits the memory of a Worker many times over. */
const MAX_PAGE_BYTES = 8_000_000

const UNREAD = `
WITH place AS (SELECT event FROM drift_read), page AS (
  SELECT key, COALESCE(octet_length(raw), 0) AS bytes FROM events
  WHERE key > (SELECT event FROM place) AND key < CAST(?1 AS INTEGER) ORDER BY key LIMIT ?2
), sized AS (SELECT key, sum(bytes) OVER (ORDER BY key) AS bytes FROM page)
SELECT CAST(e.key AS TEXT) AS key, CAST((SELECT event FROM place) AS TEXT) AS after, e.source, e.vendor_type,
  CASE WHEN e.encoding = 'utf8' AND e.status <> 'duplicate' AND e.source <> '${RELAY_SOURCE}'
    AND COALESCE(e.event ->> 'test', 0) = 0 AND e.headers ->> '${TEST_HEADER}' IS NOT 'true' THEN e.raw END AS raw
FROM sized CROSS JOIN events AS e ON e.key = sized.key WHERE sized.bytes <= ${MAX_PAGE_BYTES} ORDER BY e.key`

/**
 * The next events of the log, those that came before a time (epoch milliseconds). To be looked at are messages that
 * are texts and are there still: no repeats, none of the relay's own, no tests. Undefined when the log has no more.
 */
export async function readOn(
  db: D1Database,
  until: number,
  limit: number,
): Promise<UnreadPage | undefined> {
  type Row = {
    key: string
    after: string
    source: string
    vendor_type: string | null
    raw: string | null
  }
  const { results } = await db.prepare(UNREAD).bind(firstKeyAt(until), limit).all<Row>()
  const [first, last] = [results[0], results.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const messages = results.flatMap(({ key, source, vendor_type, raw }) =>
    raw === null ? [] : [{ source, vendorType: vendor_type, raw, at: timeOfId(idOfKey(key)) }],
  )
  return { messages, after: idOfKey(first.after), last: idOfKey(last.key) }
}

/** The names of all diaries. */
export async function listDiaryNames(db: D1Database): Promise<DiaryName[]> {
  const { results } = await db
    .prepare('SELECT source, vendor_type AS type FROM drift')
    .all<DiaryName>()
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

/** The diaries of these names, as far as there are any. */
export async function getDiaries(
  db: D1Database,
  names: readonly DiaryName[],
): Promise<NamedDiary[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} json_each(?1) AS wanted CROSS JOIN drift AS d
         ON d.source = wanted.value ->> 'source' AND d.vendor_type = wanted.value ->> 'type'`,
    )
    .bind(JSON.stringify(names.map(({ source, type }) => ({ source, type }))))
    .all<Row>()
  return results.map(diaryOf)
}

/** The diaries, by name; of one source or type, or of all. */
export async function listDiaries(
  db: D1Database,
  { source, type }: { source?: string | undefined; type?: string | undefined },
): Promise<NamedDiary[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} drift AS d WHERE (?1 IS NULL OR d.source = ?1) AND (?2 IS NULL OR d.vendor_type = ?2)
       ORDER BY d.source, d.vendor_type`,
    )
    .bind(source ?? null, type ?? null)
    .all<Row>()
  return results.map(diaryOf)
}

function diaryOf({ source, type, messages, first_seen, last_seen, keys }: Row): NamedDiary {
  const known = new Map(JSON.parse(keys) as [path: string, key: KeyHistory][])
  return { source, type, diary: { messages, first: first_seen, last: last_seen, keys: known } }
}

// Only from where it was read: of two runs at the same time, the later one writes nothing.
const WRITE = `
INSERT INTO drift (source, vendor_type, messages, first_seen, last_seen, keys)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 FROM drift_read WHERE event = CAST(?7 AS INTEGER)
ON CONFLICT (source, vendor_type) DO UPDATE SET messages = excluded.messages,
  first_seen = excluded.first_seen, last_seen = excluded.last_seen, keys = excluded.keys`

/**
 * Writes diaries, and that the log was read from one event to another, in one transaction. Does nothing, and gives
 * false, when another run has read on from there.
 */
export async function writeDiaries(
  db: D1Database,
  diaries: readonly NamedDiary[],
  { after, last }: Pick<UnreadPage, 'after' | 'last'>,
): Promise<boolean> {
  const write = db.prepare(WRITE)
  const results = await db.batch([
    ...diaries.map(({ source, type, diary: { messages, first, last, keys } }) =>
      write.bind(source, type, messages, first, last, JSON.stringify([...keys]), keyOfId(after)),
    ),
    // Last, as what stands before it asks for the old place.
    db
      .prepare(
        'UPDATE drift_read SET event = CAST(?2 AS INTEGER) WHERE event = CAST(?1 AS INTEGER)',
      )
      .bind(keyOfId(after), keyOfId(last)),
  ])
  return (results.at(-1)?.meta.changes ?? 0) > 0
}

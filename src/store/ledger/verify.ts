// Compares the ledger with the log: stored counts with rows, and planned deliveries with existing ones.
import { DELIVERY_STATES } from '../../core/deliveries/delivery.ts'
import { EVENT_STATUSES } from '../../core/events/event.ts'
import { formatInstant } from '../../core/events/time.ts'
import { firstKeyAt, ID_RANDOM_RANGE, idOfKey } from '../../core/id.ts'
import { HOUR_MS, type Period } from '../../core/period.ts'
import { listPacks, type Pack, type PackEnv } from '../events/packs/packs.ts'
import { IS_FROZEN, segmentOf } from '../segments.ts'
import { readWord, storedWord } from '../stored-words.ts'
import { listPackDifferences } from './packs/verify.ts'

/** The period that one call checks, and how many differences of each kind it lists. */
const MAX_PERIOD_MS = 24 * HOUR_MS
const MAX_LISTED = 100

/** Differences as text. `next`: where to continue, in epoch milliseconds; undefined if the whole period was checked. */
export type Differences = { differences: string[]; next: number | undefined }

/** The packed events that one call reads: they take it a few seconds. A pack is read as a whole. */
const MAX_PACKED_EVENTS = 30_000

/**
 * Returns the differences between the ledger and the log in the first day of a period, or in its first hours where these have
 * many packed events. Rows are read in one transaction; then each pack. The period is extended to whole hours. A pack that
 * cannot be read is a difference.
 */
export async function listDifferences(
  env: PackEnv,
  { since, until }: Period,
): Promise<Differences> {
  const begin = Math.floor(since / HOUR_MS) * HOUR_MS
  const lastEnd = Math.min(begin + MAX_PERIOD_MS, Math.ceil(until / HOUR_MS) * HOUR_MS)
  const { packs, end } = await nextPacks(env.DB, begin, lastEnd)
  const rows = await differencesOfRows(env.DB, begin, end, until)
  const differences = [...rows.differences]
  for (const pack of packs) differences.push(...(await listPackDifferences(env, pack)))
  return { differences, next: rows.next }
}

/** The packs to check, and the hour before which they are: the last end, or an earlier one after as many events as one call reads. */
async function nextPacks(
  db: D1Database,
  begin: number,
  lastEnd: number,
): Promise<{ packs: Pack[]; end: number }> {
  const packs = await listPacks(db, { since: begin, until: lastEnd }, MAX_PACKS)
  let [end, events] = [lastEnd, 0]
  for (const pack of packs) {
    events += pack.events
    const hour = pack.start - (pack.start % HOUR_MS)
    if (events > MAX_PACKED_EVENTS && hour > begin) {
      end = Math.min(end, hour)
      break
    }
  }
  return { packs: packs.filter(({ start }) => start < end), end }
}

/** More than a day has. */
const MAX_PACKS = 2000

async function differencesOfRows(
  db: D1Database,
  begin: number,
  end: number,
  until: number,
): Promise<Differences> {
  const bounds = [firstKeyAt(begin), firstKeyAt(end)]
  const [counts, planned, invalid, unpacked, next] = await db.batch([
    db.prepare(COUNTS).bind(...bounds, begin, end),
    db.prepare(PLANNED).bind(...bounds),
    db.prepare(INVALID).bind(...bounds),
    db.prepare(UNPACKED).bind(begin, end),
    db.prepare(NEXT).bind(firstKeyAt(end), end),
  ])
  const { time } = (next?.results[0] ?? {}) as { time?: number | null }
  const nextTime = time ?? Number.POSITIVE_INFINITY
  return {
    differences: [
      ...textsOf((counts?.results ?? []) as CountRow[], countText),
      ...textsOf((planned?.results ?? []) as PlannedRow[], plannedText),
      ...textsOf((invalid?.results ?? []) as InvalidRow[], invalidText),
      ...textsOf((unpacked?.results ?? []) as { start: number }[], unpackedText),
    ],
    next: nextTime < until ? nextTime : undefined,
  }
}

/** Returns the differences of a kind as text, with a note if there are more than are listed. */
function textsOf<Row>(rows: Row[], textOf: (row: Row) => string): string[] {
  const texts = rows.slice(0, MAX_LISTED).map(textOf)
  return rows.length > MAX_LISTED
    ? [...texts, '… and more like this one: narrow the period']
    : texts
}

const FROM_KEY = 'CAST(?1 AS INTEGER)'
const TO_KEY = 'CAST(?2 AS INTEGER)'
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(', ')

// A segment that is not counted has nothing to compare. Events in no segment would never be counted: they are grouped by
// hour and reported.
const hourOf = (key: string) => `${key} / ${ID_RANDOM_RANGE} / ${HOUR_MS} * ${HOUR_MS}`
const startFor = (key: string) => `COALESCE(${segmentOf(key)}, ${hourOf(key)})`
const COUNTS = `
SELECT start, kind, name, state, sum(stored) AS stored, sum(found) AS found, sum(stored_planned) AS stored_planned,
  sum(found_planned) AS found_planned, s.counted
FROM (
  SELECT ${startFor('key')} AS start, 'source' AS kind, source AS name, status AS state, 0 AS stored, count(*) AS found,
    0 AS stored_planned, sum(planned) AS found_planned
  FROM events WHERE key >= ${FROM_KEY} AND key < ${TO_KEY} GROUP BY 1, 3, 4
  UNION ALL
  SELECT ${startFor('event')}, 'target', target, state, 0, count(*), 0, 0
  FROM deliveries WHERE event >= ${FROM_KEY} AND event < ${TO_KEY} GROUP BY 1, 3, 4
  UNION ALL
  SELECT start, kind, name, state, count, 0, planned, 0 FROM ledger WHERE start >= ?3 AND start < ?4 AND NOT ${IS_FROZEN}
) LEFT JOIN segments AS s USING (start)
WHERE s.counted <> 0 OR s.counted IS NULL
GROUP BY start, kind, name, state
HAVING s.counted IS NULL OR sum(stored) <> sum(found) OR sum(stored_planned) <> sum(found_planned)
ORDER BY start, kind, name, state LIMIT ${MAX_LISTED + 1}`

type CountRow = {
  start: number
  kind: string
  name: string
  state: string
  stored: number
  found: number
  stored_planned: number
  found_planned: number
  counted: number | null
}

function countText(row: CountRow): string {
  const count = `${formatInstant(row.start)} ${row.kind} ${row.name} ${readWord(row.state)}`
  if (row.counted === null)
    return `${count}: ${row.found} in the log, in a segment that is not listed`
  if (row.stored !== row.found)
    return `${count}: ${row.stored} in the roll-up, ${row.found} in the log`
  return `${count}: ${row.stored_planned} deliveries created by the roll-up, ${row.found_planned} by the log`
}

const PLANNED = `
SELECT CAST(e.key AS TEXT) AS key, e.planned, count(d.target) AS found
FROM events AS e LEFT JOIN deliveries AS d ON d.event = e.key
WHERE e.key >= ${FROM_KEY} AND e.key < ${TO_KEY}
GROUP BY e.key HAVING e.planned <> count(d.target) LIMIT ${MAX_LISTED + 1}`

type PlannedRow = { key: string; planned: number; found: number }

function plannedText({ key, planned, found }: PlannedRow): string {
  return `${idOfKey(key)}: ${planned} deliveries created, ${found} in the log`
}

const INVALID = `
SELECT CAST(key AS TEXT) AS key, NULL AS target, 'its status is ' || status AS what
FROM events WHERE key >= ${FROM_KEY} AND key < ${TO_KEY} AND status NOT IN (${quoted(EVENT_STATUSES.map(storedWord))})
UNION ALL
SELECT CAST(d.event AS TEXT), d.target,
  CASE WHEN e.key IS NULL THEN 'its event is not in the log'
    WHEN d.state NOT IN (${quoted(DELIVERY_STATES)}) THEN 'its state is ' || d.state
    ELSE d.state || ' without a due time' END
FROM deliveries AS d LEFT JOIN events AS e ON e.key = d.event
WHERE d.event >= ${FROM_KEY} AND d.event < ${TO_KEY} AND (e.key IS NULL
  OR d.state NOT IN (${quoted(DELIVERY_STATES)}) OR (d.state IN ('pending', 'retrying') AND d.due IS NULL))
LIMIT ${MAX_LISTED + 1}`

type InvalidRow = { key: string; target: string | null; what: string }

function invalidText({ key, target, what }: InvalidRow): string {
  return `${idOfKey(key)}${target === null ? '' : ` to ${target}`}: ${what}`
}

// Counts of packed events without a pack.
const UNPACKED = `
SELECT DISTINCT start - 1 AS start FROM ledger
WHERE start >= ?1 AND start < ?2 AND ${IS_FROZEN} AND count <> 0 AND NOT EXISTS (SELECT 1 FROM packs WHERE packs.start = ledger.start - 1)
LIMIT ${MAX_LISTED + 1}`

function unpackedText({ start }: { start: number }): string {
  return `${formatInstant(start)}: the roll-up has counts of packed events, but there is no pack`
}

// The first time after the period, in whole milliseconds. A delivery without an event counts too.
const NEXT = `
SELECT min(time) AS time FROM (
  SELECT min(key) / ${ID_RANDOM_RANGE} AS time FROM events WHERE key >= CAST(?1 AS INTEGER)
  UNION ALL
  SELECT min(event) / ${ID_RANDOM_RANGE} FROM deliveries WHERE event >= CAST(?1 AS INTEGER)
  UNION ALL
  SELECT min(start) FROM packs WHERE start >= ?2)`

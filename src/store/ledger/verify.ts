// Holds the ledger against the log: roll-ups against rows, promises against deliveries.
import { DELIVERY_STATES } from '../../core/deliveries/delivery.ts'
import { EVENT_STATUSES } from '../../core/events/event.ts'
import { formatInstant } from '../../core/events/time.ts'
import { firstKeyAt, ID_RANDOM_RANGE, idOfKey, timeOfId } from '../../core/id.ts'
import { HOUR_MS, type Period } from '../../core/period.ts'
import { segmentOf } from '../segments.ts'

/** How much of the log one call looks at, and how many differences of a kind it names. */
const SPAN_MS = 24 * HOUR_MS
const MAX_NAMED = 100

/** Differences in words, and where to go on; `next` is undefined when the whole period was looked at. */
export type Differences = { differences: string[]; next: number | undefined }

/**
 * Names the differences between the ledger and the log in the first day of a period, all from one snapshot. Whole
 * hours are looked at; times in epoch milliseconds.
 */
export async function listDifferences(
  db: D1Database,
  { since, until }: Period,
): Promise<Differences> {
  const begin = Math.floor(since / HOUR_MS) * HOUR_MS
  const end = Math.min(begin + SPAN_MS, Math.ceil(until / HOUR_MS) * HOUR_MS)
  const bounds = [firstKeyAt(begin), firstKeyAt(end)]
  const [kept, promises, rows, next] = await db.batch([
    db.prepare(ROLL_UPS).bind(...bounds, begin, end),
    db.prepare(PROMISES).bind(...bounds),
    db.prepare(IMPOSSIBLE).bind(...bounds),
    db.prepare(NEXT).bind(firstKeyAt(end)),
  ])
  const key = (next?.results[0] as { key: string | null } | undefined)?.key
  const nextTime = key ? timeOfId(idOfKey(key)) : Number.POSITIVE_INFINITY
  return {
    differences: [
      ...named((kept?.results ?? []) as RollUpRow[], rollUpText),
      ...named((promises?.results ?? []) as PromiseRow[], promiseText),
      ...named((rows?.results ?? []) as ImpossibleRow[], impossibleText),
    ],
    next: nextTime < until ? nextTime : undefined,
  }
}

/** The differences of a kind in words; when there are more than are named, that too. */
function named<Row>(rows: Row[], textOf: (row: Row) => string): string[] {
  const texts = rows.slice(0, MAX_NAMED).map(textOf)
  return rows.length > MAX_NAMED ? [...texts, '… and more like this one: narrow the period'] : texts
}

const FROM_KEY = 'CAST(?1 AS INTEGER)'
const TO_KEY = 'CAST(?2 AS INTEGER)'
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(', ')

// What is in no segment would never be counted, and is told by its hour; a segment that is not counted has nothing to compare.
const hourOf = (key: string) => `${key} / ${ID_RANDOM_RANGE} / ${HOUR_MS} * ${HOUR_MS}`
const startFor = (key: string) => `COALESCE(${segmentOf(key)}, ${hourOf(key)})`
const ROLL_UPS = `
SELECT start, kind, name, state, sum(kept) AS kept, sum(found) AS found, sum(kept_planned) AS kept_planned,
  sum(found_planned) AS found_planned, s.counted
FROM (
  SELECT ${startFor('key')} AS start, 'source' AS kind, source AS name, status AS state, 0 AS kept, count(*) AS found,
    0 AS kept_planned, sum(planned) AS found_planned
  FROM events WHERE key >= ${FROM_KEY} AND key < ${TO_KEY} GROUP BY 1, 3, 4
  UNION ALL
  SELECT ${startFor('event')}, 'target', target, state, 0, count(*), 0, 0
  FROM deliveries WHERE event >= ${FROM_KEY} AND event < ${TO_KEY} GROUP BY 1, 3, 4
  UNION ALL
  SELECT start, kind, name, state, count, 0, planned, 0 FROM ledger WHERE start >= ?3 AND start < ?4
) LEFT JOIN segments AS s USING (start)
WHERE s.counted = 1 OR s.counted IS NULL
GROUP BY start, kind, name, state
HAVING s.counted IS NULL OR sum(kept) <> sum(found) OR sum(kept_planned) <> sum(found_planned)
ORDER BY start, kind, name, state LIMIT ${MAX_NAMED + 1}`

type RollUpRow = {
  start: number
  kind: string
  name: string
  state: string
  kept: number
  found: number
  kept_planned: number
  found_planned: number
  counted: number | null
}

function rollUpText(row: RollUpRow): string {
  const what = `${formatInstant(row.start)} ${row.kind} ${row.name} ${row.state}`
  if (row.counted === null)
    return `${what}: ${row.found} in the log, in a segment that is not listed`
  if (row.kept !== row.found) return `${what}: ${row.kept} in the roll-up, ${row.found} in the log`
  return `${what}: ${row.kept_planned} deliveries planned in the roll-up, ${row.found_planned} in the log`
}

const PROMISES = `
SELECT CAST(e.key AS TEXT) AS key, e.planned, count(d.target) AS found
FROM events AS e LEFT JOIN deliveries AS d ON d.event = e.key
WHERE e.key >= ${FROM_KEY} AND e.key < ${TO_KEY}
GROUP BY e.key HAVING e.planned <> count(d.target) LIMIT ${MAX_NAMED + 1}`

type PromiseRow = { key: string; planned: number; found: number }

function promiseText({ key, planned, found }: PromiseRow): string {
  return `${idOfKey(key)}: ${planned} deliveries planned, ${found} in the log`
}

const IMPOSSIBLE = `
SELECT CAST(key AS TEXT) AS key, NULL AS target, 'its status is ' || status AS what
FROM events WHERE key >= ${FROM_KEY} AND key < ${TO_KEY} AND status NOT IN (${quoted(EVENT_STATUSES)})
UNION ALL
SELECT CAST(d.event AS TEXT), d.target,
  CASE WHEN e.key IS NULL THEN 'its event is not in the log'
    WHEN d.state NOT IN (${quoted(DELIVERY_STATES)}) THEN 'its state is ' || d.state
    ELSE d.state || ' without a due time' END
FROM deliveries AS d LEFT JOIN events AS e ON e.key = d.event
WHERE d.event >= ${FROM_KEY} AND d.event < ${TO_KEY} AND (e.key IS NULL
  OR d.state NOT IN (${quoted(DELIVERY_STATES)}) OR (d.state IN ('pending', 'retrying') AND d.due IS NULL))
LIMIT ${MAX_NAMED + 1}`

type ImpossibleRow = { key: string; target: string | null; what: string }

function impossibleText({ key, target, what }: ImpossibleRow): string {
  return `${idOfKey(key)}${target === null ? '' : ` to ${target}`}: ${what}`
}

// A delivery without an event must be found too.
const NEXT = `
SELECT CAST(min(key) AS TEXT) AS key FROM (
  SELECT min(key) AS key FROM events WHERE key >= CAST(?1 AS INTEGER)
  UNION ALL
  SELECT min(event) FROM deliveries WHERE event >= CAST(?1 AS INTEGER))`

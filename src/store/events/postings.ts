// Postings: an inverted index of the log, from facets to the events that have them. A facet is the combination of an
// event's source, vendor, type, status and targets, so each event has exactly one. A segment is posted after it has ended,
// and again after its events have changed. Posting writes four rows for each segment and none for each event: the mark of the
// segment, a row with the keys of its events by facet (`postings`), twice, as it takes the place of the one before, and one with
// their counts by facet for 256 hours together (`posting_spans`), by which a list skips the segments that have none of its events.
import { firstKeyAt } from '../../core/id.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { RowBudget } from '../pages.ts'
import { selectSegments } from '../segments.ts'

/** A facet, with the values of the events' columns. `targets`: those of the event's deliveries. */
export type Facet = {
  source: string
  vendor: string
  type: string
  status: string
  targets: string[]
}

// A facet as text. Names and types contain no spaces, commas or characters that JSON escapes.
const FACET_OF_E = `e.source || ' ' || e.vendor || ' ' || e.type || ' ' || e.status || ' ' ||
  COALESCE((SELECT group_concat(target) FROM deliveries WHERE event = e.key), '')`

function facetOf(text: string): Facet {
  const [source = '', vendor = '', type = '', status = '', targets = ''] = text.split(' ')
  return { source, vendor, type, status, targets: targets === '' ? [] : targets.split(',') }
}

/** A span is 256 hours: 400 days have 38 spans, and a span of a busy relay has about 100 KB. */
const SPAN_MS = 256 * HOUR_MS

/** D1 allows 2,000,000 bytes for each row, and a key takes 14. A larger segment is not posted, and lists scan it. */
const MAX_POSTED = 100_000
const MAX_LENGTH = 1_900_000

/** Returns the SQL that copies the counts of segments, or their absence, from the postings into the spans. */
function postSpans(starts: readonly number[]): string {
  const spans = [...new Set(starts.map((start) => Math.floor(start / SPAN_MS)))]
  return `INSERT INTO posting_spans (span, segments)
 SELECT span, json_group_object(facet, json(counts)) FILTER (WHERE facet IS NOT NULL) FROM (
   SELECT span, facet, json_group_object(start, count) AS counts FROM (
     SELECT column1 AS span, NULL AS facet, 0 AS start, 0 AS count FROM (VALUES ${spans.map((span) => `(${span})`).join()})
     UNION ALL
     SELECT s.span, facet.key, segment.key, segment.value
     FROM posting_spans AS s, json_each(s.segments) AS facet, json_each(facet.value) AS segment
     WHERE s.span IN (${spans}) AND CAST(segment.key AS INTEGER) NOT IN (${starts})
     UNION ALL
     SELECT p.start / ${SPAN_MS}, facet.key, p.start, json_array_length(facet.value)
     FROM postings AS p, json_each(p.keys) AS facet WHERE p.start IN (${starts}))
   GROUP BY span, facet)
 WHERE true GROUP BY span
 ON CONFLICT (span) DO UPDATE SET segments = excluded.segments WHERE segments <> excluded.segments`
}

// What is posted and has no row is in the pack of its segment.
const selectPacked = (segments: string) => `
SELECT h.start, facet.key, posted.value
FROM (${segments}) AS h CROSS JOIN packs USING (start) CROSS JOIN postings AS p ON p.start = h.start
CROSS JOIN json_each(p.keys) AS facet CROSS JOIN json_each(facet.value) AS posted
WHERE NOT EXISTS (SELECT 1 FROM events WHERE key = h.lo + posted.value)`

// A segment of which the packed events are not posted is looked through, with its pack.
const IS_KNOWN = `(NOT EXISTS (SELECT 1 FROM packs WHERE packs.start = segments.start)
  OR EXISTS (SELECT 1 FROM postings WHERE postings.start = segments.start))`

/**
 * Posts counted segments, given by their starts (at least one), in one transaction: their hot events again, and their packed ones
 * as they are posted already. A segment with too many events, or with packed ones that are not posted, is
 * marked as not posted. Throws D1's errors, among them one that `isTooLarge` recognizes if a span becomes too large.
 */
export async function postSegments(db: D1Database, starts: readonly number[]): Promise<void> {
  const condition = `start IN (${starts})`
  const segments = selectSegments(`${condition} AND events <= ${MAX_POSTED} AND ${IS_KNOWN}`)
  await db.batch(
    [
      `INSERT INTO postings (start, keys)
       SELECT -start, json_group_object(facet, json(keys)) FROM (
         SELECT start, facet, json_group_array(offset) AS keys FROM (
           SELECT h.start, ${FACET_OF_E} AS facet, e.key - h.lo AS offset
           FROM (${segments}) AS h CROSS JOIN events AS e ON e.key >= h.lo AND e.key < h.hi
           UNION ALL ${selectPacked(segments)})
         GROUP BY 1, 2)
       GROUP BY start HAVING sum(length(facet) + length(keys)) < ${MAX_LENGTH}`,
      `DELETE FROM postings WHERE ${condition}`,
      `UPDATE postings SET start = -start WHERE start IN (${starts.map((start) => -start)})`,
      postSpans(starts),
      `UPDATE segments SET posted = CASE WHEN start IN (SELECT start FROM postings WHERE ${condition}) THEN 1 ELSE -1 END
       WHERE ${condition}`,
    ].map((sql) => db.prepare(sql)),
  )
}

/**
 * Whether D1 refused a value as too large: its limit is 2,000,000 bytes
 * (https://developers.cloudflare.com/d1/platform/limits/).
 */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && /too big|SQLITE_TOOBIG/i.test(error.message)
}

/** Marks a segment as not posted until its events change: lists scan it. */
export async function markNotPosted(db: D1Database, start: number): Promise<void> {
  await db.prepare('UPDATE segments SET posted = -1 WHERE start = ?1').bind(start).run()
}

/** Returns the SQL that deletes the postings of a segment, for the transaction that deletes its events: lists scan it then. */
export const unpostSegment = (start: number): readonly string[] => [
  `UPDATE segments SET posted = 0 WHERE start = ${start} AND posted <> 0`,
  `DELETE FROM postings WHERE start = ${start}`,
  postSpans([start]),
  `DELETE FROM posting_spans WHERE span = ${Math.floor(start / SPAN_MS)} AND segments = '{}'`,
]

/** The facets of a posted segment that match a list, and how many events have them. */
type PostedFacets = { facets: { text: string; facet: Facet }[]; count: number }

/** A segment that may hold events of a list: a posted one with its matching facets, or one to scan with its end. */
export type CandidateSegment = { start: number } & (
  | { until: number; posted?: never }
  | { posted: PostedFacets }
)

/** How much is listed at once: segments that are not posted, and spans of those that are. */
const MAX_UNPOSTED = 4
const MAX_SPANS = 3

/**
 * Returns the segments that start between two times (epoch milliseconds, both included) and may hold events of matching
 * facets, the latest first. They are complete from the time `knownTo` on; list those before it with another call.
 */
export async function listCandidateSegments(
  db: D1Database,
  budget: RowBudget,
  matches: (facet: Facet) => boolean,
  [first, last]: [number, number],
): Promise<{ segments: CandidateSegment[]; knownTo: number }> {
  const [unposted = [], spans = []] = await budget.read<
    { start: number; until: number } & { span: number; segments: string }
  >([
    db
      .prepare(
        `SELECT start, until FROM segments WHERE posted <> 1 AND start >= ?1 AND start <= ?2 ORDER BY start DESC LIMIT ${MAX_UNPOSTED}`,
      )
      .bind(first, last),
    db
      .prepare(
        `SELECT span, segments FROM posting_spans WHERE span >= ?1 AND span <= ?2 ORDER BY span DESC LIMIT ${MAX_SPANS}`,
      )
      .bind(Math.floor(first / SPAN_MS), Math.floor(last / SPAN_MS)),
  ])
  const knownTo = Math.max(
    unposted.length === MAX_UNPOSTED ? (unposted.at(-1)?.start ?? first) : first,
    spans.length === MAX_SPANS ? (spans.at(-1)?.span ?? 0) * SPAN_MS : first,
  )
  const posted = new Map<number, PostedFacets>()
  for (const { text, start, count } of spans.flatMap(postedSegments)) {
    if (start < knownTo || start > last) continue
    const facet = facetOf(text)
    if (!matches(facet)) continue
    const known = posted.get(start) ?? { facets: [], count: 0 }
    known.facets.push({ text, facet })
    known.count += count
    posted.set(start, known)
  }
  const toScan = new Set(unposted.map(({ start }) => start))
  const segments: CandidateSegment[] = [
    ...unposted.map(({ start, until }) => ({ start, until })),
    ...[...posted]
      .filter(([start]) => !toScan.has(start))
      .map(([start, own]) => ({ start, posted: own })),
  ]
  return { segments: segments.sort((a, b) => b.start - a.start), knownTo }
}

function postedSegments({
  segments,
}: {
  segments: string
}): { text: string; start: number; count: number }[] {
  const facets = Object.entries(JSON.parse(segments) as Record<string, Record<string, number>>)
  return facets.flatMap(([text, counts]) =>
    Object.entries(counts).map(([start, count]) => ({ text, start: Number(start), count })),
  )
}

/** With more facets than these, all facets of the segments are read. */
const MAX_NAMED = 30

/** Returns the events of posted segments that have one of their matching facets, in no particular order. */
export async function readPostings(
  db: D1Database,
  budget: RowBudget,
  segments: readonly CandidateSegment[],
): Promise<{ key: bigint; facet: Facet }[]> {
  if (segments.length === 0) return []
  const wanted = new Map(
    segments.flatMap(({ posted }) => posted?.facets ?? []).map(({ text, facet }) => [text, facet]),
  )
  const names = wanted.size > MAX_NAMED ? [] : [...wanted.keys()]
  const keys = names.map((_, i) => `?${i + 1}, p.keys -> ('$."' || ?${i + 1} || '"')`)
  const [rows = []] = await budget.read<{ start: number; keys: string }>([
    db
      .prepare(
        `WITH wanted(start) AS (VALUES ${segments.map(({ start }) => `(${start})`)})
         SELECT p.start, ${keys.length === 0 ? 'p.keys' : `json_object(${keys})`} AS keys
         FROM wanted CROSS JOIN postings AS p ON p.start = wanted.start`,
      )
      .bind(...names),
  ])
  return rows.flatMap(({ start, keys }) => {
    const first = BigInt(firstKeyAt(start))
    const byFacet = JSON.parse(keys) as Record<string, number[] | null>
    return [...wanted].flatMap(([text, facet]) =>
      (byFacet[text] ?? []).map((offset) => ({ key: first + BigInt(offset), facet })),
    )
  })
}

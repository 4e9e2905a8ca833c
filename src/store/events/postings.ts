// Postings: which events of a segment have which facet. A facet is a source, vendor, type and status, and the targets of
// the deliveries, so one event has one. A segment is posted when it has ended, and again when its events have changed:
// two rows a segment, whatever it holds, and none for an event.
import { ID_RANDOM_RANGE } from '../../core/id.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { RowBudget } from '../pages.ts'
import { selectSegments } from '../segments.ts'

/** What events of the log have in common, in the words of their rows. */
export type Facet = {
  source: string
  vendor: string
  type: string
  status: string
  targets: string[]
}

// Names and types hold neither spaces nor commas nor what JSON escapes.
const FACET_OF_E = `e.source || ' ' || e.vendor || ' ' || e.type || ' ' || e.status || ' ' ||
  COALESCE((SELECT group_concat(target) FROM deliveries WHERE event = e.key), '')`

function facetOf(text: string): Facet {
  const [source = '', vendor = '', type = '', status = '', targets = ''] = text.split(' ')
  return { source, vendor, type, status, targets: targets === '' ? [] : targets.split(',') }
}

/** How long a span is: 256 hours, so that 400 days are 38, and that of a busy relay is some 100 KB. */
const SPAN_MS = 256 * HOUR_MS

/** A row holds 2,000,000 bytes, and a key takes 14: a segment with more events stays as it is, and is looked through. */
const MAX_POSTED = 100_000
const MAX_LENGTH = 1_900_000

// What segments have in their spans is what their postings have; a span of which nothing is posted has nothing.
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

/**
 * Posts segments of the log that are counted, by their starts, one at least, in one transaction. One with too many events
 * to be posted is looked through from then on. Throws when D1 does; `isTooLarge` when a span holds no more.
 */
export async function postSegments(db: D1Database, starts: readonly number[]): Promise<void> {
  const areThese = `start IN (${starts})`
  await db.batch(
    [
      `DELETE FROM postings WHERE ${areThese}`,
      `INSERT INTO postings (start, keys)
       SELECT start, json_group_object(facet, json(keys)) FROM (
         SELECT h.start, ${FACET_OF_E} AS facet, json_group_array(e.key - h.lo) AS keys
         FROM (${selectSegments(`${areThese} AND events <= ${MAX_POSTED}`)}) AS h CROSS JOIN events AS e ON e.key >= h.lo AND e.key < h.hi
         GROUP BY 1, 2)
       GROUP BY start HAVING sum(length(facet) + length(keys)) < ${MAX_LENGTH}`,
      postSpans(starts),
      `UPDATE segments SET posted = CASE WHEN start IN (SELECT start FROM postings WHERE ${areThese}) THEN 1 ELSE -1 END
       WHERE ${areThese}`,
    ].map((sql) => db.prepare(sql)),
  )
}

/** True when a text grew longer than D1 takes (https://developers.cloudflare.com/d1/platform/limits/: 2,000,000 bytes). */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && /too big|SQLITE_TOOBIG/i.test(error.message)
}

/** Leaves a segment without postings until its events change: lists look through it. */
export async function markNotPosted(db: D1Database, start: number): Promise<void> {
  await db.prepare('UPDATE segments SET posted = -1 WHERE start = ?1').bind(start).run()
}

/** The statements that take a segment out of the postings, so that lists look through it; for the transaction that deletes of it. */
export const unpostSegment = (start: number): readonly string[] => [
  `UPDATE segments SET posted = 0 WHERE start = ${start} AND posted <> 0`,
  `DELETE FROM postings WHERE start = ${start}`,
  postSpans([start]),
  `DELETE FROM posting_spans WHERE span = ${Math.floor(start / SPAN_MS)} AND segments = '{}'`,
]

/** A segment of the log that a list must look at: one that is not posted with its end, else with the facets that are wanted. */
export type CandidateSegment = { start: number } & (
  | { until: number; posted?: never }
  | { posted: { facets: { text: string; facet: Facet }[]; count: number } }
)

/** Segments that are looked up in one go: those that are not posted, and spans of those that are. */
const MAX_UNPOSTED = 4
const MAX_SPANS = 3

/**
 * The segments that start between two times (epoch milliseconds, both included) and may hold events of facets that are
 * wanted, the latest first. What starts before `horizon` is not looked up yet.
 */
export async function listCandidateSegments(
  db: D1Database,
  budget: RowBudget,
  isWanted: (facet: Facet) => boolean,
  [first, last]: [number, number],
): Promise<{ segments: CandidateSegment[]; horizon: number }> {
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
  const horizon = Math.max(
    unposted.length === MAX_UNPOSTED ? (unposted.at(-1)?.start ?? first) : first,
    spans.length === MAX_SPANS ? (spans.at(-1)?.span ?? 0) * SPAN_MS : first,
  )
  const posted = new Map<number, { facets: { text: string; facet: Facet }[]; count: number }>()
  for (const { text, start, count } of spans.flatMap(postedSegments)) {
    if (start < horizon || start > last) continue
    const facet = facetOf(text)
    if (!isWanted(facet)) continue
    const known = posted.get(start) ?? { facets: [], count: 0 }
    known.facets.push({ text, facet })
    known.count += count
    posted.set(start, known)
  }
  const open = new Set(unposted.map(({ start }) => start))
  const segments: CandidateSegment[] = [
    ...unposted.map(({ start, until }) => ({ start, until })),
    ...[...posted]
      .filter(([start]) => !open.has(start))
      .map(([start, own]) => ({ start, posted: own })),
  ]
  return { segments: segments.sort((a, b) => b.start - a.start), horizon }
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

/** More facets than these are read with all others of their segment. */
const MAX_NAMED = 30

/** The keys of the events that some posted segments hold, with their facets; in no order. */
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
    const first = BigInt(start) * BigInt(ID_RANDOM_RANGE)
    const byFacet = JSON.parse(keys) as Record<string, number[] | null>
    return [...wanted].flatMap(([text, facet]) =>
      (byFacet[text] ?? []).map((place) => ({ key: first + BigInt(place), facet })),
    )
  })
}

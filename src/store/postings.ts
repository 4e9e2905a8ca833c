// Postings: which events of an hour have which facet. A facet is a source, vendor, type and status, and the targets of
// the deliveries, so one event has one. An hour is posted when it is counted, and again when its events have changed:
// two rows an hour, whatever it holds, and none for an event.
import { KEYS_AN_HOUR } from '../core/id.ts'
import { FIRST_OF_HOUR, FIRST_OF_NEXT_HOUR } from './hours.ts'
import type { Meter } from './pages.ts'

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

/** Hours of a span: 400 days are 38 spans, and a span of a busy relay is some 100 KB. */
const HOURS_A_SPAN = 256

/** A row holds 2,000,000 bytes, and a key takes 14: an hour with more events stays as it is, and is looked through. */
const MAX_POSTED = 100_000
const MAX_LENGTH = 1_900_000

const IS_NEW = 'EXISTS (SELECT 1 FROM hours WHERE hour = ?1 AND posted = 0)'
const SPAN = `CAST(?1 / ${HOURS_A_SPAN} AS INTEGER)`

// What an hour has in its span is what its postings have.
const POST_SPAN = `INSERT INTO posting_spans (span, hours)
 SELECT ${SPAN}, json_group_object(facet, json(hours)) FROM (
   SELECT facet, json_group_object(hour, count) AS hours FROM (
     SELECT facet.key AS facet, hour.key AS hour, hour.value AS count
     FROM posting_spans AS s, json_each(s.hours) AS facet, json_each(facet.value) AS hour
     WHERE s.span = ${SPAN} AND CAST(hour.key AS INTEGER) <> ?1
     UNION ALL
     SELECT facet.key, CAST(?1 AS INTEGER), json_array_length(facet.value)
     FROM postings AS p, json_each(p.keys) AS facet WHERE p.hour = ?1)
   GROUP BY facet)
 HAVING ${IS_NEW}
 ON CONFLICT (span) DO UPDATE SET hours = excluded.hours WHERE hours <> excluded.hours`

/** The statements that post hour `?1`, unless its postings are those of the log; for the transaction that counts it. */
export const POST_HOUR = [
  `DELETE FROM postings WHERE hour = ?1 AND ${IS_NEW}`,
  `INSERT INTO postings (hour, keys)
   SELECT ?1, json_group_object(facet, json(keys)) FROM (
     SELECT facet, count(*) AS count, json_group_array(place) AS keys FROM (
       SELECT ${FACET_OF_E} AS facet, e.key - ${FIRST_OF_HOUR} AS place FROM events AS e
       WHERE e.key >= ${FIRST_OF_HOUR} AND e.key < ${FIRST_OF_NEXT_HOUR} AND ${IS_NEW}
       ORDER BY e.key LIMIT ${MAX_POSTED + 1})
     GROUP BY facet)
   HAVING sum(count) <= ${MAX_POSTED} AND sum(length(facet) + length(keys)) < ${MAX_LENGTH}`,
  POST_SPAN,
  `UPDATE hours SET posted = 1 WHERE hour = ?1 AND posted = 0 AND (
     EXISTS (SELECT 1 FROM postings WHERE hour = ?1)
     OR NOT EXISTS (SELECT 1 FROM events WHERE key >= ${FIRST_OF_HOUR} AND key < ${FIRST_OF_NEXT_HOUR}))`,
]

/** The statements that take hour `?1` out of the postings, so that lists look through it; for the transaction that deletes of it. */
export const UNPOST_HOUR = [
  'UPDATE hours SET posted = 0 WHERE hour = ?1 AND posted <> 0',
  'DELETE FROM postings WHERE hour = ?1',
  POST_SPAN,
  `DELETE FROM posting_spans WHERE span = ${SPAN} AND hours = '{}'`,
]

/** An hour of the log that a list must look at; with the facets that it wants and has, where they are posted. */
export type Stretch = {
  hour: number
  posted: { facets: { text: string; facet: Facet }[]; count: number } | undefined
}

/** Hours that have been looked up in one go: those that are not posted, and spans of those that are. */
const MAX_UNPOSTED = 4
const MAX_SPANS = 3

/**
 * The hours between two (both included) that may hold events of facets that are wanted, the latest first. What is
 * before `horizon` is not looked up yet.
 */
export async function listStretches(
  db: D1Database,
  meter: Meter,
  isWanted: (facet: Facet) => boolean,
  [first, last]: [number, number],
): Promise<{ stretches: Stretch[]; horizon: number }> {
  const [hours = [], spans = []] = await meter.read<{ hour: number; span: number; hours: string }>([
    db
      .prepare(
        `SELECT hour FROM hours WHERE posted = 0 AND hour >= ?1 AND hour <= ?2 ORDER BY hour DESC LIMIT ${MAX_UNPOSTED}`,
      )
      .bind(first, last),
    db
      .prepare(
        `SELECT span, hours FROM posting_spans WHERE span >= ?1 AND span <= ?2 ORDER BY span DESC LIMIT ${MAX_SPANS}`,
      )
      .bind(Math.floor(first / HOURS_A_SPAN), Math.floor(last / HOURS_A_SPAN)),
  ])
  const horizon = Math.max(
    hours.length === MAX_UNPOSTED ? (hours.at(-1)?.hour ?? first) : first,
    spans.length === MAX_SPANS ? (spans.at(-1)?.span ?? 0) * HOURS_A_SPAN : first,
  )
  const stretches = new Map<number, Stretch>()
  for (const { text, hour, count } of spans.flatMap(postedHours)) {
    if (hour < horizon || hour > last) continue
    const facet = facetOf(text)
    if (!isWanted(facet)) continue
    const stretch = stretches.get(hour)?.posted ?? { facets: [], count: 0 }
    stretch.facets.push({ text, facet })
    stretch.count += count
    stretches.set(hour, { hour, posted: stretch })
  }
  for (const { hour } of hours) stretches.set(hour, { hour, posted: undefined })
  return { stretches: [...stretches.values()].sort((a, b) => b.hour - a.hour), horizon }
}

function postedHours({
  hours,
}: {
  hours: string
}): { text: string; hour: number; count: number }[] {
  const facets = Object.entries(JSON.parse(hours) as Record<string, Record<string, number>>)
  return facets.flatMap(([text, counts]) =>
    Object.entries(counts).map(([hour, count]) => ({ text, hour: Number(hour), count })),
  )
}

/** More facets than these are read with all others of their hour. */
const MAX_NAMED = 30

/** The keys of the events that some posted stretches hold, with their facets; in no order. */
export async function readPostings(
  db: D1Database,
  meter: Meter,
  stretches: readonly Stretch[],
): Promise<{ key: bigint; facet: Facet }[]> {
  if (stretches.length === 0) return []
  const wanted = new Map(
    stretches.flatMap(({ posted }) => posted?.facets ?? []).map(({ text, facet }) => [text, facet]),
  )
  const names = wanted.size > MAX_NAMED ? [] : [...wanted.keys()]
  const keys = names.map((_, i) => `?${i + 1}, p.keys -> ('$."' || ?${i + 1} || '"')`)
  const [rows = []] = await meter.read<{ hour: number; keys: string }>([
    db
      .prepare(
        `WITH wanted(hour) AS (VALUES ${stretches.map(({ hour }) => `(${hour})`)})
         SELECT p.hour, ${keys.length === 0 ? 'p.keys' : `json_object(${keys})`} AS keys
         FROM wanted CROSS JOIN postings AS p ON p.hour = wanted.hour`,
      )
      .bind(...names),
  ])
  return rows.flatMap(({ hour, keys }) => {
    const first = BigInt(hour) * BigInt(KEYS_AN_HOUR)
    const byFacet = JSON.parse(keys) as Record<string, number[] | null>
    return [...wanted].flatMap(([text, facet]) =>
      (byFacet[text] ?? []).map((place) => ({ key: first + BigInt(place), facet })),
    )
  })
}

// Schema drift: the fields of the vendors' messages, and what has changed in them.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { formatInstant } from '../../../core/events/time.ts'
import {
  findingsOf,
  isLearning,
  type KeyHistory,
  kindsOf,
  type Occurrences,
} from '../../../core/ledger/drift.ts'
import { parseTime } from '../../../core/period.ts'
import type { Env } from '../../../env.ts'
import { listDriftReports, type NamedDriftReport } from '../../../store/ledger/drift.ts'
import { describe, query } from '../../operation.ts'
import type { ApiTools } from '../../tools.ts'
import { Drift } from '../answers/index.ts'
import { Time, text } from '../fields.ts'

/** Findings of the last 30 days, by default. */
const Query = v.strictObject({
  source: v.optional(v.pipe(text, v.description('The name of a source'))),
  type: v.optional(
    v.pipe(
      v.string('must be a single value'),
      v.description("The vendor's own type of message; empty: those without one"),
    ),
  ),
  since: v.optional(Time, '30d'),
})

/** The routes of `/api/drift`. */
export function drift({ now }: ApiTools) {
  return new Hono<{ Bindings: Env }>().get(
    '/',
    describe({
      summary: "The fields of the vendors' messages, and schema drift in them",
      details:
        'What is new, has vanished or changed since a time. Only names and kinds of fields, no values.',
      answers: { 200: Drift },
    }),
    query(Query),
    async (c) => {
      const filter = c.req.valid('query')
      const since = parseTime(filter.since, now()) ?? 0
      const reports = await listDriftReports(c.env.DB, filter)
      return c.json({
        since: formatInstant(since),
        drift: reports.map((named) => reportAsJson(named, since)),
      })
    },
  )
}

function reportAsJson({ source, type, report }: NamedDriftReport, since: number) {
  return {
    source,
    vendortype: type === '' ? null : type,
    messages: report.messages,
    first_seen: formatInstant(report.first),
    last_seen: formatInstant(report.last),
    learning: isLearning(report),
    findings: findingsOf(report, since).map(({ path, finding, kinds, noticed, ...seen }) => ({
      path,
      finding,
      kinds,
      noticed_at: formatInstant(noticed),
      ...occurrencesAsJson(seen),
    })),
    keys: [...report.keys]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, key]) => ({ path, kinds: kindsAsJson(key), ...occurrencesAsJson(key) })),
  }
}

function kindsAsJson(key: KeyHistory) {
  return Object.fromEntries(
    kindsOf(key).flatMap((kind) => {
      const seen = key.kinds[kind]
      return seen === undefined ? [] : [[kind, occurrencesAsJson(seen)]]
    }),
  )
}

function occurrencesAsJson({ count, first, last }: Omit<Occurrences, 'nth'>) {
  return { count, first_seen: formatInstant(first), last_seen: formatInstant(last) }
}

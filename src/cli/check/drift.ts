// The schema drift of a running relay: how vendors have changed their messages.
import { pluralize } from '../../core/text.ts'
import { type Answer, type Api, answerOf, connect } from '../relay/client.ts'
import { table } from '../table.ts'

/** The drift report of one source and vendor type. */
type DriftReport = Answer<Awaited<ReturnType<Api['drift']['$get']>>>['drift'][number]
type Finding = DriftReport['findings'][number]

/** Shown when no relay is named. */
export const DRIFT_HINT =
  'To see schema drift, and what is owed to removed targets: npm run check -- --url <relay URL>'

/** The drift that a relay has found, as text. Throws a UserError if the relay cannot be asked. */
export async function reportDrift(url: string): Promise<string> {
  const { since, drift } = await answerOf(connect({ url }).drift.$get({ query: {} }))
  const rows = drift.flatMap((report) => report.findings.map((finding) => rowOf(report, finding)))
  const head = ['source', 'type', 'finding', 'key', 'JSON type', 'noticed', 'count', 'last seen']
  return [
    `SCHEMA DRIFT at ${new URL(url).origin} since ${since}`,
    ...(rows.length > 0 ? [table(head, rows)] : []),
    summaryOf(drift, rows.length),
  ].join('\n')
}

function rowOf({ source, vendortype }: DriftReport, found: Finding): (string | number)[] {
  const { finding, path, kinds, noticed_at, count, last_seen } = found
  const jsonType =
    finding === 'changed' ? `${kinds.slice(0, -1).join(', ')} → ${kinds.at(-1)}` : kinds.join(', ')
  return [
    source,
    vendortype ?? '(not recognized)',
    finding,
    path,
    jsonType,
    noticed_at,
    count,
    last_seen,
  ]
}

function summaryOf(drift: readonly DriftReport[], findings: number): string {
  if (drift.length === 0) return 'No messages have been analyzed yet.'
  const messages = drift.reduce((sum, report) => sum + report.messages, 0)
  const learning = drift.filter((report) => report.learning).length
  const found = findings === 0 ? 'No findings' : pluralize(findings, 'finding')
  const scope = `in ${pluralize(messages, 'message')} of ${pluralize(drift.length, 'type')}`
  const rest = learning > 0 ? `; ${pluralize(learning, 'type')} still being learned` : ''
  return `${found} ${scope}${rest}.`
}

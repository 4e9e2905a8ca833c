// The price of a relay a month, by the number of members: arithmetic over the measured usage of an event.
import type { Bench, Cell } from './tools/bench.ts'
import { dollarsAMonth, type Usage } from './tools/bill.ts'

/** Events of a member a month. An assumption: an active member of a gym, with all six messages of Hapana. */
export const EVENTS_A_MEMBER = {
  'check-ins': 6,
  'e-mails and SMS': 2,
  purchase: 1,
  'change of status or details': 1,
}

/** The usage of one `checkIn`, by the number of targets: docs/benchmarks.md, "Price". */
export const USAGE_OF_AN_EVENT: Record<number, Usage> = {
  1: { rowsWritten: 4, rowsRead: 34.4, queueOperations: 3, requests: 1.1, cpuMs: 21.83 },
  2: { rowsWritten: 6, rowsRead: 41.6, queueOperations: 6, requests: 1.2, cpuMs: 21.1 },
  5: { rowsWritten: 12, rowsRead: 63.3, queueOperations: 15, requests: 1.5, cpuMs: 31.83 },
}

/** Rows that the cron reads for an event (docs/internals.md), and the bytes of an event in D1 (docs/benchmarks.md, "Growth"). */
const CRON_ROWS_READ = 60
const BYTES_OF_AN_EVENT = 3452

const DAYS_A_MONTH = 365 / 12
const HOURS_A_MONTH = 24 * DAYS_A_MONTH
const MINUTES_A_MONTH = 60 * HOURS_A_MONTH

/** Rows that an hour writes for the ledger, when it is counted and when it is deleted; docs/guarantees.md, "Limits". */
const ROWS_OF_AN_HOUR = 2 * 40

/** The usage of the cron in a month without events; docs/benchmarks.md, "Growth", the empty log. */
const EMPTY_MONTH: Usage = {
  requests: MINUTES_A_MONTH,
  cpuMs: 15.9 * MINUTES_A_MONTH,
  rowsWritten: MINUTES_A_MONTH + ROWS_OF_AN_HOUR * HOURS_A_MONTH,
  rowsRead: 266 * MINUTES_A_MONTH,
  queueOperations: 0,
}

/** D1 as of `AS_OF` (bill.ts): https://developers.cloudflare.com/d1/platform/pricing/ and …/limits/. */
const GB = 1e9
const INCLUDED_GB = 5
const DOLLARS_A_GB = 0.75
const LARGEST_DATABASE_GB = 10

/** `RETENTION_DAYS` unless it is set. */
const DEFAULT_RETENTION_DAYS = 400

const MEMBERS = [300, 1000, 3000, 10_000, 30_000, 100_000]

/** A month of a relay; `retentionDays` is as long as the default and one database allow. */
export type Month = { events: number; retentionDays: number; storedGb: number; dollars: number }

/** The month of so many members. Throws for a number of targets whose usage was not measured. */
export function monthOf(members: number, targets: number): Month {
  const usage = USAGE_OF_AN_EVENT[targets]
  if (usage === undefined) throw new Error(`not measured with ${targets} targets`)
  const events = members * Object.values(EVENTS_A_MEMBER).reduce((sum, one) => sum + one, 0)
  const gbADay = (events / DAYS_A_MONTH) * (BYTES_OF_AN_EVENT / GB)
  const retentionDays = Math.min(DEFAULT_RETENTION_DAYS, Math.floor(LARGEST_DATABASE_GB / gbADay))
  const storedGb = gbADay * retentionDays
  // In the long run each event that is received is one that is deleted: 2 + T rows.
  const all: Usage = {
    requests: events * usage.requests + EMPTY_MONTH.requests,
    cpuMs: events * usage.cpuMs + EMPTY_MONTH.cpuMs,
    rowsWritten: events * (usage.rowsWritten + 2 + targets) + EMPTY_MONTH.rowsWritten,
    rowsRead: events * (usage.rowsRead + CRON_ROWS_READ) + EMPTY_MONTH.rowsRead,
    queueOperations: events * usage.queueOperations,
  }
  const storage = Math.max(0, storedGb - INCLUDED_GB) * DOLLARS_A_GB
  return { events, retentionDays, storedGb, dollars: dollarsAMonth(all, 1) + storage }
}

function rowOf(members: number): Cell[] {
  const { events, retentionDays, storedGb } = monthOf(members, 2)
  return [
    members.toLocaleString('en'),
    events,
    ...[1, 2, 5].map((targets) => `$${monthOf(members, targets).dollars.toFixed(2)}`),
    retentionDays,
    storedGb.toFixed(1),
  ]
}

/** `npm run bench -- costs`: the table of docs/costs.md. */
export const costs: Bench = {
  summary: 'dollars a month by the number of members; calculated, not measured',
  run: async () => ({
    notes: [
      `Events of a member a month: ${Object.entries(EVENTS_A_MEMBER)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}.`,
    ],
    tables: [
      {
        title: 'A month, Workers Paid included',
        columns: [
          'members',
          'events a month',
          'one target',
          'two targets',
          'five targets',
          'RETENTION_DAYS',
          'GB stored',
        ],
        rows: MEMBERS.map(rowOf),
      },
    ],
    goals: [],
  }),
}

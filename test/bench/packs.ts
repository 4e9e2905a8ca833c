// Packs: how many bytes of D1 an event takes in rows, in a pack of D1 and in a pack of R2, what it costs to pack it, and how
// many events retention deletes in the time of a run.
import path from 'node:path'
import { pack } from '../../src/stages/ledger/pack.ts'
import { prune } from '../../src/stages/ledger/prune.ts'
import type { PackEnv } from '../../src/store/events/packs/packs.ts'
import { postSegments } from '../../src/store/events/postings.ts'
import { countSegments } from '../../src/store/ledger/ledger.ts'
import type { Bench, Options } from './tools/bench.ts'
import { copyEvents } from './tools/copied-log.ts'
import { trafficOf } from './tools/messages.ts'
import { metered } from './tools/meter.ts'
import { type RunningWorker, startRuntime } from './tools/runtime.ts'

const PRICED = path.join(import.meta.dirname, 'worker/priced.ts')
const DAY_MS = 86_400_000

/** A chain of which each contact has some hundreds of events, as one has in 400 days: in segments as a busy hour has them. */
const EVENTS = 60_000
const FULL_EVENTS = 600_000
const EVENTS_A_CONTACT = 300
const EVENTS_A_SEGMENT = 1250
const SEGMENT_MS = 15 * 60_000

/** The messages of a member of a gym in a month (costs.ts), each as often as it comes. */
const TYPES = [
  'checkIn',
  'checkIn',
  'checkIn',
  'outboundMessage',
  'packagePurchased',
  'clientStatusChange',
]
const EACH = 100

/** The cron comes once a minute. */
const RUN_SECONDS = 60

const TARGETS = ['crm', 'finance'].map((name) => ({ name, url: `https://${name}.example.com/` }))

type Measured = {
  hot: number
  packed: number
  stored: number
  rowsRead: number
  rowsWritten: number
  packedPerSecond: number
  droppedInRun: number
}

async function measure(place: 'd1' | 'r2', events: number, options: Options): Promise<Measured> {
  const { seed, progress } = options
  const vars = { TARGETS }
  const runtime = await startRuntime([{ name: 'packs', entry: PRICED, consumes: false, vars }])
  try {
    const worker = runtime.workers.packs
    if (worker === undefined) throw new Error('did not start')
    await sendTemplates(worker, seed)
    const sizeOf = async () => (await worker.db.prepare('SELECT 1').run()).meta.size_after ?? 0
    const empty = await sizeOf()
    const now = Date.now()
    const shape = {
      eventsAContact: EVENTS_A_CONTACT,
      eventsASegment: EVENTS_A_SEGMENT,
      segmentMs: SEGMENT_MS,
    }
    progress(`${place}: ${events} events`)
    await copyEvents(worker.db, events, { before: now - 8 * DAY_MS, ...shape })
    await settle(worker)
    const hot = (await sizeOf()) - empty
    const meter = metered(worker.db)
    const env = (
      place === 'd1' ? { DB: meter.db } : { DB: meter.db, ARCHIVE: worker.archive }
    ) as PackEnv
    progress(`${place}: packing`)
    const begin = performance.now()
    await repeat(async () => {
      await pack(env, { hotDays: 7 }, tools())
      return (await countOf(worker, 'events')) > EACH * TYPES.length
    })
    const seconds = (performance.now() - begin) / 1000
    const packed = (await sizeOf()) - empty
    const stored = await countOf(worker, 'packs', 'sum(bytes)')
    const { rowsRead, rowsWritten } = meter.counts()
    progress(`${place}: retention`)
    const before = await countOf(worker, 'packs', 'sum(events)')
    const later = Date.now() + 401 * DAY_MS
    await prune(env, RETENTION, tools(later))
    const after = await countOf(worker, 'packs', 'COALESCE(sum(events), 0)')
    return {
      hot: hot / events,
      packed: packed / events,
      stored: stored / events,
      rowsRead: rowsRead / events,
      rowsWritten: rowsWritten / events,
      packedPerSecond: events / seconds,
      droppedInRun: before - after,
    }
  } finally {
    await runtime.stop()
  }
}

const RETENTION = {
  retentionDays: 400,
  rawRetentionDays: 400,
  rawRetentionMinDays: 7,
  isRetentionReadable: true,
  databaseBytes: 10e9,
}

/** Tools whose clock runs, from `at` on (epoch milliseconds). */
function tools(at = Date.now()) {
  const offset = at - Date.now()
  return {
    now: () => Date.now() + offset,
    random: () => Math.random(),
    log: () => undefined,
    fetch: () => Promise.reject(new Error('nothing is sent')),
    waitUntil: () => undefined,
  }
}

async function repeat(step: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100 && (await step()); i++);
}

async function countOf({ db }: RunningWorker, table: string, what = 'count(*)'): Promise<number> {
  return (await db.prepare(`SELECT ${what} AS n FROM ${table}`).first<number>('n')) ?? 0
}

/** The events of which the log is made: recorded by the relay itself, all different, and marked as delivered. */
async function sendTemplates(worker: RunningWorker, seed: number): Promise<void> {
  const now = Date.now()
  for (const [i, type] of TYPES.entries()) {
    const traffic = trafficOf('hapana', type, { seed: seed + i, members: EACH, now })
    const { path, headers, next } = traffic
    for (let n = 0; n < EACH; n++)
      await fetch(worker.url + path, { method: 'POST', headers, body: next() })
  }
  await worker.db
    .prepare(
      `UPDATE deliveries SET state = 'delivered', attempt = 2, due = NULL, attempts = json_array(json_object('attempt', 1, 'at', '',
         'ms', 20 + abs(random()) % 400, 'status', 200, 'digest', substr(hex(randomblob(32)), 1, 43) || '='))`,
    )
    .run()
}

/** Counts and posts all segments. */
async function settle({ db }: RunningWorker): Promise<void> {
  const { results } = await db.prepare('SELECT start FROM segments').all<{ start: number }>()
  const log = db as unknown as Parameters<typeof countSegments>[0]
  for (const { start } of results) {
    await countSegments(log, [start])
    await postSegments(log, [start])
  }
}

async function run(options: Options) {
  const events = options.full ? FULL_EVENTS : EVENTS
  const all = { r2: await measure('r2', events, options), d1: await measure('d1', events, options) }
  const { r2, d1 } = all
  const row = (what: string, of: (one: Measured) => number, digits = 0) => [
    what,
    ...[r2, d1].map((one) => Number(of(one).toFixed(digits))),
  ]
  return {
    notes: [
      `${events.toLocaleString('en')} events, ${EVENTS_A_CONTACT} of each contact, in segments of ${EVENTS_A_SEGMENT}; two targets, delivered at the first attempt.`,
      'Check-ins, messages, purchases and changes of status, all different, recorded by the relay.',
      'The size of the database is what D1 reports. Retention: what one run of the cron deletes, which comes once a minute.',
    ],
    tables: [
      {
        title: 'Packs',
        columns: ['', 'in R2', 'in D1'],
        rows: [
          row('bytes of D1 per event, hot', ({ hot }) => hot),
          row('bytes of D1 per event, packed', ({ packed }) => packed),
          row('compressed bytes per event', ({ stored }) => stored),
          row('rows read to pack an event', ({ rowsRead }) => rowsRead, 1),
          row('rows written to pack an event', ({ rowsWritten }) => rowsWritten, 1),
          row('events packed a second', ({ packedPerSecond }) => packedPerSecond),
          row('events deleted by one run', ({ droppedInRun }) => droppedInRun),
        ],
      },
    ],
    goals: [
      {
        what: 'bytes of D1 for a packed event, with R2',
        figure: Math.round(r2.packed),
        unit: ' bytes',
        atMost: 60,
      },
      {
        what: 'bytes of D1 for a packed event, without',
        figure: Math.round(d1.packed),
        unit: ' bytes',
        atMost: 300,
      },
      ...[r2, d1].map(({ droppedInRun }, i) => ({
        what: `events a second that retention deletes in balance, ${i === 0 ? 'with R2' : 'without'}`,
        figure: Math.round(droppedInRun / RUN_SECONDS),
        unit: '',
        atLeast: 1000,
      })),
    ],
  }
}

export const packs: Bench = {
  summary: 'bytes of D1 for an event, in rows and in packs; packing, and retention',
  run,
}

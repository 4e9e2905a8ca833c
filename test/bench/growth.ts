// How costs grow with the log: of accepting an event, of the cron's minute, and of every list and page, in time and in rows
// that D1 reads.
import path from 'node:path'
import { postSegments } from '../../src/store/events/postings.ts'
import { countSegments } from '../../src/store/ledger/ledger.ts'
import type { Bench, Cell, Options } from './tools/bench.ts'
import type { Bill } from './tools/bill.ts'
import { alternate, inRounds, median, ratiosOf, type Spread, spreadText } from './tools/figures.ts'
import { growLog } from './tools/grown-log.ts'
import { load, perSecond, together } from './tools/load.ts'
import { trafficOf } from './tools/messages.ts'
import { type RunningWorker, SECRETS, startRuntime } from './tools/runtime.ts'

const PRICED = path.join(import.meta.dirname, 'worker/priced.ts')
const SIZES = [0, 10_000, 100_000]
const FULL_SIZE = 1_000_000
const CONNECTIONS = 16
/** Short, as the machine changes its speed. */
const TURN_SECONDS = 1
const MINUTE_MS = 60_000

/** D1's bound on a database, in bytes. */
const MAX_DATABASE_BYTES = 10e9

const LISTS = [
  '/api/events',
  '/api/events?type=payment.failed',
  '/api/events?status=quarantined&since=30d',
  '/api/events?person=PERSON',
  '/api/deliveries',
  '/api/deliveries?state=dead',
  '/api/deliveries?target=crm&type=payment.*',
  '/api/sources',
  '/api/targets',
  '/api/replays',
  '/api/people?email=member7@example.com',
  '/api/people/PERSON/events',
  '/api/quarantine',
  '/api/ledger?since=24h',
  '/api/drift',
  '/metrics',
]
/** Looks back further than the smallest log that is measured: reads more until the log is as long. */
const LONGER = '/console?period=30d'
const PAGES = [
  '/console',
  LONGER,
  '/console/events',
  '/console/events?type=payment.failed&paused=1',
  '/console/events?person=PERSON',
  '/console/deliveries',
  '/console/deliveries?state=held',
  '/console/targets',
  '/console/replays',
  '/console/quarantine',
  '/console/people/PERSON',
  '/console/simulate',
  '/console/set-up',
]

type Cost = { ms: number; read: number; written: number }
type Measured = {
  events: number
  bytes: number
  accept: { ratio: Spread; perSecond: number; rowsRead: number }
  costs: Map<string, Cost>
}

const billOf = async ({ url }: RunningWorker) => (await (await fetch(`${url}/bill`)).json()) as Bill

/** The cost of a piece of work. */
async function costOf(worker: RunningWorker, work: () => Promise<void>): Promise<Cost> {
  await billOf(worker)
  const begin = performance.now()
  await work()
  const ms = performance.now() - begin
  const { rowsRead, rowsWritten } = await billOf(worker)
  return { ms, read: rowsRead, written: rowsWritten }
}

async function tick({ url }: RunningWorker): Promise<void> {
  const { ok } = await fetch(`${url}/tick`, { method: 'POST' })
  if (!ok) throw new Error('the cron failed')
}

/** Counts and posts all segments that have ended, and runs the cron for the others. */
async function settle(worker: RunningWorker): Promise<void> {
  const open = `SELECT start FROM segments WHERE (counted = 0 OR posted = 0) AND until <= ${Date.now()}`
  const { results } = await worker.db.prepare(open).all<{ start: number }>()
  for (const { start } of results) {
    await countSegments(worker.db, [start])
    await postSegments(worker.db, [start])
  }
  for (let i = 0; i < 3; i++) await tick(worker)
}

/** Gets a page as its reader would; throws when it is not there. */
async function get({ url }: RunningWorker, path: string, cookie: string): Promise<void> {
  const headers = { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}`, cookie }
  const response = await fetch(url + path, { headers, redirect: 'manual' })
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}`)
}

async function signIn({ url }: RunningWorker): Promise<string> {
  const response = await fetch(`${url}/console/sign-in`, {
    method: 'POST',
    headers: { origin: url },
    body: new URLSearchParams({ token: SECRETS.ADMIN_TOKEN }),
    redirect: 'manual',
  })
  const [cookie = ''] = response.headers.getSetCookie()
  return cookie.split(';')[0] ?? ''
}

/** The costs of all lists and pages, and of the cron's minute with nothing due and with a hundred deliveries overdue. */
async function costsOf(worker: RunningWorker): Promise<Map<string, Cost>> {
  const costs = new Map<string, Cost>()
  const cookie = await signIn(worker)
  const search = `${worker.url}/api/people?email=member7@example.com`
  const headers = { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` }
  const found = (await (await fetch(search, { headers })).json()) as { people?: { id: string }[] }
  const person = found.people?.[0]?.id
  for (const path of [...LISTS, ...PAGES]) {
    if (person === undefined && path.includes('PERSON')) continue
    const own = path.replace('PERSON', person ?? '')
    const tries: Cost[] = []
    for (let i = 0; i < 3; i++) tries.push(await costOf(worker, () => get(worker, own, cookie)))
    costs.set(path, {
      ms: median(tries.map(({ ms }) => ms)),
      read: Math.max(...tries.map(({ read }) => read)),
      written: 0,
    })
  }
  costs.set('the cron, nothing due', await costOf(worker, () => tick(worker)))
  await worker.db
    .prepare(
      `UPDATE deliveries SET state = 'pending', due = ${Date.now() - 10 * MINUTE_MS}
       WHERE (event, target) IN (SELECT event, target FROM deliveries WHERE state = 'delivered' ORDER BY event LIMIT 100)`,
    )
    .run()
  costs.set('the cron, 100 deliveries overdue', await costOf(worker, () => tick(worker)))
  return costs
}

/** A log of one size beside an empty one, in the same runtime. */
async function measure(
  events: number,
  { seed, rounds = 3, seconds = 3, progress }: Options,
): Promise<Measured> {
  // The largest log is longer than the retention of bytes: the cron would delete them.
  const vars = {
    TARGETS: [{ name: 'crm', url: 'https://crm.example.com/' }],
    RAW_RETENTION_DAYS: 400,
  }
  const runtime = await startRuntime([
    { name: 'empty', entry: PRICED, consumes: false, vars },
    { name: 'grown', entry: PRICED, consumes: false, vars },
  ])
  try {
    const { empty, grown } = runtime.workers
    if (empty === undefined || grown === undefined) throw new Error('did not start')
    const traffic = (vendor: 'hype' | 'hapana', type: string) =>
      trafficOf(vendor, type, { seed, members: 200, now: Date.now() })
    await sendTemplates(grown, [traffic('hype', 'payment.created'), traffic('hapana', 'checkIn')])
    const sizeOf = async () => (await grown.db.prepare('SELECT 1').run()).meta.size_after
    const before = await sizeOf()
    if (events > 0)
      await growLog(grown.db, events, { before: Date.now() - 5 * MINUTE_MS, progress })
    progress('rolling up')
    await settle(grown)
    const bytes = (await sizeOf()) - before
    progress('lists and pages')
    const costs = await costsOf(grown)
    progress('accept')
    const { path, headers, next } = traffic('hype', 'payment.created')
    const turn =
      ({ url }: RunningWorker) =>
      () =>
        load(url, { path, headers, next }, { connections: CONNECTIONS, seconds: TURN_SECONDS })
    const turns = Math.ceil(seconds / TURN_SECONDS)
    const all = await alternate(rounds * turns, turn(grown), turn(empty))
    const pairs = inRounds(all, turns, together)
    await billOf(grown)
    const last = await turn(grown)()
    const { rowsRead } = await billOf(grown)
    return {
      events,
      bytes,
      costs,
      accept: {
        ratio: ratiosOf(pairs, perSecond),
        perSecond: median(pairs.map(([turn]) => perSecond(turn))),
        rowsRead: rowsRead / last.latencies.length,
      },
    }
  } finally {
    await runtime.stop()
  }
}

/** The events of which the log is made: recorded by the relay itself, and marked as delivered. */
export async function sendTemplates(
  worker: RunningWorker,
  traffics: ReturnType<typeof trafficOf>[],
): Promise<void> {
  for (const { path, headers, next } of traffics) {
    for (let i = 0; i < 5; i++)
      await fetch(worker.url + path, { method: 'POST', headers, body: next() })
  }
  const attempt = { attempt: 1, at: new Date().toISOString(), ms: 12, status: 200 }
  await worker.db
    .prepare("UPDATE deliveries SET state = 'delivered', attempt = 2, due = NULL, attempts = ?1")
    .bind(JSON.stringify([attempt]))
    .run()
}

async function run(options: Options) {
  const sizes = options.full ? [...SIZES, FULL_SIZE] : SIZES
  const all: Measured[] = []
  for (const events of sizes) {
    options.progress(`a log of ${events} events`)
    all.push(await measure(events, options))
  }
  const largest = all.at(-1)
  const small = all[1]
  if (largest === undefined || small === undefined) throw new Error('no log was measured')
  const names = [...largest.costs.keys()]
  const columns = ['', ...sizes.map((events) => events.toLocaleString('en'))]
  const byName = (figureOf: (cost: Cost) => Cell) =>
    names.map((name) => [
      name,
      ...all.map(({ costs }) => {
        const cost = costs.get(name)
        return cost === undefined ? '' : figureOf(cost)
      }),
    ])
  const growths = names
    .filter((name) => name !== LONGER)
    .map((name) => {
      const [few, many] = [small, largest].map(({ costs }) => costs.get(name)?.read ?? Number.NaN)
      return Math.max(1, many ?? Number.NaN) / Math.max(1, few ?? Number.NaN)
    })
  const bytesPerEvent = largest.bytes / largest.events
  return {
    notes: [
      'Each log is measured beside an empty one in the same runtime; one target; people have 25 events each.',
      `${LONGER} looks back further than the smaller logs do: it reads a few roll-ups of each hour, of 720 at most.`,
      `A database of ${(largest.bytes / 1e6).toFixed(0)} MB for ${largest.events.toLocaleString('en')} events: D1's 10 GB hold ${(MAX_DATABASE_BYTES / bytesPerEvent / 1e6).toFixed(1)} million.`,
    ],
    tables: [
      {
        title: 'Accepting, by events in the log',
        columns,
        rows: [
          ['requests a second', ...all.map(({ accept }) => Math.round(accept.perSecond))],
          ['times that of the empty log', ...all.map(({ accept }) => spreadText(accept.ratio))],
          [
            'rows read by a request',
            ...all.map(({ accept }) => Number(accept.rowsRead.toFixed(1))),
          ],
          [
            'bytes per event',
            ...all.map(({ bytes, events }) => (events === 0 ? '' : Math.round(bytes / events))),
          ],
        ],
      },
      { title: 'Rows read', columns, rows: byName(({ read }) => read) },
      {
        title: 'Rows written by the cron',
        columns,
        rows: byName(({ written }) => written).slice(-2),
      },
      { title: 'Milliseconds', columns, rows: byName(({ ms }) => Number(ms.toFixed(1))) },
    ],
    goals: [
      ...all.slice(1).map(({ events, accept }) => ({
        what: `requests a second with ${events.toLocaleString('en')} events to those with none`,
        figure: accept.ratio.median,
        unit: '×',
        atLeast: 0.9,
      })),
      {
        what: `rows read with ${largest.events.toLocaleString('en')} events to those with ${small.events.toLocaleString('en')}, the most of all lists, pages and the cron`,
        figure: Math.max(...growths),
        unit: '×',
        atMost: 1.25,
      },
    ],
  }
}

export const growth: Bench = {
  summary: 'accept, the cron, lists and pages with more and more events in the log',
  run,
}

// How fast the relay delivers: a backlog drained to two receivers against a floor that reads, posts and updates; and the time
// from accept to arrival under a light load.
import { firstKeyAt, idOfKey } from '../../src/core/id.ts'
import type { Bench, Options, Result } from './tools/bench.ts'
import { alternate, median, percentile, ratiosOf, spreadText } from './tools/figures.ts'
import { load } from './tools/load.ts'
import { trafficOf } from './tools/messages.ts'
import { type Receivers, startReceivers } from './tools/receivers.ts'
import { FLOOR, type RunningWorker, startRuntime } from './tools/runtime.ts'

const TARGETS = ['crm', 'finance']
const BACKLOG = 10_000
const WARM_UP = 1000
const ROUNDS = 3
const EVENTS_PER_SECOND = 20
const SECONDS = 20
/** The longest time for a backlog. */
const DRAINED_WITHIN_MS = 300_000
/** The longest time from the last event to its deliveries. */
const ARRIVED_WITHIN_MS = 10_000

export const deliver: Bench = {
  summary: 'draining a backlog against a floor, and the time from accept to arrival (minutes)',
  run: async (options) => {
    const receivers = await startReceivers(TARGETS)
    const targets = TARGETS.map((name) => ({
      name,
      url: receivers.urls[name],
      secret: 'EXAMPLE_SIGNING_SECRET',
    }))
    const runtime = await startRuntime([
      { name: 'relay', vars: { TARGETS: targets }, consumes: true },
      { name: 'floor', entry: FLOOR, vars: { RECEIVERS: receivers.urls }, consumes: true },
    ])
    try {
      const { relay, floor } = runtime.workers
      if (relay === undefined || floor === undefined) throw new Error('The runtime lacks a side.')
      const result = await measure(relay, floor, receivers, options)
      if (runtime.faults.length > 0) throw new Error(`The Workers log: ${runtime.faults[0]}`)
      return result
    } finally {
      await runtime.stop()
      await receivers.stop()
    }
  },
}

async function measure(
  relay: RunningWorker,
  floor: RunningWorker,
  receivers: Receivers,
  { rounds = ROUNDS, seconds = SECONDS, seed, progress }: Options,
): Promise<Result> {
  progress(`${EVENTS_PER_SECOND} events a second for ${seconds} s`)
  const waits = await waitsAt(relay, receivers, { seed, seconds })
  const row = await rowOf(relay)
  const side = (worker: RunningWorker) => (size: number) => drain(worker, receivers, row, size)
  const [ours, theirs] = [side(relay), side(floor)]
  progress(`${rounds} rounds of ${BACKLOG} deliveries each`)
  const pairs = await alternate(
    rounds,
    () => ours(BACKLOG),
    () => theirs(BACKLOG),
    [() => ours(WARM_UP), () => theirs(WARM_UP)],
  )
  const ratio = ratiosOf(pairs, (perSecond) => perSecond)
  const middle = (of: 0 | 1) => Math.round(median(pairs.map((pair) => pair[of])))
  const tenth = (ms: number) => Number(ms.toFixed(1))
  return {
    notes: [
      `Events of ${row.type} to ${TARGETS.length} receivers on this machine. max_batch_size 10, max_batch_timeout 0; the local runtime handles one batch at a time.`,
      'Floor: one read for a batch, its posts six at once (the connections of an invocation), one batch of updates; unsigned.',
      'Waits: from the request of an event to its arrival at a target, accepting included.',
    ],
    tables: [
      {
        title: `Draining ${BACKLOG} deliveries: deliveries a second; the ratio is the median of ${rounds} rounds (least–greatest)`,
        columns: ['', 'relay/s', 'floor/s', 'ratio'],
        rows: [['backlog', middle(0), middle(1), spreadText(ratio)]],
      },
      {
        title: `From accept to arrival at ${EVENTS_PER_SECOND} events a second: milliseconds`,
        columns: ['', 'deliveries', 'median', 'p99', 'longest'],
        rows: [
          [
            'relay',
            waits.length,
            ...[percentile(waits, 0.5), percentile(waits, 0.99), Math.max(...waits)].map(tenth),
          ],
        ],
      },
    ],
    goals: [{ what: 'draining against the floor', figure: ratio.median, unit: '×', atLeast: 0.75 }],
  }
}

/** The waits of all deliveries, in milliseconds, while events are sent at a steady rate. Throws when one does not arrive. */
async function waitsAt(
  { url }: RunningWorker,
  receivers: Receivers,
  { seed, seconds }: { seed: number; seconds: number },
): Promise<number[]> {
  const traffic = trafficOf('hype', 'payment.created', { seed, members: 200, now: Date.now() })
  const sentAt = new Map<string, number>()
  const arrivals: { id: string | undefined; at: number }[] = []
  receivers.onDelivery((id, at) => arrivals.push({ id, at }))
  const warm = 200
  await load(url, traffic, { connections: 4, requests: warm })
  await until(() => arrivals.length >= warm * TARGETS.length, DRAINED_WITHIN_MS)
  arrivals.length = 0
  const send = async () => {
    const at = performance.now()
    const response = await fetch(`${url}${traffic.path}`, { method: 'POST', body: traffic.next() })
    const { id } = (await response.json()) as { id: string }
    sentAt.set(id, at)
  }
  const pending: Promise<void>[] = []
  const timer = setInterval(() => pending.push(send()), 1000 / EVENTS_PER_SECOND)
  await sleep(seconds * 1000)
  clearInterval(timer)
  await Promise.all(pending)
  await until(() => arrivals.length >= sentAt.size * TARGETS.length, ARRIVED_WITHIN_MS)
  return arrivals.map(({ id = '', at }) => at - (sentAt.get(id) ?? Number.NaN))
}

type Row = { source: string; vendor: string; type: string; event: string; raw: string }

/** An event as the relay has written it: the template of the backlog. */
async function rowOf({ db }: RunningWorker): Promise<Row> {
  const row = await db
    .prepare('SELECT source, vendor, type, event, raw FROM events ORDER BY key DESC LIMIT 1')
    .first<Row>()
  if (row === null) throw new Error('The relay has recorded no event.')
  return row
}

/** Creates a backlog and waits until all of it has arrived; returns deliveries a second between the first and the last. */
async function drain(
  worker: RunningWorker,
  receivers: Receivers,
  row: Row,
  size: number,
): Promise<number> {
  const now = Date.now()
  const first = BigInt(firstKeyAt(now))
  const events = size / TARGETS.length
  await createBacklog(worker, row, { first, events, now })
  const times: number[] = []
  receivers.onDelivery((_id, at) => times.push(at))
  const messages = Array.from({ length: events }, (_, i) => idOfKey(first + BigInt(i))).flatMap(
    (event) => TARGETS.map((target) => ({ body: { event, target, attempt: 1, due: now } })),
  )
  for (let i = 0; i < messages.length; i += 100) {
    await worker.deliveries.sendBatch(messages.slice(i, i + 100))
  }
  await until(() => times.length >= size, DRAINED_WITHIN_MS)
  const [begin = 0, end = 0] = [times[0], times[size - 1]]
  await until(async () => (await openIn(worker)) === 0, ARRIVED_WITHIN_MS)
  return (size / (end - begin)) * 1000
}

async function createBacklog(
  { db }: RunningWorker,
  { source, vendor, type, event, raw }: Row,
  { first, events, now }: { first: bigint; events: number; now: number },
): Promise<void> {
  const key = String(first)
  await db.batch([
    db
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 - 1)
         INSERT INTO events (key, source, vendor, status, type, planned, hops, dedup_key, encoding, headers, event, raw, at)
         SELECT CAST(?1 AS INTEGER) + i, ?3, ?4, 'accepted', ?5, 2, 0, ?1 || i, 'utf8', '{}', ?6, ?7, ?8 FROM n`,
      )
      .bind(key, events, source, vendor, type, event, raw, now),
    db
      .prepare(
        `INSERT INTO deliveries (event, target, state, attempt, due, swept, attempts)
         SELECT events.key, target.value, 'pending', 1, ?3, 0, '[]' FROM events CROSS JOIN json_each(?4) AS target
         WHERE events.key BETWEEN CAST(?1 AS INTEGER) AND CAST(?1 AS INTEGER) + CAST(?2 AS INTEGER) - 1`,
      )
      .bind(key, events, now, JSON.stringify(TARGETS)),
  ])
}

async function openIn({ db }: RunningWorker): Promise<number> {
  const open = await db
    .prepare("SELECT count(*) AS n FROM deliveries WHERE state IN ('pending', 'retrying')")
    .first<number>('n')
  return open ?? Number.NaN
}

/** Waits until a condition is true. Throws when it is not after some milliseconds. */
async function until(isTrue: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`Not complete after ${withinMs / 1000} s.`)
    await sleep(50)
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

// The price of an event: rows, queue operations, requests and CPU time, counted on the real local bindings, by the public
// price list.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Bench, Options } from './tools/bench.ts'
import {
  AS_OF,
  type Bill,
  carried,
  dollarsAMonth,
  dollarsPerMillion,
  type Usage,
} from './tools/bill.ts'
import { trafficOf } from './tools/messages.ts'
import { cpuMsDuring } from './tools/profile.ts'
import { startRuntime } from './tools/runtime.ts'

const PRICED = path.join(import.meta.dirname, 'worker/priced.ts')
const TARGETS = [1, 2, 5]
const MEMBERS = 20
const EVENTS = 200
const SETTLE_WITHIN_MS = 60_000

/** As wrangler.toml bounds a batch of first attempts; the local queue delivers a single message at once. */
const BATCH = 10

/** Each vendor's commonest type. */
const KINDS = [
  ['hype', 'payment.created'],
  ['hapana', 'checkIn'],
] as const

type Counted = { usage: Usage; trips: number }

/** The usage of an event of a known person with so many targets that respond at once. */
async function count(
  [vendor, type]: (typeof KINDS)[number],
  targets: number,
  seed: number,
): Promise<Counted> {
  const receiver = createServer((_request, response) => response.writeHead(204).end())
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const runtime = await startRuntime(
    [
      {
        name: 'priced',
        entry: PRICED,
        consumes: true,
        vars: {
          TARGETS: Array.from({ length: targets }, (_, i) => ({
            name: `t${i}`,
            url: `http://127.0.0.1:${port}/${i}`,
            secret: 'EXAMPLE_SIGNING_SECRET',
          })),
        },
      },
    ],
    { inspects: true },
  )
  try {
    const { priced } = runtime.workers
    if (priced === undefined || runtime.inspector === undefined) throw new Error('did not start')
    const { path, headers, next } = trafficOf(vendor, type, {
      seed,
      members: MEMBERS,
      now: Date.now(),
    })
    const billed = async () => (await (await fetch(`${priced.url}/bill`)).json()) as Bill
    const send = async (events: number) => {
      for (let i = 0; i < events; i++) {
        const response = await fetch(priced.url + path, { method: 'POST', headers, body: next() })
        const { status } = (await response.json()) as { status: string }
        if (status !== 'accepted') throw new Error(`an event was ${status}`)
      }
      await untilDelivered(priced.db)
    }
    await send(5 * MEMBERS) // all members are known, and the code is compiled
    await billed()
    const cpuMs = await cpuMsDuring(runtime.inspector, 'priced', () => send(EVENTS))
    const bill = await billed()
    if (runtime.faults.length > 0) throw new Error(runtime.faults[0])
    const messages = bill.queueReads / EVENTS
    return {
      trips: bill.trips / EVENTS,
      usage: {
        requests: bill.requests / EVENTS + messages / BATCH,
        cpuMs: cpuMs / EVENTS,
        rowsWritten: bill.rowsWritten / EVENTS,
        rowsRead: bill.rowsRead / EVENTS,
        queueOperations: (bill.queueWrites + bill.queueReads + bill.queueDeletes) / EVENTS,
      },
    }
  } finally {
    await runtime.stop()
    receiver.close()
  }
}

type Database = Awaited<ReturnType<typeof startRuntime>>['workers'][string]['db']

async function untilDelivered(db: Database): Promise<void> {
  const deadline = Date.now() + SETTLE_WITHIN_MS
  while (Date.now() < deadline) {
    const left = await db
      .prepare("SELECT count(*) AS n FROM deliveries WHERE state <> 'delivered'")
      .first<number>('n')
    if (left === 0) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('not all events were delivered')
}

const rounded = (value: number, digits = 2) => Number(value.toFixed(digits))

async function run({ seed, progress }: Options) {
  const counted: { name: string; targets: number; counted: Counted }[] = []
  for (const kind of KINDS) {
    for (const targets of TARGETS) {
      progress(`${kind.join(' ')}, ${targets} targets`)
      counted.push({
        name: `${kind.join(' ')}, T = ${targets}`,
        targets,
        counted: await count(kind, targets, seed),
      })
    }
  }
  return {
    notes: [
      `${EVENTS} events of known people, each delivered at the first attempt; prices of ${AS_OF}, dollars.`,
      `CPU is that of the isolate by V8's profiler, on this machine. A consumer's batch of ${BATCH} is one request.`,
      'Not included: the cost of each minute and hour, and retention (2 + T rows).',
    ],
    tables: [
      {
        title: 'Per event',
        columns: [
          '',
          'rows written',
          '2 + 2·T',
          'rows read',
          'trips to D1',
          'queue operations',
          'requests',
          'CPU ms',
        ],
        rows: counted.map(({ name, targets, counted: { usage, trips } }) => [
          name,
          rounded(usage.rowsWritten),
          2 + 2 * targets,
          rounded(usage.rowsRead, 1),
          rounded(trips),
          rounded(usage.queueOperations),
          rounded(usage.requests),
          rounded(usage.cpuMs),
        ]),
      },
      {
        title: 'Money',
        columns: [
          '',
          'a million more',
          'of it rows written',
          'events before more than $5 a month',
          'used up first',
          '10 million a month',
          'free plan a day',
          'used up first',
        ],
        rows: counted.map(({ name, counted: { usage } }) => {
          const paid = carried(usage, 'includedMonthly')
          const free = carried(usage, 'freeDaily')
          return [
            name,
            `$${dollarsPerMillion(usage).toFixed(2)}`,
            `$${usage.rowsWritten.toFixed(2)}`,
            paid.events,
            paid.first,
            `$${dollarsAMonth(usage, 10e6).toFixed(0)}`,
            free.events,
            free.first,
          ]
        }),
      },
    ],
    goals: counted.map(({ name, targets, counted: { usage } }) => ({
      what: `rows written, ${name}`,
      figure: rounded(usage.rowsWritten, 1), // an hour that begins meanwhile writes a row
      unit: '',
      atMost: 2 + 2 * targets,
    })),
  }
}

export const price: Bench = {
  summary: 'rows, queue operations, requests and CPU time of an event, and their price',
  run,
}

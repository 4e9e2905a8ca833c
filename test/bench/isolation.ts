// The effect of a target that never responds on others: the time from accept to arrival at two healthy targets, without and
// with a third that reads requests and never responds.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { launchRelay, migrateLocally, startClock } from '../../src/cli/local-relay.ts'
import type { Bench, Cell } from './tools/bench.ts'
import { percentile } from './tools/figures.ts'

const RELAY_PORT = 8797
const HEALTHY_PORT = 8798
const SILENT_PORT = 8799
const EVENTS_PER_SECOND = 5
const TIMEOUT_SECONDS = 15 // of a target, by default
const SETTLE_MS = 5000

type Delivery = { target: string; sentAt: number; waitedMs: number }

/** Runs the relay with some targets under load; returns all deliveries to the healthy ones. */
async function run(
  targets: string[],
  seconds: number,
  progress: (line: string) => void,
): Promise<Delivery[]> {
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-bench-'))
  const sentAt = new Map<string, number>()
  const received: { target: string; id: string; at: number }[] = []
  const servers = await Promise.all([
    listen(HEALTHY_PORT, (target, id) => {
      received.push({ target, id, at: Date.now() })
      return true
    }),
    listen(SILENT_PORT, () => false),
  ])
  const config = targets.map((name) => ({
    name,
    url: `http://127.0.0.1:${name === 'silent' ? SILENT_PORT : HEALTHY_PORT}/${name}`,
  }))
  await migrateLocally(dir)
  const relay = launchRelay(
    RELAY_PORT,
    [
      '--persist-to',
      dir,
      '--var',
      `TARGETS:${JSON.stringify(config)}`,
      '--var',
      'HYPE_SECRET:bench',
    ],
    () => undefined,
  )
  try {
    await relay.ready
    const clock = startClock(RELAY_PORT, ['* * * * *'])
    await load(seconds, (id, at) => sentAt.set(id, at))
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    clearInterval(clock)
    const expected = sentAt.size * targets.filter((name) => name !== 'silent').length
    const missing = expected - received.length
    if (missing > 0) progress(`missing: ${missing} of ${expected}`)
    // A delivery may arrive before its sender has read the response: that counts as no wait.
    return received.flatMap(({ target, id, at }) => {
      const accepted = sentAt.get(id)
      if (accepted === undefined) return []
      return [{ target, sentAt: accepted, waitedMs: Math.max(0, at - accepted) }]
    })
  } finally {
    await relay.stop()
    for (const server of servers) server.closeAllConnections()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A server that calls `got` for each delivery, and responds when that returns true. */
async function listen(port: number, got: (target: string, id: string) => boolean): Promise<Server> {
  const server = createServer((request, response) => {
    const id = String(request.headers['webhook-id'])
    if (got(request.url?.slice(1) ?? '', id)) response.writeHead(204).end()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Posts payments at a steady rate; calls `onAccepted` with the id of each and the time. */
async function load(seconds: number, onAccepted: (id: string, at: number) => void): Promise<void> {
  const total = seconds * EVENTS_PER_SECOND
  for (let i = 0; i < total; i++) {
    const body = {
      publisher_id: 'p',
      id: `c${i}`,
      type: 'payment.created',
      timestamp: 1_800_000_000 + i,
    }
    const url = `http://127.0.0.1:${RELAY_PORT}/in/hype?key=bench`
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
    const { id } = (await response.json()) as { id: string }
    onAccepted(id, Date.now())
    await new Promise((resolve) => setTimeout(resolve, 1000 / EVENTS_PER_SECOND))
  }
}

function row(name: string, deliveries: Delivery[]): Cell[] {
  const waits = waitsOf(deliveries)
  return [name, waits.length, percentile(waits, 0.5), percentile(waits, 0.95), Math.max(...waits)]
}

function waitsOf(deliveries: Delivery[]): number[] {
  return deliveries.map(({ waitedMs }) => waitedMs)
}

/** The waits without and with the silent target. It runs by `wrangler dev`, which has neither seeds nor turns. */
export const isolation: Bench = {
  summary: 'the effect of a target that never responds on others (two minutes)',
  run: async ({ progress }) => {
    progress('30 s without the silent target')
    const alone = await run(['a', 'b'], 30, progress)
    progress('75 s with it')
    const beside = await run(['a', 'b', 'silent'], 75, progress)
    const start = Math.min(...beside.map(({ sentAt }) => sentAt))
    const early = beside.filter(({ sentAt }) => sentAt < start + 30_000)
    const late = beside.filter(({ sentAt }) => sentAt >= start + 30_000)
    const p95 = (deliveries: Delivery[]) => percentile(waitsOf(deliveries), 0.95)
    return {
      notes: [`${EVENTS_PER_SECOND} events a second to two healthy targets`],
      tables: [
        {
          title: 'Milliseconds from accept to arrival',
          columns: ['', 'deliveries', 'median', 'p95', 'longest'],
          rows: [
            row('without the silent one', alone),
            row('with it, first 30 s', early),
            row('with it, after 30 s', late),
          ],
        },
      ],
      goals: [
        {
          what: '95th percentile after 30 s against that without',
          // The clock has whole milliseconds: zero counts as one.
          figure: p95(late) / Math.max(1, p95(alone)),
          unit: ' times',
          atMost: 2,
        },
        {
          what: 'longest wait in the first 30 s',
          figure: Math.max(...waitsOf(early)) / 1000,
          unit: ' s',
          atMost: TIMEOUT_SECONDS,
        },
      ],
    }
  },
}

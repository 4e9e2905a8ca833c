// What a target that never answers costs the others: the time from accept to receipt at two healthy targets, without
// and with a third that takes requests and says nothing.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { launchRelay, migrateLocally, startClock } from '../../src/cli/local-relay.ts'

const RELAY_PORT = 8797
const HEALTHY_PORT = 8798
const SILENT_PORT = 8799
const EVENTS_PER_SECOND = 5
const TIMEOUT_SECONDS = 15 // of a target, by default
const SETTLE_MS = 5000

type Receipt = { target: string; sentAt: number; waitedMs: number }

/** Runs the relay with some targets under load; gives every receipt of the healthy ones. */
async function run(targets: string[], seconds: number): Promise<Receipt[]> {
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
    if (missing > 0) console.log(`missing: ${missing} of ${expected}`)
    // A delivery may be there before its sender has read the answer: that is no wait.
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

/** A server that tells of each delivery, and answers when it is told to. */
async function listen(port: number, got: (target: string, id: string) => boolean): Promise<Server> {
  const server = createServer((request, response) => {
    const id = String(request.headers['webhook-id'])
    if (got(request.url?.slice(1) ?? '', id)) response.writeHead(204).end()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Posts payments at a steady rate; tells the id of each and when it was accepted. */
async function load(seconds: number, tell: (id: string, at: number) => void): Promise<void> {
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
    tell(id, Date.now())
    await new Promise((resolve) => setTimeout(resolve, 1000 / EVENTS_PER_SECOND))
  }
}

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function row(name: string, receipts: Receipt[]): string {
  const waits = receipts.map(({ waitedMs }) => waitedMs)
  const cells = [waits.length, percentile(waits, 0.5), percentile(waits, 0.95), Math.max(...waits)]
  return [name.padEnd(34), ...cells.map((cell) => String(cell).padStart(9))].join('')
}

/** Prints the waits without and with the silent target, and whether the goals of the design are met. */
export async function isolation(): Promise<void> {
  console.log(
    `${EVENTS_PER_SECOND} events a second to two healthy targets; milliseconds from accept to receipt`,
  )
  const alone = await run(['a', 'b'], 30)
  const beside = await run(['a', 'b', 'silent'], 75)
  const start = Math.min(...beside.map(({ sentAt }) => sentAt))
  const early = beside.filter(({ sentAt }) => sentAt < start + 30_000)
  const late = beside.filter(({ sentAt }) => sentAt >= start + 30_000)
  console.log(
    `${''.padEnd(34)}${['receipts', 'median', 'p95', 'longest'].map((h) => h.padStart(9)).join('')}`,
  )
  console.log(row('without the silent one', alone))
  console.log(row('with it, first 30 s', early))
  console.log(row('with it, after 30 s', late))
  const p95 = (receipts: Receipt[]) =>
    percentile(
      receipts.map(({ waitedMs }) => waitedMs),
      0.95,
    )
  // Less than the clock's grain is taken for one millisecond.
  const ratio = p95(late) / Math.max(1, p95(alone))
  const longest = Math.max(...early.map(({ waitedMs }) => waitedMs)) / 1000
  console.log(`after 30 s: p95 is ${ratio.toFixed(2)} times that without (goal: at most 2)`)
  console.log(
    `first 30 s: the longest wait is ${longest.toFixed(1)} s (goal: at most ${TIMEOUT_SECONDS} s)`,
  )
}
